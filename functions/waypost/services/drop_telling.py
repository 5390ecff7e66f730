"""Telling the function `drop` where to look: what S3 says by itself, and what we say, which names no place in clear.

{"Records": [{"s3": {"object": {"key": …}}}]}   S3's own, in which the key is quoted; it holds a number
{"place": …}                                    the same from us: sealed, in base64
{"follow": drop, "step": …}                     look what became of a file's message
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from waypost.ports import MAX_DELAY_SECONDS, Queues
from waypost.services.sealing import Seals

_OURS, _PURPOSE = "drop", "drop-place"  # whose place it is, is not known yet: a key of the drop's own seals it


def tell(key: str, *, seals: Seals, queues: Queues, delay_seconds: int = 0) -> None:
    """Have a place looked at, `delay_seconds` (as long as a queue can) from now. Names that are not in UTF-8 keep
    their bytes."""
    quoted = quote_plus(key, safe="/", errors="surrogateescape")
    sealed = b64encode(seals.seal(_OURS, _OURS, _PURPOSE, quoted.encode())).decode()
    queues.queue("drop").send(json.dumps({"place": sealed}), delay_seconds=min(delay_seconds, MAX_DELAY_SECONDS))


def follow_later(drop: str, step: int, seconds: int, queues: Queues) -> None:
    """Have somebody look what became of its message."""
    body = json.dumps({"follow": drop, "step": step})
    queues.queue("drop").send(body, delay_seconds=min(seconds, MAX_DELAY_SECONDS))


def places_in(message: Mapping[str, Any], seals: Seals) -> list[str]:
    """The keys that a message names; none in what S3 says when it is told to tell."""
    quoted = [record["s3"]["object"]["key"] for record in message.get("Records", [])]
    if "place" in message:
        quoted.append(seals.open(_OURS, _OURS, _PURPOSE, b64decode(message["place"])).decode())
    return [unquote_plus(key, errors="surrogateescape") for key in quoted]
