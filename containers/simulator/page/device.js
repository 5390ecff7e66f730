// This browser as a linked device: keys that cannot be taken out, registration, counters, own identity.

import { readAll, write } from './database.js';
import { Wid } from './ids.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };

/** In step with the `meta` store; changed only together with it. */
export const device = {
  registration: null, // {device, me: {number, lid, name}} once linked
  keys: null, // {noise, identity: CryptoKeyPair, noisePublic, identityPublic: ArrayBuffer, secret: base64}
  lidChats: false,
  position: 0, // the last stanza taken from the server
  session: 1,
  counter: 0, // messages encrypted in this session
  sequence: 0, // order of messages in this browser
};

export const metaRecord = (key) => ({ key, value: device[key] });

export async function loadDevice() {
  for (const { key, value } of await readAll('meta')) device[key] = value;
  if (!device.keys) await createKeys();
}

async function createKeys() {
  // Not extractable: a copy of the profile's files has them, a script in the page can only use them.
  const pair = () => crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  const [noise, identity] = await Promise.all([pair(), pair()]);
  device.keys = {
    noise,
    identity,
    noisePublic: await crypto.subtle.exportKey('raw', noise.publicKey),
    identityPublic: await crypto.subtle.exportKey('raw', identity.publicKey),
    secret: toBase64(crypto.getRandomValues(new Uint8Array(32)).buffer),
  };
  await write({ meta: [metaRecord('keys')] });
}

export async function register(registration) {
  device.registration = registration;
  await write({ meta: [metaRecord('registration')] });
}

/** Signs the server's challenge: the proof that this is the device that was linked. */
export async function sign(nonce) {
  const how = { name: 'ECDSA', hash: 'SHA-256' };
  return toBase64(await crypto.subtle.sign(how, device.keys.identity.privateKey, fromBase64(nonce)));
}

/** Whether the one who linked us knows the secret that only our screen has shown. */
export async function isProof(proof, ref) {
  const key = await crypto.subtle.importKey(
    'raw', fromBase64(device.keys.secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'],
  );
  const said = new TextEncoder().encode(ref + toBase64(device.keys.identityPublic));
  return crypto.subtle.verify('HMAC', key, fromBase64(proof), said);
}

export function codeOf(ref) {
  const { noisePublic, identityPublic, secret } = device.keys;
  return [ref, toBase64(noisePublic), toBase64(identityPublic), secret].join(',');
}

export const isLinked = () => device.registration !== null;
export const myNumber = () => (isLinked() ? new Wid(`${device.registration.me.number}@c.us`) : undefined);
export const myLid = () => (isLinked() ? new Wid(`${device.registration.me.lid}@lid`) : undefined);

export function orThrow(wid) {
  if (!wid) throw new Error('me is not set: this browser is not linked');
  return wid;
}

export function toBase64(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
}
