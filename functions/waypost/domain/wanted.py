"""What a caller wants sent, however it came in: by a request, a row of a file, an object that was dropped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from waypost.domain.addresses import Address
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
    """`content` is what `kind` needs; of a text: `{"text": …}`. It is sealed as it stands when all checks are done.

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
            mend=f"Use one of: {', '.join(sorted(_CHECKS))}.",
            code="type_unknown",
        )
    check(wanted)


def _check_text(wanted: Wanted) -> None:
    text = str(wanted.content.get("text", ""))
    check_text(text)
    check_mentions(text, wanted.mentions)


# By kind; media has more of them.
_CHECKS: dict[str, Callable[[Wanted], None]] = {"text": _check_text}
