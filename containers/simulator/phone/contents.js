// What a message carries besides its text, as a phone shows it.

import { make } from './parts.js';

const CALLED = {
  image: 'Photo', video: 'Video', ptv: 'Video note', audio: 'Audio', ptt: 'Voice message', document: 'Document',
  sticker: 'Sticker', location: 'Location', vcard: 'Contact', multi_vcard: 'Contacts', poll_creation: 'Poll',
  album: 'Album',
};

/** One line for lists of chats and answers. */
export function lineOf(message) {
  if (message.revoked) return 'This message was deleted';
  if (message.type === 'chat') return message.text;
  const called = message.media?.gif ? 'GIF' : CALLED[message.type] ?? message.type;
  const said = message.text || message.poll?.question || message.media?.filename || message.location?.name;
  return [called, said].filter(Boolean).join(' · ');
}

/** Elements for a bubble; `vote` is called with the options that are chosen when one is clicked. */
export function contentOf(message, vote) {
  if (message.media) return fileOf(message);
  if (message.location) return [placeOf(message.location)];
  if (message.contacts) return message.contacts.map(cardOf);
  if (message.poll) return [pollOf(message, vote)];
  if (!message.album) return [];
  return [make('span', { class: 'quiet', text: `An album of ${message.album.images + message.album.videos}` })];
}

const KB = 1024;
const size = (bytes) => (bytes < KB * KB ? `${Math.ceil(bytes / KB)} KB` : `${(bytes / KB / KB).toFixed(1)} MB`);

function fileOf({ type, media }) {
  const { path: src, mime, filename } = media;
  const note = media.view_once ? [make('span', { class: 'quiet', text: 'View once' })] : [];
  if (type === 'image') return [make('img', { src, alt: 'Photo' }), ...note];
  if (type === 'sticker') return [make('img', { src, alt: 'Sticker', class: 'sticker' })];
  if (type === 'video' || type === 'ptv') {
    const moves = media.gif ? { autoplay: true, loop: true, muted: true } : { controls: true };
    return [make('video', { src, preload: 'metadata', class: type, ...moves }), ...note];
  }
  if (type === 'audio' || type === 'ptt') return [make('audio', { src, controls: true, preload: 'none' }), ...note];
  const name = filename ?? 'Untitled';
  return [make('a', { href: src, download: name, class: 'file', text: `${name} · ${size(media.size)} · ${mime}` })];
}

function placeOf({ latitude, longitude, name, address, url, live }) {
  const where = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  const href = url ?? `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`;
  const text = [live ? 'Live location' : null, name, address, where].filter(Boolean).join(' · ');
  return make('a', { href, target: '_blank', rel: 'noreferrer', class: 'file', text });
}

function cardOf({ name, vcard }) {
  const href = `data:text/vcard,${encodeURIComponent(vcard)}`;
  return make('a', { href, download: `${name}.vcf`, class: 'file', text: `Contact · ${name}` });
}

function pollOf({ poll, votes }, vote) {
  const mine = new Set(vote.mine(votes));
  const options = poll.options.map((option) => {
    const count = Object.values(votes).filter((chosen) => chosen.includes(option)).length;
    const choose = () => {
      const rest = poll.selectable === 1 ? [] : [...mine].filter((one) => one !== option);
      vote.cast(mine.has(option) ? rest : [...rest, option]);
    };
    const pressed = { 'aria-pressed': String(mine.has(option)) };
    return make('button', { type: 'button', ...pressed, text: `${option} · ${count}`, onclick: choose });
  });
  return make('div', { class: 'poll' }, make('strong', { text: poll.question }), ...options);
}

/** How a file that a person picked is sent. */
export function kindOf({ type }) {
  const family = type.split('/')[0];
  return ['image', 'video', 'audio'].includes(family) ? family : 'document';
}
