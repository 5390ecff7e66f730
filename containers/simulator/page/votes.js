// Votes in polls: ours and other people's, each voter's newest.

import { myLid } from './device.js';
import { mend } from './happenings.js';
import { MsgKey, createWid } from './ids.js';
import { ask } from './line.js';
import { moduleOf } from './loader.js';
import { lidOf, remember } from './people.js';
import { keyIn, storedMessage } from './records.js';

export const voteIn = ({ by, by_me: byMe, options, t_ms: at }) => ({
  sender: String(byMe ? myLid() : lidOf(remember(by))), options, at,
});

export async function vote(stanza) {
  await apply(keyIn(stanza), stanza.vote_id, voteIn(stanza));
}

async function apply(key, voteId, cast) {
  const record = await storedMessage(key);
  const votes = [...(record?.votes ?? []).filter((one) => one.sender !== cast.sender), cast];
  const { known } = (await mend(key, { votes })) ?? {};
  if (!record) return;
  known?.set({ votes });
  await moduleOf('WAWebDBPollsUpsertVotes').upsertVotesDb([dataOf(key, record.pollOptions, cast, voteId)]);
}

/** The form in which clients know a vote: options by their place in the poll. */
function dataOf(parentMsgKey, pollOptions, { sender, options, at }, voteId) {
  const mine = sender === String(myLid());
  const participant = parentMsgKey.participant && sender;
  return {
    ack: 1, parentMsgKey, sender: createWid(sender), senderTimestampMs: at, read: mine,
    msgKey: voteId && new MsgKey({ ...parentMsgKey, fromMe: mine, id: voteId, participant }),
    selectedOptionLocalIds: pollOptions.filter((one) => options.includes(one.name)).map((one) => one.localId),
  };
}

export async function getVotes(keys) {
  const found = await Promise.all(keys.map((key) => storedMessage(MsgKey.fromString(key))));
  return found.filter(Boolean).flatMap((record) => (
    (record.votes ?? []).map((cast) => dataOf(MsgKey.fromString(record.key), record.pollOptions, cast))
  ));
}

/** What the user of this page chooses, by the options' places. */
export async function sendVote(message, localIds) {
  const options = message.pollOptions.filter((one) => [...localIds].includes(one.localId)).map((one) => one.name);
  const { id } = await ask({ ask: 'vote', to: String(message.id.remote), id: message.id.id, options });
  await apply(message.id, id, { sender: String(myLid()), options, at: Date.now() });
  return { messageSendResult: 'OK' };
}
