// Between the device's records and the models in memory: what a stored chat or message looks like.

import { readAll } from './database.js';
import { device, myLid, myNumber } from './device.js';
import { MsgKey, Wid, createWid } from './ids.js';
import { addMessage, chats, contacts } from './stores.js';

/** People by number and by hidden id: {number, lid, name}. */
const people = new Map();

export function remember(person) {
  people.set(`${person.number}@c.us`, person);
  people.set(`${person.lid}@lid`, person);
}

export const personOf = (wid) => people.get(String(wid));

/** The form in which this account's chats appear: by number, or by hidden id. */
export function chatWidOf(person) {
  return new Wid(device.lidChats ? `${person.lid}@lid` : `${person.number}@c.us`);
}

export const myWidFor = (chatWid) => (chatWid.isLid() ? myLid() : myNumber());

export function ensureChat(wid, name) {
  const known = chats.get(wid);
  if (known) return known;
  ensureContact(wid, name);
  return chats.add({ id: wid, t: Math.floor(Date.now() / 1000), unsentRead: [] });
}

export function ensureContact(wid, name) {
  const contact = contacts.gadd(wid);
  const person = personOf(wid);
  if (person) contact.phoneNumber = new Wid(`${person.number}@c.us`);
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

/** A message as it is stored: plain values only. */
export function messageRecord(attributes, sequence) {
  const { id, from, to, body, type, t, ack, quotedStanzaID, quotedParticipant, quotedMsg } = attributes;
  const plain = (wid) => (wid ? String(wid) : undefined);
  return {
    key: String(id), chat: String(id.remote), from: plain(from), to: plain(to), body, type, t, ack, sequence,
    quotedStanzaID, quotedParticipant: plain(quotedParticipant), quotedMsg,
    notifyName: attributes.notifyName,
  };
}

/** The attributes of a model from what is stored. */
export function attributesOf(record, isNewMsg) {
  const { key, chat: _chat, from, to, quotedStanzaID, quotedParticipant, quotedMsg, ...rest } = record;
  const id = MsgKey.fromString(key);
  const attributes = { ...rest, id, from: createWid(from), to: createWid(to), isNewMsg };
  attributes.self = id.fromMe ? 'out' : 'in';
  if (quotedStanzaID) {
    Object.assign(attributes, {
      quotedStanzaID, quotedMsg, quotedParticipant: createWid(quotedParticipant),
    });
  }
  return attributes;
}

/** Brings back what this browser had when it was last open. */
export async function loadStores() {
  const [peopleStored, chatsStored, messagesStored] = await Promise.all(
    ['contacts', 'chats', 'messages'].map(readAll),
  );
  peopleStored.forEach(remember);
  for (const { id, lastReceivedKey, ...rest } of chatsStored) {
    const chat = ensureChat(new Wid(id));
    chat.set({ ...rest, lastReceivedKey: lastReceivedKey ? MsgKey.fromString(lastReceivedKey) : undefined });
  }
  messagesStored.sort((a, b) => a.sequence - b.sequence);
  for (const record of messagesStored) {
    addMessage(ensureChat(new Wid(record.chat)), attributesOf(record, false));
  }
}
