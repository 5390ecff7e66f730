// Groups as clients know them: a subject, and participants by their hidden ids.

import { myLid } from './device.js';
import { createWid } from './ids.js';
import { Collection, Model, declare } from './model.js';

export const SIZE_LIMIT = 256;

export class ParticipantModel extends Model {}
declare(ParticipantModel, 'participant', ['id', 'isAdmin', 'isSuperAdmin']);

export class ParticipantCollection extends Collection {
  constructor() {
    super(ParticipantModel);
  }

  me() {
    return myLid() && this.get(myLid());
  }

  iAmMember() {
    return Boolean(this.me());
  }

  iAmRestrictedMember() {
    return false;
  }

  iAmAdmin() {
    return Boolean(this.me()?.isAdmin);
  }

  iAmSuperAdmin() {
    return Boolean(this.me()?.isSuperAdmin);
  }

  getAdmins() {
    return this.filter((one) => one.isAdmin);
  }

  getSuperAdmin() {
    return this.findFirst((one) => one.isSuperAdmin);
  }

  canAdd() {
    return this.iAmAdmin() && this.length < SIZE_LIMIT;
  }

  canPromote(one) {
    return this.iAmAdmin() && Boolean(this.get(one)) && !one.isAdmin;
  }

  canDemote(one) {
    return this.iAmAdmin() && Boolean(one.isAdmin) && !one.isSuperAdmin;
  }

  canRemove(one) {
    return this.iAmAdmin() && Boolean(this.get(one)) && !one.isSuperAdmin;
  }
}

export class GroupMetadataModel extends Model {
  constructor(attributes) {
    super({ stale: true, isLidAddressingMode: true, memberAddMode: 'admin_add', groupType: 'DEFAULT', ...attributes });
    for (const name of ['participants', 'pastParticipants']) {
      Object.defineProperty(this, name, { value: new ParticipantCollection(), enumerable: false });
    }
  }

  serialize() {
    return { ...super.serialize(), participants: this.participants.map((one) => one.serialize()) };
  }

  canSetSubject() {
    return this.participants.iAmMember();
  }

  /** Takes over what the server says of the group; participants keep their models. */
  describe({ subject, created_at: creation, owner, members }) {
    const present = new Map(members.map((one) => [`${one.lid}@lid`, one.admin]));
    for (const one of this.participants.getModelsArray()) {
      if (!present.has(String(one.id))) this.participants.remove(one.id);
    }
    for (const [id, admin] of present) {
      const known = this.participants.get(id) ?? this.participants.add({ id: createWid(id) });
      known.set({ isAdmin: admin > 0, isSuperAdmin: admin > 1 });
    }
    this.set({ subject, creation, owner: createWid(`${owner.lid}@lid`), size: members.length, stale: false });
  }
}
declare(GroupMetadataModel, 'groupMetadata', ['id', 'subject', 'creation', 'owner', 'size', 'stale', 'restrict']);

/** The exported instance is found by the name of its method. */
export class GroupMetadataCollection extends Collection {
  constructor() {
    super(GroupMetadataModel);
  }

  _handleParentGroupChange() {}

  async update(id) {
    return this.get(id);
  }
}
