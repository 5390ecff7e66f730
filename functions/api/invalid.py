"""What pydantic found wrong, in our words: `{field, code, message, mend}`, never the input itself (P6)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from api.problems import InvalidRequest

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}\Z", re.ASCII)

# pydantic's type of error: our code, message and mend. `{…}` are limits out of our own models, never input.
_WORDS: dict[str, tuple[str, str, str]] = {
    "text_or_template": (
        "missing",
        "There is nothing to send: neither a text, a template, a file nor anything else.",
        "Give one of text, template, media, location, contacts and poll.",
    ),
    "two_contents": (
        "too_many",
        "There are two things to send at once.",
        "Give one of them; only with a file may a text or a template stand, as its caption.",
    ),
    "without_media": ("without_media", "This is said of a file, and there is none.", "Give media, or leave it out."),
    "media_id_or_url": ("id_or_url", "A file is named either by its id or by its URL.", "Give one of them."),
    "size_or_url": (
        "size_or_url",
        "A file is either sent, which needs its size, or fetched, which needs its URL.",
        "Give one of size and url.",
    ),
    "empty_file": ("media_empty", "The file is empty.", "Give the bytes that it has: an empty file cannot be sent."),
    "name_not_path": ("not_a_name", "This is a path, not a name.", "Give the last part of it, without slashes."),
    "phones_or_vcard": ("phones_or_vcard", "A card is made from phones, or given whole.", "Give one of them."),
    "text_and_template": ("too_many", "There are a text and a template.", "Give one of them."),
    "missing": ("missing", "This is required.", "Give it."),
    "extra_forbidden": ("unknown_field", "There is no such field.", "Leave it out, or check its spelling."),
    "string_too_short": ("too_short", "This is too short.", "Give at least {min_length} characters."),
    "string_too_long": ("too_long", "This is too long.", "Give at most {max_length} characters."),
    "too_long": ("too_many", "These are too many.", "Give at most {max_length}."),
    "too_short": ("too_few", "These are too few.", "Give at least {min_length}."),
    "string_pattern_mismatch": ("bad_format", "This does not have the right form.", "See the field in /openapi.json."),
    "greater_than_equal": ("too_small", "This number is too small.", "Give at least {ge}."),
    "less_than_equal": ("too_large", "This number is too large.", "Give at most {le}."),
    "literal_error": ("not_allowed", "This value is not one of those allowed.", "Give {expected}."),
    "value_error": ("bad_format", "This does not have the right form.", "See the field in /openapi.json."),
}
# Of bulk runs: what names a file elsewhere.
_NOT_MEDIA_ID = ("media", "media_url")
_MEDIA_ID = "Name the file by `media_id`; POST /v1/media gives it, and fetches a URL, too."
_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "model": "an object",
    "dict": "an object",
    "list": "a list",
}


def invalid(errors: Sequence[Mapping[str, Any]], route: str = "") -> InvalidRequest:
    """All of them, in the order of the request's fields. `route` is the pattern of the address."""
    found = [_in_our_words(error) for error in errors]
    if route == "/v1/bulk":
        found = [_with_media_id(error) for error in found]
    return InvalidRequest(found)


def _with_media_id(error: dict[str, str]) -> dict[str, str]:
    misnamed = error["code"] == "unknown_field" and error["field"].rpartition(".")[2] in _NOT_MEDIA_ID
    return {**error, "mend": _MEDIA_ID} if misnamed else error


def _in_our_words(error: Mapping[str, Any]) -> dict[str, str]:
    kind = str(error["type"])
    code, message, mend = _WORDS.get(kind) or _wrong_type(kind)
    limits = error.get("ctx") or {}
    location = error["loc"]
    if "field" in limits:  # what was found while another field was looked at
        location = (*location[:-1], limits["field"])
    return {
        "field": _field(location),
        "code": code,
        "message": message,
        "mend": _filled(mend, limits) if "{" in mend else mend,
    }


def _filled(mend: str, limits: Mapping[str, Any]) -> str:
    plain = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in limits.items()
    }
    return mend.format_map(plain).replace(" 1 characters.", " 1 character.")


def _wrong_type(kind: str) -> tuple[str, str, str]:
    wanted = _KINDS.get(kind.partition("_")[0], "another type")
    return "wrong_type", "This has the wrong type.", f"Give {wanted}."


def _field(location: Sequence[Any]) -> str:
    """`identity.viewport.width`. A name that the caller made up is repeated only when it looks like a name."""
    parts = [str(part) for part in location]
    parts = parts[1:] if parts[:1] in (["body"], ["query"], ["path"], ["header"]) else parts
    named = [part if (part.isdigit() and len(part) < 4) or _NAME.match(part) else "(unnamed)" for part in parts]
    return ".".join(named) or "body"
