// What the server says about messages that were delivered or read: ours by others, others' by our other devices.

import { write } from './database.js';
import { metaRecord } from './device.js';
import { moduleOf } from './loader.js';
import { lidOf, remember } from './people.js';
import { chatRecord, chatWidIn, ensureChat, ownKey, storedMessage } from './records.js';
import { msgs } from './stores.js';

const SAID_AS = { 2: 'delivery', 3: 'read', 4: 'played' };

/** `ack` is the reader's own; `whole` is the message's, which in a group waits for the slowest. */
export async function receipt({ group, peer, ids, ack, whole = ack }) {
  const wid = chatWidIn({ group, peer });
  const participant = group ? lidOf(remember(peer)) : null;
  const stored = (await Promise.all(ids.map((id) => storedMessage(ownKey(wid, id))))).filter(Boolean);
  const messages = stored.filter((one) => one.ack < whole).map((one) => ({ ...one, ack: whole }));
  await write({ meta: [metaRecord('position')], messages });
  if (!stored.length) return;
  const told = {
    externalIds: stored.map((one) => one.key.split('_')[2]),
    from: wid,
    participant,
    recipient: null,
    ts: Math.floor(Date.now() / 1000),
    ack,
    ackString: SAID_AS[ack],
    whole,
  };
  if (group) moduleOf('WAWebHandleGroupReceipt').handleGroupSimpleReceipt(told);
  else moduleOf('WAWebHandleChatReceipt').handleChatSimpleReceipt(told);
}

/** The hooked functions' own work: the messages' ack goes forward. */
export function applyReceipt({ externalIds, from, ack, whole = ack }) {
  for (const id of externalIds) {
    const known = msgs.get(ownKey(from, id));
    if (known && known.ack < whole) known.ack = whole;
  }
}

export async function readElsewhere(stanza) {
  const wid = chatWidIn(stanza);
  const chat = ensureChat(wid, stanza.peer?.name);
  await write({ meta: [metaRecord('position')], chats: [chatRecord(chat, { unreadCount: 0 })] });
  chat.unreadCount = 0;
}
