// Modules of the stores: collections, models, and the functions that derive what models show.

import { device } from '../device.js';
import { define } from '../loader.js';
import { Collection, Model, declare } from '../model.js';
import { isMe, lidOf, numberOf, personOf } from '../people.js';
import * as stores from '../stores.js';

class CallCollection extends Collection {
  /** Where some clients look for calls: the first map among the fields. */
  calls = new Map();

  processIncomingCall(call) {
    return this.add(call);
  }
}

class StatusCollectionImpl extends Collection {
  getMyStatus() {
    return undefined;
  }
}

class CallModel extends Model {}
declare(CallModel, 'call', ['id']);

export function currentLid(wid) {
  const person = personOf(wid);
  return person && !wid.isLid() ? lidOf(person) : undefined;
}

export function phoneNumberOf(wid) {
  const person = personOf(wid);
  return person && wid.isLid() ? numberOf(person) : undefined;
}

export function defineStores() {
  const { ChatCollection, ContactCollection, MsgCollection, chats, contacts, msgs, presences } = stores;
  define('WAWebChatCollection', { ChatCollectionImpl: ChatCollection, ChatCollection: chats });
  define('WAWebMsgCollection', { MsgCollectionImpl: MsgCollection, MsgCollection: msgs });
  define('WAWebContactCollection', { ContactCollectionImpl: ContactCollection, ContactCollection: contacts });
  define('WAWebPresenceCollection', { PresenceCollection: presences });
  define('WAWebChatModel', { default: stores.ChatModel });
  define('WAWebMsgModel', { default: stores.MsgModel });
  define('WAWebContactModel', { default: stores.ContactModel });
  define('WAWebPresenceModel', { default: stores.PresenceModel });
  define('WAWebCallCollection', { default: new CallCollection(CallModel) });
  define('WAWebCallModel', { default: CallModel });
  define('WAWebBlocklistCollection', { BlocklistCollection: new Collection() });
  define('WAWebStatusCollection', {
    StatusCollectionImpl, StatusCollection: new StatusCollectionImpl(),
  });
  defineLids();
  defineContactGetters();
  defineChatGetters();
}

function defineLids() {
  const lids = { getCurrentLid: currentLid, getPhoneNumber: phoneNumberOf };
  const getAlternateUserWid = (wid) => (wid.isLid() ? phoneNumberOf(wid) : currentLid(wid));
  define('WAWebApiContact', { ...lids, getAlternateUserWid });
  define('WAWebLidPnCache', { lidPnCache: { ...lids } });
  define('WAWebLid1X1MigrationGating', {
    Lid1X1MigrationUtils: { isLidMigrated: () => device.lidChats },
  });
}

function defineContactGetters() {
  const never = () => false;
  define('WAWebContactGetters', {
    getNotifyName: (contact) => contact.pushname,
    getPremiumMessageName: () => undefined,
    getUserid: (contact) => contact.id.user,
    getUserhash: (contact) => contact.id.user,
    getIsMe: (contact) => isMe(contact.id),
    getIsUser: (contact) => contact.id.isUser(),
    getIsGroup: (contact) => contact.id.isGroup(),
    getIsBroadcast: (contact) => contact.id.isBroadcast(),
    getIsNewsletter: (contact) => contact.id.isNewsletter(),
    getIsPSA: (contact) => contact.id.isPSA(),
    getIsIAS: never,
    getIsSupportAccount: never,
    getIsWAContact: () => true,
    getCanRequestPhoneNumber: never,
    getShowBusinessCheckmarkAsPrimary: never,
    getShowBusinessCheckmarkAsSecondary: never,
    getShowBusinessCheckmarkInChatlist: never,
    getIsDisplayNameApproved: never,
    getShouldForceBusinessUpdate: never,
  });
  const phone = (contact) => `+${(phoneNumberOf(contact.id) ?? contact.id).user}`;
  const name = stores.nameOf;
  define('WAWebFrontendContactGetters', {
    getPhoneNumber: (contact) => phoneNumberOf(contact.id) ?? contact.id,
    getTextStatusString: () => '',
    getPnForLid: (contact) => phoneNumberOf(contact.id),
    getUserDisplayNameForLid: name,
    getDisplayName: name,
    getFormattedPhone: phone,
    getFormattedUsernameOrPhone: phone,
    getFormattedUser: phone,
    getFormattedName: name,
    getFormattedShortName: name,
    getFormattedShortNameWithNonBreakingSpaces: name,
    getMentionName: name,
    getSearchName: name,
    getIsMyContact: (contact) => Boolean(contact.name),
    getSearchVerifiedName: () => '',
    getHeader: () => '',
  });
}

function defineChatGetters() {
  define('WAWebChatGetters', {
    getShouldAppearInList: () => true,
    getPreviewMessage: (chat) => chat.msgs.getModelsArray().at(-1),
    getShowChangeNumberNotification: () => false,
    getShouldShowUnreadDivider: () => false,
    getIsNewsletter: (chat) => chat.id.isNewsletter(),
    getIsBroadcast: (chat) => chat.id.isBroadcast(),
  });
  define('WAWebUnreadChatGetters', { getHasUnread: (chat) => chat.unreadCount !== 0 });
}
