// whatsapp-web.js on the simulated WhatsApp, told by lines of JSON what to do and answering with lines of JSON.
//
//   node whatsapp_web.js MODULES PAGE_URL CHROMIUM PROFILES SESSIONS
//   → {"qr": n, "code": …} … {"ready": n}            one browser a session, as its LocalAuth does it
//   ← {"send": [chat, …], "at_once": k}  → {"ms": [from call to acknowledgement, …], "seconds": all}
const path = require('node:path');
const readline = require('node:readline');

const [modules, pageUrl, chromium, profiles, sessions] = process.argv.slice(2);
const from = (name) => require(path.join(modules, name));
// Read by its client when that is loaded: the page's address is the only thing that differs from the real one.
from('whatsapp-web.js/src/util/Constants').WhatsWebURL = pageUrl;
const { Client, LocalAuth } = from('whatsapp-web.js');

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const clients = [];
const waiting = new Map();
const early = new Map();

function open(number) {
  const client = new Client({
    authStrategy: new LocalAuth({ clientId: `s${number}`, dataPath: profiles }),
    webVersionCache: { type: 'none' },
    puppeteer: { headless: 'shell', executablePath: chromium, args: ['--no-sandbox', '--disable-setuid-sandbox'] },
  });
  client.on('qr', (code) => say({ qr: number, code }));
  client.on('ready', () => say({ ready: number }));
  client.on('auth_failure', (why) => say({ failed: number, why: String(why) }));
  client.on('message_ack', (message, ack) => {
    if (ack < 1) return;
    early.set(message.id.id, performance.now());
    waiting.get(message.id.id)?.();
  });
  client.on('message', (message) => say({ message: message.body, at_ms: performance.timeOrigin + performance.now() }));
  clients.push(client);
  return client.initialize();
}

async function send(chat, text) {
  const began = performance.now();
  const { id } = await clients[0].sendMessage(chat, text, { linkPreview: false, sendSeen: false });
  if (!early.has(id.id)) await new Promise((resolve) => waiting.set(id.id, resolve));
  return early.get(id.id) - began;
}

async function sendAll(chats, atOnce) {
  const began = performance.now();
  const took = [];
  let next = 0;
  const lane = async () => {
    while (next < chats.length) {
      const mine = next;
      next += 1;
      took.push(await send(chats[mine], `text ${mine}`));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  say({ ms: took, seconds: (performance.now() - began) / 1000 });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  sendAll(asked.send, asked.at_once).catch((error) => say({ failed: 0, why: String(error) }));
}).on('close', async () => {
  await Promise.allSettled(clients.map((client) => client.destroy()));
  process.exit(0);
});

(async () => {
  for (let number = 0; number < Number(sessions); number += 1) {
    await open(number);
  }
})().catch((error) => say({ failed: -1, why: String(error) }));
