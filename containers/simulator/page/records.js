// Between the device's records and the models in memory: what a stored chat or message looks like.

import { CONTENT_VALUES, isUnsentFile } from './contents.js';
import { readAll, readMessages, readOne } from './database.js';
import { myLid } from './device.js';
import { MsgKey, Wid, createWid } from './ids.js';
import { formOf, lidOf, numberOf, personOf, remember } from './people.js';
import { addMessage, chats, contacts, groups, msgs, setMetadata } from './stores.js';

/** How many messages of a chat are in memory after the page was loaded; older ones are read when asked for. */
const IN_MEMORY = 50;

/** The chat with someone; one that began with a hidden id keeps it, also when the number is learnt. */
export function chatWidOf(person) {
  const hidden = lidOf(person);
  return chats.get(hidden) ? hidden : formOf(person);
}

export const chatWidIn = ({ group, peer }) => (group ? new Wid(group) : chatWidOf(remember(peer)));

/** The key of a message as the server names it: by chat, author and id. */
export function keyIn({ id, from_me: fromMe, group, peer, author }) {
  const remote = chatWidIn({ group, peer });
  const participant = group ? (fromMe ? myLid() : lidOf(remember(author))) : undefined;
  return new MsgKey({ fromMe, remote, id, participant });
}

export const ownKey = (remote, id) =>
  new MsgKey({ fromMe: true, remote, id, participant: remote.isGroup() ? myLid() : undefined });

export function ensureChat(wid, name) {
  const known = chats.get(wid);
  if (known) return known;
  ensureContact(wid, name);
  return chats.add({
    id: wid, t: Math.floor(Date.now() / 1000), unsentRead: [], groupMetadata: wid.isGroup() ? groups.gadd(wid) : undefined,
  });
}

export function ensureContact(wid, name) {
  const contact = contacts.gadd(wid);
  const person = personOf(wid);
  if (person) {
    contact.phoneNumber = numberOf(person);
    contact.name = person.saved ?? undefined;
  }
  if (name ?? person?.name) contact.pushname = name ?? person.name;
  return contact;
}

export const chatRecord = (chat, changes = {}) => ({
  id: String(chat.id),
  t: chat.t,
  unreadCount: chat.unreadCount,
  lastReceivedKey: chat.lastReceivedKey ? String(chat.lastReceivedKey) : null,
  unsentRead: chat.unsentRead ?? [],
  ...changes,
});

const plain = (wid) => (wid ? String(wid) : undefined);
/** Ids among a message's attributes, and how each comes back from its text. */
const IDS = { from: createWid, to: createWid, author: createWid, quotedParticipant: createWid,
  latestEditMsgKey: MsgKey.fromString, protocolMessageKey: MsgKey.fromString, parentMsgKey: MsgKey.fromString };
const VALUES = [
  ...CONTENT_VALUES,
  'body', 'type', 'subtype', 't', 'ack', 'quotedStanzaID', 'quotedMsg', 'notifyName', 'errorCode', 'errorUntil', 'reactions',
];

/** A message as it is stored: plain values only. */
export function messageRecord(attributes, sequence) {
  const record = { key: String(attributes.id), chat: String(attributes.id.remote), sequence };
  for (const name of VALUES) if (attributes[name] !== undefined) record[name] = attributes[name];
  for (const name of Object.keys(IDS)) if (attributes[name]) record[name] = plain(attributes[name]);
  if (attributes.mentionedJidList?.length) record.mentioned = attributes.mentionedJidList.map(String);
  return record;
}

/** The attributes of a model from what is stored. */
export function attributesOf(record, isNewMsg) {
  const { key, chat: _chat, mentioned, ...attributes } = record;
  const id = MsgKey.fromString(key);
  for (const name of Object.keys(IDS)) if (record[name]) attributes[name] = IDS[name](record[name]);
  if (mentioned) attributes.mentionedJidList = mentioned.map(createWid);
  if (record.reactions?.length) attributes.hasReaction = true;
  if (id.fromMe && record.ack === 0 && isUnsentFile(record)) attributes.ack = -1;
  return { ...attributes, id, isNewMsg, self: id.fromMe ? 'out' : 'in' };
}

/** A message by its key, from memory or else from what is stored. */
export async function storedMessage(key) {
  const known = msgs.get(key);
  if (known) return messageRecord(known.attributes, known.sequence);
  return readOne('messages', String(key));
}

/** Brings a stored message into memory, though not into its chat's run of newest ones; undefined when there is none. */
export async function loadMessage(key) {
  const known = msgs.get(key);
  if (known) return known;
  const record = await readOne('messages', String(key));
  return record && msgs.add(attributesOf(record, false));
}

/** Brings back what this browser had when it was last open. */
export async function loadStores() {
  const [people, groupsStored, chatsStored] = await Promise.all(['people', 'groups', 'chats'].map(readAll));
  people.map(remember).forEach((person) => person.saved && ensureContact(formOf(person)));
  groupsStored.forEach(setMetadata);
  for (const { id, lastReceivedKey, ...rest } of chatsStored) {
    const chat = ensureChat(new Wid(id));
    chat.set({ ...rest, lastReceivedKey: lastReceivedKey ? MsgKey.fromString(lastReceivedKey) : undefined });
    const count = Math.max(IN_MEMORY, chat.unreadCount);
    for (const record of await readMessages(id, { count })) addMessage(chat, attributesOf(record, false));
  }
}
