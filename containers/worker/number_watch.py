"""Watches over a session's number: counts what people and WhatsApp do with its messages, and says when it is at risk.

Counts gather in memory and are written every half a minute, so that a message costs no write more; what a crash takes
with it is half a minute of a statistic over seven days. When the number comes to be at risk, bulk is paused, once:
whoever lets it go on has seen the reasons.
"""

import asyncio
from collections import Counter
from dataclasses import asdict

from containers.worker.patience import patiently
from containers.worker.recorder import Recorder
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.event import Draft, rfc3339
from waypost.domain.failures import Failure
from waypost.domain.message import REACHED, Message, Status
from waypost.domain.number_health import Health, Level, health_of
from waypost.entities.chat import get_chat
from waypost.entities.message import get_message
from waypost.entities.number_day import count_write, last_days
from waypost.entities.queue_pause import Pause, get_pause, pause_write
from waypost.entities.send_log import newest_done
from waypost.entities.session import Session, get_session, judged_write
from waypost.ports import Write
from waypost.services.journal import Entry

EVERY_S = 30.0
SILENT_AFTER_MS = 86_400_000  # a phone that was off for a day is no sign; many of them are (domain/number_health.py)
_SILENCE_EVERY_MS = 3_600_000
_MANY = 1000  # R-LIM-1: no hour has more
REASON = "number_at_risk"


class NumberWatch:
    """Of one session under one owner."""

    def __init__(self, app: App, session: Session, recorder: Recorder, *, every: float = EVERY_S) -> None:
        self._app = app
        self._session = session
        self._recorder = recorder
        self._every = every
        self._counts: Counter[str] = Counter()
        self._reached: list[tuple[str, int]] = []  # contact and time of what was sent since the last look
        self._looked_ms = app.now_ms()
        self._silence_ms = app.now_ms() - SILENT_AFTER_MS
        self._health = _last_known(session)

    def stepped(self, message: Message, status: Status, failure: Failure | None) -> None:
        """A message of ours took a step."""
        if message.source == "api" and message.status in ("sending", "accepted"):
            if status in REACHED:
                self._counts["sent"] += 1
                self._reached.append((message.contact, message.created_ms))
            elif failure is not None:
                self._counts["failed"] += 1
                self._counts["unknown_numbers"] += failure.code == "not_on_whatsapp"

    def opted_out(self) -> None:
        """Somebody said stop."""
        self._counts["opted_out"] += 1

    def restricted(self) -> None:
        """WhatsApp refuses new chats."""
        self._counts["restrictions"] += 1

    async def run(self) -> None:
        """Until cancelled. Raises Fenced, or an engine's error."""
        while True:
            await asyncio.sleep(self._every)
            if self._counts or self._health[0] < 100:  # points are lost with time, too
                await self.look()

    async def look(self) -> None:
        """Write down what was counted, and tell what changed."""
        counts, self._counts = self._counts, Counter()
        reached, self._reached = self._reached, []
        await patiently(self._write_down, counts, reached)
        health = await patiently(self._judge)
        if (health.score, health.level) != self._health:
            await self._tell(health)
            self._health = (health.score, health.level)

    def _write_down(self, counts: Counter[str], reached: list[tuple[str, int]]) -> None:
        app, now_ms = self._app, self._app.now_ms()
        counts["first_contacts"] += sum(self._was_first(contact, created_ms) for contact, created_ms in reached)
        answers = newest_done(app.table, self._session.id, "ANSWERED", since_ms=self._looked_ms + 1, limit=_MANY)
        counts["answered"] += len(answers)
        counts["silent"] += self._silent(now_ms)
        self._looked_ms = now_ms
        if counts.total():
            app.table.update(count_write(self._session.id, +counts, now_ms))

    def _was_first(self, contact: str, created_ms: int) -> bool:
        """Whether somebody had never written when a message to them was made."""
        inbound_ms = get_chat(self._app.table, self._session.id, contact).inbound_ms
        if 0 < inbound_ms <= created_ms:
            return False
        chats = self._app.contacts.addresses(self._session.tenant, contact)
        return parse_address(chats[0]).kind != "group"

    def _silent(self, now_ms: int) -> int:
        """How many messages have come of the age at which each should have reached a device, and did not."""
        since_ms, until_ms = self._silence_ms, now_ms - SILENT_AFTER_MS
        if until_ms - since_ms < _SILENCE_EVERY_MS:
            return 0
        self._silence_ms = until_ms
        done = newest_done(self._app.table, self._session.id, "SENT", since_ms=since_ms, until_ms=until_ms, limit=_MANY)
        messages = (get_message(self._app.table, one.message) for one in done)
        return sum(message is not None and message.status == "sent" for message in messages)

    def _judge(self) -> Health:
        return health_of(last_days(self._app.table, self._session.id, self._app.now_ms()), self._health[1])

    async def _tell(self, health: Health) -> None:
        """A new score is on the record; a new level is an event as well."""
        now_ms = self._app.now_ms()
        number: dict[str, object] = {
            "score": health.score,
            "level": health.level,
            "reasons": [asdict(one) for one in health.reasons],
        }
        writes: list[Write] = [judged_write(self._session.id, number={**number, "at_ms": now_ms})]
        if health.level == self._health[1]:
            await patiently(self._app.table.transact, writes)
            return
        paused = health.level == "at_risk" and await patiently(self._goes_on)
        if paused:
            writes.append(pause_write(self._session.id, Pause("bulk", now_ms, REASON)))
        await self._recorder.record(Entry(await patiently(self._drafts, number, now_ms, paused), tuple(writes)))

    def _goes_on(self) -> bool:
        return get_pause(self._app.table, self._session.id, "bulk") is None

    def _drafts(self, number: dict[str, object], now_ms: int, paused: bool) -> tuple[Draft, ...]:
        session = get_session(self._app.table, self._session.id) or self._session
        told: dict[str, object] = {"status": session.status, "previous": session.status, "reason": session.reason}
        told["number"] = number
        if paused:
            told["queue"] = {"lane": "bulk", "paused": True, "reason": REASON, "since": rfc3339(now_ms)}
        return (Draft("session_status", now_ms, told),)


def _last_known(session: Session) -> tuple[int, Level]:
    return session.number.get("score", 100), session.number.get("level", "good")
