// Turns wa-js's models into small plain objects: names and shapes that observations.py knows.

// What WhatsApp files as messages though nobody wrote them.
const NOT_WRITTEN = new Set([
  'ciphertext', 'e2e_notification', 'notification', 'notification_template', 'gp2', 'protocol',
  'broadcast_notification', 'call_log', 'debug', 'newsletter_notification', 'album',
]);

function attempt(question, otherwise = null) {
  try {
    return question() ?? otherwise;
  } catch {
    return otherwise;
  }
}

const textOf = (wid) => (wid ? String(wid) : null);

/** Both names of a person, as far as the page knows them without asking the server. */
function describePerson(wid) {
  if (!wid) return null;
  const cache = WPP.whatsapp.lidPnCache;
  if (wid.server === 'lid') return { pn: textOf(attempt(() => cache.getPhoneNumber(wid))), lid: String(wid) };
  if (wid.server === 'c.us') return { pn: String(wid), lid: textOf(attempt(() => cache.getCurrentLid(wid))) };
  return null; // groups, channels and broadcasts are not persons
}

function describeKey(key) {
  return { from_me: key.fromMe, chat: String(key.remote), id: key.id, participant: textOf(key.participant) };
}

// The "reach-out timelock": WhatsApp lets this account begin no new chats for a while (user-pains.md, section 0).
const NEW_CHATS_REFUSED = 463;

const refusesNewChats = ({ ack, errorCode }) => ack < 0 && Number(errorCode) === NEW_CHATS_REFUSED;

// What may be seen once is often given to the phone alone: this is all that a linked device hears of it.
const isOnPhoneOnly = ({ type, subtype }) => type === 'ciphertext' && subtype === 'view_once_unavailable_fanout';

const isWritten = (message) => isOnPhoneOnly(message) || !NOT_WRITTEN.has(message.type);

function describeMessage(message) {
  const author = message.id.participant ?? message.author ?? (message.id.fromMe ? null : message.from);
  return {
    kind: 'message',
    key: describeKey(message.id),
    type: message.type,
    body: textIn(message),
    t: message.t ?? null,
    ack: message.ack ?? null,
    quoted_id: message.quotedStanzaID ?? null,
    quoted_key: textOf(attempt(() => message.quotedStanzaID && message.quotedMsgId)),
    name: message.notifyName ?? null,
    file: describeFile(message),
    parts: describeParts(message),
    mentions: (message.mentionedJidList ?? []).map(describePerson),
    edit_id: message.latestEditMsgKey?.id ?? null,
    reacted: message.hasReaction === true,
    chat: describePerson(message.id.remote),
    author: describePerson(author),
  };
}

/** Which message something happened to, and whose it is. */
function describeTarget(key) {
  const author = key.participant ?? (key.fromMe ? null : key.remote);
  return { key: describeKey(key), chat: describePerson(key.remote), author: key.fromMe ? null : describePerson(author) };
}

function describeEdit(message) {
  const edit = message.latestEditMsgKey?.id ?? null;
  return { kind: 'edit', ...describeTarget(message.id), text: textIn(message) ?? '', edit_id: edit };
}

/** A phone took the code that was shown, and WhatsApp is at it: the screen may still be the one with the codes. */
const isPairing = () => WPP.isInjected && attempt(() => WPP.whatsapp.Socket.state) === 'PAIRING';

function describeLogin() {
  // Asked too early, wa-js looks for modules that are not there yet and complains on the console.
  const ask = (name) => (WPP.isInjected ? attempt(() => WPP.conn[name]()) : null);
  const stream = ask('getStreamData');
  return {
    kind: 'login',
    injected: WPP.isInjected,
    full_ready: WPP.isFullReady,
    authenticated: ask('isAuthenticated') === true,
    main_loaded: ask('isMainLoaded') === true,
    mode: stream?.mode ?? null,
    pairing: isPairing(),
    info: stream?.info ?? null,
    online: ask('isOnline'),
    idle: ask('isIdle') === true,
    needs_update: ask('needsUpdate') === true,
    pn: textOf(ask('getMyUserWid')),
    lid: textOf(ask('getMyUserLid')),
    wa_js: WPP.version,
    build: ask('getBuildConstants')?.VERSION_STR ?? attempt(() => window.Debug.VERSION),
  };
}
