// The line to the server: connect, prove who we are, be told things in order, come back when it breaks.

import { device, isLinked, sign } from './device.js';
import { NetworkStatus, Socket, Stream } from './stores.js';

const PAGE = crypto.randomUUID();
const BACK_OFF_MS = [200, 400, 800, 1600, 3000, 5000];

let socket;
let failures = 0;
let loggedIn = false;
let given = {};
let questions = 0;
let lines = 0;
const waiting = new Map();

/** Handlers by stanza type: each is awaited before the next stanza is looked at. */
export function onStanza(handlers) {
  given = { ...given, ...handlers };
}

export const isLoggedIn = () => loggedIn;
export const lineNumber = () => lines;

export function say(stanza) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(stanza));
}

/** A question to the server; rejects when there is no line to ask on, or the line breaks. */
export function ask(question) {
  if (!loggedIn) return Promise.reject(new Error('not connected'));
  questions += 1;
  const n = questions;
  return new Promise((resolve, reject) => {
    waiting.set(n, { resolve, reject, about: question.ask });
    say({ type: 'iq', n, ...question });
  });
}

export function connect() {
  Socket.state = 'OPENING';
  if (Stream.info !== 'OPENING' && !isLinked()) Stream.info = 'OPENING';
  const mine = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws/chat`);
  socket = mine;
  lines += 1;
  let turn = Promise.resolve();
  mine.onopen = () => {
    say({ type: 'hello', page: PAGE, device: device.registration?.device ?? null });
  };
  mine.onmessage = (event) => {
    turn = turn.then(() => socket === mine && hear(JSON.parse(event.data)));
  };
  mine.onclose = () => socket === mine && broken();
}

/** Closes the line on purpose; nothing tries to come back. */
export function hangUp() {
  const former = socket;
  socket = undefined;
  forgetQuestions();
  former?.close();
}

export function reconnect() {
  hangUp();
  connect();
}

function broken() {
  socket = undefined;
  forgetQuestions();
  NetworkStatus.online = false;
  Socket.state = 'TIMEOUT';
  Socket.stream = 'DISCONNECTED';
  Stream.info = 'OFFLINE';
  const wait = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)];
  failures += 1;
  setTimeout(() => socket === undefined && connect(), wait);
}

function forgetQuestions() {
  loggedIn = false;
  for (const { reject } of waiting.values()) reject(new Error('the line broke'));
  waiting.clear();
}

async function hear(stanza) {
  // Only a server that speaks is one: it may take the call and hang up.
  failures = 0;
  NetworkStatus.online = true;
  if (stanza.type === 'challenge') {
    const signature = await sign(stanza.nonce);
    say({ type: 'auth', device: device.registration.device, signature });
  } else if (stanza.type === 'iq-result') {
    answered(stanza);
  } else {
    if (stanza.type === 'success') loggedIn = true;
    await given[stanza.type]?.(stanza);
  }
}

/** What the server refuses is an error with its reason as code; that nobody has a number is an answer too. */
function answered({ n, result, error, message }) {
  const { resolve, reject, about } = waiting.get(n) ?? {};
  waiting.delete(n);
  if (!error || about === 'exists') resolve?.(result);
  else reject?.(Object.assign(new Error(message), { code: error }));
}
