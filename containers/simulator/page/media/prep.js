// From a file that was handed in to a message with a file: made ready, shown in the chat, uploaded, sent.

import { MsgKey } from '../ids.js';
import { moduleOf } from '../loader.js';
import { fileIsKnown } from '../outbox.js';
import { InMemoryMediaBlobCache } from './cache.js';
import { hashOf } from './crypto.js';
import { MediaDataModel, OpaqueData, getOrCreateMediaObject } from './data.js';
import { MediaFileEmpty, MediaFileTooLarge, InvalidMediaFileType } from './errors.js';
import { checkSticker, processRawImage } from './pictures.js';
import { processRawAudioVideo } from './recordings.js';

const MIB = 1024 * 1024;
const LIMITS = { document: 2048 * MIB };
const PICTURES = new Set(['image/jpeg', 'image/jpg', 'image/png', 'image/webp', 'image/gif', 'image/bmp']);

/** Two gigabytes for documents, sixteen megabytes for all that is looked at or listened to. */
export const getUploadLimit = (type) => LIMITS[type] ?? 16 * MIB;

function fileTypeOf(mimetype) {
  const mime = mimetype.split(';')[0].trim().toLowerCase();
  if (PICTURES.has(mime)) return 'image';
  if (/^(video|audio)\//.test(mime)) return mime.split('/')[0];
  return 'document';
}

async function processRawMedia(opaque, options) {
  const type = options.asDocument ? 'document' : options.asSticker ? 'sticker' : fileTypeOf(opaque.type());
  if (opaque.size() > getUploadLimit(type)) throw new MediaFileTooLarge(`${type} of ${opaque.size()} bytes`);
  if (opaque.size() <= 0) throw new MediaFileEmpty();
  if (type === 'image') return processRawImage(opaque, options);
  if (type === 'sticker') {
    const sticker = await moduleOf('WAWebMediaDataUtils').processRawSticker(opaque);
    await checkSticker(sticker);
    return sticker;
  }
  return type === 'document' ? processRawDocument(opaque) : processRawAudioVideo(opaque, options);
}

async function processRawDocument(opaque) {
  const blob = opaque.forceToBlob();
  if (blob.type === 'image/svg+xml') throw new InvalidMediaFileType(`disallowed mimetype ${blob.type}`);
  const mimetype = blob.type || 'application/octet-stream';
  const mediaBlob = await OpaqueData.createFromData(blob, mimetype);
  return { type: 'document', mediaBlob, mimetype, filename: cleanName(blob.name) };
}

// Neither folders nor signs that turn a name around.
const cleanName = (name) => (name ?? '').replace(/[\\/:*?"<>|\u202a-\u202e\u2066-\u2069]/g, '_').trim() || 'Untitled';

export class MediaPrep {
  constructor(baseType, prepared) {
    this.baseType = baseType;
    this.mediaData = new MediaDataModel({ mediaStage: 'PREPARING' });
    this.ready = prepared.then((fields) => this.#take(fields), (error) => {
      this.mediaData.mediaStage = 'ERROR_UNSUPPORTED';
      throw error;
    });
    this.ready.catch(() => undefined); // told to whoever waits for it
  }

  async #take(fields) {
    const filehash = await hashOf(await fields.mediaBlob.forceToBlob().arrayBuffer());
    this.mediaData.set({ ...fields, filehash, size: fields.mediaBlob.size() });
  }

  async waitForPrep() {
    await this.ready;
    return this.mediaData;
  }

  /** One argument: clients look at how many there are. */
  sendToChat(request) {
    return sendMediaMsgToChat(this, request);
  }
}

export function prepRawMedia(opaque, options) {
  const types = { isPtt: 'ptt', asDocument: 'document', asGif: 'video', isAudio: 'audio', asSticker: 'sticker' };
  const [, baseType = 'unknown'] = Object.entries(types).find(([option]) => options[option]) ?? [];
  return new MediaPrep(baseType, Promise.resolve().then(() => processRawMedia(opaque, options)));
}

async function mediaPropsOf(prep, { caption, isViewOnce }) {
  const data = await prep.waitForPrep();
  const object = getOrCreateMediaObject(data.filehash);
  object.consolidate({ type: data.type.toUpperCase(), mediaBlob: data.mediaBlob, size: data.size });
  InMemoryMediaBlobCache.put(data.filehash, data.mediaBlob.forceToBlob());
  return {
    type: data.type, mimetype: data.mimetype, size: data.size, filehash: data.filehash, body: data.preview,
    width: data.fullWidth, height: data.fullHeight, duration: data.duration, waveform: data.waveform, isGif: data.isGif,
    pageCount: data.pageCount, caption, isViewOnce: isViewOnce === true,
    ...(data.type === 'document' && { filename: data.filename }),
  };
}

const FAILURES = { error: 'ERROR_UPLOAD', cancellation: 'ERROR_CANCELLED' };

/** The message is in its chat before its file is on the server; what became of it is told, never thrown. */
async function sendMediaMsgToChat(prep, { chat, options }) {
  const base = {
    isForwarded: options.isForwarded, mentionedJidList: options.mentionedJidList, parentMsgKey: options.parentMsgKey,
    ...(options.quotedMsg?.msgContextInfo(chat.id) ?? {}), ...options.productMsgOptions,
  };
  base.id ??= new MsgKey({ fromMe: true, remote: chat.id, id: MsgKey.newId() });
  const whole = mediaPropsOf(prep, options).then((props) => ({ ...base, ...props }));
  let message;
  const send = moduleOf('WAWebSendMsgChatAction').addAndSendMsgToChat;
  const [, sent] = send(chat, whole, async (added) => {
    message = added;
    await uploadFor(message);
  });
  const result = await sent.catch((error) => ({ error }));
  if (result.error) return { messageSendResult: FAILURES[result.error.kind] ?? 'ERROR_UNKNOWN' };
  return { ...result, msg: message };
}

/** Once more, under its own id, as long as this page has the file. */
export async function resumeUpload(message) {
  const send = moduleOf('WAWebSendMsgChatAction').addAndSendMsgToChat;
  const [, sent] = send({ id: message.id.remote }, { ...message.attributes }, uploadFor);
  return sent.catch(() => ({ messageSendResult: 'ERROR_UPLOAD' }));
}

/** Uploads the file of a message that is in its chat; throws when nothing came of it. */
export async function uploadFor(message) {
  const mediaObject = message.mediaObject;
  const { kind, mediaEntry } = await moduleOf('WAWebMediaMmsV4Upload').uploadMedia({
    mimetype: message.mimetype, mediaObject, mediaType: message.type, isViewOnce: message.isViewOnce,
  });
  if (!mediaEntry) {
    await fileIsKnown(message, { ack: -1 });
    throw Object.assign(new Error('upload failed: media entry was not created'), { kind });
  }
  const { directPath, mediaKey, mediaKeyTimestamp, encFilehash } = mediaEntry;
  await fileIsKnown(message, { directPath, mediaKey, mediaKeyTimestamp, encFilehash });
}
