"""The feed: batches in order, gaps noticed, strange shapes survived; and wa-js spoken in one place."""

import json
from pathlib import Path
from typing import Any

from containers.worker.feed import Feed
from containers.worker.observations import (
    AckSeen,
    CodeShown,
    Gap,
    Idle,
    MessageKey,
    MessageSeen,
    PageTrouble,
    Person,
)

WORKER = Path(__file__).parents[2] / "containers/worker"
PERSON = {"pn": "4915100000001@c.us", "lid": "777@lid"}
MESSAGE: dict[str, Any] = {
    "kind": "message",
    "key": {"from_me": False, "chat": "777@lid", "id": "3EB0FF", "participant": None},
    "type": "chat",
    "body": "a secret",
    "t": 1,
    "ack": 1,
    "quoted_id": None,
    "quoted_key": None,
    "name": "Ana",
    "file": None,
    "parts": {},
    "chat": PERSON,
    "author": PERSON,
}


def payload(number: int, *observations: dict[str, Any], page: str = "p1") -> str:
    return json.dumps({"page": page, "number": number, "observations": observations})


async def test_batches_come_out_in_order_and_the_feed_ends() -> None:
    feed = Feed()
    feed.receive(payload(1, {"kind": "code", "code": "c"}))
    feed.receive(payload(2, {"kind": "idle"}))
    feed.end()
    assert [batch.observations async for batch in feed] == [(CodeShown("c"),), (Idle(),)]
    assert [batch async for batch in feed] == []


async def test_a_missing_batch_is_told() -> None:
    feed = Feed()
    for number in (1, 3, 4):
        feed.receive(payload(number))
    feed.end()
    assert [batch.observations async for batch in feed] == [(), (Gap(2, 3),), ()]


async def test_a_reload_starts_a_new_count() -> None:
    feed = Feed()
    feed.receive(payload(7, page="p0"))
    feed.receive(payload(1))
    feed.receive(payload(2, page="p2"))
    feed.end()
    assert [batch.observations async for batch in feed] == [(Gap(1, 7),), (), (Gap(1, 2),)]


async def test_observations_are_read() -> None:
    ack = {"kind": "ack", "ids": ["3EB0"], "ack": 2, "chat": "777@lid", "person": PERSON, "participant": None}
    feed = Feed()
    feed.receive(payload(1, MESSAGE, ack))
    message, acked = (await anext(feed)).observations
    person = Person(PERSON["pn"], PERSON["lid"])
    assert message == MessageSeen(
        MessageKey(False, "777@lid", "3EB0FF"), "chat", "a secret", 1, 1, name="Ana", chat=person, author=person
    )
    assert str(message.key) == "false_777@lid_3EB0FF"
    assert acked == AckSeen(("3EB0",), 2, "777@lid", person)


async def test_reprs_hold_neither_bodies_nor_numbers() -> None:
    feed = Feed()
    feed.receive(payload(1, MESSAGE))
    shown = repr(await anext(feed))
    assert "3EB0FF" in shown
    assert not [secret for secret in ("a secret", "4915100000001", "777@lid", "Ana") if secret in shown]


async def test_a_shape_that_does_not_fit_is_trouble_not_an_error() -> None:
    feed = Feed()
    feed.receive(payload(1, {"kind": "ack"}, {"kind": "new"}, {**MESSAGE, "more": 1}))
    kinds = [
        (trouble.where, trouble.code)
        for trouble in (await anext(feed)).observations
        if isinstance(trouble, PageTrouble)
    ]
    assert kinds == [("ack", "KeyError"), ("new", "KeyError"), ("message", "TypeError")]


def test_wa_js_is_spoken_in_the_page_scripts_only() -> None:
    speakers = {p.name for p in WORKER.rglob("*") if p.suffix in (".py", ".js") and "WPP." in p.read_text("utf-8")}
    assert speakers <= {
        "bridge.js",
        "calls.js",
        "changes.js",
        "content.js",
        "files.js",
        "finding.js",
        "groups.js",
        "history.js",
        "people.js",
        "sending.js",
        "plain.js",
    }
