// Hands messages over under our id (P2): texts, files, places, cards, polls.

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Why the upload of a message's file failed, by the hex part of its id: WhatsApp says it nowhere on the message.
const uploadTroubles = new Map();
const uploading = new Set();

/** A file that was on its way when its page went: its bytes went with the page, so it can never leave from here. */
const isLost = (message) => (message.ack ?? 0) === 0 && WITH_FILE.has(message.type) && !message.directPath
  && !uploading.has(message.id.id);

const ackOf = (message) => {
  if (!isLost(message)) return message.ack ?? 0;
  uploadTroubles.set(message.id.id, 'upload_lost');
  return -1;
};

function describeSent(message) {
  const ack = ackOf(message);
  const refused = ack < 0 && {
    code: message.errorCode ?? null, until_ms: message.errorUntil ?? null,
    trouble: uploadTroubles.get(message.id.id) ?? null,
  };
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

/** `send(chat, options, known)` makes wa-js send it; `known` is what WhatsApp refused under this id before. */
async function handOver({ chat, hex, quoted, mentions }, send) {
  const known = await findOwn(hex, [chat]);
  if (known && ackOf(known) >= 0) return known;
  if (known) known.set({ ack: 0 }); // that is no answer to this try
  const { id } = await WPP.chat.find(chat);
  watchPresence(id);
  const own = await WPP.chat.generateMessageID(id);
  const messageId = String(own).replace(`_${own.id}`, `_${hex}`);
  await send(id, {
    messageId,
    ...(await findQuoted(quoted, String(id))),
    waitForAck: false,
    markIsRead: false,
    linkPreview: false,
    detectMentioned: false,
    ...(mentions?.length && { mentionedList: mentions.map(mentionOf) }),
  }, known);
  return WPP.chat.getMessageById(messageId);
}

// A call that the worker gave up on goes on here; asked again, it must not hand the message over a second time.
const handingOver = new Map();

async function handOverOnce(order, send) {
  requireWorking();
  const { hex } = order;
  if (!handingOver.has(hex)) {
    handingOver.set(hex, handOver(order, send).finally(() => handingOver.delete(hex)));
  }
  return handingOver.get(hex);
}

async function sendText(order) {
  const message = await handOverOnce(order, (id, options) => WPP.chat.sendTextMessage(id, order.text, options));
  const { wait_ms: waitMs } = order;
  if (waitMs > 0 && message.ack === 0) {
    await Promise.race([new Promise((resolve) => message.once('change:ack', resolve)), sleep(waitMs)]);
  }
  return describeSent(message);
}

const asRaw = ({ contacts }) => (contacts.length === 1
  ? { type: 'vcard', body: contacts[0].vcard, vcardFormattedName: contacts[0].name }
  : { type: 'multi_vcard', vcardList: contacts.map(({ name, vcard }) => ({ displayName: name, vcard })) });

const withParts = {
  location: ({ latitude, longitude, name, address, url }, id, options) => WPP.chat.sendLocationMessage(id, {
    ...options, lat: latitude, lng: longitude, ...(name && { name }), ...(address && { address }), ...(url && { url }),
  }),
  // Not wa-js's own call: it makes a card of its own from what the address book knows, and ours says more.
  contact: (content, id, options) => WPP.chat.sendRawMessage(id, asRaw(content), options),
  poll: ({ question, options: choices, selectable }, id, options) => (
    WPP.chat.sendCreatePollMessage(id, question, choices, { ...options, selectableCount: selectable })
  ),
};

async function sendParts(order) {
  const send = (id, options) => withParts[order.kind](order.content, id, options);
  return describeSent(await handOverOnce(order, send));
}

// Files that the worker gave and that are not handed over yet, by the hex part of their message's id. The inputs that
// they come in by are in no document.
const FILES_HELD = 20;
const inputs = new Map();
const given = new Map();

function fileInput(hex) {
  const input = document.createElement('input');
  input.type = 'file';
  inputs.set(hex, input);
  return input;
}

/** Its bytes, not where it lies: the worker takes it from the disk when this is done. */
async function takeFile({ hex, name, mime }) {
  const [file] = inputs.get(hex)?.files ?? [];
  inputs.delete(hex);
  if (!file) throw new Refused('page_not_ready');
  given.set(hex, new File([await file.arrayBuffer()], name, { type: mime }));
  if (given.size > FILES_HELD) given.delete(given.keys().next().value); // of a worker that gave up on it
}

const viewOnce = ({ view_once: once }) => once && { isViewOnce: true };
const AS_WA_JS_SAYS = {
  image: (order) => ({ type: 'image', isHD: order.hd, ...viewOnce(order) }),
  gif: () => ({ type: 'video', isGif: true }),
  video: (order) => ({ type: 'video', isHD: order.hd, ...viewOnce(order) }),
  audio: () => ({ type: 'audio', isPtt: false }),
  voice: (order) => ({ type: 'audio', isPtt: true, waveform: true, ...viewOnce(order) }),
  document: () => ({ type: 'document' }),
  sticker: () => ({ type: 'sticker' }),
};

/** When the page has kept a message, whatever becomes of its upload. */
function whenKept(key) {
  const { MsgStore } = WPP.whatsapp;
  let watch;
  const kept = new Promise((resolve) => {
    watch = (message) => String(message.id) === key && resolve();
    MsgStore.on('add', watch);
  });
  return { kept, stop: () => MsgStore.off('add', watch) };
}

/** wa-js waits for a message to be added, which one that is there already never is. */
function makeRoomFor(refused) {
  WPP.whatsapp.ChatStore.get(refused.id.remote)?.msgs.remove(refused.id);
  WPP.whatsapp.MsgStore.remove(refused.id);
}

/** The upload failed after the message was kept: it is refused, as WhatsApp says it of texts. */
async function noteTrouble(messageId, hex, code) {
  const message = await findByKey(messageId);
  if (!message || (message.ack ?? 0) > 0) return;
  uploadTroubles.set(hex, code);
  message.set({ ack: -1 });
}

async function sendGiven(id, options, known, order) {
  const file = given.get(order.hex);
  if (!file) throw new Refused('page_not_ready');
  if (known) makeRoomFor(known);
  uploadTroubles.delete(order.hex);
  uploading.add(order.hex);
  const { kept, stop } = whenKept(options.messageId);
  const sent = WPP.chat.sendFileMessage(id, file, {
    ...options, ...AS_WA_JS_SAYS[order.kind](order), ...(order.text && { caption: order.text }), waitForAck: true,
  });
  let isKept = false;
  sent.finally(() => uploading.delete(order.hex)).then(
    ({ sendMsgResult }) => (sendMsgResult?.messageSendResult ?? 'OK') === 'OK'
      || noteTrouble(options.messageId, order.hex, 'upload_failed'),
    (error) => isKept && noteTrouble(options.messageId, order.hex, codeOf(error)),
  );
  try {
    await Promise.race([kept.then(() => { isKept = true; }), sent]);
  } finally {
    stop();
  }
  given.delete(order.hex);
}

async function sendFile(order) {
  const send = (id, options, known) => sendGiven(id, options, known, order);
  return describeSent(await handOverOnce(order, send));
}

const sendingCalls = { sendText, sendFile, sendParts, takeFile };
