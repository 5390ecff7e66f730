// What can be done with a message after it was sent: edit, revoke, react. Asked twice, each is done once.

async function editText({ target, text }) {
  requireWorking();
  const message = await findTarget(target);
  if (message.type === 'revoked') throw new Refused('message_revoked');
  if (message.body !== text) {
    await WPP.chat.editMessage(String(message.id), text, {
      waitForAck: false, markIsRead: false, linkPreview: false, detectMentioned: false,
    });
    if (message.body !== text) throw new Refused('edit_refused');
  }
  return describeEdit(message);
}

async function revoke({ target }) {
  requireWorking();
  const message = await findTarget(target);
  if (message.type === 'revoked') return;
  const done = await WPP.chat.deleteMessage(String(message.id.remote), String(message.id), false, true);
  if (!done.isRevoked) throw new Refused('not_own_message'); // wa-js has only removed it here
}

// When our newest reaction to a message was, by WhatsApp's clock: bridge.js notes what wa-js tells.
const reactedAt = new Map();

async function react({ target, emoji }) {
  requireWorking();
  const message = await findTarget(target);
  if (message.type === 'revoked') throw new Refused('message_revoked');
  const key = String(message.id);
  const before = reactedAt.get(key);
  await WPP.chat.sendReactionToMessage(key, emoji ?? false);
  for (let tries = 0; tries < 20 && reactedAt.get(key) === before; tries += 1) await sleep(10);
  return { t: reactedAt.get(key) ?? null };
}

const changeCalls = { editText, revoke, react };
