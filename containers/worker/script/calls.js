// What the worker can ask of the page: one function each, plain values in and out.

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function describeSent(message) {
  const ack = message.ack ?? 0;
  const refused = ack < 0 && { code: message.errorCode ?? null, until_ms: message.errorUntil ?? null };
  return { key: String(message.id), chat: String(message.id.remote), ack, t: message.t ?? null, ...refused };
}

/** What a message answers: a full key, or the hex part of a message in this chat. */
async function findQuoted(quoted, chat) {
  if (!quoted) return {};
  const keys = quoted.includes('_') ? [quoted] : formsOf(chat).flatMap((form) => [
    `false_${form}_${quoted}`, ...ownKeys(form, quoted),
  ]);
  for (const key of keys) {
    const message = await findByKey(key);
    if (message) return { quotedMsg: message.id };
  }
  const loaded = WPP.whatsapp.MsgStore.findFirst((message) => message.id.id === quoted); // groups: author unknown
  if (!loaded) throw new Refused('quoted_msg_not_found');
  return { quotedMsg: loaded.id };
}

async function handOver({ chat, text, hex, quoted, mentions }) {
  const known = await findOwn(hex, [chat]);
  if (known && known.ack >= 0) return known;
  if (known) known.set({ ack: 0 }); // WhatsApp refused it before: that is no answer to this try
  const { id } = await WPP.chat.find(chat);
  watchPresence(id);
  const own = await WPP.chat.generateMessageID(id);
  const messageId = String(own).replace(`_${own.id}`, `_${hex}`);
  await WPP.chat.sendTextMessage(id, text, {
    messageId,
    ...(await findQuoted(quoted, String(id))),
    waitForAck: false,
    markIsRead: false,
    linkPreview: false,
    detectMentioned: false,
    ...(mentions?.length && { mentionedList: mentions.map(mentionOf) }),
  });
  return WPP.chat.getMessageById(messageId);
}

// A call that the worker gave up on goes on here; asked again, it must not hand the message over a second time.
const handingOver = new Map();

async function sendText(order) {
  requireWorking();
  const { hex, wait_ms: waitMs } = order;
  if (!handingOver.has(hex)) {
    handingOver.set(hex, handOver(order).finally(() => handingOver.delete(hex)));
  }
  const message = await handingOver.get(hex);
  if (waitMs > 0 && message.ack === 0) {
    await Promise.race([new Promise((resolve) => message.once('change:ack', resolve)), sleep(waitMs)]);
  }
  return describeSent(message);
}

const calls = {
  login: () => describeLogin(),
  authCode: async () => (await WPP.conn.getAuthCode())?.fullCode ?? null,
  refreshCode: async () => (await WPP.conn.refreshQR())?.fullCode ?? null,
  pairingCode: ({ phone }) => WPP.conn.genLinkDeviceCodeForPhoneNumber(phone),
  logout: () => WPP.conn.logout(),
  takeOver: () => WPP.whatsapp.Socket.takeover(),
  sendText,
  async findMessage({ hex, chats }) {
    requireWorking();
    const message = await findOwn(hex, chats);
    return message && describeSent(message);
  },
  ...historyCalls,
  ...changeCalls,
  ...peopleCalls,
  ...groupCalls,
  ...fileCalls,
};

async function call(name, details) {
  try {
    return { value: (await calls[name](details)) ?? null };
  } catch (error) {
    return { error: codeOf(error), words: wordsOf(error) };
  }
}
