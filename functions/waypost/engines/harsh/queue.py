"""A queue that delivers twice, loses answers, and counts as roughly as SQS.

A FIFO queue keeps its order and its deduplication; a lost delete brings its message again after the visibility. A
standard queue's copies have ids of their own here; in SQS they share one.
"""

from waypost.engines.harsh.weather import Chance
from waypost.ports import MAX_RECEIVE, DeadLetter, Queue, Queues, Received


class HarshQueue:
    def __init__(self, inner: Queue, chance: Chance) -> None:
        self._inner = inner
        self._chance = chance

    def send(
        self,
        body: str,
        *,
        group: str | None = None,
        deduplication_id: str | None = None,
        delay_seconds: int = 0,
    ) -> str:
        self._before()
        message_id = self._inner.send(body, group=group, deduplication_id=deduplication_id, delay_seconds=delay_seconds)
        if group is None and self._chance.happens(self._chance.weather.twice):
            self._inner.send(body, delay_seconds=delay_seconds)
        self._chance.maybe_lose_answer()
        return message_id

    def receive(
        self, *, limit: int = MAX_RECEIVE, wait_seconds: float = 0, visibility_seconds: int | None = None
    ) -> list[Received]:
        """When the answer is lost, what it held is hidden until its visibility ends."""
        self._before()
        received = self._inner.receive(limit=limit, wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)
        self._chance.maybe_lose_answer()
        return received

    def delete(self, receipt: str) -> None:
        self._before()
        self._inner.delete(receipt)
        self._chance.maybe_lose_answer()

    def change_visibility(self, receipt: str, seconds: int) -> None:
        self._before()
        self._inner.change_visibility(receipt, seconds)
        self._chance.maybe_lose_answer()

    def dead_letter(self, receipt: str, reason: str) -> None:
        self._before()
        self._inner.dead_letter(receipt, reason)
        self._chance.maybe_lose_answer()

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        self._chance.maybe_refuse()
        return self._inner.dead_letters(limit=limit)

    def depth(self) -> int:
        self._before()
        return self._inner.depth()

    def _before(self) -> None:
        self._chance.maybe_refuse()
        self._chance.maybe_lose_request()


class HarshQueues:
    def __init__(self, inner: Queues, chance: Chance) -> None:
        self._inner = inner
        self._chance = chance

    def queue(self, name: str) -> HarshQueue:
        return HarshQueue(self._inner.queue(name), self._chance)

    def create_session_queues(self, session_id: str) -> None:
        self._chance.maybe_refuse()
        self._inner.create_session_queues(session_id)
        self._chance.maybe_lose_answer()

    def delete_session_queues(self, session_id: str) -> None:
        self._chance.maybe_refuse()
        self._inner.delete_session_queues(session_id)
        self._chance.maybe_lose_answer()
