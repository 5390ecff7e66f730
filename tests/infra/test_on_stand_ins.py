"""The template's tables, queues and buckets are what the AWS engine and the services need: made, opened, used."""

import json
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote_plus

import pytest

from drop import handler as drop_handler
from infra.blueprint import DROP, QUEUES, TABLES, Queue, Table
from tests.aws.from_template import make_from_template
from tests.aws.running import running_stand_ins
from waypost.bootstrap import App, join
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.domain.wanted import text_to
from waypost.engines.aws.engine import AwsEngine, open_engine
from waypost.engines.aws.places import places_from
from waypost.entities.message import get_message
from waypost.entities.session import Session
from waypost.ports import Item
from waypost.services.accepting import accept
from waypost.services.sessions import create_session
from waypost.settings import Settings

if TYPE_CHECKING:
    from tests.infra.conftest import Synthesis

SESSION = make_id("ses", b"1" * 16)
# What the two makers of queues must agree on.
SAME = ("MessageRetentionPeriod", "SqsManagedSseEnabled", "FifoQueue", "DeduplicationScope", "FifoThroughputLimit")


@pytest.fixture(scope="module")
def engine(synthesis: "Synthesis", tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsEngine]:
    with pytest.MonkeyPatch.context() as patch, running_stand_ins(tmp_path_factory.mktemp("aws")) as stand_ins:
        for name, value in make_from_template(synthesis.clouds["dev"], stand_ins).items():
            patch.setenv(name, value)
        with open_engine(places_from(os.environ)) as engine:
            yield engine


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_and_index_answers(engine: AwsEngine, table: Table) -> None:
    store = engine.tables[table.name]
    for number, (index, partition, sort) in enumerate(table.indexes):
        item: Item = {"pk": f"P{number}", "sk": "S", partition: "p", sort: "s"}
        store.put(item)
        assert store.query("p", index=index).items == [item]
    store.put({"pk": "P", "sk": "S"})
    assert len(store.query("P").items) == 1


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if not queue.per_session], ids=lambda queue: queue.name)
def test_every_queue_takes_gives_and_buries(engine: AwsEngine, queue: Queue) -> None:
    handle = engine.queues.queue(queue.name)
    if queue.name == DROP.queue:  # S3 says first that it was told to tell
        (message,) = handle.receive(wait_seconds=5)
        handle.delete(message.receipt)
    handle.send("{}", **({"group": "g", "deduplication_id": "1"} if queue.fifo else {}))  # type: ignore[arg-type]
    (message,) = handle.receive(wait_seconds=5)
    handle.dead_letter(message.receipt, "looked at")
    assert [letter.reason for letter in handle.dead_letters()] == ["looked at"]


def test_buckets_and_key_work(engine: AwsEngine) -> None:
    for bucket in engine.blobs.values():
        bucket.put("a/b", b"x", if_absent=True)
        assert bucket.get("a/b") == b"x"
    key = engine.keys.generate_data_key({"tenant": "t", "subject": "s"})
    assert engine.keys.unwrap(key.wrapped, {"tenant": "t", "subject": "s"}) == key.plain


def test_what_is_put_into_the_drop_is_told_to_its_queue(engine: AwsEngine) -> None:
    queue = engine.queues.queue("drop")
    for key in ("rejected/ses/a/b.pdf", "drop/ses/+49 1/B\u00e4r + 1.pdf"):
        engine.drops.write(key, b"x")
    told = list[str]()
    deadline = time.monotonic() + 20
    while not told and time.monotonic() < deadline:
        for message in queue.receive(wait_seconds=2):
            queue.delete(message.receipt)
            told += [unquote_plus(record["s3"]["object"]["key"]) for record in json.loads(message.body)["Records"]]
    assert told == ["drop/ses/+49 1/B\u00e4r + 1.pdf"]


