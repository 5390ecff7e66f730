// Modules of names, constants and identity.

import { device, fromBase64, isLinked, myLid, myNumber, orThrow, toBase64 } from '../device.js';
import { MsgKey, Wid, asUserWidOrThrow, createUserWidOrThrow, createWid, isWidlike } from '../ids.js';
import { define } from '../loader.js';
import { BUILD as VERSION } from '../session.js';

const same = (...names) => Object.fromEntries(names.map((name) => [name, name]));

const MSG_TYPE = {
  CHAT: 'chat', IMAGE: 'image', VIDEO: 'video', AUDIO: 'audio', PTT: 'ptt', DOCUMENT: 'document',
  STICKER: 'sticker', LOCATION: 'location', VCARD: 'vcard', REVOKED: 'revoked', PROTOCOL: 'protocol',
  PTV: 'ptv', MULTI_VCARD: 'multi_vcard', POLL_CREATION: 'poll_creation', ALBUM: 'album',
  CALL_LOG: 'call_log', CIPHERTEXT: 'ciphertext', GP2: 'gp2', E2E_NOTIFICATION: 'e2e_notification',
};

export function defineBasics() {
  defineNames();
  defineConstants();
  defineIdentity();
}

function defineNames() {
  define('WAWebWid', { default: Wid });
  define('WAWebMsgKey', { default: MsgKey });
  define('WAWebWidFactory', {
    createWid, createUserWidOrThrow, asUserWidOrThrow, isWidlike, createWidFromWidLike: createWid,
  });
  define('WAWebMsgKeyNewId', { newId: MsgKey.newId });
  define('WABase64', { encodeB64: toBase64, decodeB64: fromBase64 });
  define('WATimeUtils', { unixTime: () => Math.floor(Date.now() / 1000), unixTimeMs: () => Date.now() });
}

function defineConstants() {
  const [primary, secondary, tertiary] = VERSION.split('.');
  define('WAWebBuildConstants', {
    SANITIZED_VERSION_STR: VERSION, VERSION_STR: VERSION, VERSION_PRIMARY: primary,
    VERSION_SECONDARY: secondary, VERSION_TERTIARY: tertiary,
  });
  define('WAWebAck', {
    ACK: { CLOCK: 0, SENT: 1, RECEIVED: 2, READ: 3, PLAYED: 4, PEER: 5, FAILED: -1, EXPIRED: -2 },
    ACK_STRING: { SENDER: 'sender', DELIVERY: 'delivery', READ: 'read', PLAYED: 'played' },
    EDIT_ATTR: { SENDER_REVOKE: 7, ADMIN_REVOKE: 8 },
  });
  define('WAWebMsgType', { MSG_TYPE, SYSTEM_MESSAGE_TYPES: [MSG_TYPE.GP2, MSG_TYPE.E2E_NOTIFICATION] });
  define('WAWebSendMsgResult', {
    SendMsgResult: same(
      'OK', 'ERROR_NETWORK', 'ERROR_EXPIRED', 'ERROR_CANCELLED', 'ERROR_UPLOAD', 'ERROR_UNKNOWN',
    ),
  });
  define('WAWebSocketConstants', {
    SOCKET_STATE: same(
      'OPENING', 'PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE', 'CONNECTED', 'TIMEOUT', 'CONFLICT',
      'UNLAUNCHED', 'PROXYBLOCK', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'DEPRECATED_VERSION',
    ),
    SOCKET_STREAM: same('DISCONNECTED', 'SYNCING', 'RESUMING', 'CONNECTED'),
    WATCHED_SOCKET_STATE: same('OPEN', 'CLOSED'),
  });
  define('WAWebCallState', { CallState: { None: 0, ReceivedCall: 3, ReceivedCallWithoutOffer: 10 } });
  define('WAWebNonJidMentionType', { default: { MENTION_ALL: 1 } });
}

function defineIdentity() {
  define('WAWebUserPrefsMeUser', {
    getMaybeMePnUser: myNumber,
    getMaybeMeLidUser: myLid,
    getMePnUserOrThrow: () => orThrow(myNumber()),
    getMeLidUserOrThrow: () => orThrow(myLid()),
  });
  define('WAWebUserPrefsLoginTokens', { isLoggedIn: isLinked });
  define('WAWebRegistrationState', { isRegistered: isLinked });
  define('WAWebUserPrefsMultiDevice', {
    getADVSecretKey: () => device.keys.secret,
    setADVSignedIdentity: () => undefined,
  });
  define('WAWebUserPrefsInfoStore', {
    waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: device.keys.noisePublic } }) },
  });
  define('WAWebSignalStoreApi', {
    waSignalStore: {
      getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: device.keys.identityPublic } }),
    },
  });
}
