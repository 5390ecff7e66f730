"""Which bytes of a file one answer holds (RFC 9110, section 14), where no answer may hold many."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Both ends included; of an empty file `last` is before `first`. `whole`: it was not asked for by a range."""

    first: int
    last: int
    whole: bool = False


def part_asked(header: str | None, size: int, most: int) -> Part | None:
    """What is answered to a Range header: the part, cut to `most` bytes as a server may; all, where none that can be
    understood is asked for; None: nothing of what is asked for is there (416), or all is more than one answer holds."""
    match = None if header is None else _ONE.fullmatch(header.replace(" ", ""))
    if match is None or (match[1] is None and match[2] is None):
        return Part(0, size - 1, whole=True) if size <= most else None
    if match[1] is None:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), size - 1 if match[2] is None else min(int(match[2]), size - 1)
        if match[2] is not None and int(match[2]) < first:
            return Part(0, size - 1, whole=True) if size <= most else None
    return None if first > last else Part(first, min(last, first + most - 1))
