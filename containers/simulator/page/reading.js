// Read receipts: what was seen here is told to the server, now or when there is a line again.

import { write } from './database.js';
import { ask, isLoggedIn, onStanza, say } from './line.js';
import { chatRecord, messageRecord } from './records.js';
import { chats } from './stores.js';

const PLAYED = 4;

export function startReading() {
  onStanza({ 'read-ok': receiptTaken });
}

export async function sendSeen({ chat }) {
  if (!chat.unreadCount) return;
  const unread = chat.msgs.filter((m) => !m.id.fromMe).slice(-chat.unreadCount);
  const unsentRead = [...(chat.unsentRead ?? []), ...unread.map((m) => m.id.id)];
  await write({ chats: [chatRecord(chat, { unreadCount: 0, unsentRead })] });
  chat.unsentRead = unsentRead;
  chat.unreadCount = 0;
  tell(chat);
}

export async function markUnread(chat, unread = true) {
  chat.unreadCount = unread ? -1 : 0;
  await write({ chats: [chatRecord(chat)] });
}

/** Listened to, watched, or opened once. */
export async function markPlayed(message) {
  if (!canMarkPlayed(message)) return;
  await ask({ ask: 'played', to: String(message.id.remote), id: message.id.id });
  await write({ messages: [messageRecord({ ...message.attributes, ack: PLAYED }, message.sequence)] });
  message.ack = PLAYED;
}

export const canMarkPlayed = ({ id, ack, type, isViewOnce }) =>
  !id.fromMe && ack < PLAYED && (type === 'ptt' || type === 'ptv' || isViewOnce === true);

function tell(chat) {
  if (isLoggedIn() && chat.unsentRead?.length) {
    say({ type: 'read', to: String(chat.id), ids: chat.unsentRead });
  }
}

async function receiptTaken({ to, ids }) {
  const chat = chats.get(to);
  if (!chat) return;
  const unsentRead = (chat.unsentRead ?? []).filter((id) => !ids.includes(id));
  await write({ chats: [chatRecord(chat, { unsentRead })] });
  chat.unsentRead = unsentRead;
}

export function resendReads() {
  chats.forEach(tell);
}
