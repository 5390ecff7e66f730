// Looks back through the chats after a gap: a page of a chat at a time, and single messages by their keys.

const oldestFirst = (one, other) => (one.t ?? 0) - (other.t ?? 0);

async function recentMessages({ chats, count }) {
  requireWorking();
  const chosen = chats ?? (await WPP.chat.list()).map((chat) => String(chat.id));
  const found = [];
  for (const chat of chosen.flatMap((one) => formsOf(one).find((form) => WPP.chat.get(form)) ?? [])) {
    const messages = await WPP.chat.getMessages(chat, { count, direction: 'before' });
    found.push(...messages.filter(isWritten).map(describeMessage));
  }
  return found.sort(oldestFirst);
}

/** The last `count` messages of a chat before the one with key `before`; `oldest` is where the next look begins. */
async function lookBack({ chat, count, before }) {
  requireWorking();
  if (!WPP.chat.get(chat)) return { messages: [], oldest: null };
  const messages = await WPP.chat.getMessages(chat, { count, direction: 'before', ...(before && { id: before }) });
  const earlier = messages.filter((message) => String(message.id) !== before);
  return {
    messages: earlier.filter(isWritten).map(describeMessage),
    oldest: earlier.length ? String(earlier[0].id) : null,
  };
}

async function reactionsTo({ key }) {
  requireWorking();
  const { reactions } = await WPP.chat.getReactions(key);
  return reactions.flatMap(({ senders }) => senders).map(({ senderUserJid, reactionText, timestamp }) => {
    const wid = attempt(() => WPP.util.createWid(String(senderUserJid)));
    const mine = isMe(senderUserJid);
    return { by: mine ? null : describePerson(wid), mine, emoji: reactionText || null, t: Math.floor(timestamp ?? 0) };
  });
}

/** How a poll stands: of each who votes, the newest vote. */
async function votesOn({ key }) {
  requireWorking();
  const message = await findByKey(key);
  if (message?.type !== 'poll_creation') return [];
  const { votes } = await WPP.chat.getVotes(key);
  return votes.map((vote) => describeVote(message.id, vote));
}

const historyCalls = {
  recentMessages,
  lookBack,
  reactionsTo,
  votesOn,
  async activeChats({ since }) {
    requireWorking();
    const chats = await WPP.chat.list();
    return chats.filter((chat) => (chat.t ?? 0) >= since).map((chat) => String(chat.id));
  },
  async messagesByKeys({ keys }) {
    requireWorking();
    const found = [];
    for (const key of keys) {
      const message = (await findByKey(key)) ?? (await findMoved(key));
      if (message && isWritten(message)) found.push(describeMessage(message));
    }
    return found;
  },
};
