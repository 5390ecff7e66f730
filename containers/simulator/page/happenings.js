// What happens to messages after they were sent: edits, revocations and reactions, ours and other people's.

import { write } from './database.js';
import { metaRecord, myLid } from './device.js';
import { MsgKey, createWid } from './ids.js';
import { ask } from './line.js';
import { moduleOf } from './loader.js';
import { lidOf, remember } from './people.js';
import { keyIn, messageRecord, storedMessage } from './records.js';
import { chats, msgs } from './stores.js';

const position = () => [metaRecord('position')];

/** Stores what changed of a message, and shows it where the message is in memory. */
export async function mend(key, changes) {
  const record = await storedMessage(key);
  if (!record) {
    await write({ meta: position() });
    return null;
  }
  const known = msgs.get(key);
  const attributes = { ...record, ...changes, id: key };
  const stored = { ...messageRecord(attributes, record.sequence), mentioned: record.mentioned };
  await write({ meta: position(), messages: [stored] });
  return { known, record };
}

export async function edit(stanza) {
  const key = keyIn(stanza);
  await applyEdit(key, stanza.text, new MsgKey({ ...key, id: stanza.edit_id }), stanza.t);
}

async function applyEdit(key, body, editKey, t) {
  const changes = { body, latestEditMsgKey: editKey };
  const { known } = (await mend(key, changes)) ?? {};
  // The body first: whoever hears of the edit finds the new text.
  known?.set({ body, latestEditSenderTimestampMs: t, latestEditMsgKey: editKey });
}

export async function revoke(stanza) {
  const key = keyIn(stanza);
  const author = lidOf(remember(stanza.by));
  const found = await mend(key, { type: 'revoked', body: '', reactions: [] });
  const chat = chats.get(key.remote);
  if (!found || !chat) return;
  const { from, to } = found.known?.attributes ?? found.record;
  await msgs.processMultipleMessages(chat.id, [{
    id: new MsgKey({ ...key, id: stanza.revoke_id }), type: 'protocol', subtype: stanza.how, isNewMsg: true,
    protocolMessageKey: key, from, to, author: key.participant && author, t: stanza.t,
  }]);
  showRevoked(found.known, stanza.how);
}

function showRevoked(known, how) {
  if (known?.mediaData) Object.defineProperty(known, 'mediaData', { value: undefined, configurable: true });
  known?.set({ body: '', subtype: how === 'admin_revoke' ? 'admin' : 'sender', reactions: [], type: 'revoked' });
}

const reactionIn = ({ by, by_me: byMe, emoji, t }) => ({
  sender: String(byMe ? myLid() : lidOf(remember(by))), emoji, t,
});

export const reactionsIn = (all) => all.map(reactionIn);

export async function reaction(stanza) {
  await applyReaction(keyIn(stanza), stanza.reaction_id, reactionIn(stanza));
}

/** One per person: the newer takes the place of the older, an empty one takes it back. */
async function applyReaction(key, reactionId, { sender, emoji, t }) {
  const record = await storedMessage(key);
  const others = (record?.reactions ?? []).filter((one) => one.sender !== sender);
  const reactions = emoji ? [...others, { sender, emoji, t }] : others;
  const { known } = (await mend(key, { reactions })) ?? {};
  if (!record) return;
  known?.set({ reactions, hasReaction: reactions.length > 0 });
  const mine = sender === String(myLid());
  const own = new MsgKey({ fromMe: mine, remote: key.remote, id: reactionId, participant: key.participant && sender });
  await moduleOf('WAWebAddonReactionTableMode').reactionTableMode.bulkUpsert([{
    id: own, reactionParentKey: key, reactionText: emoji, reactionTimestamp: t * 1000, read: mine, orphan: 0,
    from: createWid(sender), author: createWid(sender),
  }]);
  await moduleOf('WAWebDBReactions').addOrUpdateReactionsModelCollection({
    msgKey: String(own), parentMsgKey: String(key), reactionText: emoji, read: mine, senderUserJid: sender,
    t, timestamp: t, orphan: 0,
  }, true);
}

// ── what the user of this page does ─────────────────────────────────────────────────────────────────────────────

const EDIT_MS = 15 * 60_000;
let aheadMs = 0;

/** How far the server's clock is ahead of ours. */
export function setClock(nowMs) {
  aheadMs = nowMs - Date.now();
}

export function canEditText(message) {
  const age = Date.now() + aheadMs - message.t * 1000;
  return message.id.fromMe && message.type === 'chat' && message.ack > 0 && age < EDIT_MS;
}

/** Rejects when the server refuses, or when there is no line: then nothing was changed anywhere. */
export async function addAndSendMessageEdit(message, { body }) {
  const { id, t } = await ask({ ask: 'edit', to: String(message.id.remote), id: message.id.id, text: body });
  await applyEdit(message.id, body, new MsgKey({ ...message.id, id }), t);
}

export const sendMessageEdit = (message, body) => addAndSendMessageEdit(message, { body });

export async function sendRevokeMsgs(chat, { list }) {
  for (const message of list) {
    await ask({ ask: 'revoke', to: String(chat.id), id: message.id.id });
    const found = await mend(message.id, { type: 'revoked', body: '', reactions: [] });
    showRevoked(found?.known, message.id.fromMe ? 'sender_revoke' : 'admin_revoke');
  }
}

/** Only here: nobody else is told. */
export async function sendDeleteMsgs(chat, { list }) {
  await write({}, { messages: list.map((message) => String(message.id)) });
  for (const message of list) {
    chat.msgs.remove(message.id);
    msgs.remove(message.id);
  }
}

export async function sendReactionToMsg(message, emoji) {
  const { id, t } = await ask({ ask: 'react', to: String(message.id.remote), id: message.id.id, emoji });
  await applyReaction(message.id, id, { sender: String(myLid()), emoji, t });
  return 'OK';
}

export async function getReactions(messageKey) {
  const record = await storedMessage(MsgKey.fromString(messageKey));
  const mine = String(myLid());
  const senders = (record?.reactions ?? []).map(({ sender, emoji, t }) => ({
    msgKey: MsgKey.fromString(messageKey), parentMsgKey: MsgKey.fromString(messageKey), reactionText: emoji,
    read: true, senderUserJid: sender, timestamp: t, orphan: 0,
  }));
  const emojis = [...new Set(senders.map((one) => one.reactionText))];
  return {
    reactionByMe: senders.find((one) => one.senderUserJid === mine),
    reactions: emojis.map((aggregateEmoji) => {
      const those = senders.filter((one) => one.reactionText === aggregateEmoji);
      return { aggregateEmoji, hasReactionByMe: those.some((one) => one.senderUserJid === mine), senders: those };
    }),
  };
}
