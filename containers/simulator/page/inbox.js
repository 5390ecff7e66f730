// What the server sends to this device: first kept for good, then shown, then acknowledged by its position.

import { attributesIn } from './contents.js';
import { contact, filedContacts, filedGroups, group } from './roster.js';
import { write } from './database.js';
import { device, metaRecord } from './device.js';
import { edit, reaction, reactionsIn, revoke } from './happenings.js';
import { onStanza, say } from './line.js';
import { lidOf, myWidFor, remember } from './people.js';
import { readElsewhere, receipt } from './receipts.js';
import {
  attributesOf, chatRecord, chatWidIn, ensureChat, ensureContact, keyIn, messageRecord, storedMessage,
} from './records.js';
import { msgs } from './stores.js';
import { vote, voteIn } from './votes.js';

const KINDS = { message, history, receipt, 'read-self': readElsewhere, group, contact, edit, revoke, reaction, vote };

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

async function message(stanza) {
  await file([stanza], true);
}

async function history({ messages, groups = [], contacts = [] }) {
  const groupRecords = filedGroups(groups);
  const people = filedContacts(contacts);
  await write({ groups: groupRecords, people });
  await file(messages, false);
}

/** Stores messages with the position they came at, in one transaction, before anyone hears of them. */
async function file(stanzas, isNewMsg) {
  const changes = { meta: [metaRecord('position')], messages: [], chats: [], people: [] };
  const news = new Map();
  const unread = new Map();
  for (const stanza of stanzas) {
    const { chat, record, people, isUnread } = read(stanza, isNewMsg);
    // The same key is filed once, whoever sends it again.
    if (news.has(record.key) || (await storedMessage(record.key))) continue;
    unread.set(chat, (unread.get(chat) ?? 0) + (isUnread ? 1 : 0));
    const unreadCount = chat.unreadCount + unread.get(chat);
    changes.messages.push(record);
    changes.people.push(...people);
    changes.chats.push(chatRecord(chat, { t: stanza.t, unreadCount, lastReceivedKey: record.key }));
    news.set(record.key, { chat, record, isUnread });
  }
  changes.meta.push(metaRecord('sequence'));
  await write(changes);
  for (const { chat, record, isUnread } of news.values()) {
    const attributes = attributesOf(record, isNewMsg);
    await msgs.processMultipleMessages(chat.id, [attributes]);
    // Counted now: what came before may have been read while this was being written.
    const unreadCount = chat.unreadCount + (isUnread ? 1 : 0);
    chat.set({ t: record.t, lastReceivedKey: attributes.id, unreadCount });
  }
}

function read(stanza, isNewMsg) {
  const { group: inGroup, from_me: fromMe } = stanza;
  const sender = remember(inGroup ? stanza.author : stanza.peer);
  const wid = chatWidIn(stanza);
  const chat = ensureChat(wid, inGroup ? undefined : sender.name);
  const author = inGroup ? lidOf(sender) : undefined;
  ensureContact(author ?? wid, sender.name);
  const me = myWidFor(wid);
  const mentioned = (stanza.mentions ?? []).map(remember);
  const attributes = {
    id: keyIn(stanza),
    from: fromMe ? me : wid,
    to: fromMe ? wid : me,
    author,
    ...attributesIn(stanza.content, stanza.text),
    ...(stanza.revoked && { type: 'revoked' }),
    t: stanza.t,
    ack: fromMe ? stanza.ack : 1,
    notifyName: fromMe ? device.registration.me.name : sender.name,
    mentionedJidList: mentioned.map(lidOf),
    ...quoted(stanza, wid, me),
  };
  if (stanza.content?.album) attributes.parentMsgKey = keyIn({ ...stanza, id: stanza.content.album });
  if (stanza.votes) attributes.votes = stanza.votes.map(voteIn);
  if (stanza.reactions) attributes.reactions = reactionsIn(stanza.reactions);
  device.sequence += 1;
  const record = messageRecord(attributes, device.sequence);
  const isUnread = isNewMsg ? !fromMe : Boolean(stanza.unread);
  return { chat, record, people: [sender, ...mentioned], isUnread };
}

function quoted({ quoted: original }, wid, me) {
  if (!original) return {};
  const author = original.author ? lidOf(remember(original.author)) : wid;
  return {
    quotedStanzaID: original.id,
    quotedParticipant: original.from_me ? me : author,
    quotedMsg: { type: original.type, [original.type === 'chat' ? 'body' : 'caption']: original.text },
  };
}
