// What the server sends to this device: first kept for good, then shown, then acknowledged by its position.

import { write } from './database.js';
import { device, metaRecord } from './device.js';
import { MsgKey } from './ids.js';
import { onStanza, say } from './line.js';
import { moduleOf } from './loader.js';
import {
  attributesOf, chatRecord, chatWidOf, ensureChat, ensureContact, messageRecord, myWidFor, remember,
} from './records.js';
import { msgs } from './stores.js';

const KINDS = { message, history, receipt, 'read-self': readElsewhere };

export function startInbox() {
  onStanza({ stanza: take });
}

async function take(stanza) {
  // Sent again because our acknowledgement was lost: it is here already.
  if (stanza.position > device.position) {
    device.position = stanza.position;
    await KINDS[stanza.kind](stanza);
  }
  say({ type: 'ack', position: stanza.position });
}

const position = () => metaRecord('position');

async function message(stanza) {
  await file([stanza], true);
}

async function history({ messages }) {
  await file(messages, false);
}

/** Stores messages with the position they came at, in one transaction, before anyone hears of them. */
async function file(stanzas, isNewMsg) {
  const changes = { meta: [position()], messages: [], chats: [], contacts: [] };
  const news = [];
  for (const stanza of stanzas) {
    const { chat, record, unread } = read(stanza);
    if (msgs.get(record.key)) continue; // the same key is filed once, whoever sends it again
    const unreadCount = isNewMsg && unread ? chat.unreadCount + 1 : chat.unreadCount;
    const key = MsgKey.fromString(record.key);
    changes.messages.push(record);
    changes.contacts.push(stanza.peer);
    changes.chats.push(chatRecord(chat, { t: stanza.t, unreadCount, lastReceivedKey: record.key }));
    news.push({ chat, record, unread: unreadCount - chat.unreadCount, after: { t: stanza.t, lastReceivedKey: key } });
  }
  changes.meta.push(metaRecord('sequence'));
  await write(changes);
  for (const { chat, record, unread, after } of news) {
    await msgs.processMultipleMessages(chat.id, [attributesOf(record, isNewMsg)]);
    // Counted now: what came before may have been read while this was being written.
    chat.set({ ...after, unreadCount: chat.unreadCount + unread });
  }
}

function read(stanza) {
  const { peer, from_me: fromMe } = stanza;
  remember(peer);
  const wid = chatWidOf(peer);
  const chat = ensureChat(wid, peer.name);
  ensureContact(wid, peer.name);
  const me = myWidFor(wid);
  const attributes = {
    id: new MsgKey({ fromMe, remote: wid, id: stanza.id }),
    from: fromMe ? me : wid,
    to: fromMe ? wid : me,
    body: stanza.text,
    type: 'chat',
    t: stanza.t,
    ack: fromMe ? stanza.ack : 1,
    notifyName: fromMe ? device.registration.me.name : peer.name,
    ...quoted(stanza, wid, me),
  };
  device.sequence += 1;
  return { chat, record: messageRecord(attributes, device.sequence), unread: !fromMe };
}

function quoted({ quoted: original }, wid, me) {
  if (!original) return {};
  return {
    quotedStanzaID: original.id,
    quotedParticipant: original.from_me ? me : wid,
    quotedMsg: { type: 'chat', body: original.text },
  };
}

const RECEIPTS = { 2: 'delivery', 3: 'read' };

async function receipt({ peer, ids, ack }) {
  const wid = chatWidOf(peer);
  const known = ids.map((id) => msgs.get(`true_${wid}_${id}`)).filter((m) => m && m.ack < ack);
  const records = known.map((m) => messageRecord({ ...m.attributes, ack }, m.sequence));
  await write({ meta: [position()], messages: records });
  if (!known.length) return;
  moduleOf('WAWebHandleChatReceipt').handleChatSimpleReceipt({
    externalIds: known.map((m) => m.id.id),
    from: wid,
    participant: null,
    recipient: null,
    ts: Math.floor(Date.now() / 1000),
    ack,
    ackString: RECEIPTS[ack],
  });
}

/** The hooked function's own work: the messages' ack goes forward. */
export function applyReceipt({ externalIds, from, ack }) {
  for (const id of externalIds) {
    const known = msgs.get(`true_${from}_${id}`);
    if (known && known.ack < ack) known.ack = ack;
  }
}

async function readElsewhere({ peer }) {
  const chat = ensureChat(chatWidOf(peer), peer.name);
  await write({ meta: [position()], chats: [chatRecord(chat, { unreadCount: 0 })] });
  chat.unreadCount = 0;
}
