"""The drop on the harsh engine: each file becomes one message, or lies rejected with its reason, and none is lost."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from drop import handler
from tests.contract.storm_house import SESSION, TENANT, Storm, persist, storm
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.entities.message import list_messages
from waypost.errors import StorageError
from waypost.services.drop_telling import tell

NUMBER = "4915112345602"
CHAT = f"drop/{SESSION}/+{NUMBER}"
ROUNDS = 1000


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), good=st.lists(st.booleans(), min_size=1, max_size=5))
def test_each_file_is_one_message_or_lies_rejected_with_why(seed: int, good: list[bool]) -> None:
    with tempfile.TemporaryDirectory() as folder, storm(Path(folder) / "home", seed) as house:
        home = Path(folder) / "home"
        keys = [put(home, number, b"Hello" if fine else b"") for number, fine in enumerate(good)]
        for key in (*keys, *reversed(keys)):  # each is told of twice, in any order
            persist(lambda key=key: tell(key, seals=house.app.seals, queues=house.app.engine.queues))  # type: ignore[misc]
        for _ in range(ROUNDS):
            if all(has_outcome(home, house.calm, key) for key in keys) and not waiting(house):
                break
            work(house)
        house.clear()
        assert captions(house.calm) == sorted(f"caption {number}" for number, fine in enumerate(good) if fine)
        for number, fine in enumerate(good):
            moved = home / "rejected" / SESSION / f"+{NUMBER}" / f"{number}.txt"
            reason = moved.with_name(f"{number}.txt.reason.json")
            assert (moved.exists(), reason.exists()) == (not fine, not fine)
            # Where an answer was lost, the note follows when it is told of itself.
            notes = [moved.with_name(f"{number}.txt.json"), home / CHAT / f"{number}.txt.json"]
            assert len([note for note in notes if note.exists()]) == (0 if fine else 1)


def put(home: Path, number: int, data: bytes) -> str:
    path = home / CHAT / f"{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.with_name(f"{number}.txt.json").write_text(json.dumps({"caption": f"caption {number}"}))
    return f"{CHAT}/{number}.txt"


def work(house: Storm) -> None:
    """Some of what waits in the queue, in the storm; what fails comes again."""
    house.clock.pass_time(1)
    queue = house.app.engine.queues.queue("drop")
    for message in persist(lambda: queue.receive(limit=1)):
        body = json.loads(message.body)
        try:
            if "place" in body:
                handler._handle(body, quick(house.app))
        except StorageError:
            persist(lambda: house.calm.engine.queues.queue("drop").change_visibility(message.receipt, 0))  # noqa: B023
        else:
            persist(lambda: queue.delete(message.receipt))  # noqa: B023  # it is called at once


def quick(app: App) -> App:
    return replace(app, settings=replace(app.settings, drop_note_seconds=0.0))


def waiting(house: Storm) -> bool:
    return house.calm.engine.queues.queue("drop").depth() > 0


def has_outcome(home: Path, app: App, key: str) -> bool:
    return not (home / key).exists() or bool(app.engine.drops.tags(key))


def captions(app: App) -> list[str]:
    contact = app.contacts.find(TENANT, parse_address(NUMBER))
    if contact is None:
        return []
    found, _ = list_messages(app.table, SESSION, contact, limit=100, cursor=None, newest_first=False)
    opened = [app.seals.open_json(TENANT, contact, f"message#{one.id}", one.content) for one in found]
    return sorted(str(content["text"]) for content in opened)
