// What a message holds beside its text: a file's facts, a place, people, a poll. Shapes that observed_content.py knows.

// WhatsApp's types whose message carries a file.
const WITH_FILE = new Set(['image', 'video', 'audio', 'ptt', 'ptv', 'document', 'sticker']);
// Answers by a press of a button: what was pressed stands in the body.
const WRITTEN_IN_BODY = new Set(['chat', 'list_response', 'buttons_response', 'template_button_reply']);

const numberOf = (value) => {
  const number = Number(value);
  return value === null || value === undefined || value === '' || !Number.isFinite(number) ? null : number;
};
const wholeOf = (value) => (numberOf(value) === null ? null : Math.round(numberOf(value)));

/** A picture's body is its thumbnail, a contact's its card: what was written stands elsewhere. */
function textIn(message) {
  if (WRITTEN_IN_BODY.has(message.type)) return message.body ?? null;
  if (message.type === 'location') return (message.isLive && message.comment) || null;
  // A document without a caption has its own name in that place.
  if (message.type === 'document' && message.caption === message.filename && !message.isCaptionByUser) return null;
  return message.caption ?? null;
}

/** WhatsApp keeps what it knows of a file on the message, and once it was loaded on its media data, too. */
function describeFile(message) {
  const phoneOnly = isOnPhoneOnly(message);
  if (!phoneOnly && !WITH_FILE.has(message.type)) return null;
  const data = attempt(() => message.mediaData) ?? {};
  const seconds = numberOf(message.duration ?? data.duration);
  const here = message.directPath || message.deprecatedMms3Url || message.mediaKey || data.mediaBlob;
  return {
    mime: message.mimetype ?? data.mimetype ?? null,
    size: wholeOf(message.size ?? data.size),
    hash: message.filehash ?? data.filehash ?? null,
    filename: message.filename ?? null,
    width: wholeOf(message.width ?? data.fullWidth),
    height: wholeOf(message.height ?? data.fullHeight),
    duration_ms: seconds === null ? null : Math.round(seconds * 1000),
    pages: wholeOf(message.pageCount),
    gif: message.isGif === true,
    view_once: phoneOnly || message.isViewOnce === true,
    on_phone_only: phoneOnly || (message.isViewOnce === true && !here),
  };
}

function describePlace(message) {
  const [name, ...address] = (message.loc ?? '').split('\n');
  return {
    latitude: message.lat, longitude: message.lng, live: message.isLive === true,
    name: name || null, address: address.join(', ') || null, url: message.clientUrl ?? null,
    accuracy_m: numberOf(message.accuracy), speed_mps: numberOf(message.speed),
    heading_degrees: numberOf(message.degrees), sequence: wholeOf(message.sequence),
  };
}

function describePoll(message) {
  return {
    question: message.pollName ?? '',
    options: (message.pollOptions ?? []).map((option) => option.name),
    selectable: wholeOf(message.pollSelectableOptionsCount) ?? 0,
  };
}

/** The cards of one message, each as `{name, vcard}`. */
function describeCards(message) {
  if (message.type === 'vcard') return [{ name: message.vcardFormattedName ?? null, vcard: message.body ?? '' }];
  return (message.vcardList ?? []).map(({ displayName, vcard }) => ({ name: displayName ?? null, vcard }));
}

/** What else is in a message, under the name that its kind has for it. */
function describeParts(message) {
  if (message.type === 'location') return { place: describePlace(message) };
  if (message.type === 'vcard' || message.type === 'multi_vcard') return { cards: describeCards(message) };
  if (message.type === 'poll_creation') return { poll: describePoll(message) };
  return {};
}

/** Who chose what in a poll. Nothing chosen: the vote was taken back. */
function describeVote(poll, { sender, selectedOptions, timestamp }) {
  const wid = attempt(() => WPP.util.createWid(String(sender)));
  return {
    kind: 'vote', ...describeTarget(poll), mine: isMe(sender), by: isMe(sender) ? null : describePerson(wid),
    options: selectedOptions.filter(Boolean).map((option) => option.name), t: Math.floor(timestamp ?? 0),
  };
}
