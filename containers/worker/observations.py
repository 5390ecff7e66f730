"""What the browser side can tell the worker, as frozen dataclasses. Bodies, numbers and codes stay out of `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from containers.worker.naming import NOBODY
from containers.worker.naming import MessageKey as MessageKey
from containers.worker.naming import Person as Person
from containers.worker.observed_changes import ChangeSeen, ReadSeen
from containers.worker.observed_content import FileSeen, VoteSeen


@dataclass(frozen=True, slots=True)
class CodeShown:
    """The QR code on the screen changed; None when there is none any more."""

    code: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginSeen:
    """All the page knows of its connection. `authenticated` is the only sign of a login; `full_ready` says that
    acknowledgements are heard; `mode` and `info` are WhatsApp's stream mode and info, None until injected;
    `pairing`: a phone took the code, also while the mode still is the one of codes."""

    injected: bool = False
    full_ready: bool = False
    authenticated: bool = False
    main_loaded: bool = False
    mode: str | None = None
    info: str | None = None
    online: bool | None = None
    idle: bool = False
    needs_update: bool = False
    pairing: bool = False
    me: Person = NOBODY
    wa_js: str = ""
    build: str | None = None

    @property
    def working(self) -> bool:
        """Logged in, caught up, and every event is heard."""
        return self.authenticated and self.main_loaded and self.full_ready and (self.mode, self.info) == _CAUGHT_UP


_CAUGHT_UP = ("MAIN", "NORMAL")


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """A message in a chat, ours (also from another device) or a person's. `type` is WhatsApp's: `chat` is text.

    `t` is in seconds; `quoted_id` the hex part of what it answers; `author` is None for our own; `chat` is None
    for a group; `name` is what the author calls himself; `edit_id` names its newest edit; `reacted`: somebody has.
    `parts` has what a place, cards or a poll hold, each under that name.
    """

    key: MessageKey
    type: str
    body: str | None = field(repr=False)
    t: int | None
    ack: int | None = None
    quoted_id: str | None = None
    quoted_key: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    file: FileSeen | None = None
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    mentions: tuple[Person, ...] = ()
    edit_id: str | None = None
    reacted: bool = False
    chat: Person | None = None
    author: Person | None = None


@dataclass(frozen=True, slots=True)
class AckSeen:
    """-1 refused, 1 the server has it, 2 delivered, 3 read, 4 played. Match on `ids`, the hex parts: in groups the
    key names the receiver, who is `participant`."""

    ids: tuple[str, ...]
    ack: int
    chat: str = field(repr=False)
    person: Person | None = None
    participant: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TypingSeen:
    """`state` is `composing`, `recording` or `paused`."""

    chat: str = field(repr=False)
    state: str
    person: Person | None = None
    participant: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PresenceSeen:
    chat: str = field(repr=False)
    online: bool
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The device is no longer linked; the page wipes itself and shows a code again. `reason` is WhatsApp's word."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class UpdateNeeded:
    """WhatsApp wants the page loaded anew, in a newer build."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody scanned: the page shows no new code until it is asked to."""


@dataclass(frozen=True, slots=True)
class PasskeyAsked:
    """WhatsApp wants a passkey before it links the device."""


@dataclass(frozen=True, slots=True)
class RestrictionSeen:
    """WhatsApp refuses new chats for a while; replies still go. `until_ms`, unix, where the page knows the end."""

    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PageTrouble:
    """The page could not turn one of wa-js's events into an observation: wa-js and WhatsApp may have drifted apart."""

    where: str
    code: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Batches of the page are missing: what they held must be looked up (`backfill.py`)."""

    expected: int
    got: int


@dataclass(frozen=True, slots=True)
class PageCrashed:
    """The renderer died; the browser is up. What is known of why: crashes.py."""

    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class BrowserGone:
    """The browser ended, by itself or killed."""

    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class PageHung:
    """The page did not answer in time."""


PageObservation = (
    CodeShown
    | LoginSeen
    | MessageSeen
    | ChangeSeen
    | ReadSeen
    | VoteSeen
    | AckSeen
    | TypingSeen
    | PresenceSeen
    | LoggedOut
    | UpdateNeeded
    | Idle
    | PasskeyAsked
    | RestrictionSeen
    | PageTrouble
    | Gap
)
BrowserObservation = PageCrashed | BrowserGone | PageHung


@dataclass(frozen=True, slots=True)
class Batch:
    """Observations in their order. `page` and `number` name the batch; its credit goes back by `page.settle(batch)`."""

    page: str
    number: int
    observations: tuple[PageObservation, ...]
