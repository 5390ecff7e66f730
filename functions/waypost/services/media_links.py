"""Links to a file, for whoever has no key: good for minutes, for this one file, and nothing is stored of them.

A link's token names the file and its end, with a MAC over both under a secret of the engine's: nobody else can make
one, or lengthen it. Whoever has it can read the file until then.

    {26 letters of the file's id}_{its end, unix seconds, hexadecimal}_{MAC, 32 letters}
"""

import base64
import hmac
import re

from waypost.errors import NotFound
from waypost.ports import Keys

LINK_SECONDS = 300
MAX_LINK_SECONDS = 3600
_TOKEN = re.compile(r"([0-9a-hjkmnp-tv-z]{26})_([0-9a-f]{8})_([a-z2-7]{32})")
_MAC_BYTES = 20


def make_media_link(media_id: str, *, keys: Keys, now_ms: int, seconds: int = LINK_SECONDS) -> tuple[str, int]:
    """The token and until when it is good (unix milliseconds)."""
    ends = now_ms // 1000 + seconds
    said = f"{media_id.removeprefix('med_')}_{ends:08x}"
    return f"{said}_{_mac(said, keys)}", ends * 1000


def open_media_link(token: str, *, keys: Keys, now_ms: int) -> str:
    """The file's id. Raises NotFound `media_link_not_found`, also for one whose time is over."""
    match = _TOKEN.fullmatch(token)
    said = "" if match is None else f"{match[1]}_{match[2]}"
    known = match is not None and hmac.compare_digest(match[3], _mac(said, keys))
    if match is None or not known or int(match[2], 16) * 1000 <= now_ms:
        raise NotFound(
            "This link is not valid, or not any more.",
            mend="Make a new one: POST /v1/media/{id}/link.",
            code="media_link_not_found",
        )
    return f"med_{match[1]}"


def _mac(said: str, keys: Keys) -> str:
    return base64.b32encode(keys.mac("media-link", said.encode())[:_MAC_BYTES]).decode().lower()
