// What the page finds out of videos and sounds before they leave: size, duration, a first picture, how loud they are.

import { InvalidMediaCheckRepairFailedType, InvalidMediaFileType } from './errors.js';
import { moduleOf } from '../loader.js';
import { OpaqueData } from './data.js';
import { thumbnailOf } from './pictures.js';

const WAVES = 64;
const THUMBNAIL_EDGES = [100, 480];
const LOAD_MS = 8000;

/** Clients catch the error of this name and find out by themselves, where the browser lacks the codec. */
export async function generateVideoThumbsAndDuration({ file, maxDimensions }) {
  const video = await loadVideo(file);
  try {
    const size = { width: video.videoWidth, height: video.videoHeight };
    const thumbs = [];
    for (const edge of maxDimensions) {
      const url = `data:image/jpeg;base64,${await thumbnailOf(video, size, edge)}`;
      thumbs.push({ url, fullWidth: size.width, fullHeight: size.height });
    }
    return { duration: Math.trunc(video.duration), thumbs };
  } finally {
    URL.revokeObjectURL(video.src);
    video.removeAttribute('src');
    video.load();
  }
}

async function loadVideo(file) {
  const video = document.createElement('video');
  Object.assign(video, { muted: true, preload: 'auto', src: URL.createObjectURL(file) });
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(video.error?.code === 4 ? 'MEDIA_ERR_SRC_NOT_SUPPORTED' : 'cannot play'));
    setTimeout(() => reject(new Error('MEDIA_ERR_SRC_NOT_SUPPORTED')), LOAD_MS);
  });
  return video;
}

async function processRawVideo(blob, { asGif }) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  // Anything else cannot be repaired into what phones play.
  if (!contains(bytes, 'ftyp', 16) || !contains(bytes, 'avc1')) throw new InvalidMediaCheckRepairFailedType(blob.type);
  const { duration, thumbs } = await moduleOf('WAWebImageUtils').generateVideoThumbsAndDuration({
    file: blob, maxDimensions: THUMBNAIL_EDGES, debugHint: 'processRawAudioVideo', throwOnBlack: false,
  });
  const [{ url, fullWidth, fullHeight }] = thumbs;
  return {
    type: 'video', mediaBlob: await OpaqueData.createFromData(blob, blob.type), mimetype: blob.type,
    isGif: Boolean(asGif), fullWidth, fullHeight, preview: url.slice(url.indexOf(',') + 1), duration: String(duration),
  };
}

function contains(bytes, text, within = bytes.length) {
  const [first, ...rest] = [...text].map((c) => c.charCodeAt(0));
  for (let at = bytes.indexOf(first); at >= 0 && at < within; at = bytes.indexOf(first, at + 1)) {
    if (rest.every((code, n) => bytes[at + 1 + n] === code)) return true;
  }
  return false;
}

async function processRawAudio(blob, { isPtt, precomputedFields: known }) {
  if (isPtt) await checkVoice(blob);
  const heard = known?.duration !== undefined && known.waveform ? known : await listen(blob);
  return {
    type: isPtt ? 'ptt' : 'audio', mediaBlob: await OpaqueData.createFromData(blob, blob.type), mimetype: blob.type,
    duration: String(known?.duration ?? heard.duration), waveform: known?.waveform ?? heard.waveform,
  };
}

async function checkVoice(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const isOpus = contains(bytes, 'OggS', 4) && contains(bytes, 'OpusHead', 64);
  if (!isOpus) throw new InvalidMediaFileType('a voice note is ogg with opus');
}

async function listen(blob) {
  const context = new OfflineAudioContext(1, 1, 16000);
  const sound = await context.decodeAudioData(await blob.arrayBuffer()).catch(() => {
    throw new InvalidMediaCheckRepairFailedType(blob.type);
  });
  const samples = sound.getChannelData(0);
  const width = Math.max(1, Math.floor(samples.length / WAVES));
  const loud = Array.from({ length: WAVES }, (_, n) => {
    const part = samples.subarray(n * width, (n + 1) * width);
    return part.reduce((sum, one) => sum + Math.abs(one), 0) / Math.max(1, part.length);
  });
  const most = Math.max(...loud) || 1;
  const waveform = Uint8Array.from(loud, (one) => Math.floor((100 * one) / most));
  return { duration: Math.floor(sound.duration), waveform };
}

export function processRawAudioVideo(opaque, options) {
  const blob = opaque.forceToBlob();
  if (blob.type.startsWith('video/')) {
    if (options.isPtt) throw new InvalidMediaFileType('a voice note is no video');
    return processRawVideo(blob, options);
  }
  return processRawAudio(blob, options);
}
