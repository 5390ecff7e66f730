// Modules of actions: what a client can do in a chat.

import { readMessages } from '../database.js';
import { isLinked } from '../device.js';
import {
  addAndSendMessageEdit, canEditText, getReactions, sendDeleteMsgs, sendMessageEdit, sendReactionToMsg,
  sendRevokeMsgs,
} from '../happenings.js';
import { MsgKey, createUserWidOrThrow } from '../ids.js';
import { ask } from '../line.js';
import { define } from '../loader.js';
import { addAndSendMsgToChat, learn } from '../outbox.js';
import { lidOf, numberOf, personOf } from '../people.js';
import { sendChatState, subscribeUserPresence } from '../presence.js';
import { canMarkPlayed, markPlayed, markUnread, sendSeen } from '../reading.js';
import { applyReceipt } from '../receipts.js';
import { attributesOf, chatWidOf, ensureChat, loadMessage, storedMessage } from '../records.js';
import { saveContactAction } from '../roster.js';
import { Cmd, chats, msgs, nameOf } from '../stores.js';
import { getVotes, sendVote } from '../votes.js';

export function defineActions() {
  define('WAWebFindChatAction', { findOrCreateLatestChat });
  define('WAWebSendMsgChatAction', { addAndSendMsgToChat });
  define('WAWebGetEphemeralFieldsMsgActionsUtils', { getEphemeralFields: () => ({}) });
  define('WAWebHandleChatReceipt', { handleChatSimpleReceipt: applyReceipt });
  define('WAWebHandleGroupReceipt', { handleGroupSimpleReceipt: applyReceipt });
  define('WAWebHandleStatusReceipt', { handleStatusSimpleReceipt: () => undefined });
  define('WAWebUpdateUnreadChatAction', { markUnread, sendSeen });
  define('WAWebMarkPlayedAction', { markPlayed, canMarkPlayed });
  define('WAWebPresenceChatAction', {
    markComposing: (chat) => sendChatState(chat, 'composing'),
    markPaused: (chat) => sendChatState(chat, 'paused'),
    markRecording: (chat) => sendChatState(chat, 'recording'),
  });
  define('WAWebContactPresenceBridge', {
    subscribeUserPresence, subscribeGroupPresence: async () => undefined,
  });
  define('WAWebQueryExistsJob', { queryWidExists, queryPhoneExists: queryWidExists });
  define('WAWebMsgReply', { canReplyMsg: (message) => message.type !== 'revoked' });
  define('WAWebQuotedMsgModelUtils', { getQuotedMsgObj });
  define('WAWebDBMessageFind', {
    msgFindByDirection,
    msgFindBefore: (query) => msgFindByDirection({ ...query, direction: 'before' }),
    msgFindAfter: (query) => msgFindByDirection({ ...query, direction: 'after' }),
    msgFindMedia,
  });
  define('WAWebChatMessageSearch', { getSearchContext });
  define('WAWebSaveContactAction', { saveContactAction });
  defineHappenings();
}

function defineHappenings() {
  Object.assign(Cmd, { sendRevokeMsgs, sendDeleteMsgs });
  define('WAWebSendMessageEditAction', { addAndSendMessageEdit, sendMessageEdit });
  define('WAWebMsgActionCapability', { canEditText, canEditCaption: () => false });
  define('WAWebSendReactionMsgAction', { sendReactionToMsg });
  define('WAWebReactions', { getReactions });
  define('WAWebPollsSendVoteMsgAction', { sendVote });
  define('WAWebDBPollsUpsertVotes', { upsertVotesDb: async () => undefined });
  define('WAWebDBPollsGetVotes', { getVotes, getVote: async (key) => (await getVotes([key]))[0] });
  define('WAWebFrontendVcardUtils', { vcardFromContactModel });
}

/** A card as a phone writes it: with the number, which names the account too. */
function vcardFromContactModel(contact) {
  const name = contact.formattedName ?? nameOf(contact);
  const { user } = personOf(contact.id) ? numberOf(personOf(contact.id)) ?? contact.id : contact.id;
  const plain = name.replace(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n');
  const phone = `TEL;type=CELL;waid=${user}:+${user}`;
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `N:;${plain};;;`, `FN:${plain}`, phone, 'END:VCARD'];
  return { displayName: name, vcard: lines.join('\n') };
}

/** The chat with someone, in the form this account's chats have; unknown people get a chat too. */
async function findOrCreateLatestChat(wid) {
  if (!isLinked()) throw new Error('cannot open a chat: this browser is not linked');
  const known = chats.get(wid);
  if (known) return { chat: { id: known.id }, created: false };
  if (wid.isUser() && !personOf(wid)) await queryWidExists(wid).catch(() => null);
  const person = personOf(wid);
  const id = person ? chatWidOf(person) : createUserWidOrThrow(wid);
  const created = !chats.get(id);
  return { chat: { id: ensureChat(id).id }, created };
}

async function queryWidExists(wid) {
  const found = await ask({ ask: 'exists', jid: String(wid) });
  if (!found) return null;
  const person = await learn(found);
  return { wid: wid.isLid() ? wid : numberOf(person), biz: false, lid: lidOf(person) };
}

function getQuotedMsgObj(message) {
  const { quotedStanzaID: id, id: key, quotedParticipant } = message;
  const participant = key.remote.isGroup() ? quotedParticipant : undefined;
  return [true, false]
    .map((fromMe) => msgs.get(new MsgKey({ fromMe, remote: key.remote, id, participant })))
    .find(Boolean);
}

/** The stored messages next to one, oldest first: memory holds the newest of each chat only. */
async function msgFindByDirection({ anchor, count, direction }) {
  const record = await storedMessage(anchor);
  if (!record || count <= 0) return { messages: [], status: 200 };
  const place = record.sequence;
  const found = direction === 'after'
    ? await readMessages(String(anchor.remote), { after: place, count, newest: false })
    : await readMessages(String(anchor.remote), { before: place, count });
  return { messages: found.map((one) => msgs.get(one.key)?.attributes ?? attributesOf(one, false)), status: 200 };
}

const FAMILIES = { allMedia: new Set(['image', 'video', 'ptv']), allDocs: new Set(['document']) };

/** The files of a chat before a message, that one included; oldest first. */
async function msgFindMedia({ chat, anchor, count, mediaType }) {
  const last = anchor && (await storedMessage(anchor))?.sequence;
  const records = await readMessages(String(chat), last === undefined ? {} : { before: last + 1 });
  const found = records.filter((one) => FAMILIES[mediaType]?.has(one.type)).slice(-count);
  return { messages: found.map((one) => msgs.get(one.key)?.attributes ?? attributesOf(one, false)), status: 200 };
}

/** Brings a message that is stored but not in memory back into its chat. */
function getSearchContext({ msgKey }) {
  return { collection: { loadAroundPromise: loadMessage(msgKey), get: (id) => msgs.get(id) } };
}
