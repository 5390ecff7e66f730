// How WhatsApp encrypts files: keys stretched from one media key, AES-CBC, and a shortened HMAC behind it.

import { fromBase64, toBase64 } from '../device.js';
import { MediaDecryptionError, MediaHashMismatch } from './errors.js';

const { subtle } = crypto;
const MAC_BYTES = 10;
const IMAGE = 'WhatsApp Image Keys';
const VIDEO = 'WhatsApp Video Keys';
const AUDIO = 'WhatsApp Audio Keys';
const USES = {
  image: IMAGE, sticker: IMAGE, video: VIDEO, gif: VIDEO, ptv: VIDEO, audio: AUDIO, ptt: AUDIO,
  document: 'WhatsApp Document Keys',
};

export const base64Of = (buffer) => {
  const all = new Uint8Array(buffer);
  let text = '';
  for (let i = 0; i < all.length; i += 0x8000) text += String.fromCharCode(...all.subarray(i, i + 0x8000));
  return btoa(text);
};

export const hashOf = async (buffer) => toBase64(await subtle.digest('SHA-256', buffer));
export const newMediaKey = () => toBase64(crypto.getRandomValues(new Uint8Array(32)).buffer);

async function stretched(mediaKey, use, bytes) {
  const key = await subtle.importKey('raw', fromBase64(mediaKey), 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode(use);
  return subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new ArrayBuffer(32), info }, key, bytes * 8);
}

async function keysFor(mediaKey, type) {
  if (!USES[type]) throw new MediaDecryptionError(`no keys for ${type}`);
  const all = await stretched(mediaKey, USES[type], 112);
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const [cipher, mac] = await Promise.all([
    subtle.importKey('raw', all.slice(16, 48), 'AES-CBC', false, ['encrypt', 'decrypt']),
    subtle.importKey('raw', all.slice(48, 80), hmac, false, ['sign']),
  ]);
  return { iv: all.slice(0, 16), cipher, mac };
}

async function macOf({ iv, mac }, sealed) {
  const signed = new Uint8Array(iv.byteLength + sealed.byteLength);
  signed.set(new Uint8Array(iv));
  signed.set(new Uint8Array(sealed), iv.byteLength);
  return new Uint8Array(await subtle.sign('HMAC', mac, signed)).slice(0, MAC_BYTES);
}

/** The ciphertext as it is uploaded, and its hash. */
export async function seal(plain, mediaKey, type) {
  const keys = await keysFor(mediaKey, type);
  const sealed = await subtle.encrypt({ name: 'AES-CBC', iv: keys.iv }, keys.cipher, plain);
  const whole = new Uint8Array(sealed.byteLength + MAC_BYTES);
  whole.set(new Uint8Array(sealed));
  whole.set(await macOf(keys, sealed), sealed.byteLength);
  return { sealed: whole.buffer, encFilehash: await hashOf(whole.buffer) };
}

/** The plaintext, proved three times: ciphertext's hash, its HMAC, the plaintext's hash. */
export async function unseal(whole, { mediaKey, type, encFilehash, filehash }) {
  if (encFilehash && (await hashOf(whole)) !== encFilehash) throw new MediaHashMismatch('ciphertext');
  const keys = await keysFor(mediaKey, type);
  const sealed = whole.slice(0, -MAC_BYTES);
  if (base64Of(await macOf(keys, sealed)) !== base64Of(whole.slice(-MAC_BYTES))) throw new MediaDecryptionError('hmac');
  const plain = await subtle.decrypt({ name: 'AES-CBC', iv: keys.iv }, keys.cipher, sealed).catch(() => {
    throw new MediaDecryptionError('padding');
  });
  if (filehash && (await hashOf(plain)) !== filehash) throw new MediaHashMismatch('plaintext');
  return plain;
}

/** What shows the phone that whoever asks for a file again holds its key. */
export async function retryProof(mediaKey, messageId) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const raw = await stretched(mediaKey, 'WhatsApp Media Retry Notification', 32);
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
  const id = new TextEncoder().encode(messageId);
  // A ServerErrorReceipt: the id as field 1 of a protocol buffer.
  const receipt = Uint8Array.from([0x0a, id.length, ...id]);
  const sealed = await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: id }, key, receipt);
  return { iv: toBase64(iv.buffer), proof: toBase64(sealed) };
}
