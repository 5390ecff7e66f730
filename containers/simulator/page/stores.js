// The models and collections that clients know: chats, messages, contacts, presences, and the connection.

import { Emitter } from './emitter.js';
import { moduleOf } from './loader.js';
import { attachMedia } from './media/data.js';
import { Collection, Model, declare } from './model.js';
import { Wid, createWid } from './ids.js';
import { GroupMetadataCollection } from './groups.js';

export class ChatModel extends Model {
  constructor(attributes) {
    super({ unreadCount: 0, archive: false, pin: 0, active: false, mute: { expiration: 0 }, ...attributes });
    Object.defineProperty(this, 'msgs', { value: new Collection(MsgModel), enumerable: false });
  }

  get presence() {
    return this.id && presences.gadd(this.id);
  }

  get contact() {
    return this.id && contacts.gadd(this.id);
  }

  get formattedTitle() {
    return this.id && (this.groupMetadata?.subject ?? nameOf(this.contact));
  }

  set formattedTitle(_title) {} // clients set it after renaming a group; here the subject decides
}
declare(ChatModel, 'chat', [
  'id', 't', 'unreadCount', 'lastReceivedKey', 'archive', 'pin', 'active', 'pausedTimerId',
  'groupMetadata', 'name', 'unsentRead', 'muteExpiration', 'isReadOnly',
]);

export class MsgModel extends Model {
  constructor(attributes) {
    super(attributes);
    attachMedia(this);
  }

  get senderObj() {
    return this.id && contacts.gadd(this.sender);
  }

  get sender() {
    return this.author ?? this.from;
  }

  /** Whether it worked is told by the stage of its data. */
  async downloadMedia(options = {}) {
    if (!this.mediaData) throw new Error('this message has no file');
    const { downloadMedia } = moduleOf('WAWebMediaMmsV4Download');
    await downloadMedia({ ...options, mediaObject: this.mediaObject, message: this });
  }

  resumeUpload() {
    return moduleOf('WAWebMediaPrep').resumeUpload(this);
  }

  cancelUpload() {
    moduleOf('WAWebMediaMmsV4Upload').cancelUploadMedia(this.mediaObject);
  }

  /** What a reply carries of the message it answers. */
  msgContextInfo() {
    const { body, type, caption } = this;
    const quotedMsg = { body, type, ...(caption && { caption }) };
    return { quotedMsg, quotedStanzaID: this.id.id, quotedParticipant: this.sender };
  }
}
declare(MsgModel, 'msg', [
  'id', 'ack', 't', 'body', 'type', 'subtype', 'latestEditMsgKey', 'isNewMsg', 'star', 'errorCode', 'errorUntil', 'reactions',
]);

export class ContactModel extends Model {}
declare(ContactModel, 'contact', ['id', 'name', 'pushname', 'phoneNumber', 'isBusiness']);

export class PresenceModel extends Model {
  constructor(attributes) {
    super({ isOnline: false, hasData: false, isUser: true, isGroup: false, ...attributes });
    this.chatstate = new Model({ id: this.id, type: undefined, deny: false });
    this.chatstates = new Collection();
  }

  async subscribe() {
    await presences.subscribe(this.id);
  }
}
declare(PresenceModel, 'presence', ['id', 'isOnline', 'isUser', 'isGroup', 'hasData']);

export class ChatCollection extends Collection {
  constructor() {
    super(ChatModel);
  }
}

export class MsgCollection extends Collection {
  constructor() {
    super(MsgModel);
  }

  /** All inbound messages pass here: clients replace this method to see them first. */
  async processMultipleMessages(chatId, raws) {
    return raws.map((raw) => (raw.type === 'protocol' ? raw : addMessage(chats.get(chatId), raw)));
  }

  async getMessagesById(keys) {
    return { messages: keys.map((key) => this.get(key)).filter(Boolean) };
  }
}

export class ContactCollection extends Collection {
  constructor() {
    super(ContactModel);
  }
}

export class PresenceCollection extends Collection {
  constructor() {
    super(PresenceModel);
    this.subscribe = async () => undefined; // given by presence.js, which knows the line
  }
}

export const chats = new ChatCollection();
export const msgs = new MsgCollection();
export const contacts = new ContactCollection();
export const presences = new PresenceCollection();
export const groups = new GroupMetadataCollection();

/** A group as the server describes it: {id, subject, created_at, owner, members: [{lid, number, name, admin}]}. */
export function setMetadata(group) {
  const metadata = groups.gadd(new Wid(group.id));
  metadata.describe(group);
  return metadata;
}

/** The chat first, then the collection of all: whoever hears of the message finds it in its chat. */
export function addMessage(chat, raw) {
  const message = msgs.get(raw.id) ?? new MsgModel(raw);
  chat.msgs.add(message);
  return msgs.add(message);
}

export function nameOf(contact) {
  return contact.name ?? contact.pushname ?? `+${createWid(contact.phoneNumber ?? contact.id).user}`;
}

class ConnModel extends Model {}
declare(ConnModel, 'conn', ['ref', 'connected', 'wid', 'pushname', 'platform']);

class StreamModel extends Model {
  markAvailable() {
    this.available = true;
  }

  markUnavailable() {
    this.available = false;
  }
}
declare(StreamModel, 'stream', ['mode', 'info', 'needsUpdate', 'available']);

class SocketModel extends Model {}
declare(SocketModel, 'socket', ['state', 'stream', 'hasSynced']);

class NetworkStatusModel extends Model {
  checkOnline() {
    return this.online;
  }
}
declare(NetworkStatusModel, 'networkstatus', ['online']);

export class CmdImpl extends Emitter {
  isMainLoaded = false;
}

export const Conn = new ConnModel({ connected: false, platform: 'web' });
export const Stream = new StreamModel({ info: 'OPENING', needsUpdate: false, available: true });
export const Socket = new SocketModel({ state: 'OPENING', stream: 'DISCONNECTED', hasSynced: false });
export const NetworkStatus = new NetworkStatusModel({ online: true });
export const Cmd = new CmdImpl();
