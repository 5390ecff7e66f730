"""What a caller wants sent, however it came in: by a request, a row of a file, an object that was dropped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from waypost.domain.addresses import Address
from waypost.domain.contents import MEDIA_KINDS, UNDECIDED, check_contacts, check_file, check_location, check_poll
from waypost.domain.mentions import check_mentions
from waypost.domain.message import Lane, check_text
from waypost.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Template:
    """Which template, and what stands for its variables. `version` None: the newest approved one."""

    name: str
    language: str | None = None
    version: int | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`content` is what `kind` needs; of a text: `{"text": …}`, of others as `contents.py` says. It is sealed as it
    stands when all checks are done. The kind `media` stands for that of a file which is not looked at yet.

    `send_at_ms` and `expires_ms` are unix milliseconds; 0: at once, never. `purpose` is what consent is asked for,
    None: any. `template` is what `content` is made from. `bulk` is the run that the message
    belongs to, `bulk_row` which of its rows it is, `pool` what chose its session.
    """

    to: Address
    content: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "text"
    lane: Lane = "interactive"
    reply_to: str | None = None
    mentions: tuple[Address, ...] = ()
    send_at_ms: int = 0
    expires_ms: int = 0
    purpose: str | None = None
    template: Template | None = None
    bulk: str | None = None
    bulk_row: int = 0
    pool: str | None = None


def text_to(to: Address, text: str, **more: Any) -> Wanted:
    return Wanted(to=to, content={"text": text}, **more)


def check_content(wanted: Wanted) -> None:
    """Whether the content is what its kind may hold. Raises ValidationError or TooLarge."""
    check = _CHECKS.get(wanted.kind)
    if check is None:
        raise ValidationError(
            "Messages of this type cannot be sent.",
            field="type",
            mend=f"Use one of: {', '.join(sorted({*_CHECKS} - {UNDECIDED}))}.",
            code="type_unknown",
        )
    check(wanted)


def _check_text(wanted: Wanted) -> None:
    text = str(wanted.content.get("text", ""))
    check_text(text)
    check_mentions(text, wanted.mentions)


def _check_caption(wanted: Wanted) -> None:
    check_file(wanted.content)
    check_mentions(str(wanted.content.get("text") or ""), wanted.mentions)


def _check_without_text(check: Callable[[Mapping[str, Any]], None]) -> Callable[[Wanted], None]:
    def checked(wanted: Wanted) -> None:
        check(wanted.content)
        check_mentions("", wanted.mentions)

    return checked


_CHECKS: dict[str, Callable[[Wanted], None]] = {
    "text": _check_text,
    **dict.fromkeys((*MEDIA_KINDS, UNDECIDED), _check_caption),
    "location": _check_without_text(check_location),
    "contact": _check_without_text(check_contacts),
    "poll": _check_without_text(check_poll),
}
