"""What a file of the drop is sent with: read from the JSON beside it, and from the object's metadata.

    {"caption": "For {{name}}", "lane": "bulk", "reply_to": "msg_…", "template": {"name": …, "variables": {…}}, …}

The names are those of a message in the API; `caption` is its `text`. Of metadata, whose names know no `_`, the same
with `-`; `template` is the template's name there, and `template-language`, `template-version` and `template-variables`
(JSON) go with it. Where both say something, the JSON counts. What JSON says and nobody knows is an error, because it
would be a caption that nobody gets; metadata holds what programs put there, so there it is left alone.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from waypost.domain.addresses import parse_address
from waypost.domain.media import Kind
from waypost.domain.media_names import MAX_NAME
from waypost.domain.mentions import MAX_MENTIONS
from waypost.domain.message import Lane
from waypost.domain.template import MAX_VARIABLES
from waypost.domain.times import parse_time
from waypost.domain.wanted import Template, Wanted
from waypost.errors import ValidationError

MAX_BYTES = 64 * 1024
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}", re.ASCII)
_TEMPLATE_FIELDS = ("name", "language", "version", "variables")


@dataclass(frozen=True, slots=True)
class Note:
    """`said` holds what was given, by the JSON's names; each value is of the right kind."""

    said: Mapping[str, Any]

    def over(self, other: "Note") -> "Note":
        """Both, this one first."""
        return Note({**other.said, **self.said})

    @property
    def kind(self) -> Kind | None:
        return cast("Kind | None", self.said.get("kind"))

    @property
    def filename(self) -> str | None:
        return self.said.get("filename")

    def applied(self, wanted: Wanted, media: str, name: str) -> Wanted:
        """The message that carries this file. Raises ValidationError for addresses and times that are none."""
        said = self.said
        template = said.get("template")
        text = said.get("caption")
        if text is not None and template is not None:
            raise _wrong("template", "There are a caption and a template.", "Leave one of them out.")
        content: dict[str, Any] = {"media": media, "text": text or "", "filename": self.filename or name}
        if self.kind is not None:
            content["as"] = self.kind
        if said.get("view_once"):
            content["view_once"] = True
        return replace(
            wanted,
            content=content,
            lane=said.get("lane", wanted.lane),
            reply_to=said.get("reply_to"),
            template=None if template is None else Template(**template),
            purpose=said.get("purpose"),
            send_at_ms=parse_time(said["send_at"], field="send_at") if "send_at" in said else 0,
            expires_ms=parse_time(said["expires_at"], field="expires_at") if "expires_at" in said else 0,
            mentions=tuple(
                parse_address(chat, field=f"mentions.{at}") for at, chat in enumerate(said.get("mentions", []))
            ),
        )


def read_note(data: bytes) -> Note:
    """Raises ValidationError `drop_note_invalid`, whose `field` says where."""
    if len(data) > MAX_BYTES:
        raise _wrong("json", f"The JSON is larger than {MAX_BYTES} bytes.", "Shorten it.")
    try:
        said = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _wrong("json", "The JSON is not in UTF-8.", "Save it in UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _wrong(where, "This is not JSON.", "Mend it there; a checker of JSON shows what is wrong.") from None
    except (RecursionError, ValueError):
        raise _wrong(
            "json", "The JSON is too deep, or a number too long.", "Give only fields that are known."
        ) from None
    if not isinstance(said, dict):
        raise _wrong("json", "The JSON is no object.", 'Begin it with { and give fields, as in {"caption": "Hello"}.')
    if "text" in said:
        if "caption" in said:
            raise _wrong("text", "`text` and `caption` are the same.", "Leave one of them out.")
        said["caption"] = said.pop("text")
    return Note({name: _checked(name, value) for name, value in said.items() if value is not None})


def note_in(metadata: Mapping[str, str]) -> Note:
    """Raises ValidationError `drop_note_invalid`."""
    said: dict[str, Any] = {}
    template: dict[str, Any] = {}
    for name, value in metadata.items():
        known = name.replace("-", "_")
        if known == "template":
            template["name"] = value
        elif known.startswith("template_") and known.removeprefix("template_") in _TEMPLATE_FIELDS[1:]:
            template[known.removeprefix("template_")] = _unwritten(known, value)
        elif known in _CHECKS:
            said[known] = _unwritten(known, value)
    if template:
        said["template"] = template
    return Note({name: _checked(name, value) for name, value in said.items()})


def _unwritten(name: str, value: str) -> Any:
    """Metadata knows text only."""
    if name in ("template_variables", "mentions"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise _wrong(name.replace("_", "-"), "This is not JSON.", "Write it as JSON.") from None
    if name == "view_once":
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    if name == "template_version" and value.isdecimal() and len(value) < 6:
        return int(value)
    return value


def _checked(name: str, value: Any) -> Any:
    check = _CHECKS.get(name)
    if check is None:
        shown = name if name.isascii() and name.isprintable() and len(name) <= 40 else "json"
        raise _wrong(shown, "There is no such field.", f"Use some of: {', '.join(sorted(_CHECKS))}.")
    return check(name, value)


def _text(most: int) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > most or "\0" in value:
            raise _wrong(name, f"This is to be a text of 1 to {most} characters.", "Mend it, or leave it out.")
        return value

    return check


def _one_of(*known: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if value not in known:
            raise _wrong(name, "There is no such choice.", f"Use one of: {', '.join(known)}.")
        return str(value)

    return check


def _purpose(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _PURPOSE.fullmatch(value):
        raise _wrong(name, "This is no purpose.", "Use lower-case letters, digits, - and _.")
    return value


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "This is to be true or false.", "Write true or false.")
    return value


def _mentions(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_MENTIONS or not all(isinstance(one, str) for one in value):
        raise _wrong(name, f"This is to be a list of at most {MAX_MENTIONS} chat ids.", "Mend it, or leave it out.")
    return value


def _template(name: str, value: Any) -> dict[str, Any]:
    given = {"name": value} if isinstance(value, str) else value
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise _wrong(name, "This is no template.", 'Give its name, or {"name": …, "language": …, "variables": {…}}.')
    for field, wanted in given.items():
        if field not in _TEMPLATE_FIELDS:
            raise _wrong(name, "A template has no such field.", f"It has: {', '.join(_TEMPLATE_FIELDS)}.")
        if wanted is not None and not _FITS[field](wanted):
            raise _wrong(f"{name}.{field}", "This is of a wrong kind.", "See the API's documentation of templates.")
    return {field: wanted for field, wanted in given.items() if wanted is not None}


def _are_variables(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_VARIABLES
        and all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in value.values())
    )


_FITS: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str),
    "language": lambda value: isinstance(value, str),
    "version": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "variables": _are_variables,
}
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "caption": _text(100_000),  # how long it may be is the message's own rule
    "lane": _one_of(*get_args(Lane)),
    "kind": _one_of(*get_args(Kind)),
    "reply_to": _text(64),
    "template": _template,
    "purpose": _purpose,
    "filename": _text(MAX_NAME),
    "view_once": _yes_or_no,
    "send_at": _text(64),
    "expires_at": _text(64),
    "mentions": _mentions,
}

FIELDS = tuple(sorted(_CHECKS))


def _wrong(field: str, message: str, mend: str) -> ValidationError:
    return ValidationError(message, field=field, mend=mend, code="drop_note_invalid")
