// What the page does to pictures before they leave: smaller, without what a camera noted, as JPEG or as a sticker.

import { InvalidMediaFileType, MediaFileFailedLoad } from './errors.js';
import { base64Of } from './crypto.js';
import { OpaqueData } from './data.js';

const THUMBNAIL_EDGE = 100;
const STICKER_EDGE = 512;
const MOST_STICKER_BYTES = 1024 * 1024;
const JPEG_QUALITY = 0.9;
export const IMAGE_MAX_EDGE = 1600;

async function loaded(blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try {
    await image.decode();
  } catch {
    throw new MediaFileFailedLoad('not a picture');
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}

export async function getImageWidthHeight(opaque) {
  const { naturalWidth: width, naturalHeight: height } = await loaded(opaque.forceToBlob());
  return { width, height };
}

const bounded = ({ width, height }, most) => {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
};

export function drawn(source, { width, height }, background) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (background) {
    context.fillStyle = background;
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(source, 0, 0, width, height);
  return canvas;
}

export async function thumbnailOf(source, size, edge = THUMBNAIL_EDGE) {
  const small = await drawn(source, bounded(size, edge)).convertToBlob({ type: 'image/jpeg', quality: 0.6 });
  return base64Of(await small.arrayBuffer());
}

/** A JPEG that is small enough stays as it is, but for what it says of its making; everything else is drawn anew. */
export async function processRawImage(opaque, { maxDimension = IMAGE_MAX_EDGE } = {}) {
  const blob = opaque.forceToBlob();
  const image = await loaded(blob);
  const full = { width: image.naturalWidth, height: image.naturalHeight };
  const size = bounded(full, maxDimension);
  const clean = size.width === full.width && cleanJpeg(new Uint8Array(await blob.arrayBuffer()));
  const result = clean
    ? new Blob([clean], { type: 'image/jpeg' })
    : await drawn(image, size, '#eeeeee').convertToBlob({ type: 'image/jpeg', quality: JPEG_QUALITY });
  return {
    type: 'image', mediaBlob: await OpaqueData.createFromData(result, 'image/jpeg'), mimetype: 'image/jpeg',
    fullWidth: size.width, fullHeight: size.height, preview: await thumbnailOf(image, full),
  };
}

/** Without camera's notes, place and comments; null where it is no JPEG, or is to be shown turned. */
function cleanJpeg(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const parts = [bytes.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    const marker = bytes[at + 1];
    const end = at + 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
    if (marker === 0xe1 && isTurned(bytes.subarray(at + 4, end))) return null;
    const isNote = marker === 0xfe || (marker >= 0xe1 && marker <= 0xef && marker !== 0xe2 && marker !== 0xee);
    if (!isNote) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return new Blob([...parts, bytes.subarray(at)]);
}

/** Whether an Exif block says that the picture lies on a side, is upside down or mirrored. */
function isTurned(block) {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < 20 || view.getUint32(0) !== 0x45786966) return false;
  const little = view.getUint16(6) === 0x4949;
  const directory = 6 + view.getUint32(10, little);
  const entries = directory + 2 <= block.length ? view.getUint16(directory, little) : 0;
  for (let at = directory + 2, n = 0; n < entries && at + 12 <= block.length; at += 12, n += 1) {
    if (view.getUint16(at, little) === 0x0112) return view.getUint16(at + 8, little) > 1;
  }
  return false;
}

/** Drawn into the square that stickers have. */
export async function processRawSticker(opaque) {
  const image = await loaded(opaque.forceToBlob());
  const size = { width: image.naturalWidth, height: image.naturalHeight };
  const scale = STICKER_EDGE / Math.max(size.width, size.height);
  const canvas = new OffscreenCanvas(STICKER_EDGE, STICKER_EDGE);
  const [width, height] = [size.width * scale, size.height * scale];
  canvas.getContext('2d').drawImage(image, (STICKER_EDGE - width) / 2, (STICKER_EDGE - height) / 2, width, height);
  const webp = await canvas.convertToBlob({ type: 'image/webp', quality: 0.9 });
  return {
    type: 'sticker', mediaBlob: await OpaqueData.createFromData(webp, 'image/webp'), mimetype: 'image/webp',
    fullWidth: STICKER_EDGE, fullHeight: STICKER_EDGE,
  };
}

/** What clients make of a sticker by themselves, moving ones above all, is looked at once more. */
export async function checkSticker({ mediaBlob }) {
  const { width, height } = await getImageWidthHeight(mediaBlob);
  const fits = mediaBlob.type() === 'image/webp' && width === STICKER_EDGE && height === STICKER_EDGE;
  if (!fits || mediaBlob.size() > MOST_STICKER_BYTES) throw new InvalidMediaFileType('a sticker is webp of 512 by 512');
}

export function isAnimatedWebp(buffer) {
  const bytes = new Uint8Array(buffer);
  return String.fromCharCode(...bytes.subarray(12, 16)) === 'VP8X' && (bytes[20] & 2) === 2;
}
