"""Gathers what proves that a session lives: its page answers, its line is open, acknowledgements come back."""

from collections.abc import Callable
from dataclasses import replace

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.observations import AckSeen, LoginSeen, MessageSeen
from containers.worker.signals import NO_LINE, Observation
from waypost.domain.health import Evidence
from waypost.domain.ids import whatsapp_hex

_NEWS_SECONDS = 300.0  # a message older than that was waiting for us: it is no sign that somebody is there


class Vitals:
    """Of one session. `now_ms` is the wall clock, for people; `clock` never jumps, for what is measured."""

    def __init__(
        self, acks: Acknowledgements, *, now_ms: Callable[[], int], clock: Callable[[], float], active_ms: int
    ) -> None:
        """`active_ms`: when the last message came or went, as an earlier owner left it; 0 when nobody knows."""
        self.acks = acks
        self.active_ms = active_ms or now_ms()
        self._now_ms = now_ms
        self._clock = clock
        self._evidence = Evidence()
        self._active_since = clock() - max(0, now_ms() - self.active_ms) / 1000

    @property
    def idle_seconds(self) -> float:
        """Since the last message that came or went, or the last request for this session."""
        return self._clock() - self._active_since

    def active(self) -> None:
        """Somebody uses the session."""
        self._active_since, self.active_ms = self._clock(), self._now_ms()

    def answered(self) -> None:
        """The page answers."""
        self._note(page_answered_ms=self._now_ms())

    def troubled(self, trouble: str) -> None:
        """Something was done to the browser for its health."""
        self._note(restarts=self._evidence.restarts + 1, last_trouble=trouble, last_trouble_ms=self._now_ms())
        self._note(socket="unknown")  # until the page that comes says so

    def note(self, seen: Observation) -> None:
        """Whatever was seen of the session."""
        match seen:
            case LoginSeen():
                self._note(socket=_socket(seen), page_answered_ms=self._now_ms())
            case AckSeen():
                self._hear(seen)
            case MessageSeen(key=key):
                if not key.from_me:
                    self._note(last_received_ms=self._now_ms())
                if seen.t is None or seen.t * 1000 > self._now_ms() - _NEWS_SECONDS * 1000:
                    self.active()
            case _:
                pass

    def _hear(self, seen: AckSeen) -> None:
        """A refusal is an answer, too, but acknowledges nothing."""
        self.acks.heard()
        if seen.ack > 0:
            self._note(last_ack_ms=self._now_ms())
            return
        for message_id in self.acks.outstanding:
            if whatsapp_hex(message_id) in seen.ids:
                self.acks.dropped(message_id)

    def evidence(self) -> Evidence:
        now_ms, outstanding = self._now_ms(), len(self.acks.outstanding)
        oldest = now_ms - int(self.acks.oldest_seconds * 1000) if outstanding else 0
        return replace(self._evidence, checked_ms=now_ms, acks_outstanding=outstanding, oldest_unacknowledged_ms=oldest)

    def _note(self, **changes: int | str) -> None:
        self._evidence = replace(self._evidence, **changes)  # type: ignore[arg-type]  # the names are those of Evidence


def _socket(seen: LoginSeen) -> str:
    if seen.online is False or seen.info in NO_LINE:
        return "closed"
    return "open" if seen.online and seen.authenticated else "unknown"
