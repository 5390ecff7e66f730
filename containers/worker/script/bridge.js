// Listens to wa-js's events and reports what the worker needs to know of them.

/** wa-js calls us from inside WhatsApp's own code: a surprise must not get out, but must not be silent either. */
function listen(event, handle) {
  WPP.on(event, (...details) => {
    try {
      handle(...details);
    } catch (error) {
      report({ kind: 'trouble', where: event, code: codeOf(error) });
    }
  });
}

let shownCode;
listen('conn.auth_code_change', (code) => {
  const shown = code?.fullCode ?? null;
  watchPairing();
  if (shown === shownCode) return;
  shownCode = shown;
  report({ kind: 'code', code: shown });
});

// `conn.authenticated` never fires for a restored session, so every change of the connection asks for all of it.
let lastLogin = '';
function reportLogin() {
  const login = describeLogin();
  const text = JSON.stringify(login);
  if (text === lastLogin) return;
  lastLogin = text;
  report(login);
}

for (const event of [
  'loader.injected', 'loader.ready', 'loader.full_ready', 'conn.main_init', 'conn.main_loaded', 'conn.main_ready',
  'conn.authenticated', 'conn.require_auth', 'conn.stream_mode_changed', 'conn.stream_info_changed', 'conn.online',
]) listen(event, reportLogin);

// Nothing says that WhatsApp wants a passkey. What can be seen is that a phone took the code, that the socket pairs,
// and that then neither another code nor a login follows, as they do within seconds where no passkey is wanted.
let pairingTimer = null;
function watchPairing() {
  clearTimeout(pairingTimer);
  pairingTimer = null;
  reportLogin();
  if (shownCode && isPairing() && !WPP.conn.isAuthenticated()) {
    pairingTimer = setTimeout(() => isPairing() && report({ kind: 'passkey' }), PASSKEY_AFTER_MS);
  }
}
listen('loader.injected', () => WPP.whatsapp.Socket.on('change:state', watchPairing));

listen('conn.qrcode_idle', () => report({ kind: 'idle' }));
listen('conn.needs_update', () => report({ kind: 'needs_update' }));

let logoutReason = null;
listen('conn.logout_reason', (reason) => {
  logoutReason = textOf(reason);
});
listen('conn.logout', () => {
  report({ kind: 'logout', reason: logoutReason });
  flushAll();
});

listen('chat.new_message', (message) => {
  if (isWritten(message)) report(describeMessage(message));
});

// In a group each member acknowledges; the message itself goes on when all have (below).
listen('chat.msg_ack_change', ({ ack, chat, sender, ids }) => {
  if (ack < 2 || !chat.isGroup()) reportAck(ack, chat, sender, ids);
});

listen('chat.msg_edited', ({ msg }) => report(describeEdit(msg)));

listen('chat.msg_revoke', ({ author, from, id, refId }) => {
  const mine = id.fromMe || isMe(author ?? from);
  report({ kind: 'revoke', ...describeTarget(refId), mine, by: mine ? null : describePerson(author ?? from) });
});

listen('chat.new_reaction', ({ msgId, reactionText, sender, timestamp }) => {
  const mine = isMe(sender);
  const t = Math.floor(timestamp ?? 0);
  if (mine) reactedAt.set(String(msgId), t);
  report({
    kind: 'reaction', ...describeTarget(msgId), emoji: reactionText || null, t, mine,
    by: mine ? null : describePerson(sender),
  });
});

listen('chat.poll_response', ({ msgId, ...vote }) => report(describeVote(msgId, vote)));

function reportAck(ack, chat, sender, keys) {
  report({
    kind: 'ack',
    ack,
    ids: keys.map((key) => key.id),
    chat: String(chat),
    person: describePerson(chat),
    participant: textOf(sender),
  });
}

// wa-js tells of acks 1 and up, and in groups of single members; that WhatsApp refused a message, and that all of a
// group have it, is only seen on the message itself.
listen('loader.injected', () => {
  WPP.whatsapp.MsgStore.on('change:ack', (message) => {
    const { ack, id } = message;
    if (refusesNewChats(message)) report({ kind: 'restricted', until_ms: message.errorUntil ?? null });
    if (id.fromMe && (ack < 0 || (ack > 1 && id.remote.isGroup()))) reportAck(ack, id.remote, null, [id]);
  });
  // Not wa-js's event: it waits, and then tells of the last chat only.
  WPP.whatsapp.ChatStore.on('change:unreadCount', ({ id, unreadCount }) => {
    if (unreadCount === 0) report({ kind: 'read', chat: String(id), person: describePerson(id) }, `read ${id}`);
  });
});

const WRITING = { composing: 'composing', typing: 'composing', recording: 'recording', recording_audio: 'recording' };
const writing = new Map();
const online = new Map();

listen('chat.presence_change', ({ id, isOnline, state, participants }) => {
  const chat = String(id);
  const by = participants?.find((one) => one.state in WRITING);
  const doing = WRITING[by?.state ?? state] ?? 'paused';
  if (doing !== (writing.get(chat) ?? 'paused')) {
    writing.set(chat, doing);
    report(
      { kind: 'typing', chat, person: describePerson(id), participant: by?.id ?? null, state: doing },
      `typing ${chat}`,
    );
  }
  if (participants || online.get(chat) === isOnline) return;
  online.set(chat, isOnline);
  report({ kind: 'presence', chat, person: describePerson(id), online: isOnline === true }, `presence ${chat}`);
});

// What the worker reaches: a call, the credit for a batch, and what is still held back.
Object.defineProperty(window, ENTRY, { value: Object.freeze({ call, credit, drain: flushAll, held, fileInput }) });
