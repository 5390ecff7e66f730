// The life of the session: logged in, caught up, replaced by another browser, logged out.

import { wipe } from './database.js';
import { device, isLinked, myNumber } from './device.js';
import { startFaults } from './faults.js';
import { changeForm } from './forms.js';
import { setClock } from './happenings.js';
import { ask, connect, hangUp, onStanza, reconnect, say } from './line.js';
import { moduleOf } from './loader.js';
import { askAgain } from './media/download.js';
import { resendAll } from './outbox.js';
import { subscribeAgain } from './presence.js';
import { resendReads } from './reading.js';
import { Cmd, Conn, Socket, Stream } from './stores.js';

let leaving = false;

/** A linked browser shows its chats before it has a line; a new one waits for codes. */
export function start() {
  onStanza({
    success: loggedIn,
    'offline-done': caughtUp,
    'lid-chats': switchForm,
    failure: removed,
    'stream-error': thrownOut,
    build: ({ build }) => noticeBuild(build),
  });
  startFaults();
  Stream.on('change:available', tellPresence);
  if (isLinked()) {
    Conn.wid = myNumber();
    Conn.pushname = device.registration.me.name;
    mainLoaded();
  }
  connect();
}

/** The build that the server handed out with this page. */
export const BUILD = document.querySelector('meta[name="build"]').content;

/** A newer build is out: this page goes on, and says so until it is loaded again. */
function noticeBuild(build) {
  if (build !== BUILD) Stream.needsUpdate = true;
}

async function loggedIn({ lid_chats: lidChats, build, now_ms: nowMs }) {
  const { me } = device.registration;
  setClock(nowMs);
  noticeBuild(build);
  Socket.state = 'CONNECTED';
  Socket.stream = Cmd.isMainLoaded ? 'RESUMING' : 'SYNCING';
  Stream.info = Cmd.isMainLoaded ? 'RESUMING' : 'SYNCING';
  Conn.set({ connected: true, wid: myNumber(), pushname: me.name });
  await switchForm({ on: lidChats });
}

async function switchForm({ on }) {
  if (device.lidChats !== on) await changeForm(on);
}

function caughtUp() {
  Socket.stream = 'CONNECTED';
  Socket.hasSynced = true;
  Stream.info = 'NORMAL';
  mainLoaded();
  tellPresence();
  resendAll();
  resendReads();
  askAgain();
  subscribeAgain();
}

function mainLoaded() {
  Stream.mode = 'MAIN';
  if (Cmd.isMainLoaded) return;
  Cmd.isMainLoaded = true;
  Cmd.trigger('main_loaded');
}

function tellPresence() {
  say({ type: 'presence', available: Boolean(Stream.available) });
}

function removed({ reason }) {
  return reason === 'banned' ? stopAs('TOS_BLOCK') : logOut('unknown_companion');
}

/** The line is closed for a reason that waiting does not mend; what is stored stays. */
function stopAs(state) {
  hangUp();
  Socket.state = state;
  Stream.info = 'OFFLINE';
  Stream.mode = state;
}

/** "Use here": this browser takes the line back from the one that replaced it. */
export function takeOver() {
  if (Socket.state === 'CONFLICT') reconnect();
}

/** Errors that end the stream: banned, replaced by another browser with this profile, or removed by the phone. */
function thrownOut({ reason }) {
  if (reason === 'device_removed' && isLinked()) return logOut('unknown_companion');
  if (reason === 'replaced') stopAs('CONFLICT');
  if (reason === 'banned') stopAs('TOS_BLOCK');
  return undefined;
}

/** Asked for by the user of this page: the server is told when there is a line, the rest is up to us. */
export async function requestLogout() {
  await ask({ ask: 'logout' }).catch(() => undefined);
  await logOut('user_initiated');
}

async function logOut(reason) {
  if (leaving) return;
  leaving = true;
  hangUp();
  const { getErrorCodeFromLogoutReason, setPrevLogoutReasonCode } = moduleOf('WAWebLogoutReason');
  setPrevLogoutReasonCode(getErrorCodeFromLogoutReason(reason));
  await wipe();
  device.registration = null;
  Conn.connected = false;
  Cmd.isMainLoaded = false;
  Cmd.trigger('logout');
  // Whoever listens gets a moment before the page that knows us is gone.
  setTimeout(() => location.replace('/?post_logout=1'), 50);
}
