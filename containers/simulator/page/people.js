// People: by number and by hidden id, as far as each is known, with the name that was saved for them.

import { device, myLid, myNumber } from './device.js';
import { Wid } from './ids.js';

const people = new Map();

/** Lays what is told over what is known: a hidden number does not undo one that was learnt. */
export function remember(told) {
  const known = people.get(`${told.lid}@lid`) ?? {};
  const person = {
    lid: told.lid,
    number: told.number ?? known.number ?? null,
    name: told.name ?? known.name,
    saved: told.saved === undefined ? known.saved : told.saved,
  };
  people.set(`${person.lid}@lid`, person);
  if (person.number) people.set(`${person.number}@c.us`, person);
  return person;
}

export const personOf = (wid) => people.get(String(wid));
export const lidOf = (person) => new Wid(`${person.lid}@lid`);
export const numberOf = (person) => (person.number ? new Wid(`${person.number}@c.us`) : undefined);

/** The form in which this account's chats appear: by number, or by hidden id where it must or may be. */
export function formOf(person) {
  return device.lidChats || !person.number ? lidOf(person) : numberOf(person);
}

/** Ourselves as we appear in a chat: in groups and among hidden ids by our own. */
export const myWidFor = (chatWid) => (chatWid.isLid() || chatWid.isGroup() ? myLid() : myNumber());

export const isMe = (wid) => [myNumber(), myLid()].some((mine) => mine?.equals(wid));
