// Small pieces of the page: elements from data, nothing fetched and nothing remembered.

import { contentOf, lineOf } from './contents.js';

export function make(tag, content = {}, ...children) {
  const { text, ...attributes } = content;
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element[name] = true;
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const TICKS = { 0: ['◷', 'waiting'], 1: ['✓', 'sent'], 2: ['✓✓', 'delivered'], 3: ['✓✓', 'read'] };

export function ticks(ack) {
  const [sign, word] = TICKS[ack] ?? TICKS[3];
  return make('span', { text: sign, class: `tick ${word}`, role: 'img', 'aria-label': word, title: word });
}

export const clock = (t) => new Date(t * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/** `doing` holds what a person can do with a message: answer, edit, revoke, react, vote; and `mine`, one's own votes. */
export function bubble(message, { quoted, author, doing }) {
  const act = (text, work) => make('button', { type: 'button', text, onclick: () => work(message) });
  const acts = [act('reply', doing.answer), act('react', doing.react)];
  if (message.from_me && message.type === 'chat') acts.push(act('edit', doing.edit));
  if (message.from_me) acts.push(act('delete', doing.revoke));
  const marks = [message.copy && 'delivered twice', message.edited && 'edited'].filter(Boolean).join(' · ');
  const footer = make('footer', {}, make('span', { class: 'acts' }, ...(message.revoked ? [] : acts)),
    [marks, clock(message.t)].filter(Boolean).join(' · '), ...(message.from_me ? [ticks(message.ack)] : []));
  const parts = author ? [make('strong', { text: author })] : [];
  if (quoted) parts.push(make('q', { text: lineOf(quoted).slice(0, 140) }));
  if (message.revoked) parts.push(make('em', { text: 'This message was deleted' }));
  else parts.push(...contentOf(message, { mine: doing.mine, cast: (options) => doing.vote(message, options) }), message.text);
  const emojis = Object.values(message.reactions).join(' ');
  if (emojis) parts.push(make('span', { class: 'reactions', text: emojis }));
  return make('li', { class: message.from_me ? 'mine' : 'theirs' }, ...parts, footer);
}

export function chatRow(chat, open, current) {
  const last = chat.messages.at(-1);
  const line = make('span', { text: last ? ` ${lineOf(last).slice(0, 80)}` : 'No messages yet' });
  if (last?.from_me) line.prepend(ticks(last.ack));
  return make('li', {}, make('button', { type: 'button', onclick: () => open(chat.number), 'aria-current': String(current) },
    make('strong', { text: chat.name }), line));
}
