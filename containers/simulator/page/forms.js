// Two forms of a chat's id: when the account moves from numbers to hidden ids, its chats move too.

import { readMessages, write } from './database.js';
import { device, metaRecord, myLid, myNumber } from './device.js';
import { MsgKey } from './ids.js';
import { formOf, personOf } from './people.js';
import { attributesOf, chatRecord, ensureChat, messageRecord } from './records.js';
import { addMessage, chats, msgs } from './stores.js';

/** Chats with people whose both ids are known appear under the other one from now on, messages included. */
export async function changeForm(toLid) {
  device.lidChats = toLid;
  const moves = (await Promise.all(chats.toArray().map(moveOf))).filter(Boolean);
  const stale = {
    chats: moves.map(({ chat }) => String(chat.id)),
    messages: moves.flatMap(({ former }) => former.map((record) => record.key)),
  };
  await write({
    meta: [metaRecord('lidChats')],
    chats: moves.map(({ record }) => record),
    messages: moves.flatMap(({ messages }) => messages),
  }, stale);
  moves.forEach(carryOut);
}

async function moveOf(chat) {
  const person = personOf(chat.id);
  const wid = person && formOf(person);
  if (!wid || wid.equals(chat.id)) return null;
  const last = chat.lastReceivedKey;
  const lastKey = last ? String(new MsgKey({ ...last, remote: wid })) : null;
  const former = await readMessages(String(chat.id), {});
  return {
    chat,
    wid,
    former,
    record: chatRecord(chat, { id: String(wid), lastReceivedKey: lastKey }),
    messages: former.map((record) => moved(attributesOf(record, false), wid)),
  };
}

function moved(message, wid) {
  const me = wid.isLid() ? myLid() : myNumber();
  const { fromMe, id } = message.id;
  const attributes = {
    ...message,
    id: new MsgKey({ fromMe, remote: wid, id }),
    from: fromMe ? me : wid,
    to: fromMe ? wid : me,
  };
  if (attributes.quotedStanzaID) attributes.quotedParticipant = quotedIsMine(message) ? me : wid;
  return messageRecord(attributes, message.sequence);
}

function quotedIsMine({ quotedParticipant }) {
  return [String(myLid()), String(myNumber())].includes(String(quotedParticipant));
}

function carryOut({ chat, wid, record, messages }) {
  chats.remove(chat.id);
  chat.msgs.forEach((m) => msgs.remove(m.id));
  const next = ensureChat(wid);
  const { t, unreadCount, unsentRead, lastReceivedKey } = record;
  next.set({ t, unreadCount, unsentRead });
  next.lastReceivedKey = lastReceivedKey ? MsgKey.fromString(lastReceivedKey) : undefined;
  for (const one of messages) addMessage(next, attributesOf(one, false));
}
