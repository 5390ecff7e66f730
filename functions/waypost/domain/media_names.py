"""What a file is called when it is shown: names that came from elsewhere are cleaned, not believed."""

import unicodedata

MAX_NAME = 240  # the longest that file systems take, with room for an ending
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # unicode categories: controls, direction marks, halves of pairs


def plain_name(text: str | None) -> str | None:
    """The last part of a path, without what is not seen, at most MAX_NAME characters; the ending stays. None when
    nothing is left."""
    last = (text or "").replace("\\", "/").rpartition("/")[2]
    shown = "".join(sign for sign in last if unicodedata.category(sign) not in _UNSEEN).strip().lstrip(".")
    if len(shown) > MAX_NAME:
        stem, dot, ending = shown.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        shown = shown[: MAX_NAME - len(ending)] + ending
    return shown or None
