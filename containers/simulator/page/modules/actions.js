// Modules of actions: what a client can do in a chat.

import { isLinked } from '../device.js';
import { MsgKey, Wid, createUserWidOrThrow } from '../ids.js';
import { applyReceipt } from '../inbox.js';
import { ask } from '../line.js';
import { define } from '../loader.js';
import { addAndSendMsgToChat, learn } from '../outbox.js';
import { sendChatState, subscribeUserPresence } from '../presence.js';
import { markUnread, sendSeen } from '../reading.js';
import { chatWidOf, ensureChat, personOf } from '../records.js';
import { chats, msgs } from '../stores.js';
import { currentLid } from './stores.js';

export function defineActions() {
  define('WAWebFindChatAction', { findOrCreateLatestChat });
  define('WAWebSendMsgChatAction', { addAndSendMsgToChat });
  define('WAWebGetEphemeralFieldsMsgActionsUtils', { getEphemeralFields: () => ({}) });
  define('WAWebHandleChatReceipt', { handleChatSimpleReceipt: applyReceipt });
  define('WAWebHandleGroupReceipt', { handleGroupSimpleReceipt: applyReceipt });
  define('WAWebHandleStatusReceipt', { handleStatusSimpleReceipt: () => undefined });
  define('WAWebUpdateUnreadChatAction', { markUnread, sendSeen });
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
  });
  define('WAWebChatMessageSearch', { getSearchContext });
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
  await learn(found);
  const number = new Wid(`${found.number}@c.us`);
  return { wid: wid.isLid() ? wid : number, biz: false, lid: currentLid(number) };
}

function getQuotedMsgObj(message) {
  const { quotedStanzaID: id, id: key } = message;
  return msgs.get(`true_${key.remote}_${id}`) ?? msgs.get(`false_${key.remote}_${id}`);
}

async function msgFindByDirection({ anchor, count, direction }) {
  const all = chats.get(anchor.remote)?.msgs.getModelsArray() ?? [];
  const at = all.findIndex((m) => m.id.equals(anchor));
  const found = direction === 'after'
    ? all.slice(at + 1, at + 1 + count)
    : all.slice(Math.max(0, at - count), at === -1 ? 0 : at);
  return { messages: found.map((m) => m.attributes), status: 200 };
}

/** Everything this browser has is in memory, so a search beyond it finds nothing more. */
function getSearchContext({ chat }) {
  return { collection: { loadAroundPromise: Promise.resolve(), get: (id) => chat.msgs.get(MsgKey.fromString(id)) } };
}
