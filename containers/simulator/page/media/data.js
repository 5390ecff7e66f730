// Files as clients know them: opaque bytes, the data of a message's file, and the object that messages share.

import { MEDIA } from '../contents.js';
import { Model, declare } from '../model.js';

export class OpaqueData {
  #blob;

  constructor(blob) {
    this.#blob = blob;
    this.released = false;
  }

  static async createFromData(data, type) {
    // A File keeps its name: it is what a document is called.
    if (data instanceof Blob && (!type || data.type === type)) return new OpaqueData(data);
    return new OpaqueData(new Blob([data], { type: type ?? data.type }));
  }

  static async createFromBase64Jpeg(base64) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    return new OpaqueData(new Blob([bytes], { type: 'image/jpeg' }));
  }

  forceToBlob() {
    return this.#blob;
  }

  formData() {
    return this.#blob;
  }

  type() {
    return this.#blob.type;
  }

  size() {
    return this.#blob.size;
  }

  url() {
    return URL.createObjectURL(this.#blob);
  }

  async validate() {
    return true;
  }

  retain() {}

  autorelease() {}

  autoreleaseWhenPromiseCompletes() {}

  throwIfReleased() {
    if (this.released) throw new Error('released');
  }
}

export class MediaDataModel extends Model {}
declare(MediaDataModel, 'mediadata', [
  'type', 'mediaStage', 'filehash', 'encFilehash', 'mediaKey', 'mediaKeyTimestamp', 'directPath', 'mimetype', 'size',
  'mediaBlob', 'renderableUrl', 'fullWidth', 'fullHeight', 'duration', 'waveform', 'preview', 'isGif', 'isViewOnce',
  'filename', 'pageCount',
]);

/** One file, whoever carries it: its stage is the stage of all its messages. */
export class MediaObject {
  constructor(filehash) {
    Object.assign(this, { filehash, msgs: [], contentInfo: {}, mediaBlob: null, upload: null, download: null });
  }

  consolidate({ mediaStage, ...changes }) {
    Object.assign(this, changes);
    if (changes.fullWidth) Object.assign(this.contentInfo, changes);
    if (!mediaStage) return;
    this.mediaStage = mediaStage;
    for (const message of this.msgs) message.mediaData.mediaStage = mediaStage;
  }
}

const objects = new Map();

export function getOrCreateMediaObject(filehash) {
  if (!objects.has(filehash)) objects.set(filehash, new MediaObject(filehash));
  return objects.get(filehash);
}

/** Gives a message of a file its data; the rest have none. */
export function attachMedia(message) {
  const { type, filehash, body, width, height, directPath, ack } = message.attributes;
  if (!MEDIA.has(type)) return;
  const { mimetype, size, isGif, isViewOnce, filename, duration, waveform } = message.attributes;
  const mediaData = new MediaDataModel({
    type, filehash, mimetype, size, isGif, isViewOnce, filename, duration, waveform, preview: body,
    fullWidth: width, fullHeight: height, directPath, mediaStage: ack < 0 && !directPath ? 'NEED_UPLOAD' : 'INIT',
  });
  const mediaObject = getOrCreateMediaObject(filehash);
  mediaObject.type ??= type.toUpperCase();
  mediaObject.msgs.push(message);
  Object.defineProperty(message, 'mediaData', { value: mediaData, configurable: true });
  Object.defineProperty(message, 'mediaObject', { value: mediaObject, configurable: true });
}
