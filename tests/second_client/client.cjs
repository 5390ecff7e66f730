// The second client: whatsapp-web.js, reporting what it sees as lines of JSON and doing what it is told on its input.
//
//   node client.cjs CHROMIUM HTTPS_PORT PROFILE

const readline = require('node:readline');
const { Client, LocalAuth, Location, MessageMedia, Poll } = require('whatsapp-web.js');

const [chromium, port, profile] = process.argv.slice(2);
const tell = (event, detail = {}) => process.stdout.write(`${JSON.stringify({ event, ...detail })}\n`);

const client = new Client({
  authStrategy: new LocalAuth({ dataPath: profile }),
  webVersionCache: { type: 'none' },
  puppeteer: {
    executablePath: chromium,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--ignore-certificate-errors',
      `--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:${port}`,
    ],
  },
});

const described = (message) => ({
  id: message.id.id, from: message.from, to: message.to, body: message.body, fromMe: message.fromMe,
});

client.on('qr', (code) => tell('qr', { code }));
for (const name of ['authenticated', 'ready', 'auth_failure', 'disconnected']) {
  client.on(name, (reason) => tell(name, { reason: typeof reason === 'string' ? reason : null }));
}
client.on('message', (message) => tell('message', described(message)));
client.on('message_create', (message) => tell('message_create', described(message)));
client.on('message_ack', (message, ack) => tell('message_ack', { id: message.id.id, ack }));
client.on('message_reaction', (reaction) => tell('message_reaction', { emoji: reaction.reaction, sender: reaction.senderId }));
client.on('message_edit', (message, body) => tell('message_edit', { id: message.id.id, body }));

const CALLS = {
  send: async ({ to, text }) => described(await client.sendMessage(to, text)),
  sendFile: async ({ to, data, mimetype, filename, ...options }) => (
    described(await client.sendMessage(to, new MessageMedia(mimetype, data, filename), options))
  ),
  sendPlace: async ({ to, latitude, longitude }) => (
    described(await client.sendMessage(to, new Location(latitude, longitude, { name: 'Pier' })))
  ),
  sendPoll: async ({ to, question, options }) => described(await client.sendMessage(to, new Poll(question, options))),
  download: async ({ id }) => (await (await client.getMessageById(id)).downloadMedia())?.data,
  chats: async () => (await client.getChats()).map((chat) => ({
    id: chat.id._serialized, name: chat.name ?? null, unread: chat.unreadCount, group: chat.isGroup,
  })),
  registered: async ({ number }) => client.isRegisteredUser(number),
  state: async () => client.getState(),
  logout: async () => client.logout(),
};

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const { call, ...details } = JSON.parse(line);
  try {
    tell('result', { call, value: (await CALLS[call](details)) ?? null });
  } catch (error) {
    tell('result', { call, error: String(error?.stack ?? error) });
  }
}).on('close', async () => {
  await client.destroy().catch(() => undefined);
  process.exit(0);
});

client.initialize().catch((error) => tell('failed', { error: String(error?.stack ?? error) }));
