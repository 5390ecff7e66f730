// Small pieces of the page: elements from data, nothing fetched and nothing remembered.

export function make(tag, content = {}, ...children) {
  const { text, ...attributes } = content;
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
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

export function bubble(message, quoted, answer) {
  const footer = make('footer', {},
    make('button', { type: 'button', text: 'reply', onclick: () => answer(message) }),
    message.copy ? 'delivered twice' : '', clock(message.t),
    ...(message.from_me ? [ticks(message.ack)] : []));
  const parts = quoted ? [make('q', { text: quoted.text.slice(0, 140) })] : [];
  return make('li', { class: message.from_me ? 'mine' : 'theirs' }, ...parts, message.text, footer);
}

export function chatRow(chat, open, current) {
  const last = chat.messages.at(-1);
  const line = make('span', { text: last ? ` ${last.text.slice(0, 80)}` : 'No messages yet' });
  if (last?.from_me) line.prepend(ticks(last.ack));
  return make('li', {}, make('button', { type: 'button', onclick: () => open(chat.number), 'aria-current': String(current) },
    make('strong', { text: chat.name }), line));
}
