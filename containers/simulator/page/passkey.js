// The passkey demand at linking: a challenge that this page, or somebody for it, has to answer with an assertion.

import { fromBase64, toBase64 } from './device.js';
import { say } from './line.js';
import { Conn } from './stores.js';

let wanted = null;

export const passkeyWanted = () => wanted !== null;

/** The demand of the server: {challenge, timeout_ms}. */
export function askForPasskey(demand) {
  wanted = demand;
  Conn.trigger('passkey');
}

export function forgetPasskey() {
  wanted = null;
  Conn.trigger('passkey');
}

/** What the button "Continue" does: asks the browser's authenticator. Returns why it did not work, or null. */
export async function continueWithPasskey() {
  const standard = wanted.challenge.replace(/-/g, '+').replace(/_/g, '/');
  try {
    const credential = await navigator.credentials.get({
      publicKey: {
        challenge: fromBase64(standard), rpId: location.hostname, timeout: wanted.timeout_ms, userVerification: 'required',
      },
    });
    say({ type: 'passkey-answer', client_data: toBase64(credential.response.clientDataJSON) });
    return null;
  } catch (error) {
    return error.message;
  }
}
