// What concerns people: whether they exist, under which name they are saved, what they are told of us and we of them.

/** wa-js says the same of a number that is not there and of a server that did not answer: tell the two apart. */
function requireLine() {
  if (!WPP.conn.isOnline() || WPP.conn.getStreamData()?.info !== 'NORMAL') throw new Refused('page_not_ready');
}

async function queryExists({ chat }) {
  requireWorking();
  requireLine();
  const found = await WPP.contact.queryWidExists(chat);
  if (!found) {
    requireLine();
    return { exists: false, pn: null, lid: null };
  }
  const person = describePerson(found.wid);
  return { exists: true, pn: person?.pn ?? null, lid: person?.lid ?? textOf(found.lid) };
}

const watched = new Set();

/** Hear who types and who is online in a chat: asked for once a page, and nothing waits for it. */
function watchPresence(wid) {
  if (watched.has(String(wid))) return;
  watched.add(String(wid));
  WPP.contact.subscribePresence([wid]).catch(() => watched.delete(String(wid)));
}

/** In the form that the text has: `@` and a number or a hidden id. */
function mentionOf(chat) {
  return attempt(() => WPP.util.createWid(chat)) ?? chat;
}

const TYPING = { composing: 'markIsComposing', recording: 'markIsRecording', paused: 'markIsPaused' };
const pausing = new Map();

async function type({ chat, state, seconds }) {
  requireWorking();
  const { id } = await WPP.chat.find(chat);
  clearTimeout(pausing.get(String(id)));
  await WPP.chat[TYPING[state]](id);
  if (state === 'paused' || !seconds) return;
  pausing.set(String(id), setTimeout(() => WPP.chat.markIsPaused(id).catch(() => undefined), seconds * 1000));
}

const peopleCalls = {
  queryExists,
  type,
  async markRead({ chat }) {
    requireWorking();
    const { id } = await WPP.chat.find(chat);
    watchPresence(id);
    await WPP.chat.markIsRead(id);
  },
  async subscribePresence({ ids }) {
    requireWorking();
    return (await WPP.contact.subscribePresence(ids)).map(String);
  },
  /** Everybody in the account's address book, under both names where they are known. */
  async savedContacts() {
    requireWorking();
    const found = await WPP.contact.list({ onlyMyContacts: true });
    return found.map((contact) => describePerson(contact.id)).filter(Boolean);
  },
  async saveContact({ chat, name }) {
    requireWorking();
    await WPP.contact.save(chat, name, { syncAddressBook: true });
  },
};
