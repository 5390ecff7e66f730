// The panel of troubles: what an experimenter switches on for an account, its pages and the whole network.

import { api } from './api.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const SWITCHES = ['banned', 'hide_number', 'passkey', 'duplicates', 'lid_chats'];

const DEEDS = {
  conflict: (me) => api.conflict(me),
  hang: (me) => api.page(me, 'hang', 10_000),
  crash: (me) => api.page(me, 'crash'),
  'passkey-yes': (me) => api.passkey(me, 'approve'),
  'passkey-no': (me) => api.passkey(me, 'refuse'),
  outage: () => api.outage(10_000),
  update: () => api.settings({ build: `2.3000.1${String(Date.now()).slice(-9)}` }),
  days: () => api.advance(15 * DAY_MS),
};

/** `attempt` wraps what may be refused; `me` says whose phone is in the hand. */
export function listenToTroubles(attempt, me) {
  const panel = document.getElementById('troubles');
  const input = (name) => panel.querySelector(`[name="${name}"]`);
  for (const name of SWITCHES) {
    input(name).addEventListener('change', attempt(({ target }) => api.change(me(), { [name]: target.checked })));
  }
  input('restricted').addEventListener('change', attempt(async ({ target }) => {
    await api.change(me(), { restricted_until: target.checked ? (await api.now()) + HOUR_MS : null });
  }));
  for (const name of ['latency_ms', 'jitter_ms']) {
    input(name).addEventListener('change', attempt(({ target }) => api.change(me(), { [name]: Number(target.value) })));
  }
  input('delay').addEventListener('change', attempt(({ target }) =>
    api.change(me(), { delivery_delays: Number(target.value) ? { '*': Number(target.value) } : {} })));
  for (const button of panel.querySelectorAll('button[data-deed]')) {
    button.addEventListener('click', attempt(() => DEEDS[button.dataset.deed](me())));
  }
}

export function drawTroubles(account) {
  const panel = document.getElementById('troubles');
  const input = (name) => panel.querySelector(`[name="${name}"]`);
  for (const name of SWITCHES) input(name).checked = Boolean(account?.[name]);
  input('restricted').checked = account?.restricted_until != null;
  const values = { latency_ms: account?.latency_ms, jitter_ms: account?.jitter_ms, delay: account?.delivery_delays['*'] };
  for (const [name, value] of Object.entries(values)) {
    if (document.activeElement !== input(name)) input(name).value = value ?? 0;
  }
}
