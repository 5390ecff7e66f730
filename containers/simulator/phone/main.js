// A person's phone: pick an account, read and write, link and log out devices. Kept live by polling.

import { Problem, api } from './api.js';
import { kindOf, lineOf } from './contents.js';
import { bubble, chatRow, make } from './parts.js';
import { drawTroubles, listenToTroubles } from './troubles.js';

const $ = (id) => document.getElementById(id);
const state = { accounts: [], me: sessionStorage.getItem('me'), peer: null, messages: [], groups: [], quoting: null, editing: null, after: 0 };
const drawn = {};

/** Draws only what changed, so that focus, selection and scroll stay where they are. */
function draw(id, signature, elements) {
  const key = JSON.stringify(signature);
  if (drawn[id] === key) return false;
  drawn[id] = key;
  $(id).replaceChildren(...elements());
  return true;
}

const isGroup = (chat) => chat?.endsWith('@g.us') ?? false;
const nameOf = (chat) => (isGroup(chat)
  ? state.groups.find((g) => g.id === chat)?.subject ?? 'A group'
  : state.accounts.find((a) => a.number === chat)?.name ?? `+${chat}`);

function attempt(work) {
  return async (event) => {
    event?.preventDefault();
    try {
      await work(event);
      $('problem').hidden = true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      $('problem').textContent = problem.message;
      $('problem').hidden = false;
    }
    await refresh();
  };
}

function drawAccounts() {
  const { accounts } = state;
  if (!accounts.some((a) => a.number === state.me)) state.me = accounts[0]?.number ?? null;
  draw('account', [accounts.map((a) => [a.number, a.name]), state.me], () =>
    accounts.map((a) => make('option', { value: a.number, text: `${a.name} · +${a.number}`, selected: a.number === state.me })));
  draw('people', accounts.map((a) => a.number), () => accounts.map((a) => make('option', { value: a.number, text: a.name })));
  const mine = accounts.find((a) => a.number === state.me);
  for (const habit of ['online', 'auto_read']) $(habit).checked = Boolean(mine?.[habit]);
  drawTroubles(mine);
  const others = accounts.filter((a) => a.number !== state.me);
  draw('candidates', others.map((a) => a.number), () => others.map((a) =>
    make('label', { class: 'check' }, make('input', { type: 'checkbox', name: 'member', value: a.number }), a.name)));
  if (!accounts.length) $('new').hidden = false;
}

function chatsOf(messages) {
  const chats = new Map(state.groups.map(({ id, subject }) => [id, { number: id, name: subject, messages: [] }]));
  for (const message of messages) {
    const number = message.from_me || isGroup(message.to) ? message.to : message.from;
    const chat = chats.get(number) ?? { number, name: nameOf(number), messages: [] };
    chats.delete(number);
    chats.set(number, chat);
    chat.messages.push(message);
  }
  return [...chats.values()].reverse();
}

function drawChats() {
  const chats = chatsOf(state.messages);
  draw('chats', [chats.map((c) => [c.number, c.name, c.messages.at(-1)]), state.peer], () =>
    chats.map((chat) => chatRow(chat, openChat, chat.number === state.peer)));
  const open = chats.find((c) => c.number === state.peer)?.messages ?? [];
  const byId = new Map(open.map((m) => [m.id, m]));
  $('with').textContent = state.peer ? nameOf(state.peer) : 'No chat open';
  const empty = state.peer ? 'No messages yet. Write the first one.' : 'Open a chat on the left, or write to a number.';
  const changed = draw('messages', [state.me, state.peer, open], () =>
    open.length ? open.map((m) => bubble(m, {
      quoted: byId.get(m.quoted_id), doing, author: isGroup(m.to) && !m.from_me ? nameOf(m.from) : null,
    })) : [make('li', { class: 'none', text: empty })]);
  if (changed) $('messages').scrollTop = $('messages').scrollHeight;
  $('write').hidden = !state.peer;
  const unread = (m) => !m.from_me && (isGroup(m.to) ? m.receipts[state.me] ?? 3 : m.ack) < 3;
  if (open.some(unread) && !document.hidden) api.read(state.me, state.peer).catch(() => undefined);
}

async function drawPanel() {
  const [devices, codes] = await Promise.all([api.devices(state.me), api.codes()]);
  const quiet = (text) => [make('li', { class: 'quiet', text })];
  draw('devices', [state.me, devices], () => (devices.length ? devices.map(deviceRow) : quiet('No device is linked.')));
  draw('codes', [state.me, codes], () => (codes.length ? codes.map(codeRow) : quiet('No page shows a code.')));
}

function deviceRow({ device, connected, waiting }) {
  const text = `Device ${device.split(':')[1]} · ${connected ? 'connected' : 'away'}${waiting ? ` · ${waiting} waiting` : ''}`;
  return make('li', { text }, make('button', { type: 'button', class: 'danger', text: 'Log out', onclick: attempt(() => api.logout(state.me, device)) }));
}

function codeRow({ code, link_code: typed }) {
  return make('li', {}, make('code', { text: typed ?? code.slice(0, 60) }),
    make('button', { type: 'button', class: 'primary', text: 'Scan', onclick: attempt(() => api.scan(state.me, code)) }));
}

