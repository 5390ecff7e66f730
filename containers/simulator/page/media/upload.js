// Uploading: the file is sealed in the page, and the server keeps what it cannot read.

import { ask } from '../line.js';
import { newMediaKey, seal } from './crypto.js';
import { MMSForbiddenError, MMSThrottleError, MediaTooLargeError } from './errors.js';
import { InMemoryMediaBlobCache } from './cache.js';

const BACK_OFF_MS = [400, 1200];
const RENEW_MS = 1000;
const STAGES = {
  MediaTooLargeError: 'ERROR_TOO_LARGE', MMSForbiddenError: 'ERROR_FORBIDDEN', MMSThrottleError: 'ERROR_THROTTLED',
};
const REFUSALS = { 403: MMSForbiddenError, 413: MediaTooLargeError, 429: MMSThrottleError, 507: MMSThrottleError };
const uploads = new WeakMap();
let connection = null;

export const UploadMediaResultKind = {
  SUCCESS: 'success', CANCELLATION: 'cancellation', ERROR: 'error', TIMEOUT: 'timeout',
};

/** One upload of a file at a time; two messages with the same file share it. */
export function uploadMedia({ mediaObject, mediaType }) {
  mediaObject.upload ??= run(mediaObject, mediaType).finally(() => {
    mediaObject.upload = null;
  });
  return mediaObject.upload;
}

async function run(mediaObject, mediaType) {
  const abort = new AbortController();
  uploads.set(mediaObject, abort);
  mediaObject.consolidate({ mediaStage: 'UPLOADING' });
  try {
    const blob = mediaObject.mediaBlob?.formData() ?? InMemoryMediaBlobCache.get(mediaObject.filehash);
    if (!blob) throw new Error('the file is gone from this page');
    const mediaEntry = await encryptAndUpload({ blob, type: mediaType, signal: abort.signal });
    // From here on it can be fetched again: the bytes need not stay in the page.
    mediaObject.consolidate({ mediaStage: 'RESOLVED', mediaBlob: null });
    return { kind: UploadMediaResultKind.SUCCESS, mediaEntry };
  } catch (error) {
    mediaObject.consolidate({ mediaStage: STAGES[error.name] ?? 'NEED_UPLOAD' });
    const { CANCELLATION, ERROR } = UploadMediaResultKind;
    return { kind: error.name === 'AbortError' ? CANCELLATION : ERROR };
  }
}

export function cancelUploadMedia(mediaObject) {
  uploads.get(mediaObject)?.abort();
}

export async function encryptAndUpload({ blob, type, mediaKey = newMediaKey(), signal }) {
  const { sealed, encFilehash } = await seal(await blob.arrayBuffer(), mediaKey, type);
  const { url, direct_path: directPath } = await persist(() => post(sealed, encFilehash, type, signal));
  const mediaKeyTimestamp = Math.floor(Date.now() / 1000);
  return {
    mmsUrl: url, deprecatedMms3Url: url, directPath, mediaKey, mediaKeyTimestamp, encFilehash, uploadHash: encFilehash,
    getMediaKey: () => mediaKey, getMediaKeyTimestamp: () => mediaKeyTimestamp, getEncfilehash: () => encFilehash,
  };
}

/** What the network did is tried again; what the server refused is not. */
async function persist(work) {
  for (const wait of BACK_OFF_MS) {
    try {
      return await work();
    } catch (error) {
      if (error.isFinal || error.name === 'AbortError') throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return work();
}

async function post(sealed, encFilehash, type, signal) {
  const { auth } = await mediaConn();
  const token = encFilehash.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const url = `/mms/${type}/${token}?auth=${encodeURIComponent(auth)}&token=${token}`;
  const answer = await fetch(url, { method: 'POST', body: sealed, signal });
  if (answer.ok) return answer.json();
  if (answer.status === 401) connection = null;
  const Refusal = REFUSALS[answer.status] ?? Error;
  const isFinal = answer.status < 500 && answer.status !== 401;
  throw Object.assign(new Refusal(`upload answered with ${answer.status}`), { isFinal });
}

/** Where to upload and with which word, good for a few minutes. */
async function mediaConn() {
  if (!connection || Date.now() > connection.until) {
    const { auth, ttl } = await ask({ ask: 'media-conn' });
    connection = { auth, until: Date.now() + ttl * 1000 - RENEW_MS };
  }
  return connection;
}
