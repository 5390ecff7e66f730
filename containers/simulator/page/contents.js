// What a message carries besides text: between the attributes that clients know and what travels on the line.

import { fromBase64, toBase64 } from './device.js';

export const MEDIA = new Set(['image', 'video', 'ptv', 'audio', 'ptt', 'document', 'sticker']);
/** Attributes of such messages that are stored as they are. */
export const CONTENT_VALUES = [
  'caption', 'isCaptionByUser', 'mimetype', 'size', 'filehash', 'encFilehash', 'mediaKey', 'mediaKeyTimestamp',
  'directPath', 'width', 'height', 'duration', 'waveform', 'filename', 'pageCount', 'isGif', 'isViewOnce', 'lat',
  'lng', 'loc', 'clientUrl', 'isLive', 'shareDuration', 'vcardFormattedName', 'vcardList', 'pollName', 'pollOptions',
  'pollSelectableOptionsCount', 'messageSecret', 'pollEncKey', 'expectedImageCount', 'expectedVideoCount',
  'associationType', 'comment', 'votes',
];

/** A file that never reached the server cannot leave any more: its bytes were in the page that is gone. */
export const isUnsentFile = ({ type, directPath }) => MEDIA.has(type) && !directPath;

const ABSENT = new Set([undefined, null, false, '']);
const present = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => !ABSENT.has(value)));

function base64In(value) {
  if (typeof value === 'string') return value;
  return value?.length ? toBase64(new Uint8Array(value).buffer) : undefined;
}

/** For the line; undefined for a text. */
export function contentOf(message) {
  if (MEDIA.has(message.type)) return fileOf(message);
  return TOLD[message.type] && { type: message.type, ...TOLD[message.type](message) };
}

/** The text that goes with it: a caption. */
export const textOf = (message) => (message.type === 'chat' ? message.body : message.caption) ?? '';

function fileOf(message) {
  return present({
    type: message.type,
    mime: message.mimetype,
    size: message.size,
    sha256: message.filehash,
    enc_sha256: message.encFilehash,
    media_key: message.mediaKey,
    media_key_at: message.mediaKeyTimestamp,
    direct_path: message.directPath,
    width: message.width ?? message.fullWidth,
    height: message.height ?? message.fullHeight,
    duration: message.duration === undefined ? undefined : Number(message.duration),
    waveform: base64In(message.waveform),
    thumbnail: message.body ?? message.preview,
    filename: message.type === 'document' ? message.filename : undefined,
    pages: message.pageCount,
    gif: message.isGif,
    view_once: message.isViewOnce,
    album: message.parentMsgKey?.id,
  });
}

const split = (loc) => {
  const [name, ...rest] = String(loc ?? '').split('\n');
  return { name, address: rest.join('\n') };
};

const TOLD = {
  location: ({ lat, lng, loc, clientUrl, shareDuration, body }) => ({
    latitude: lat, longitude: lng, ...present({ ...split(loc), url: clientUrl, live: shareDuration, thumbnail: body }),
  }),
  vcard: ({ body, vcardFormattedName }) => ({ contacts: [{ name: vcardFormattedName, vcard: body }] }),
  multi_vcard: ({ vcardList }) => ({
    contacts: vcardList.map(({ displayName, vcard }) => ({ name: displayName, vcard })),
  }),
  poll_creation: ({ pollName, pollOptions, pollSelectableOptionsCount }) => ({
    question: pollName, options: pollOptions.map((one) => one.name), selectable: pollSelectableOptionsCount ?? 0,
  }),
  album: ({ expectedImageCount: images = 0, expectedVideoCount: videos = 0 }) => ({ images, videos }),
};

/** The attributes of a message that came with this content and text. */
export function attributesIn(content, text) {
  if (!content) return { type: 'chat', body: text };
  if (MEDIA.has(content.type)) return fileIn(content, text);
  return { type: content.type, ...READ[content.type]?.(content, text) };
}

function fileIn(content, text) {
  return present({
    type: content.type,
    body: content.thumbnail,
    caption: text,
    mimetype: content.mime,
    size: content.size,
    filehash: content.sha256,
    encFilehash: content.enc_sha256,
    mediaKey: content.media_key,
    mediaKeyTimestamp: content.media_key_at,
    directPath: content.direct_path,
    width: content.width,
    height: content.height,
    duration: content.duration === undefined ? undefined : String(Math.floor(content.duration)),
    waveform: content.waveform && new Uint8Array(fromBase64(content.waveform)),
    filename: content.filename,
    pageCount: content.pages,
    isGif: content.gif,
    isViewOnce: content.view_once,
    associationType: content.album && 'MEDIA_ALBUM',
  });
}

const READ = {
  location: ({ latitude, longitude, name, address, url, live, thumbnail }, text) => ({
    lat: latitude, lng: longitude,
    ...present({
      loc: [name, address].filter(Boolean).join('\n'), clientUrl: url, isLive: Boolean(live), shareDuration: live,
      comment: live && text, body: thumbnail,
    }),
  }),
  vcard: ({ contacts: [{ name, vcard }] }) => ({ body: vcard, vcardFormattedName: name }),
  multi_vcard: ({ contacts }) => ({ vcardList: contacts.map(({ name, vcard }) => ({ displayName: name, vcard })) }),
  poll_creation: ({ question, options, selectable }) => ({
    pollName: question, pollOptions: options.map((name, localId) => ({ name, localId })),
    pollSelectableOptionsCount: selectable,
  }),
  unavailable: () => ({ type: 'ciphertext', subtype: 'view_once_unavailable_fanout', isViewOnce: true }),
  album: ({ images, videos }) => ({ expectedImageCount: images, expectedVideoCount: videos }),
};
