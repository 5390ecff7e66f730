// What a person sees: the code to scan, or the chats, and the state of the line.

import { codeOf, device, isLinked } from './device.js';
import { continueWithPasskey, passkeyWanted } from './passkey.js';
import { takeOver } from './session.js';
import { Conn, Socket, Stream, chats, contacts, msgs, nameOf } from './stores.js';

let planned = false;

export function startView() {
  for (const source of [Conn, Socket, Stream, chats, msgs]) source.on('all', plan);
  element('continue').onclick = async () => {
    element('passkey-problem').textContent = (await continueWithPasskey()) ?? '';
  };
  element('use-here').onclick = takeOver;
  plan();
}

const NOTICES = {
  CONFLICT: 'WhatsApp is open in another browser. Use it here instead?',
  TOS_BLOCK: 'This account may no longer use WhatsApp.',
};

/** Many changes in a row are drawn once. */
function plan() {
  if (planned) return;
  planned = true;
  setTimeout(() => {
    planned = false;
    draw();
  }, 30);
}

const element = (id) => document.getElementById(id);

function draw() {
  element('state').textContent = `${Stream.mode ?? 'STARTING'} · ${Stream.info} · ${Socket.state}`;
  element('state').dataset.good = String(Stream.info === 'NORMAL');
  element('link').hidden = isLinked();
  element('app').hidden = !isLinked();
  const notice = NOTICES[Stream.mode] ?? (Stream.needsUpdate ? 'A new version of WhatsApp is available. Reload.' : null);
  element('notice').hidden = !notice;
  element('notice-text').textContent = notice ?? '';
  element('use-here').hidden = Stream.mode !== 'CONFLICT';
  if (isLinked()) drawChats();
  else drawCode();
}

function drawCode() {
  element('passkey').hidden = !passkeyWanted();
  element('code').hidden = passkeyWanted();
  const idle = Socket.state === 'UNPAIRED_IDLE';
  element('code').textContent = !Conn.ref || idle ? 'Reload the page for a new code' : codeOf(Conn.ref);
}

function drawChats() {
  element('me').textContent = `${device.registration.me.name} · +${device.registration.me.number}`;
  const sorted = chats.toArray().sort((a, b) => (b.t ?? 0) - (a.t ?? 0)).slice(0, 50);
  element('chats').replaceChildren(...sorted.map(row));
}

/** A file's body is its thumbnail: its caption, or what it is, is shown. */
function lineOf(message) {
  if (message?.type === 'revoked') return 'This message was deleted';
  if (!message || message.type === 'chat') return message?.body ?? '';
  return [`[${message.type}]`, message.caption ?? message.pollName ?? message.filename].filter(Boolean).join(' ');
}

const TICKS = { '-1': '!', 0: '◷', 1: '✓', 2: '✓✓', 3: '✓✓' };

function row(chat) {
  const item = document.createElement('li');
  const last = chat.msgs.toArray().at(-1);
  const ticks = last?.id.fromMe ? TICKS[last.ack] : '';
  const text = lineOf(last);
  const author = last?.author && !last.id.fromMe ? `${nameOf(contacts.gadd(last.author))}: ` : '';
  const parts = [['strong', chat.formattedTitle], ['span', `${ticks} ${author}${text}`.slice(0, 120)]];
  if (chat.unreadCount > 0) parts.push(['em', String(chat.unreadCount)]);
  for (const [tag, text] of parts) {
    const part = document.createElement(tag);
    part.textContent = text;
    item.append(part);
  }
  item.dataset.read = String(last?.ack === 3);
  return item;
}
