// Finds messages and chats under every name that they may have, and says by a code why a call is refused.

/** A code that can be shown: wa-js's own, or the class of the error; never its text, which may hold a number. */
function codeOf(error) {
  const code = typeof error === 'string' ? error : error?.code ?? error?.name;
  return /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(code ?? '') ? code : 'page_error';
}

/** In its own words; the worker takes out whom they name. */
function wordsOf(error) {
  const words = error?.message;
  return typeof words === 'string' && words !== error?.code ? words.slice(0, 500) : null;
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

/** A message by the hex part of its id where it is ours, else by its key; its chat may have another form by now. */
async function findTarget({ hex, key, chats }) {
  const message = hex ? await findOwn(hex, chats) : (await findByKey(key)) ?? (await findMoved(key));
  if (!message) throw new Refused('message_not_in_whatsapp');
  return message;
}

async function findMoved(key) {
  const [own, chat, ...rest] = key.split('_');
  for (const form of formsOf(chat)) {
    const message = await findByKey([own, form, ...rest].join('_'));
    if (message) return message;
  }
  return null;
}

const isMe = (wid) => [attempt(() => WPP.conn.getMyUserLid()), attempt(() => WPP.conn.getMyUserWid())]
  .some((me) => me && String(me) === String(wid));
