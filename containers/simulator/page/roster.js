// Who there is: groups with their participants, and people with the names saved for them.

import { write } from './database.js';
import { device, metaRecord } from './device.js';
import { Wid } from './ids.js';
import { ask } from './line.js';
import { moduleOf } from './loader.js';
import { formOf, lidOf, numberOf, personOf, remember } from './people.js';
import { chatRecord, ensureChat, ensureContact } from './records.js';
import { chats, contacts as known, setMetadata } from './stores.js';

/** Remembers groups that the server described; returns what is to be stored. */
export function filedGroups(described) {
  for (const one of described) {
    one.members.forEach(remember);
    setMetadata(one);
    ensureChat(new Wid(one.id));
  }
  return described;
}

export function filedContacts(stanzas) {
  return stanzas.map(({ peer, saved }) => {
    const person = remember({ ...peer, saved });
    [lidOf(person), numberOf(person)].forEach((wid) => wid && known.get(wid) && ensureContact(wid));
    if (person.saved) ensureContact(formOf(person));
    return person;
  });
}

export async function contact(stanza) {
  await write({ meta: [metaRecord('position')], people: filedContacts([stanza]) });
}

export async function group({ group: described, change, t }) {
  const wid = new Wid(described.id);
  const isNew = !chats.get(wid);
  filedGroups([described]);
  const chat = ensureChat(wid);
  if (isNew) chat.t = t;
  await write({ meta: [metaRecord('position')], groups: [described], chats: [chatRecord(chat)] });
  if (!change || change.action === 'subject') return;
  const admin = { isAdmin: change.action === 'promote', isSuperAdmin: false };
  moduleOf('WAWebDBGroupAction').updateDBForGroupAction(
    { chatId: wid, author: lidOf(remember(change.author)), pushname: change.author.name, ts: t },
    {
      actionType: change.action,
      participants: change.participants.map((one) => ({ id: lidOf(remember(one)), ...admin })),
      isLidAddressingMode: true,
    },
  );
}

// ── what the user of this page does ─────────────────────────────────────────────────────────────────────────────

export async function createGroup({ title }, participants) {
  const jids = participants.map(({ phoneNumber }) => String(phoneNumber));
  const described = await ask({ ask: 'create-group', subject: title, jids });
  await keep(described);
  return {
    wid: new Wid(described.id),
    participants: participants.map(({ phoneNumber }) => ({
      wid: phoneNumber, error: null, invite_code: null, invite_code_exp: null,
    })),
  };
}

async function keep(described) {
  filedGroups([described]);
  await write({ groups: [described], chats: [chatRecord(ensureChat(new Wid(described.id)))] });
}

/** Adds people; each gets a code of their own, in the manner of HTTP. */
export async function addGroupParticipants(groupWid, participants) {
  const wids = participants.map((one) => one.phoneNumber ?? one);
  const { codes, group: described } = await changeGroup(groupWid, 'add', wids);
  await keep(described);
  return {
    status: 207,
    participants: wids.map((userWid, n) => ({
      userWid, code: String(codes[n]), invite_code: null, invite_code_exp: null,
    })),
  };
}

const changeGroup = (groupWid, action, wids) =>
  ask({ ask: 'change-group', group: String(groupWid), action, jids: wids.map(String) });

export const changing = (action) => async (groupOrChat, participants) => {
  const wids = participants.map((one) => one.id ?? one);
  const { group: described } = await changeGroup(groupOrChat.id ?? groupOrChat, action, wids);
  await keep(described);
};

export async function setGroupSubject(groupWid, subject) {
  await ask({ ask: 'rename-group', group: String(groupWid), subject });
}

export async function sendExitGroup(chat) {
  const me = `${device.registration.me.lid}@lid`;
  await changeGroup(chat.id, 'remove', [me]);
}

export async function queryAllGroups() {
  return chats.filter((chat) => chat.id.isGroup() && chat.groupMetadata.participants.iAmMember());
}

export async function saveContactAction({ phoneNumber, lid, firstName, lastName }) {
  const jid = phoneNumber ? `${phoneNumber}@c.us` : `${lid}@lid`;
  const name = [firstName, lastName].filter(Boolean).join(' ');
  await ask({ ask: 'save-contact', jid, name });
  const person = personOf(jid);
  if (person) await write({ people: filedContacts([{ peer: person, saved: name }]) });
}
