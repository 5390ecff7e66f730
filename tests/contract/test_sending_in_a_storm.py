"""The sender on the harsh engine: every accepted message is filed by WhatsApp once, in its chat's order (P1 to P3)."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.storm_house import SESSION, Storm, persist, storm
from tests.integration.sending_house import FakeWhatsApp, Fate, accept, log_of, sender
from waypost.domain.ids import make_id
from waypost.entities.message import get_message
from waypost.entities.schedule import last_waiting_by_chat
from waypost.errors import StorageError

ADA, GRACE = "4915112345602", "4915112345603"
LIVES = 80  # a storage error ends an owner's life; the next one goes on


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    chats=st.lists(st.sampled_from([ADA, GRACE]), min_size=1, max_size=6),
    fates=st.lists(st.sampled_from(["sent", "taken_then_gone", "gone", "late"]), max_size=10),
)
def test_each_message_is_filed_once_and_in_its_chats_order(seed: int, chats: list[str], fates: list[Fate]) -> None:
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        ids = [make_id("msg", count.to_bytes(16)) for count in range(len(chats))]
        for count, chat in enumerate(chats):
            persist(lambda count=count, chat=chat: accept(house.app, chat, f"text {count}", ids[count]))  # type: ignore[misc]
        whatsapp = FakeWhatsApp(fates=list(fates))
        lives = 0
        while last_waiting_by_chat(house.calm.table, SESSION, "interactive"):
            lives += 1
            assert lives < LIVES
            live(house, whatsapp)
        for chat in (ADA, GRACE):
            expected = [f"text {count}" for count, to in enumerate(chats) if to == chat]
            assert [text for to, text in whatsapp.filed if to == f"{chat}@c.us"] == expected
        assert whatsapp.twice == 0
        for name in ids:
            stored = get_message(house.calm.table, name)
            assert stored is not None
            assert stored.status == "sent"
        log = log_of(house.calm)
        assert [number for number, _, _ in log] == list(range(1, len(log) + 1))
        assert sorted(message for _, kind, message in log if kind == "message_sent") == ids


def live(house: Storm, whatsapp: FakeWhatsApp) -> None:
    """One owner, from its claim to its end."""

    async def own() -> None:
        async with sender(house.app, whatsapp) as sending, asyncio.TaskGroup() as tasks:
            for contact, number in last_waiting_by_chat(house.app.table, SESSION, "interactive").items():
                tasks.create_task(sending.send_due(contact, "interactive", up_to=number))

    with contextlib.suppress(StorageError):  # also a group of them
        asyncio.run(own())
