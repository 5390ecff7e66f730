// Trouble of the page's own, on order: it hangs, or it allocates until the browser ends it.

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

/** An array that outgrows what V8 can hold ends the renderer, with less than a gigabyte and within seconds. */
function crash() {
  const held = [];
  for (;;) held.push(0);
}
