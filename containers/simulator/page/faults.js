// Trouble of the page's own, on order: it hangs, or it asks for so much memory that the browser ends it.

import { onStanza } from './line.js';

export function startFaults() {
  // Not at once: what was said before is still acknowledged.
  onStanza({ fault: ({ action, ms }) => void setTimeout(() => FAULTS[action](ms), 50) });
}

const FAULTS = { hang, crash };

/** Holds the page's only thread, for ever when no time is given. */
function hang(ms) {
  const end = performance.now() + (ms ?? Infinity);
  while (performance.now() < end);
}

/** Asks for more elements than one array may have: V8 takes that for being out of memory, and the renderer is gone. */
function crash() {
  'a'.repeat(2 ** 27 + 100).split('');
}
