// What the worker can ask of the page: one function each, plain values in and out.

/** A code that can be shown: wa-js's own, or the class of the error; never its text, which may hold a number. */
function codeOf(error) {
  const code = typeof error === 'string' ? error : error?.code ?? error?.name;
  return /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(code ?? '') ? code : 'page_error';
}

class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Before all is loaded the page would answer wrongly rather than not at all. */
function requireWorking() {
  if (!WPP.isFullReady) throw new Refused('page_not_ready');
  if (!WPP.conn.isAuthenticated()) throw new Refused('session_not_linked');
  if (!WPP.conn.isMainLoaded()) throw new Refused('page_not_ready');
}

/** The known forms of a chat: a person's number and hidden id are two names of the same. */
function formsOf(chat) {
  const wid = attempt(() => WPP.util.createWid(chat));
  if (!wid) throw new Refused('invalid_wid');
  const person = describePerson(wid) ?? {};
  return [chat, person.pn, person.lid].filter(Boolean);
}

/** Group messages of ours carry us as participant, under either name. */
function ownKeys(chat, hex) {
  const key = `true_${chat}_${hex}`;
  if (!chat.endsWith('@g.us')) return [key];
  const me = [attempt(() => WPP.conn.getMyUserLid()), attempt(() => WPP.conn.getMyUserWid())];
  return [...me.filter(Boolean).map((wid) => `${key}_${wid}`), key];
}

/** Only "I have no such message" may read as absence: it lets the worker send again. */
async function findByKey(key) {
  try {
    return await WPP.chat.getMessageById(key);
  } catch (error) {
    if (error?.code === 'msg_not_found' || error?.code === 'chat_not_found') return null;
    throw error;
  }
}

async function findOwn(hex, chats) {
  for (const key of new Set(chats.flatMap(formsOf).flatMap((chat) => ownKeys(chat, hex)))) {
    const message = await findByKey(key);
    if (message) return message;
  }
  return null;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function describeSent(message) {
  return { key: String(message.id), chat: String(message.id.remote), ack: message.ack ?? 0, t: message.t ?? null };
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

async function handOver({ chat, text, hex, quoted }) {
  const known = await findOwn(hex, [chat]);
  if (known && known.ack >= 0) return known; // one that WhatsApp refused may be tried again
  const { id } = await WPP.chat.find(chat);
  const own = await WPP.chat.generateMessageID(id);
  const messageId = String(own).replace(`_${own.id}`, `_${hex}`);
  await WPP.chat.sendTextMessage(id, text, {
    messageId,
    ...(await findQuoted(quoted, String(id))),
    waitForAck: false,
    markIsRead: false,
    linkPreview: false,
    detectMentioned: false,
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

async function recentMessages({ chats, count }) {
  requireWorking();
  const chosen = chats ?? (await WPP.chat.list()).map((chat) => String(chat.id));
  const found = [];
  for (const chat of chosen.flatMap((one) => formsOf(one).find((form) => WPP.chat.get(form)) ?? [])) {
    const messages = await WPP.chat.getMessages(chat, { count, direction: 'before' });
    found.push(...messages.filter(isWritten).map(describeMessage));
  }
  return found.sort((one, other) => (one.t ?? 0) - (other.t ?? 0));
}

async function queryExists({ number }) {
  requireWorking();
  const found = await WPP.contact.queryWidExists(`${number}@c.us`);
  if (!found) return { exists: false, pn: null, lid: null };
  return { exists: true, ...describePerson(found.wid), ...(found.lid && { lid: String(found.lid) }) };
}

const TYPING = { composing: 'markIsComposing', recording: 'markIsRecording', paused: 'markIsPaused' };

const calls = {
  login: () => describeLogin(),
  authCode: async () => (await WPP.conn.getAuthCode())?.fullCode ?? null,
  refreshCode: async () => (await WPP.conn.refreshQR())?.fullCode ?? null,
  logout: () => WPP.conn.logout(),
  sendText,
  async findMessage({ hex, chats }) {
    requireWorking();
    const message = await findOwn(hex, chats);
    return message && describeSent(message);
  },
  recentMessages,
  queryExists,
  async markRead({ chat }) {
    requireWorking();
    await WPP.chat.markIsRead((await WPP.chat.find(chat)).id);
  },
  async type({ chat, state }) {
    requireWorking();
    await WPP.chat[TYPING[state]]((await WPP.chat.find(chat)).id);
  },
  async subscribePresence({ ids }) {
    requireWorking();
    return (await WPP.contact.subscribePresence(ids)).map(String);
  },
};

async function call(name, details) {
  try {
    return { value: (await calls[name](details)) ?? null };
  } catch (error) {
    return { error: codeOf(error) };
  }
}
