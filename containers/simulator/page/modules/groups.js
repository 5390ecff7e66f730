// Modules of groups: their metadata, their participants, and what a member can do.

import { GroupMetadataModel, ParticipantCollection, ParticipantModel, SIZE_LIMIT } from '../groups.js';
import { define } from '../loader.js';
import * as roster from '../roster.js';
import { groups } from '../stores.js';

class GroupAlreadyExistsError extends Error {}

const refuse = (what) => async () => {
  throw new Error(`${what} is not modelled`);
};

export function defineGroups() {
  define('WAWebGroupMetadataCollection', { default: groups });
  define('WAWebGroupMetadataModel', { default: GroupMetadataModel });
  define('WAWebParticipantModel', { default: ParticipantModel });
  define('WAWebGroupParticipantCollection', { default: ParticipantCollection });
  define('WAWebGroupGatingUtils', { getGroupSizeLimit: () => SIZE_LIMIT });
  define('WAWebGroupCreateJob', { createGroup: roster.createGroup, GroupAlreadyExistsError });
  define('WAWebGroupModifyParticipantsJob', {
    addGroupParticipants: roster.addGroupParticipants,
    removeGroupParticipants: roster.changing('remove'),
    promoteGroupParticipants: roster.changing('promote'),
    demoteGroupParticipants: roster.changing('demote'),
  });
  define('WAWebModifyParticipantsGroupAction', {
    addParticipants: (chat, participants) => roster.addGroupParticipants(chat.id, participants.map((one) => one.id)),
    removeParticipants: roster.changing('remove'),
    promoteParticipants: roster.changing('promote'),
    demoteParticipants: roster.changing('demote'),
    promoteCommunityParticipants: refuse('a community'),
    demoteCommunityParticipants: refuse('a community'),
  });
  define('WAWebGroupModifyInfoJob', {
    setGroupSubject: roster.setGroupSubject,
    setGroupDescription: refuse('a description'),
    setGroupProperty: refuse('a group property'),
  });
  define('WAWebExitGroupAction', { sendExitGroup: roster.sendExitGroup });
  define('WAWebGroupQueryJob', { queryAllGroups: roster.queryAllGroups });
}
