// Groups: made, looked at, and joined or left by others.

const describeMember = (one) => ({ ...describePerson(one.id), admin: Boolean(one.isAdmin || one.isSuperAdmin) });

async function describeGroup(chat) {
  const members = await WPP.group.getParticipants(chat.id);
  return {
    id: String(chat.id),
    subject: chat.groupMetadata?.subject ?? chat.formattedTitle ?? null,
    participants: members.map(describeMember),
  };
}

/** wa-js gives each person a code in the manner of HTTP: 200, or why not. */
const describeCodes = (codes) => Object.values(codes).map(({ wid, code }) => ({
  ...describePerson(WPP.util.createWid(wid)), code: Number(code),
}));

function groupChat(id) {
  const chat = WPP.chat.get(id);
  if (!chat?.id.isGroup()) throw new Refused('group_not_found');
  return chat;
}

const groupCalls = {
  async createGroup({ subject, participants }) {
    requireWorking();
    const made = await WPP.group.create(subject, participants);
    return { id: String(made.gid), participants: describeCodes(made.participants) };
  },
  async listGroups() {
    requireWorking();
    const chats = await WPP.chat.list({ onlyGroups: true });
    return chats.map((chat) => ({
      id: String(chat.id), subject: chat.groupMetadata?.subject ?? chat.formattedTitle ?? null,
    }));
  },
  async getGroup({ id }) {
    requireWorking();
    return describeGroup(groupChat(id));
  },
  async addParticipants({ id, participants }) {
    requireWorking();
    return describeCodes(await WPP.group.addParticipants(String(groupChat(id).id), participants));
  },
  async removeParticipants({ id, participants }) {
    requireWorking();
    await WPP.group.removeParticipants(String(groupChat(id).id), participants);
  },
};
