// Linking: codes that follow one another on the screen until a phone scans one of them.

import { askForPasskey, forgetPasskey } from './passkey.js';
import { codeOf, device, isProof, register } from './device.js';
import { hangUp, onStanza, reconnect, say } from './line.js';
import { Conn, Socket, Stream } from './stores.js';

let timer;

function offered({ refs, first_ms: first, next_ms: next }) {
  clearTimeout(timer);
  forgetPasskey();
  show(refs, first, next);
}

/** Shows the first ref, and the others when its time is up; after the last one the page idles. */
function show([ref, ...rest], lifetime, next) {
  if (!ref) {
    Socket.state = 'UNPAIRED_IDLE';
    return;
  }
  Conn.ref = ref;
  Socket.state = 'UNPAIRED';
  Stream.info = 'PAIRING';
  Stream.mode = 'QR';
  say({ type: 'screen', code: codeOf(ref) });
  timer = setTimeout(() => show(rest, next, next), lifetime);
}

async function scanned({ device: id, me, proof, ref }) {
  if (!(await isProof(proof, ref))) return;
  clearTimeout(timer);
  forgetPasskey();
  device.lidChats = false;
  await register({ device: id, me });
  Stream.mode = 'SYNCING';
  Stream.info = 'SYNCING';
  // As a linked device we start anew, with a login instead of a code.
  reconnect();
}

export function refreshQR() {
  say({ type: 'pair-again' });
}

const LETTERS = '123456789ABCDEFGHJKLMNPQRSTVWXYZ';

/** Eight letters for people who cannot scan: they type them into the phone of that number. */
export async function genLinkDeviceCodeForPhoneNumber(phone) {
  const number = phone.replace(/\D/g, '');
  if (number.length < 5) throw new Error('invalid phone number');
  const code = [...crypto.getRandomValues(new Uint8Array(8))].map((b) => LETTERS[b % LETTERS.length]).join('');
  say({ type: 'pair-code', number, code });
  return code;
}

/** The phone scanned, but the server wants a passkey first: codes stop, and the page waits in a state of its own. */
function passkeyWanted(demand) {
  clearTimeout(timer);
  Socket.state = 'PAIRING';
  Stream.info = 'PAIRING';
  askForPasskey(demand);
}

export function startLinking() {
  onStanza({
    'pair-refs': offered, 'pair-success': scanned, 'passkey-request': passkeyWanted, 'passkey-refused': refreshQR,
  });
}

export function stopLinking() {
  clearTimeout(timer);
  hangUp();
}
