// Presence and typing, ours and other people's; a matter of the moment, kept nowhere.

import { ask, isLoggedIn, onStanza, say } from './line.js';
import { Wid } from './ids.js';
import { lidOf, remember } from './people.js';
import { chatWidOf } from './records.js';
import { presences } from './stores.js';

const subscribed = new Set();

export function startPresence() {
  onStanza({ presence: heard, chatstate: typed });
  presences.subscribe = subscribeUserPresence;
}

export async function subscribeUserPresence(wid) {
  if (wid.isGroup()) return;
  presences.gadd(wid);
  subscribed.add(String(wid));
  if (isLoggedIn()) await ask({ ask: 'subscribe', jid: String(wid) }).catch(() => undefined);
}

/** Subscriptions end with the line. */
export function subscribeAgain() {
  for (const jid of subscribed) ask({ ask: 'subscribe', jid }).catch(() => undefined);
}

export async function sendChatState(chat, state) {
  say({ type: 'chatstate', to: String(chat.id), state });
}

function heard({ peer, available }) {
  const presence = presenceOf(peer);
  presence.isOnline = available;
  changeState(presence, available ? 'available' : 'unavailable');
}

const SHOWN_AS = { composing: 'typing', recording: 'recording_audio', paused: 'available' };

function typed({ peer, state, group }) {
  if (group) {
    typedIn(presences.gadd(new Wid(group)), lidOf(remember(peer)), SHOWN_AS[state]);
    return;
  }
  changeState(presenceOf(peer), SHOWN_AS[state]);
}

/** In a group the state belongs to a participant. */
function typedIn(presence, participant, type) {
  presence.set({ hasData: true, isGroup: true, isUser: false });
  const known = presence.chatstates.get(participant) ?? presence.chatstates.add({ id: participant, type: undefined });
  if (known.type === type) return;
  known.type = type;
  presence.chatstate.type = type;
  presences.trigger('change:chatstate.type', presence.chatstate);
}

function presenceOf(peer) {
  return presences.gadd(chatWidOf(remember(peer)));
}

function changeState(presence, type) {
  presence.hasData = true;
  if (presence.chatstate.type === type) return;
  presence.chatstate.type = type;
  presences.trigger('change:chatstate.type', presence.chatstate);
}

