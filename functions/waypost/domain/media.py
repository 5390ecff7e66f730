"""What media is: the types that are accepted, what each may be sent as, and what a file is once it is made to fit.

type (R-MED-1)      sent as, the first unless the sender says otherwise
image jpeg png      image · sticker · document
image gif webp      image (gif when it moves) · sticker · document
video mp4 3gpp      video · gif · document
audio mpeg mp4 amr ogg    audio · voice · document
pdf doc docx txt zip      document
"""

from dataclasses import dataclass
from typing import Any, Literal

# `gif` is how WhatsApp shows moving pictures: a video without sound that plays by itself, again and again.
Kind = Literal["image", "gif", "video", "audio", "voice", "document", "sticker"]
Family = Literal["image", "video", "audio", "document"]
State = Literal["uploading", "fetching", "checking", "preparing", "ready", "refused"]

MAX_SOURCE_BYTES = 100 * 1024 * 1024  # before it is made to fit; a setting
UPLOAD_MS = 24 * 3600 * 1000  # how long an upload may take; messages wait for it in their place meanwhile
MAX_PREPARED_BYTES = 16 * 1024 * 1024  # R-LIM-2
MAX_IMAGE_BYTES = 5 * 1024 * 1024  # the official API's limit of a picture
MAX_IMAGE_EDGE = 2560  # the longest side that WhatsApp's page, as wa-js asks it, leaves an HD photo
MAX_VIDEO_EDGE = 1280
STICKER_EDGE = 512  # exactly, on both sides
MAX_STICKER_BYTES = 100 * 1024
MAX_MOVING_STICKER_BYTES = 500 * 1024
THUMBNAIL_EDGE = 320
WAVEFORM_VALUES = 64  # each 0 to 100, as WhatsApp draws them

_KINDS: dict[Family, tuple[Kind, ...]] = {
    "image": ("image", "gif", "sticker", "document"),
    "video": ("video", "gif", "document"),
    "audio": ("audio", "voice", "document"),
    "document": ("document",),
}


@dataclass(frozen=True, slots=True)
class MediaType:
    """`aliases` are other names that senders and browsers use for the same thing."""

    mime: str
    family: Family
    extension: str
    aliases: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return _KINDS[self.family]


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ACCEPTED = (
    MediaType("image/jpeg", "image", ".jpg", ("image/jpg", "image/pjpeg", "image/mpo")),
    MediaType("image/png", "image", ".png", ("image/apng", "image/x-png")),
    MediaType("image/gif", "image", ".gif"),
    MediaType("image/webp", "image", ".webp"),
    MediaType("video/mp4", "video", ".mp4", ("video/x-m4v", "application/mp4")),
    MediaType("video/3gpp", "video", ".3gp", ("audio/3gpp", "video/3gp", "video/3gpp2")),
    MediaType("audio/mpeg", "audio", ".mp3", ("audio/mp3", "audio/x-mp3", "audio/mpeg3")),
    MediaType("audio/mp4", "audio", ".m4a", ("audio/x-m4a", "audio/m4a", "audio/aac", "video/mp4")),
    MediaType("audio/amr", "audio", ".amr", ("audio/amr-wb", "audio/3gpp")),
    MediaType("audio/ogg", "audio", ".ogg", ("audio/opus", "audio/x-opus+ogg", "application/ogg", "audio/vorbis")),
    MediaType("application/pdf", "document", ".pdf", ("application/x-pdf",)),
    MediaType("application/msword", "document", ".doc", ("application/x-msword",)),
    MediaType(DOCX, "document", ".docx", ("application/zip", "application/x-zip-compressed")),
    MediaType("text/plain", "document", ".txt", ("text/csv", "text/markdown", "text/x-log", "application/json")),
    MediaType("application/zip", "document", ".zip", ("application/x-zip-compressed", "application/x-zip")),
)
BY_MIME = {accepted.mime: accepted for accepted in ACCEPTED}
# What senders declare who do not know: it is no claim, so it cannot be wrong.
UNDECLARED = ("", "application/octet-stream", "binary/octet-stream")


def declares(declared: str, found: MediaType) -> bool:
    """Whether a sender who says `declared` (a MIME type, perhaps with parameters) may have meant this type."""
    claim = declared.partition(";")[0].strip().lower()
    return claim in UNDECLARED or claim == found.mime or claim in found.aliases


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a file. An empty `declared` claims nothing; without a `kind` the type decides."""

    declared: str = ""
    kind: Kind | None = None
    max_source_bytes: int = MAX_SOURCE_BYTES
    max_prepared_bytes: int = MAX_PREPARED_BYTES


@dataclass(frozen=True, slots=True)
class Note:
    """What was changed and why, for people; `code` is stable."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that fits. Width and height are as it is shown, in pixels; the thumbnail, a JPEG, lies beside it.

    `mime` is what WhatsApp is told. `untouched`: the bytes are the sender's own. `pages` and `waveform` are known of
    some documents and of voice notes only."""

    kind: Kind
    mime: str
    extension: str
    size: int
    sha256: str
    untouched: bool
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    waveform: tuple[int, ...] | None = None
    has_thumbnail: bool = False
    notes: tuple[Note, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Prepared":
        """The reverse of `dataclasses.asdict`, after a journey as JSON."""
        wave = value["waveform"]
        notes = tuple(Note(**note) for note in value["notes"])
        return cls(**{**value, "waveform": None if wave is None else tuple(wave), "notes": notes})
