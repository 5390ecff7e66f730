// Sending: a message is kept before it leaves, and leaves again under its own id until the server vouches for it.

import { contentOf, isUnsentFile, textOf } from './contents.js';
import { write } from './database.js';
import { device, isLinked, metaRecord } from './device.js';
import { createWid } from './ids.js';
import { isLoggedIn, lineNumber, onStanza, say } from './line.js';
import { personOf, remember } from './people.js';
import { chatRecord, chatWidOf, messageRecord, ownKey } from './records.js';
import { addMessage, chats, msgs } from './stores.js';

const pending = new Map();
/** On which line, in which session a message was sent last: once on each is enough. */
const sentOn = new WeakMap();
const chatTurns = new Map();
/** Handed in, but what comes before them in their chat has not left yet. */
const queued = new Set();
let turn = Promise.resolve();
let renewing = false;

export function startOutbox() {
  onStanza({ ack: vouched, 'retry-ok': renewed });
}

/**
 * Returns at once: a promise of the message, and a promise of what became of it.
 *
 * `attributes` may be promised; `beforeSend` does with the message what must be done before it leaves (its file is
 * uploaded), while those of the same chat that were handed in later wait.
 */
export function addAndSendMsgToChat(chat, attributes, beforeSend) {
  if (!isLinked()) throw new Error('cannot send: this browser is not linked');
  const message = inTurn(async () => {
    const whole = await attributes;
    device.sequence += 1;
    queued.add(String(whole.id));
    return keep(chat, { ...whole, ack: 0, sequence: device.sequence });
  });
  const result = inChatsTurn(chat, async () => {
    const kept = await message;
    await beforeSend?.(kept);
    queued.delete(String(kept.id));
    const vouchedFor = new Promise((resolve) => pending.set(kept.id.id, resolve));
    await transmit(kept);
    return { vouchedFor };
  }).then(({ vouchedFor }) => vouchedFor);
  result.catch(() => undefined); // told to whoever waits for it
  return [message, result];
}

/** Per chat: a file on its way holds up what is sent after it there, and nothing elsewhere. */
function inChatsTurn({ id }, work) {
  const mine = (chatTurns.get(String(id)) ?? Promise.resolve()).then(work);
  chatTurns.set(String(id), mine.catch(() => undefined));
  return mine;
}

/** What is known of a message's file now: stored first, then shown. */
export async function fileIsKnown(message, changes) {
  await write({ messages: [messageRecord({ ...message.attributes, ...changes }, message.sequence)] });
  message.set(changes);
  const { directPath, mediaKey, mediaKeyTimestamp, encFilehash } = message;
  message.mediaData?.set({ directPath, mediaKey, mediaKeyTimestamp, encFilehash });
}

/** One after the other: messages leave in the order in which they were handed in. */
function inTurn(work) {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

/** Callers may have no more of the chat than its id. */
async function keep({ id: chatId }, attributes) {
  const chat = chats.get(chatId);
  const { id, t } = attributes;
  await write({
    meta: [metaRecord('sequence')],
    messages: [messageRecord(attributes, attributes.sequence)],
    chats: [chatRecord(chat, { t, lastReceivedKey: String(id) })],
  });
  const message = addMessage(chat, attributes);
  // One that was refused may be handed in again: under its own id it is that message again.
  sentOn.delete(message);
  message.set({ t, sequence: attributes.sequence, errorCode: undefined, errorUntil: undefined, ack: 0 });
  chat.set({ t, lastReceivedKey: id });
  return message;
}

function transmit(message) {
  return inTurn(async () => {
    const now = `${lineNumber()}.${device.session}`;
    if (message.ack !== 0 || isUnsentFile(message) || !isLoggedIn() || renewing || sentOn.get(message) === now) return;
    sentOn.set(message, now);
    device.counter += 1;
    const { counter, session } = device;
    await write({ meta: [metaRecord('counter')] });
    say({
      type: 'send', to: String(message.to), id: message.id.id, text: textOf(message), content: contentOf(message),
      quoted_id: message.quotedStanzaID, mentions: message.mentionedJidList?.map(String), session, counter,
    });
  });
}

/** After a break: whatever the server has not vouched for is sent again, oldest first. */
export function resendAll() {
  const waiting = msgs.filter((m) => m.id.fromMe && m.ack === 0 && !queued.has(String(m.id)));
  waiting.sort((a, b) => a.sequence - b.sequence).forEach(transmit);
}

async function vouched({ id, to, t, error, code, until }) {
  // The chat may have changed its form since the message left.
  const person = personOf(to);
  const message = msgs.get(ownKey(person ? chatWidOf(person) : createWid(to), id));
  if (!message || message.ack > 0) return;
  if (error === 'counter_reused') {
    renew();
    return;
  }
  const ack = error ? -1 : 1;
  const time = t ?? message.t;
  const errorCode = error ? code ?? error : undefined;
  const errorUntil = until ?? undefined;
  const attributes = { ...message.attributes, ack, t: time, errorCode, errorUntil };
  await write({ messages: [messageRecord(attributes, message.sequence)] });
  // The reason first: whoever hears of the failure finds it.
  message.set({ t: time, errorCode, errorUntil, ack });
  const messageSendResult = error ? 'ERROR_UNKNOWN' : 'OK';
  pending.get(id)?.({ messageSendResult, t: time, count: 1, ...(error && { errorCode }) });
  pending.delete(id);
}

/** Our counter fell behind what receivers have seen: a retry receipt starts a new session. */
function renew() {
  if (renewing) return;
  renewing = true;
  say({ type: 'retry' });
}

async function renewed({ session }) {
  device.session = session;
  device.counter = 0;
  await write({ meta: [metaRecord('session'), metaRecord('counter')] });
  renewing = false;
  resendAll();
}

/** Learns who is behind an id, so that chats can appear in the form this account uses. */
export async function learn(person) {
  const known = remember(person);
  await write({ people: [known] });
  return known;
}
