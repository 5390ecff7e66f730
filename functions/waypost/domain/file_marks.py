"""What the first bytes say that a file is. No decoder is asked: they only tell whether a claim can be true.

A file that came in bears the type that WhatsApp says, unless its own marks say another; who serves it adds that
browsers must not guess (`nosniff`), and lets them show pictures, films and sounds only.
"""

import re

HEAD_BYTES = 64
UNKNOWN = "application/octet-stream"

_MARKS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftyp3g", re.DOTALL), "video/3gpp"),
    (re.compile(rb".{4}ftypM4A", re.DOTALL), "audio/mp4"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"#!AMR"), "audio/amr"),
    (re.compile(rb"ID3|\xff[\xe2-\xfb]"), "audio/mpeg"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/msword"),
)
# Containers: what is in them is not told by their first bytes, so a claim of the same box stands.
_BOXES = {
    "video/mp4": ("video/", "audio/mp4", "audio/aac", "audio/m4a", "audio/x-m4a"),
    "audio/mp4": ("audio/", "video/mp4"),
    "video/3gpp": ("video/", "audio/3gpp"),
    "audio/ogg": ("audio/", "video/ogg", "application/ogg"),
    "audio/mpeg": ("audio/",),
    "application/zip": ("application/",),
    "application/msword": ("application/",),
}
_SHOWN = re.compile(r"image/(jpeg|png|gif|webp)|video/(mp4|3gpp)|audio/(mpeg|mp4|amr|ogg|aac)")


def type_of(head: bytes, claim: str | None) -> str:
    """The type, in lower case and without parameters: the claim's, unless the bytes say that it cannot be true.
    Without bytes it is the claim."""
    said = (claim or "").partition(";")[0].strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*", said):
        said = UNKNOWN
    if not head:
        return said
    found = next((mime for mark, mime in _MARKS if mark.match(head)), None)
    if found is None:
        return said if said.partition("/")[0] not in ("image", "video") else UNKNOWN
    return said if said == found or said.startswith(_BOXES.get(found, ())) else found


def may_be_shown(mime: str) -> bool:
    """Whether a browser may show it in place: what can run a script is only ever saved."""
    return _SHOWN.fullmatch(mime) is not None
