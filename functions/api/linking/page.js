// Opens the link for this browser, then shows what the server says: the newest code, how far it is, what to do.

const $ = (id) => document.getElementById(id);
const base = location.pathname.replace(/\/+$/, '');
const POLL_MS = 1000;
const SLOW_MS = 5000; // while nobody looks, or the line is down

let browser = null; // our secret: the server answers nobody else
let timer = null;
let shownTitle = $('title').textContent;
let codeEnds = 0;
let pairingEnds = 0;
let finished = false;

function secret() {
  const key = `waypost${base}`;
  try {
    const kept = localStorage.getItem(key);
    if (kept) return kept;
  } catch { /* a browser that keeps nothing: the link is good until the page is closed */ }
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const made = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  try {
    localStorage.setItem(key, made);
  } catch { /* as above */ }
  return made;
}

function isKept() {
  try {
    return localStorage.getItem(`waypost${base}`) !== null;
  } catch {
    return false;
  }
}

async function ask(path, body) {
  const headers = browser ? { 'x-link-browser': browser } : {};
  const options = body === undefined ? { headers } : {
    method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body),
  };
  const answer = await fetch(base + path, { ...options, cache: 'no-store' });
  return { status: answer.status, said: await answer.json() };
}

function tell(title, text) {
  if (title !== shownTitle) {
    shownTitle = title;
    $('title').textContent = title;
    document.title = title;
    $('title').focus({ preventScroll: true });
  }
  if ($('text').textContent !== text) $('text').textContent = text;
}

function end(problem) {
  finished = true;
  clearTimeout(timer);
  for (const id of ['open', 'code', 'typed', 'again', 'steps']) $(id).hidden = true;
  tell(problem.detail ?? 'This did not work.', problem.mend ?? '');
}

function show(state) {
  $('open').hidden = true;
  $('name').textContent = state.name;
  tell(state.title, state.text);
  const { qr } = state;
  $('code').hidden = !qr && state.status !== 'scan_qr';
  if ($('code').hidden) $('typed').hidden = true;
  $('picture').classList.toggle('stale', !qr);
  if (qr) {
    if ($('picture').dataset.sequence !== `${qr.attempt}.${qr.sequence}`) {
      $('picture').dataset.sequence = `${qr.attempt}.${qr.sequence}`;
      $('picture').src = qr.picture;
    }
    codeEnds = performance.now() + qr.seconds_left * 1000;
    $('attempt').textContent = qr.attempts > 1 ? `Attempt ${qr.attempt} of ${qr.attempts}.` : '';
  } else {
    codeEnds = 0;
  }
  $('again').hidden = !state.again;
  showSteps(state);
  if (state.over) {
    finished = true;
    try {
      localStorage.removeItem(`waypost${base}`);
    } catch { /* nothing was kept */ }
  }
}

function showSteps({ step, steps }) {
  $('steps').hidden = step === null;
  const at = steps.indexOf(step);
  for (const item of $('steps').children) {
    const place = steps.indexOf(item.dataset.step);
    // Few are asked for a passkey: it is named only to those.
    item.hidden = item.dataset.step === 'passkey' && step !== 'passkey';
    item.classList.toggle('done', place < at || step === 'linked');
    if (place === at && step !== 'linked') item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  }
}

function seconds(until) {
  return Math.max(0, Math.ceil((until - performance.now()) / 1000));
}

function count() {
  const left = seconds(codeEnds);
  $('left').textContent = left > 0 ? `A new code follows in ${left} s.` : 'The next code is on its way.';
  if (pairingEnds) {
    const rest = seconds(pairingEnds);
    $('pairing-left').textContent = rest > 0 ? `Good for ${rest} s.` : 'This code is over: get another one.';
    $('letters').classList.toggle('over', rest === 0);
  }
}

async function look() {
  clearTimeout(timer);
  if (finished) return;
  let pause = document.hidden ? SLOW_MS : POLL_MS;
  try {
    const { status, said } = await ask('/state');
    if (status === 200) show(said);
    else if (status === 404 || status === 409) end(said);
    else pause = SLOW_MS;
  } catch {
    pause = SLOW_MS; // the line is down: the code on the screen goes stale by its own countdown
  }
  if (!finished) timer = setTimeout(look, pause);
}

async function open() {
  $('open').disabled = true;
  browser = secret();
  try {
    const { status, said } = await ask('/open', {});
    if (status === 200) {
      show(said);
      timer = setTimeout(look, POLL_MS);
    } else if (status === 404 || status === 409) {
      end(said);
    } else {
      $('open').disabled = false;
      tell('One moment', said.detail ?? 'Try again in a few seconds.');
    }
  } catch {
    $('open').disabled = false;
    tell('No connection', 'Check this device\u2019s connection, then try again.');
  }
}

$('open').addEventListener('click', open);

$('again').addEventListener('click', async () => {
  $('again').disabled = true;
  try {
    await ask('/again', {});
  } finally {
    $('again').disabled = false;
    look();
  }
});

$('by-number').addEventListener('click', () => {
  $('typed').hidden = !$('typed').hidden;
  $('by-number').setAttribute('aria-expanded', String(!$('typed').hidden));
  if (!$('typed').hidden) $('phone').focus();
});

$('ask').addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = event.submitter ?? $('ask').querySelector('button');
  button.disabled = true;
  $('refused').textContent = '';
  try {
    const { status, said } = await ask('/pairing-code', { phone: $('phone').value.trim() });
    if (status === 200) {
      $('pairing').textContent = said.code;
      pairingEnds = performance.now() + Math.max(0, said.seconds_left) * 1000;
      $('letters').hidden = false;
    } else {
      const words = said.errors?.[0] ?? said;
      $('refused').textContent = [words.detail ?? words.message, words.mend].filter(Boolean).join(' ')
        || 'WhatsApp Web is slow to answer: try again.';
    }
  } catch {
    $('refused').textContent = 'There is no connection: try again.';
  }
  button.disabled = false;
  count();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && browser) look();
});
setInterval(count, 250);
if (isKept()) open(); // this browser opened it before
