// Read receipts: what was seen here is told to the server, now or when there is a line again.

import { write } from './database.js';
import { isLoggedIn, onStanza, say } from './line.js';
import { chatRecord } from './records.js';
import { chats } from './stores.js';

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
