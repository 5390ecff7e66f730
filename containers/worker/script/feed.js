// Hands observations to the worker in numbered batches, and holds them back while the worker is behind.
//
// The worker gives `CREDITS` credits with the page; a batch costs one, and comes back once the batch is stored.
// Without credit observations wait here, in order. Only what is stale as soon as something newer is known
// (who types, who is online) is replaced by the newest.

const BATCH_SIZE = 64;
const BATCH_CHARS = 200_000; // larger strings block the browser's pipe for a noticeable time
const GATHER_MS = 5;

const page = Math.random().toString(36).slice(2); // a reload starts a new count
const waiting = [];
let credits = CREDITS;
let sent = 0;
let timer = null;

/** Queue one observation; `replaces` names what it makes stale. */
function report(observation, replaces = null) {
  if (replaces !== null) {
    const stale = waiting.findIndex((entry) => entry.replaces === replaces);
    if (stale >= 0) waiting.splice(stale, 1);
  }
  waiting.push({ text: JSON.stringify(observation), replaces });
  if (waiting.length >= BATCH_SIZE) flush();
  else timer ??= setTimeout(flush, GATHER_MS);
}

function flush() {
  clearTimeout(timer);
  timer = null;
  while (waiting.length > 0 && credits > 0) {
    credits -= 1;
    sendBatch();
  }
}

/** The page is about to go and takes its buffer with it: everything leaves now, credit or not. */
function flushAll() {
  while (waiting.length > 0) sendBatch();
}

function sendBatch() {
  const texts = [];
  let size = 0;
  while (waiting.length > 0 && texts.length < BATCH_SIZE && size < BATCH_CHARS) {
    const { text } = waiting.shift();
    texts.push(text);
    size += text.length;
  }
  sent += 1;
  window[BINDING](`{"page":"${page}","number":${sent},"observations":[${texts.join(',')}]}`);
}

/** Called by the worker when a batch of this page is stored. */
function credit(ofPage) {
  if (ofPage !== page) return;
  credits += 1;
  flush();
}

// Not `pagehide`: by then nobody hears the page any more.
window.addEventListener('beforeunload', flushAll);
