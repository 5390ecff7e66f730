"""One run of the canaries: they write to each other through the same doors as everybody, and each step has its time.

What is watched is the table and the logs of the two sessions, so it runs in a function, a command and a test alike.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from waypost.domain.addresses import Address, parse_address
from waypost.domain.canary import Pair
from waypost.domain.event import Event
from waypost.domain.ids import make_id
from waypost.domain.wanted import text_to
from waypost.entities.canary import get_canaries, get_pair, put_last, put_pair
from waypost.entities.head import get_head
from waypost.entities.session import Session, get_session
from waypost.errors import WaypostError
from waypost.ports import Queues, Table
from waypost.services.accepting import accept
from waypost.services.contacts import Contacts
from waypost.services.journal import read
from waypost.services.sealing import Seals

_POLL_SECONDS = 0.1
_PAGE = 500
_WORKS = ("working", "restricted")
_ENDED = ("failed", "uncertain", "cancelled", "expired")
_REACHED = ("delivered", "read", "played")


@dataclass(slots=True)
class Report:
    """Milliseconds of each step, in order. `failed_step` is the one that did not come, `code` says why."""

    pair: str = ""
    steps: dict[str, int] = field(default_factory=dict)
    failed_step: str | None = None
    code: str | None = None

    @property
    def passed(self) -> bool:
        return self.failed_step is None


class _Failed(Exception):
    """The message is a code."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What a run goes through, and how many seconds it gives each step."""

    table: Table
    queues: Queues
    seals: Seals
    contacts: Contacts
    now_ms: Callable[[], int]
    step_seconds: float


def run(doors: Doors) -> Report:
    """Tell the whole story once, and judge the pair that both canaries run. Never raises for what a canary does."""
    run_ = _Run(doors)
    put_last(doors.table, doors.now_ms())
    try:
        run_.tell()
    except _Failed as failure:
        run_.report.failed_step, run_.report.code = run_.step, str(failure)
    except WaypostError as error:
        run_.report.failed_step, run_.report.code = run_.step, error.code
    report = run_.report
    if report.pair:
        known = get_pair(doors.table, report.pair)
        put_pair(doors.table, _judged(known, report, doors.now_ms()))
    return report


def _judged(known: Pair, report: Report, now_ms: int) -> Pair:
    return replace(
        known,
        state="passed" if report.passed else "failed",
        first_seen_ms=known.first_seen_ms or now_ms,
        judged_ms=now_ms,
        steps=report.steps,
        failed_step=report.failed_step,
        code=report.code,
    )


class _Run:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._mark = secrets.token_hex(6)
        self.report = Report()
        self.step = "ready"

    def tell(self) -> None:
        first, second = self._timed("ready", self._ready)
        self._leg("", first, second)
        self._leg("reply_", second, first)
        self._timed("same_pair", lambda: self._same_pair(first, second))

    def _ready(self) -> tuple[Session, Session] | None:
        """Both, once they work on one pair. Notes the pair as soon as both name the same, so that a canary that never
        comes to work on it fails it."""
        ids = get_canaries(self._doors.table)
        if not ids:
            raise _Failed("no_canaries")
        found = [get_session(self._doors.table, one) for one in ids]
        here = [one for one in found if one is not None]
        if len(here) < len(ids):
            raise _Failed("canary_deleted")
        builds = {one.build for one in here}
        self.report.pair = builds.pop() if len(builds) == 1 else ""
        works = all(one.status in _WORKS and one.me is not None for one in here)
        return (here[0], here[1]) if works and self.report.pair else None

    def _leg(self, name: str, sender: Session, receiver: Session) -> None:
        """One message from one to the other, until both have told of it."""
        text = f"Waypost canary {self._mark} {name or 'question'}".strip("_")
        ours, theirs = _Log(self._doors, sender.id), _Log(self._doors, receiver.id)
        message = self._timed(f"{name}accepted", lambda: self._accept(sender, receiver, text))
        self._timed(f"{name}sent", lambda: ours.seen(lambda event: _is_sent(event, message)))
        self._timed(f"{name}delivered", lambda: ours.seen(lambda event: _is_delivered(event, message)))
        self._timed(f"{name}received", lambda: theirs.seen(lambda event: _is_received(event, text)))

    def _accept(self, sender: Session, receiver: Session, text: str) -> str:
        doors = self._doors
        message = accept(
            text_to(self._address(receiver), text),
            message_id=make_id("msg", secrets.token_bytes(16)),
            session=sender,
            now_ms=doors.now_ms(),
            table=doors.table,
            queues=doors.queues,
            seals=doors.seals,
            contacts=doors.contacts,
        )
        return message.id

    def _address(self, session: Session) -> Address:
        me: dict[str, Any] = self._doors.seals.open_json(session.tenant, session.id, "me", session.me or b"")
        return parse_address(str(me["id"]))

    def _same_pair(self, *before: Session) -> bool:
        """Else the run proved nothing about either of two pairs."""
        now = [get_session(self._doors.table, one.id) for one in before]
        if any(one is None or one.build != self.report.pair for one in now):
            self.report.pair = ""
            raise _Failed("pair_changed")
        return True

    def _timed[T](self, step: str, look: Callable[[], T | None]) -> T:
        self.step = step
        began = time.monotonic()
        while True:
            found = look()
            if found:
                self.report.steps[step] = round((time.monotonic() - began) * 1000)
                return found
            if time.monotonic() - began > self._doors.step_seconds:
                raise _Failed("not_in_time")
            time.sleep(_POLL_SECONDS)


class _Log:
    """What a session's log tells from now on. Each look goes on where the one before found nothing more."""

    def __init__(self, doors: Doors, session: str) -> None:
        self._doors = doors
        self._session = session
        head = get_head(doors.table, session)
        self._generation, self._after = (1, 0) if head is None else (head.generation, head.number)
        self._told: list[Event] = []

    def seen(self, is_it: Callable[[Event], bool]) -> bool:
        doors = self._doors
        page = read(
            doors.table, doors.seals, self._session, generation=self._generation, after=self._after, limit=_PAGE
        )
        if page:
            self._after = page[-1].number
            self._told += page
        return any(is_it(event) for event in self._told)


def _is_sent(event: Event, message: str) -> bool:
    _refuse_ended(event, message)
    return event.type == "message_sent" and event.message == message


def _is_delivered(event: Event, message: str) -> bool:
    _refuse_ended(event, message)
    return event.message == message and event.type == "message_status_update" and event.data["status"] in _REACHED


def _refuse_ended(event: Event, message: str) -> None:
    """No need to wait for what cannot come any more."""
    if event.message == message and event.type == "message_status_update" and event.data["status"] in _ENDED:
        raise _Failed(str(event.data["status"]))


def _is_received(event: Event, text: str) -> bool:
    return event.type == "message_received" and event.data.get("text") == text
