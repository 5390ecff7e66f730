"""Fills the gap after nobody listened: finds what the page holds and the log does not, and files it oldest first.

Each chat that was active since is looked through backwards, until it shows a message that was filed before the gap.
What is missing is remembered by its key alone, over all chats; then it is fetched and filed in the order of its time, a
few at a time. So memory stays small however long the gap was, and what comes in meanwhile is filed beside it: whatever
is filed already is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched, count

from containers.worker.intake import Intake
from containers.worker.naming import Target
from containers.worker.observations import MessageSeen
from containers.worker.page import Page
from containers.worker.patience import patiently
from containers.worker.people import People
from waypost.domain.upkeep import Upkeep
from waypost.observability import logger

log = logger("worker")

_PAGE = 50  # messages of a chat looked at in one go; the newest ones also for what happened to them
_SLICE = 25  # messages fetched and filed at a time
_MOST = 20_000  # messages of all chats in one gap: a few megabytes of keys
# Chats that were quiet for longer before the gap are not looked at. Longer than a message can be revoked (60 hours).
_LOOK_BACK_SECONDS = 72 * 3600


@dataclass(frozen=True, slots=True, order=True)
class _Missed:
    """Ordered by time, and within a second as its chat has it."""

    t: int
    chat: int
    place: int
    key: str


class Backfill:
    """Of one session."""

    def __init__(self, session_id: str, upkeep: Upkeep, *, intake: Intake, people: People) -> None:
        self._session = session_id
        self._most_per_chat = upkeep.backfill_messages
        self._intake = intake
        self._people = people

    async def fill(self, page: Page, *, linked_ms: int, heard_ms: int, gap_ms: int) -> int:
        """File what is missing; returns how much. `heard_ms`: the session was listened to until about then.
        `gap_ms`: the gap began then, so only what was filed earlier ends a search. What is older than `linked_ms` is
        history. Raises Fenced, and as the page does."""
        since_ms = max(linked_ms, heard_ms - _LOOK_BACK_SECONDS * 1000)
        missed: list[_Missed] = []
        for number, chat in enumerate(await page.active_chats(since_ms // 1000)):
            missed += await self._look_through(page, chat, number, linked_ms, gap_ms)
            if len(missed) > _MOST:
                log.error("more was missed than can be filled in", extra={"session": self._session})
                break
        missed.sort()
        for some in batched(missed, _SLICE, strict=False):
            seen = await page.messages([one.key for one in some])
            await self._intake.file_recent(seen, since_ms=linked_ms)
            await self._hear_answers(page, seen)
        return len(missed)

    async def _look_through(self, page: Page, chat: str, number: int, linked_ms: int, gap_ms: int) -> list[_Missed]:
        missed: list[_Missed] = []
        before: str | None = None
        places = count(0, -1)  # backwards
        for looked in range(0, self._most_per_chat, _PAGE):
            seen, before = await page.look_back(chat, _PAGE, before)
            recent = [one for one in seen if one.t is not None and (one.t + 1) * 1000 >= linked_ms]
            known = await patiently(self._known, recent)
            missed += [
                _Missed(one.t or 0, number, place, str(one.key))
                for one, place in zip(reversed(recent), places, strict=False)
                if str(one.key) not in known
            ]
            if looked == 0:
                news = [one for one in recent if str(one.key) in known]
                await self._intake.note_changes(news)
                await self._hear_answers(page, news)
            met = await patiently(self._is_before, recent, known, gap_ms)
            if met or before is None or (seen and not recent):
                break
        return missed

    async def _hear_answers(self, page: Page, seen: Sequence[MessageSeen]) -> None:
        for message in seen:
            if message.reacted:
                await self._intake.file(await page.reactions(message), backfilled=True)
            if message.type == "poll_creation":
                await self._intake.file(await page.votes(message), backfilled=True)

    def _known(self, seen: Sequence[MessageSeen]) -> dict[str, str]:
        """Of those that are filed, our ids by their keys."""
        found: dict[str, str] = {}
        for one in seen:
            author = None if one.key.from_me else one.author
            message_id = self._people.message(Target(one.key, one.chat, author))
            if message_id is not None:
                found[str(one.key)] = message_id
        return found

    def _is_before(self, seen: Sequence[MessageSeen], known: dict[str, str], gap_ms: int) -> bool:
        """Whether the oldest that is filed was filed before: then what is older than it was heard when it came."""
        oldest = next((known[str(one.key)] for one in seen if str(one.key) in known), None)
        return oldest is not None and self._people.filed_ms(oldest) < gap_ms