async function noticeTyping() {
  for (;;) {
    const trace = await api.trace(state.after);
    if (!trace.length) return;
    state.after = trace.at(-1).n;
    for (const t of trace) {
      const here = t.to === state.me ? t.sender === state.peer : isGroup(t.to) && t.to === state.peer && t.sender !== state.me;
      if (t.event === 'typing' && here) {
        $('typing').textContent = t.state === 'paused' || Date.now() - t.at_ms > 15000 ? '' : 'typing…';
      } else if (t.event === 'filed' && t.sender === state.peer) $('typing').textContent = '';
    }
  }
}

let refreshing = false;
async function refresh() {
  if (refreshing) return;
  refreshing = true;
  try {
    state.accounts = await api.accounts();
    drawAccounts();
    if (state.me) {
      [state.messages, state.groups] = await Promise.all([api.messages(state.me), api.groups(state.me)]);
      drawChats();
      if (!$('panel').hidden) await drawPanel();
      await noticeTyping();
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  } finally {
    refreshing = false;
  }
}

function openChat(number) {
  Object.assign(state, { peer: number });
  document.body.dataset.view = 'chat';
  $('typing').textContent = '';
  quote(null);
  refresh();
}

const doing = {
  answer: (message) => quote(message),
  edit: (message) => quote(message, true),
  react: (message) => attempt(() => api.mend(state.me, 'react', {
    with: state.peer, id: message.id, emoji: message.reactions[state.me] ? '' : '👍',
  }))(),
  mine: (votes) => votes[state.me] ?? [],
  vote: (message, options) => attempt(() => api.mend(state.me, 'vote', { with: state.peer, id: message.id, options }))(),
  revoke: (message) => attempt(() => api.mend(state.me, 'revoke', { with: state.peer, id: message.id }))(),
};

/** The message that is being answered or, when it is one's own, edited. */
function quote(message, editing = false) {
  state.quoting = editing ? null : message?.id ?? null;
  state.editing = editing ? message.id : null;
  $('answering').hidden = !message;
  if (message) $('answering').querySelector('span').textContent = `${editing ? 'Editing' : 'Answering'}: ${lineOf(message)}`;
  if (editing) $('write').elements.text.value = message.text;
  if (message) $('write').elements.text.focus();
}

function toggle(button, panel) {
  $(button).addEventListener('click', () => {
    $(panel).hidden = !$(panel).hidden;
    $(button).setAttribute('aria-expanded', String(!$(panel).hidden));
    refresh();
  });
}

const sendMessage = attempt(async () => {
  const { text } = $('write').elements;
  if (!text.value.trim()) return;
  if (state.editing) await api.mend(state.me, 'edit', { with: state.peer, id: state.editing, text: text.value });
  else await api.send(state.me, state.peer, text.value, state.quoting);
  text.value = '';
  quote(null);
});

const base64Of = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
  reader.onerror = () => reject(new Problem('The file cannot be read.'));
  reader.readAsDataURL(file);
});

/** The text that is being written is its caption. */
const sendFile = attempt(async ({ target }) => {
  const [file] = target.files;
  const { text } = $('write').elements;
  if (!file) return;
  await api.sendFile(state.me, state.peer, {
    type: kindOf(file), data: await base64Of(file), filename: file.name, mime: file.type || undefined, text: text.value,
    reply_to: state.quoting,
  });
  target.value = '';
  text.value = '';
  quote(null);
});

function listen() {
  document.body.dataset.view = 'chats';
  toggle('show-devices', 'panel');
  toggle('show-new', 'new');
  toggle('show-troubles', 'troubles');
  toggle('show-group', 'group');
  listenToTroubles(attempt, () => state.me);
  $('group').addEventListener('submit', attempt(async ({ target }) => {
    const members = [...target.querySelectorAll('[name="member"]:checked')].map((one) => one.value);
    const { id } = await api.createGroup(state.me, target.elements.subject.value, members);
    target.reset();
    target.hidden = true;
    openChat(id);
  }));
  $('account').addEventListener('change', ({ target }) => {
    Object.assign(state, { me: target.value, peer: null });
    sessionStorage.setItem('me', target.value);
    refresh();
  });
  $('new').addEventListener('submit', attempt(async ({ target }) => {
    const { number, name } = await api.create(target.elements.number.value, target.elements.name.value);
    Object.assign(state, { me: number, peer: null });
    if (name) target.reset();
    target.hidden = true;
  }));
  $('open').addEventListener('submit', (event) => {
    event.preventDefault();
    openChat(event.target.elements.to.value.replace(/\D/g, ''));
    event.target.reset();
  });
  $('paste').addEventListener('submit', attempt(({ target }) => api.scan(state.me, target.elements.code.value)));
  for (const habit of ['online', 'auto_read']) {
    $(habit).addEventListener('change', attempt(({ target }) => api.change(state.me, { [habit]: target.checked })));
  }
  $('write').addEventListener('submit', sendMessage);
  // A picture that has arrived is taller than nothing: the newest message stays in sight.
  $('messages').addEventListener('load', () => ($('messages').scrollTop = $('messages').scrollHeight), true);
  $('write').elements.file.addEventListener('change', sendFile);
  $('write').elements.text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey) sendMessage(event);
  });
  $('answering').querySelector('button').addEventListener('click', () => quote(null));
  $('back').addEventListener('click', () => {
    document.body.dataset.view = 'chats';
  });
}

listen();
await refresh();
setInterval(refresh, 700);
