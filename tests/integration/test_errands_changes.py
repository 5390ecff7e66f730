"""What happens to messages after they were sent is filed once, whoever sees it first and however often."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from containers.worker.acknowledgements import Acknowledgements
from containers.worker.allowance import Allowance
from containers.worker.amendments import Amendments
from containers.worker.answers import Answers
from containers.worker.clock import SteadyClock
from containers.worker.gate import Gate
from containers.worker.intake import Intake
from containers.worker.naming import MessageKey, Person, Target
from containers.worker.observations import AckSeen, MessageSeen, PageObservation, TypingSeen
from containers.worker.observed_changes import EditSeen, ReactionSeen, ReadSeen, RevokeSeen
from containers.worker.people import People
from containers.worker.recorder import Recorder
from containers.worker.steps import Steps
from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.message import Message
from waypost.entities.head import claim
from waypost.entities.message import get_message
from waypost.entities.session import Session
from waypost.services.chats import list_overviews
from waypost.services.journal import read
from waypost.services.sending import CONTENT

GRACE = Person("4915112345602@c.us", "77700000001@lid")
ADA = Person("4915112345603@c.us", "88800000001@lid")
GROUP = "120363041234567890@g.us"
THEIRS = Target(MessageKey(False, "77700000001@lid", "3EB0AA"), GRACE, GRACE)
OURS = Target(MessageKey(True, "77700000001@lid", "3EB0BB"), GRACE, None)


@dataclass
class Desk:
    app: App
    intake: Intake
    amendments: Amendments

    async def see(self, *seen: PageObservation) -> None:
        await self.intake.file(seen)

    def events(self) -> list[Any]:
        return read(self.app.table, self.app.seals, SESSION, generation=1, after=0, limit=100)

    def changes(self) -> list[tuple[str, Any]]:
        told = [event.data for event in self.events() if "change" in event.data]
        return [(data["change"], data.get("text", data.get("emoji"))) for data in told]

    def message(self, at: int = 0) -> Message:
        message = get_message(self.app.table, self.events()[at].message)
        assert message is not None
        return message

    def content(self) -> Any:
        message = self.message()
        return self.app.seals.open_json(TENANT, message.contact, f"{CONTENT}#{message.id}", message.content)


@asynccontextmanager
async def desk(home: Path) -> AsyncIterator[Desk]:
    with sending_app(home) as app:
        head = claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000)
        recorder = Recorder(app, head)
        running = asyncio.create_task(recorder.run())
        session = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0)
        people = People(app, session)
        amendments = Amendments(app, people, recorder)
        steps = Steps(app, recorder, Acknowledgements(time.monotonic, 30.0))
        try:
            yield Desk(
                app,
                Intake(
                    app,
                    session,
                    recorder=recorder,
                    steps=steps,
                    people=people,
                    amendments=amendments,
                    answers=Answers(app, SESSION, Gate(Allowance(app, SESSION, clock=SteadyClock()))),
                ),
                amendments,
            )
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


def message(target: Target, body: str | None = "hello", **more: Any) -> MessageSeen:
    return MessageSeen(target.key, more.pop("type", "chat"), body, 1, 1, chat=target.chat, author=target.author, **more)


async def test_an_edit_is_filed_once_and_an_older_one_that_comes_late_is_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        first, second = EditSeen(THEIRS, "hi", "3EB01"), EditSeen(THEIRS, "hello", "3EB02")
        await at.see(message(THEIRS), first, first)
        await at.see(second)
        await at.see(first, second)
        assert at.changes() == [("edited", "hi"), ("edited", "hello")]
        assert (at.content()["text"], bool(at.message().edited_ms)) == ("hello", True)


async def test_our_own_edit_and_what_the_page_tells_of_it_are_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.see(message(OURS))
        ours = at.message().id
        echo = EditSeen(OURS, "better", "3EB01")
        await asyncio.gather(
            at.amendments.edited(ours, "better", edit_id="3EB01"), at.see(echo), at.see(echo), at.see(echo)
        )
        assert at.changes() == [("edited", "better")]


async def test_a_revoked_message_forgets_what_it_said_and_stays_revoked(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        revoked = RevokeSeen(THEIRS, mine=False, by=GRACE)
        await at.see(message(THEIRS), revoked, revoked, EditSeen(THEIRS, "late", "3EB01"))
        await at.see(ReactionSeen(THEIRS, "👍", mine=True, by=None, t=1), revoked)
        assert at.changes() == [("revoked", None)]
        assert (at.content()["text"], bool(at.message().revoked_ms)) == (None, True)


async def test_reactions_are_one_a_person_and_older_ones_do_not_come_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        up, heart = (ReactionSeen(OURS, emoji, False, GRACE, t) for emoji, t in (("👍", 10), ("❤️", 20)))
        none = ReactionSeen(OURS, None, False, GRACE, 30)
        await at.see(message(OURS), up, up, heart, up, none, heart, none)
        await at.see(ReactionSeen(OURS, "👍", mine=True, by=None, t=5))
        assert [emoji for _, emoji in at.changes()] == ["👍", "❤️", None, "👍"]
        assert [one["emoji"] for one in at.content()["reactions"].values()] == [None, "👍"]


async def test_two_who_react_at_once_are_both_kept(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.see(message(OURS))
        await asyncio.gather(
            *(at.see(ReactionSeen(OURS, "👍", False, person, 1)) for person in (GRACE, ADA)),
            at.amendments.reacted(at.message().id, "❤️", by=None, t=1),
        )
        assert len(at.content()["reactions"]) == 3


async def test_what_is_said_of_an_unknown_message_is_passed_over(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        stranger = Target(MessageKey(False, "88800000001@lid", "3EB0AA"), ADA, ADA)
        await at.see(message(THEIRS))
        # The same id, but chosen by somebody else.
        await at.see(EditSeen(stranger, "mine", "3EB01"), RevokeSeen(stranger, mine=False, by=ADA))
        assert at.changes() == []


async def test_what_was_missed_is_found_in_the_history(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.see(message(THEIRS), message(OURS))
        history = [message(THEIRS, "hi", edit_id="3EB01"), message(OURS, None, type="revoked")]
        for _ in range(2):
            await at.intake.file_recent(history, since_ms=0)
        assert at.changes() == [("edited", "hi"), ("revoked", None)]


async def test_a_groups_message_has_its_author_and_a_group_tells_who_writes(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        target = Target(MessageKey(False, GROUP, "3EB0CC", "77700000001@lid"), None, GRACE)
        await at.see(
            message(target, "ask @88800000001", mentions=(ADA,)),
            TypingSeen(GROUP, "composing", None, "88800000001@lid"),
        )
        await at.see(EditSeen(target, "ask her", "3EB01"))
        received, typing, edited = at.events()
        assert received.data["from"]["pn"] == GRACE.pn
        assert received.data["mentions"] == [ADA.pn]
        assert (typing.data["chat"]["id"], typing.data["by"]["lid"]) == (GROUP, "88800000001@lid")
        assert edited.data["change"] == "edited"


async def test_a_chat_counts_what_is_unread_until_it_is_read_anywhere(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.see(
            message(THEIRS), message(Target(MessageKey(False, "77700000001@lid", "3EB0DD"), GRACE, GRACE), "again")
        )
        [chat], _ = list_overviews(at.app.table, SESSION, limit=10, cursor=None)
        assert chat.unread == 2
        await asyncio.sleep(0.002)  # read later than it came, by a clock of milliseconds
        await at.see(ReadSeen("77700000001@lid", GRACE))
        [chat], _ = list_overviews(at.app.table, SESSION, limit=10, cursor=None)
        assert chat.unread == 0


async def test_acknowledgements_that_come_together_are_told_each_in_their_order(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.see(message(OURS))
        hex_id, chat = OURS.key.id, OURS.key.chat
        await at.see(*(AckSeen((hex_id,), number, chat) for number in (2, 3, 4)))
        told = [event.data["status"] for event in at.events()]
        assert told == ["sent", "delivered", "read", "played"]
