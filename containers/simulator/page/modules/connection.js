// Modules of the connection: its state, the commands, the reasons of a logout, linking by a code.

import { Emitter } from '../emitter.js';
import { genLinkDeviceCodeForPhoneNumber, refreshQR } from '../linking.js';
import { define } from '../loader.js';
import { requestLogout, takeOver } from '../session.js';
import { Cmd, CmdImpl, Conn, NetworkStatus, Socket, Stream } from '../stores.js';

let previousReason;

export function defineConnection() {
  Object.assign(Cmd, {
    refreshQR,
    openChatBottom: async () => undefined,
  });
  Object.assign(Socket, {
    logout: requestLogout,
    poke: refreshQR,
    takeover: takeOver,
  });
  define('WAWebConnModel', { Conn });
  define('WAWebStreamModel', { Stream });
  define('WAWebSocketModel', { Socket });
  define('WAWebNetworkStatus', { default: NetworkStatus });
  define('WAWebCmd', { Cmd, CmdImpl });
  define('WAWebBackendEventBus', { BackendEventBus: new Emitter(), BackendEvent: {} });
  define('WAWebIsOfficialClient', { isOfficialClient: true });
  define('WAWebLogoutReason', {
    getErrorCodeFromLogoutReason: (reason) => (reason === 'user_initiated' ? undefined : '0'),
    setPrevLogoutReasonCode: (code) => {
      previousReason = code;
    },
    getPrevLogoutReasonCode: () => previousReason,
    setPrevCustomLogoutMessage: () => undefined,
    getPrevCustomLogoutMessage: () => undefined,
  });
  define('WAWebLogoutReasonConstants', {
    LogoutReason: { UserInitiated: 'user_initiated', UnknownCompanion: 'unknown_companion' },
    LOGOUT_REASON_CODE: { CLIENT_FATAL: '0', SYNC_FAIL: '1' },
  });
  define('WAWebAltDeviceLinkingApi', {
    initializeAltDeviceLinking: async () => undefined, genLinkDeviceCodeForPhoneNumber,
  });
  define('WAWebLinkDeviceEvents', { WAWebLinkDeviceEvents: new Emitter() });
}
