"""A gap is filled with exactly what is missing, oldest first over all chats, whatever had been filed when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from containers.worker.backfill import Backfill
from containers.worker.intake import Intake
from containers.worker.naming import MessageKey, Target
from containers.worker.observations import MessageSeen, PageObservation
from containers.worker.observed_changes import ReactionSeen
from containers.worker.page import Page
from containers.worker.people import People
from waypost.domain.upkeep import Upkeep

GAP_MS = 1_000_000_000
HEARD, UNHEARD, LIVE = "before the gap", "in the gap", "since then"


def message(chat: int, number: int, t: int) -> MessageSeen:
    return MessageSeen(MessageKey(False, f"{chat}@c.us", f"{chat}.{number}"), "chat", "hello", t)


@dataclass
class World:
    """The chats as the page has them, and what the log has, by the text of the key, with when it was filed."""

    chats: dict[str, list[MessageSeen]]
    filed: dict[str, int]
    told: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    reacted: list[str] = field(default_factory=list)
    most_in_hand: int = 0

    async def active_chats(self, since: int) -> list[str]:
        return [chat for chat, messages in self.chats.items() if messages and (messages[-1].t or 0) >= since]

    async def look_back(self, chat: str, count: int, before: str | None) -> tuple[list[MessageSeen], str | None]:
        keys = [str(one.key) for one in self.chats[chat]]
        end = len(keys) if before is None else keys.index(before)
        found = self.chats[chat][max(0, end - count) : end]
        return found, str(found[0].key) if found else None

    async def messages(self, keys: Sequence[str]) -> list[MessageSeen]:
        self.most_in_hand = max(self.most_in_hand, len(keys))
        every = {str(one.key): one for messages in self.chats.values() for one in messages}
        return [every[key] for key in keys if key in every]

    async def reactions(self, seen: MessageSeen) -> list[ReactionSeen]:
        return [ReactionSeen(Target(seen.key, None, None), "👍", False, None, 1)]

    async def file_recent(self, recent: Sequence[MessageSeen], *, since_ms: int) -> None:
        for one in recent:
            if str(one.key) not in self.filed:
                self.filed[str(one.key)] = GAP_MS + 1
                self.told.append(str(one.key))

    async def note_changes(self, news: Sequence[MessageSeen]) -> None:
        self.changed += [str(one.key) for one in news]

    async def file(self, observations: Sequence[PageObservation], *, backfilled: bool = False) -> None:
        assert backfilled
        self.reacted += [str(one.target.key) for one in observations if isinstance(one, ReactionSeen)]

    def message(self, target: Target) -> str | None:
        return str(target.key) if str(target.key) in self.filed else None

    def filed_ms(self, message_id: str) -> int:
        return self.filed[message_id]


def fill(world: World, *, most: int = 100_000, linked_ms: int = 0) -> int:
    backfill = Backfill("ses", Upkeep(backfill_messages=most), intake=cast(Intake, world), people=cast(People, world))
    return asyncio.run(backfill.fill(cast(Page, world), linked_ms=linked_ms, heard_ms=0, gap_ms=GAP_MS))


def lived(chats: Sequence[tuple[int, int, int]], steps: Sequence[int]) -> tuple[World, list[str]]:
    """Chats with so many messages of before the gap, of within it and of since; and the keys of those within."""
    world, missing, t = World({}, {}), list[tuple[int, int, int, str]](), 1
    for number, (heard, unheard, live) in enumerate(chats):
        messages = []
        for place, when in enumerate([HEARD] * heard + [UNHEARD] * unheard + [LIVE] * live):
            t += steps[(number + place) % len(steps)]
            one = message(number, place, t)
            messages.append(one)
            if when == UNHEARD:
                missing.append((t, number, place, str(one.key)))
            else:
                world.filed[str(one.key)] = GAP_MS + (1 if when == LIVE else -1)
        world.chats[f"{number}@c.us"] = messages
    return world, [key for *_, key in sorted(missing)]


GAPS = st.one_of(st.just(0), st.just(1), st.integers(0, 130), st.just(200))
CHATS = st.lists(st.tuples(st.integers(0, 60), GAPS, st.integers(0, 60)), min_size=1, max_size=4)


@settings(deadline=None, max_examples=60)
@given(CHATS, st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_exactly_what_is_missing_is_told_oldest_first(chats: list[tuple[int, int, int]], steps: list[int]) -> None:
    world, missing = lived(chats, steps)
    assert fill(world) == len(missing)
    assert world.told == missing
    assert world.most_in_hand <= 25, "memory must not grow with the gap"
    world.told.clear()
    fill(world)
    assert world.told == [], "a second look tells nothing"


def test_a_search_ends_at_what_was_filed_before_the_gap() -> None:
    world, missing = lived([(500, 60, 0)], [1])
    looks: list[str | None] = []
    ask = world.look_back

    async def counted(chat: str, count: int, before: str | None) -> tuple[list[MessageSeen], str | None]:
        looks.append(before)
        return await ask(chat, count, before)

    world.look_back = counted  # type: ignore[method-assign]  # counted on the way
    fill(world)
    assert world.told == missing
    assert len(looks) == 2


def test_a_chat_is_looked_through_as_far_as_the_setting_says() -> None:
    world, missing = lived([(0, 400, 0)], [1])
    fill(world, most=100)
    assert world.told == missing[-100:]


def test_what_is_older_than_the_link_is_history() -> None:
    world, missing = lived([(0, 100, 0)], [1])
    fill(world, linked_ms=52_000)
    assert world.told == missing[-51:]


def test_changes_and_reactions_of_the_newest_messages_are_noted() -> None:
    world, missing = lived([(3, 2, 0)], [1])
    chat = world.chats["0@c.us"]
    world.chats["0@c.us"] = [replace(one, reacted=True) for one in chat]
    fill(world)
    assert world.changed == [str(one.key) for one in chat[:3]]
    assert sorted(world.reacted) == sorted([*world.changed, *missing])
