// Start-up: what the device kept is read first, then modules are registered, then the line is opened.

import { openDatabase } from './database.js';
import { loadDevice } from './device.js';
import { startInbox } from './inbox.js';
import { startLinking } from './linking.js';
import { installLoader } from './loader.js';
import { defineActions } from './modules/actions.js';
import { defineBasics } from './modules/basics.js';
import { defineById } from './modules/byid.js';
import { defineConnection } from './modules/connection.js';
import { defineGroups } from './modules/groups.js';
import { defineHooks } from './modules/hooks.js';
import { defineMedia } from './modules/media.js';
import { defineStores } from './modules/stores.js';
import { startDownloads } from './media/download.js';
import { startOutbox } from './outbox.js';
import { startPresence } from './presence.js';
import { startReading } from './reading.js';
import { loadStores } from './records.js';
import { start } from './session.js';
import { startView } from './view.js';

installLoader();
await openDatabase();
await loadDevice();
await loadStores();
for (const defineModules of [
  defineBasics, defineConnection, defineStores, defineGroups, defineActions, defineMedia, defineHooks, defineById,
]) {
  defineModules();
}
for (const begin of [
  startInbox, startOutbox, startDownloads, startReading, startPresence, startLinking, startView, start,
]) {
  begin();
}
