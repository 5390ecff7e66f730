// Modules that are asked for by their id, by clients that do not look for shapes.

import { define, moduleOf } from '../loader.js';
import { BUILD } from '../session.js';
import { chats, contacts, groups, msgs } from '../stores.js';
import { currentLid, phoneNumberOf } from './stores.js';

export function defineById() {
  // How some clients notice that the page is there.
  window.Debug = { VERSION: BUILD };
  define('WAWebCollections', {
    Chat: chats, Msg: msgs, Contact: contacts, GroupMetadata: groups,
    Blocklist: moduleOf('WAWebBlocklistCollection').BlocklistCollection,
  });
  define('WAWebOfflineHandler', { OfflineMessageHandler: { getOfflineDeliveryProgress: () => 100 } });
  define('WAWebAdvSignatureApi', {});
  define('WAWebCompanionRegClientUtils', { DEVICE_PLATFORM: '1' });
  define('WAWebSyncGatingUtils', { isPlaceholderMessageResendEnabled: () => false });
  define('WAWebLidMigrationUtils', {
    toPn: (wid) => (wid.isLid() ? phoneNumberOf(wid) : wid),
    toLid: (wid) => (wid.isLid() ? wid : currentLid(wid)),
  });
  define('WAWebAddonReactionTableMode', { reactionTableMode: { bulkUpsert: async () => undefined } });
}