def test_an_object_becomes_a_message_and_its_tags_tell_of_it(
    engine: AwsEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = join(Settings(engine="aws"), engine)
    monkeypatch.setattr(drop_handler, "app", lambda: app)
    now = time.time_ns() // 1_000_000
    session = Session(id=make_id("ses", b"3" * 16), tenant=make_id("ten", b"3" * 16), name="shop", created_ms=now)
    create_session(session, table=app.table, queues=engine.queues)
    chat = f"drop/{session.id}/+4915112345602"
    metadata = {"Metadata": {"caption": "=?UTF-8?Q?F=C3=BCr_Dich?=", "lane": "bulk", "mtime": "1"}}
    for name in ("good.txt", "bad.txt"):
        engine.clients.s3().put_object(
            Bucket=os.environ["WAYPOST_DROP"],
            Key=f"{chat}/{name}",
            Body=b"Hello" if name == "good.txt" else b"",
            **metadata,  # type: ignore[arg-type]  # one of many
        )
    records = [
        {
            "messageId": name,
            "body": json.dumps({"Records": [{"s3": {"object": {"key": quote_plus(f"{chat}/{name}")}}}]}),
        }
        for name in ("good.txt", "bad.txt", "good.txt")
    ]
    assert drop_handler.handler({"Records": records}, None) == {"batchItemFailures": []}
    tags = engine.drops.tags(f"{chat}/good.txt")
    message = get_message(app.table, tags["waypost-message"])
    assert message is not None
    content = app.seals.open_json(session.tenant, message.contact, f"message#{message.id}", message.content)
    assert (tags["waypost-status"], message.lane, content["text"]) == ("accepted", "bulk", "F\u00fcr Dich")
    assert engine.drops.look(f"{chat}/bad.txt") is None
    reason = engine.drops.look(f"rejected/{session.id}/+4915112345602/bad.txt.reason.json")
    assert reason is not None
    assert json.loads(b"".join(engine.drops.read(reason)))["code"] == "media_empty"


def test_a_sessions_queues_are_made_like_the_templates(engine: AwsEngine) -> None:
    engine.queues.create_session_queues(SESSION)
    fifo = next(queue for queue in QUEUES if queue.fifo and not queue.per_session)
    wanted = attributes(engine, f"{fifo.name}.fifo")
    for queue in QUEUES:
        if queue.per_session:
            for dead in ("", "-dead"):
                made = attributes(engine, f"{queue.name}-{SESSION}{dead}.fifo")
                assert {name: made[name] for name in SAME} == {name: wanted[name] for name in SAME}
            made = attributes(engine, f"{queue.name}-{SESSION}.fifo")
            assert made["VisibilityTimeout"] == str(queue.visibility_seconds)
            assert int(json.loads(made["RedrivePolicy"])["maxReceiveCount"]) == queue.max_receives


def attributes(engine: AwsEngine, name: str) -> dict[str, str]:
    url = os.environ["WAYPOST_QUEUE_URL"] + name
    answer = engine.clients.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {str(key): value for key, value in answer["Attributes"].items()}


def test_a_message_is_accepted_and_lies_in_its_lane(engine: AwsEngine) -> None:
    app: App = join(Settings(engine="aws"), engine)
    now = time.time_ns() // 1_000_000
    session = Session(id=make_id("ses", b"2" * 16), tenant=make_id("ten", b"2" * 16), name="shop", created_ms=now)
    create_session(session, table=app.table, queues=engine.queues)
    linked = Session(session.id, session.tenant, "shop", now, desired="running", me=b"x")
    message = accept(
        text_to(parse_address("+4915112345602"), "hello"),
        message_id=make_id("msg", b"2" * 16),
        session=linked,
        now_ms=now,
        table=app.table,
        queues=engine.queues,
        seals=app.seals,
        contacts=app.contacts,
    )
    (received,) = engine.queues.queue(f"interactive-{session.id}").receive(wait_seconds=5)
    assert json.loads(received.body)["message"] == message.id
    assert received.group == message.contact
