"""What a place in the drop means: whose session, which chat, a file or a note about one, or nothing that is sent.

drop/{session}/{chat}/photo.jpg          a file to be sent; the chat may be percent-encoded
drop/{session}/{chat}/photo.jpg.json     what to send it with (drop_notes.py); before or after it
rejected/{session}/{chat}/photo.jpg      what was refused, with photo.jpg.reason.json beside it
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from waypost.domain.ids import is_id
from waypost.errors import ValidationError

ROOT, REJECTED = "drop", "rejected"
NOTE = ".json"
REASON = ".reason.json"
NOTE_WAIT_MS = 900_000  # how long a note waits for its file: the longest that a queue delays a message
KEPT_MS = 20 * 3600 * 1000  # then the drop is emptied of it: within a day, with room for an hourly look
MAX_PLACES = 50  # of one name under rejected/

# What systems and programs leave behind, and what is still being written: it is never meant for anybody.
_NEVER_SENT = re.compile(
    r"\..*|~\$.*|.*~|(thumbs\.db|desktop\.ini|icon\r)|.*\.(part|partial|crdownload|download|tmp|filepart|swp|swx)",
    re.IGNORECASE | re.DOTALL,
)
_MEND = "Put it to drop/{session id}/{chat}/{file name}: the chat is a number, a chat id or a contact_id."


@dataclass(frozen=True, slots=True)
class Place:
    """`chat` is as it was written, decoded."""

    session: str
    chat: str
    name: str


def read_place(key: str) -> Place:
    """Raises ValidationError `drop_place`, `drop_folder` or `drop_name`; no text repeats what was written (P6)."""
    root, *parts = key.split("/")
    if any("\ud800" <= sign <= "\udfff" for sign in key):
        raise _wrong("drop_name", "The name is not in UTF-8.", "Rename it.")
    if root != ROOT or len(parts) < 3 or not all(parts):
        raise _wrong("drop_place", "There is no chat, or no session, in the place of the file.", _MEND)
    if len(parts) > 3:
        raise _wrong("drop_folder", "A folder cannot be sent.", "Put its files into the chat's folder, or pack a zip.")
    session, chat, name = parts
    if not is_id("ses", session):
        raise _wrong("session_not_found", "There is no such session.", "List them with GET /v1/sessions.", "session")
    return Place(session, unquote(chat), name)


def is_never_sent(key: str) -> bool:
    """Whether a name says that this is no file to be sent."""
    name = key.rpartition("/")[2]
    return not name or _NEVER_SENT.fullmatch(name) is not None


def noted_file(key: str) -> str | None:
    """The file that this would be a note about; None when it is no note."""
    return key.removesuffix(NOTE) if key.endswith(NOTE) and not key.endswith("/" + NOTE) else None


def note_of(key: str) -> str:
    return key + NOTE


def reason_of(key: str) -> str:
    return key + REASON


def rejected_place(key: str, number: int) -> str:
    """Where a refused file goes. `number` counts from 1 the files of this name that lie there: one never takes the
    place of another."""
    rest = key.partition("/")[2] or "unnamed"
    folder, slash, name = rest.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if number > 1:
        name = f"{stem}-{number}{dot}{ending}" if stem else f"{name}-{number}"
    return f"{REJECTED}/{folder}{slash}{name}"


def _wrong(code: str, message: str, mend: str, field: str = "place") -> ValidationError:
    return ValidationError(message, field=field, mend=mend, code=code)
