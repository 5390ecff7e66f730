// The two kinds of names: Wid for people, groups and servers, MsgKey for messages.

const PATTERN = /^([^@\s]*)@(c\.us|lid|g\.us|newsletter|broadcast|bot|call|s\.whatsapp\.net)$/;

export class Wid {
  constructor(text) {
    const match = PATTERN.exec(String(text));
    if (!match) throw new Error(`wid error: invalid wid ${text}`);
    this.user = match[1];
    this.server = match[2] === 's.whatsapp.net' ? 'c.us' : match[2];
    this._serialized = `${this.user}@${this.server}`;
  }

  toString() {
    return this._serialized;
  }

  toJid() {
    return this._serialized.replace('@c.us', '@s.whatsapp.net');
  }

  equals(other) {
    return String(other) === this._serialized;
  }

  isUser() {
    return this.server === 'c.us' || this.server === 'lid';
  }

  isLid() {
    return this.server === 'lid';
  }

  isGroup() {
    return this.server === 'g.us';
  }

  isNewsletter() {
    return this.server === 'newsletter';
  }

  isBroadcast() {
    return this.server === 'broadcast';
  }

  isStatusV3() {
    return this._serialized === 'status@broadcast';
  }

  isPSA() {
    return this._serialized === '0@c.us';
  }

  isBot() {
    return this.server === 'bot';
  }

  isServer() {
    return this._serialized === 'server@c.us';
  }

  static isWid(value) {
    return value instanceof Wid || PATTERN.test(String(value));
  }

  static isXWid(value, server) {
    return Wid.isWid(value) && String(value).endsWith(`@${server}`);
  }

  static isGroup(value) {
    return Wid.isXWid(value, 'g.us');
  }

  static isLid(value) {
    return Wid.isXWid(value, 'lid');
  }

  static isUser(value) {
    return Wid.isXWid(value, 'c.us') || Wid.isXWid(value, 'lid');
  }

  static isStatusV3(value) {
    return String(value) === 'status@broadcast';
  }
}

export function createWid(value) {
  if (value instanceof Wid) return value;
  return new Wid(typeof value === 'object' && value !== null ? value._serialized : value);
}

/** Also called with whole ids (`123@lid`), as clients do. */
export function createUserWidOrThrow(user, server = 'c.us') {
  const text = String(user);
  const wid = new Wid(text.includes('@') ? text : `${text}@${server}`);
  if (wid.isUser() && !/^\d+$/.test(wid.user)) throw new Error(`wid error: invalid user ${text}`);
  return wid;
}

export const asUserWidOrThrow = (wid) => createUserWidOrThrow(String(wid));

export const isWidlike = (value) => value instanceof Wid;

export class MsgKey {
  constructor(parts) {
    if (!parts) throw new Error('MsgKey error: obj is null/undefined');
    const out = parts.selfDir === 'out';
    this.fromMe = parts.selfDir ? out : Boolean(parts.fromMe);
    this.remote = createWid(parts.remote ?? (out ? parts.to : parts.from));
    this.id = parts.id;
    if (parts.participant) this.participant = createWid(parts.participant);
    const names = [this.fromMe, this.remote, this.id, ...(this.participant ? [this.participant] : [])];
    this._serialized = names.join('_');
  }

  toString() {
    return this._serialized;
  }

  equals(other) {
    return String(other) === this._serialized;
  }

  clone() {
    return new MsgKey(this);
  }

  static fromString(text) {
    if (text instanceof MsgKey) return text;
    const [fromMe, remote, id, participant] = String(text).split('_');
    if (!id) throw new Error(`MsgKey error: invalid key ${text}`);
    return new MsgKey({ fromMe: fromMe === 'true', remote, id, participant });
  }

  static newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return `3EB0${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('').toUpperCase()}`;
  }
}
