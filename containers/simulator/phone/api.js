// The calls of the control API that a person's phone needs.

export class Problem extends Error {}

async function call(method, path, body) {
  const answer = await fetch(`/control${path}`, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
  }).catch(() => {
    throw new Problem('The network does not answer.');
  });
  const result = await answer.json();
  if (!answer.ok) throw new Problem(result.message);
  return result;
}

const of = (number, rest = '') => `/accounts/${encodeURIComponent(number)}${rest}`;

export const api = {
  accounts: () => call('GET', '/accounts'),
  create: (number, name) => call('POST', '/accounts', name ? { number, name } : { number }),
  change: (number, habits) => call('PATCH', of(number), habits),
  messages: (number) => call('GET', of(number, '/messages')),
  send: (number, to, text, replyTo) => call('POST', of(number, '/messages'), { to, text, reply_to: replyTo }),
  sendFile: (number, to, file) => call('POST', of(number, '/messages'), { to, ...file }),
  read: (number, peer) => call('POST', of(number, '/read'), { with: peer }),
  typing: (number, to, state) => call('POST', of(number, '/typing'), { to, state }),
  presence: (number, state) => call('POST', of(number, '/presence'), { state }),
  devices: (number) => call('GET', of(number, '/devices')),
  logout: (number, device) => call('POST', of(number, '/logout'), { device }),
  codes: () => call('GET', '/codes'),
  scan: (number, code) => call('POST', of(number, '/scan'), { code }),
  mend: (number, what, details) => call('POST', of(number, `/messages/${what}`), details),
  groups: (number) => call('GET', of(number, '/groups')),
  createGroup: (number, subject, participants) => call('POST', of(number, '/groups'), { subject, participants }),
  page: (number, action, ms) => call('POST', of(number, '/page'), ms ? { action, ms } : { action }),
  conflict: (number) => call('POST', of(number, '/conflict')),
  passkey: (number, answer) => call('POST', of(number, '/passkey'), { answer }),
  outage: (ms) => call('POST', '/outage', { ms }),
  advance: (ms) => call('POST', '/clock', { advance_ms: ms }),
  now: async () => (await call('GET', '/clock')).now_ms,
  settings: (changes) => call('PATCH', '/settings', changes),
  trace: (after) => call('GET', `/trace?after=${after}`),
};
