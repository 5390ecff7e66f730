// Files that came in: WhatsApp loads and decrypts one, and the worker takes it out piece by piece, by the protocol.

const BLOBS_HELD = 4;
const THUMBNAIL_CHARS = 150_000; // WhatsApp's own have some thousand
const holding = new Map();
let tickets = 0;

/** WhatsApp sends a small JPEG along, in base64. */
function thumbnailOf(message) {
  const found = [message.thumbnail, message.body].find((one) => typeof one === 'string' && one.startsWith('/9j/'));
  return found && found.length <= THUMBNAIL_CHARS ? found : null;
}

function drop(ticket) {
  holding.delete(ticket);
}

const fileCalls = {
  /** Loads the file of a message, from WhatsApp's servers or, when they have it no more, from the account's phone. */
  async loadFile({ key }) {
    requireWorking();
    const message = (await findByKey(key)) ?? (await findMoved(key));
    if (!message) throw new Refused('message_not_in_whatsapp');
    if (message.type === 'revoked') throw new Refused('message_revoked');
    const thumbnail = thumbnailOf(message);
    const blob = await WPP.chat.downloadMedia(String(message.id));
    tickets += 1;
    // As bytes: of a blob that calls itself text, the protocol gives letters, and loses what is no UTF-8.
    holding.set(tickets, blob.slice(0, blob.size, 'application/octet-stream'));
    if (holding.size > BLOBS_HELD) drop(holding.keys().next().value); // of a worker that gave up on it
    return { ticket: tickets, size: blob.size, mime: blob.type || null, thumbnail };
  },
  dropFile: ({ ticket }) => drop(ticket),
};

/** The file itself, for the worker to read by the protocol. */
const held = (ticket) => holding.get(ticket);
