// Fetching: by a path that the message names, proved and opened here; a file that is gone is asked for again.

import { write } from '../database.js';
import { onStanza, say } from '../line.js';
import { messageRecord } from '../records.js';
import { InMemoryMediaBlobCache, LruMediaStore } from './cache.js';
import { retryProof, unseal } from './crypto.js';
import { HttpStatusCodeError, MediaNotFoundError, MediaNotOnPhone } from './errors.js';

const asks = new Map();

export function startDownloads() {
  onStanza({ 'media-retry-done': answered });
}

export const downloadManager = { downloadAndMaybeDecrypt, rmr };

async function downloadAndMaybeDecrypt({ directPath, encFilehash, filehash, mediaKey, type, signal, onDecryptStart }) {
  const hash = encodeURIComponent(encFilehash.replaceAll('+', '-').replaceAll('/', '_'));
  const answer = await fetch(`${directPath}&hash=${hash}&mms-type=${type}&__wa-mms=`, { signal });
  if (answer.status === 404 || answer.status === 410) {
    throw Object.assign(new MediaNotFoundError(), { status: answer.status });
  }
  if (!answer.ok) throw Object.assign(new HttpStatusCodeError(String(answer.status)), { status: answer.status });
  const sealed = await answer.arrayBuffer();
  onDecryptStart?.();
  return unseal(sealed, { mediaKey, type, encFilehash, filehash });
}

/** Once for all who want the file; whether it worked is told by its stage, unless it `shouldThrow`. */
export async function downloadMedia({ mediaObject, message, downloadEvenIfExpensive, shouldThrow }) {
  if (mediaObject.mediaStage === 'ERROR_MISSING') return;
  mediaObject.download ??= run(mediaObject, message, downloadEvenIfExpensive).finally(() => {
    mediaObject.download = null;
  });
  try {
    await mediaObject.download;
  } catch (error) {
    if (shouldThrow) throw error;
  }
}

async function run(mediaObject, message, mayAskAgain) {
  if (await LruMediaStore.has(mediaObject.filehash)) return mediaObject.consolidate({ mediaStage: 'RESOLVED' });
  try {
    await take(mediaObject, message).catch(async (error) => {
      if (!(error instanceof MediaNotFoundError) || !mayAskAgain) throw error;
      await rmr({ mediaObject, message });
      await take(mediaObject, message);
    });
  } catch (error) {
    const gone = error instanceof MediaNotOnPhone;
    mediaObject.consolidate({ mediaStage: gone ? 'ERROR_MISSING' : 'NEED_POKE' });
    throw error;
  }
}

async function take(mediaObject, message) {
  mediaObject.consolidate({ mediaStage: 'FETCHING' });
  const { directPath, encFilehash, filehash, mediaKey, type, mimetype } = message;
  if (!directPath) throw new MediaNotFoundError('this message names no file');
  const onDecryptStart = () => mediaObject.consolidate({ mediaStage: 'DECRYPTING' });
  const plain = await downloadAndMaybeDecrypt({ directPath, encFilehash, filehash, mediaKey, type, onDecryptStart });
  await LruMediaStore.put(filehash, plain);
  InMemoryMediaBlobCache.put(filehash, new Blob([plain], { type: mimetype }));
  mediaObject.consolidate({ mediaStage: 'RESOLVED' });
}

/** Our own phone still has the file and uploads it once more; waits for as long as the phone is off. */
async function rmr({ mediaObject, message }) {
  mediaObject.consolidate({ mediaStage: 'REUPLOADING' });
  const { result, directPath } = await askPhone(message);
  if (result === 'NOT_FOUND' || result === 'DECRYPTION_ERROR') throw new MediaNotOnPhone();
  if (result !== 'SUCCESS') throw new HttpStatusCodeError('500');
  message.set({ directPath });
  message.mediaData.set({ directPath });
  await write({ messages: [messageRecord(message.attributes, message.sequence)] });
}

async function askPhone(message) {
  const { id } = message.id;
  const proof = await retryProof(message.mediaKey, id);
  const stanza = { type: 'media-retry', id, to: String(message.id.remote), ...proof };
  return new Promise((resolve) => {
    asks.set(id, { stanza, resolve });
    say(stanza);
  });
}

/** After a break the phone is asked anew. */
export function askAgain() {
  for (const { stanza } of asks.values()) say(stanza);
}

function answered({ id, result, direct_path: directPath }) {
  asks.get(id)?.resolve({ result, directPath });
  asks.delete(id);
}
