"""The client's stream against a gateway that doubles, drops, cuts short, falls silent and goes away."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import aclosing

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from tests.integration.client_house import (
    SESSION,
    Conversation,
    FakeGateway,
    Script,
    document,
    fake_gateway,
)
from waypost.client import Event, MessageReceived, Place, Refused, StreamEnded, Waypost
from waypost.client.http import Http
from waypost.client.live import Line, follow
from waypost.client.log import Log

SECONDS = 10
START = Place(1, 0)


def at_once() -> Iterator[float]:
    return itertools.repeat(0.01)


async def take(gateway: FakeGateway, count: int, at: Place | None = START, **patience: float) -> list[Event]:
    """The first events of a stream."""
    line = Line(gateway.url.replace("http", "ws") + "/v1/ws", "key", waits=at_once, **patience)  # type: ignore[arg-type]
    found: list[Event] = []
    async with (
        asyncio.timeout(SECONDS),
        httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http,
        aclosing(follow(SESSION, at, line, Log(Http(http)))) as events,
    ):
        async for event in events:
            found.append(event)
            if len(found) == count:
                break
    return found


def places(events: list[Event]) -> list[tuple[int, int]]:
    return [(event.generation, event.sequence) for event in events]


def numbers(events: list[Event]) -> list[int]:
    return [event.sequence for event in events]


def says(*sequences: int) -> Script:
    """Confirms, gives these events, and hangs up."""

    async def script(talk: Conversation) -> None:
        await talk.confirm()
        await talk.say(*map(document, sequences))

    return script


async def stays(talk: Conversation) -> None:
    """Confirms, then answers pings and says nothing else."""
    await talk.confirm()
    while True:
        if (await talk.hear())["action"] == "ping":
            await talk.say({"type": "pong"})


async def test_doubles_are_handed_out_once() -> None:
    async with fake_gateway(says(1, 1, 2, 1, 2, 3)) as gateway:
        assert numbers(await take(gateway, 3)) == [1, 2, 3]


async def test_it_goes_on_after_the_last_number_on_the_next_connection() -> None:
    async with fake_gateway(says(1, 2), says(2, 3), says(), says(4, 5)) as gateway:
        assert numbers(await take(gateway, 5)) == [1, 2, 3, 4, 5]
        assert [asked["after"] for asked in gateway.asked] == [0, 2, 3, 3]
        assert all(asked["generation"] == 1 and asked["session_id"] == SESSION for asked in gateway.asked)


async def test_what_was_dropped_is_fetched() -> None:
    async with fake_gateway(says(1, 5, 205, 3, 206)) as gateway:
        gateway.log = [document(number) for number in range(1, 210)]
        assert numbers(await take(gateway, 206)) == list(range(1, 207))
        assert [query["after"] for query in gateway.fetched] == ["1", "5", "105"]


async def test_what_was_cut_short_is_fetched_whole() -> None:
    short = document(1, truncated=True, dataref="https://elsewhere.example/")
    del short["data"]

    async def script(talk: Conversation) -> None:
        await talk.confirm()
        await talk.say(short, document(2))

    async with fake_gateway(script) as gateway:
        gateway.log = [document(1, data={"text": "x" * 70_000})]
        first, second = await take(gateway, 2)
        assert isinstance(first, MessageReceived)
        assert first.text == "x" * 70_000
        assert second.sequence == 2
        gateway.scripts, gateway.log = [script], []  # the log has it no more: the event counts all the same
        assert numbers(await take(gateway, 2)) == [1, 2]


async def test_a_new_generation_begins_where_the_old_one_ended() -> None:
    async def script(talk: Conversation) -> None:
        await talk.confirm()
        await talk.say(document(1), document(1, 3), document(2, 3))

    async with fake_gateway(script) as gateway:
        gateway.log = [document(n) for n in (1, 2, 3)] + [document(1, 2), document(1, 3), document(2, 3)]
        assert places(await take(gateway, 6)) == [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2)]


async def test_who_comes_back_after_a_generation_is_over_gets_the_rest_of_it_first() -> None:
    async def over(talk: Conversation) -> None:
        await talk.say({"type": "error", "code": "generation_over", "message": "over"})
        await talk.hear()

    async with fake_gateway(over, says()) as gateway:
        gateway.log = [document(1), document(2), document(3), document(1, 2)]

        async def present(talk: Conversation) -> None:
            await talk.confirm()
            await talk.say(document(1, 2), document(2, 2))

        gateway.scripts[1] = present
        assert places(await take(gateway, 4, Place(1, 1))) == [(1, 2), (1, 3), (2, 1), (2, 2)]
        assert (gateway.asked[1]["generation"], gateway.asked[1]["after"]) == (2, 0)


async def test_without_a_place_it_begins_now_and_resumes_there() -> None:
    async def now(talk: Conversation) -> None:
        await talk.confirm(after=7, generation=2)

    async with fake_gateway(now, says(8)) as gateway:

        async def next_time(talk: Conversation) -> None:
            await talk.confirm()
            await talk.say(document(8, 2))

        gateway.scripts[1] = next_time
        assert places(await take(gateway, 1, None)) == [(2, 8)]
        assert "after" not in gateway.asked[0]
        assert (gateway.asked[1]["generation"], gateway.asked[1]["after"]) == (2, 7)


async def test_it_pings_and_leaves_a_connection_that_says_nothing() -> None:
    heard: list[str] = []

    async def silent(talk: Conversation) -> None:
        await talk.confirm()
        while True:
            heard.append((await talk.hear())["action"])

    async with fake_gateway(silent, says(1)) as gateway:
        assert numbers(await take(gateway, 1, ping_seconds=0.05, silent_seconds=0.2)) == [1]
    assert len(heard) >= 2
    assert set(heard) == {"ping"}


async def test_pongs_keep_a_quiet_connection() -> None:
    async def late(talk: Conversation) -> None:
        await talk.confirm()
        for _ in range(6):
            await talk.hear()
            await talk.say({"type": "pong"})
        await talk.say(document(1))

    async with fake_gateway(late) as gateway:
        assert numbers(await take(gateway, 1, ping_seconds=0.05, silent_seconds=0.2)) == [1]
        assert len(gateway.asked) == 1


async def test_a_connection_is_left_before_it_is_too_old() -> None:
    async with fake_gateway(stays, says(1)) as gateway:
        assert numbers(await take(gateway, 1, ping_seconds=0.05, oldest_seconds=0.3)) == [1]
        assert len(gateway.asked) == 2


@pytest.mark.parametrize("trouble", [
    {"message": "Internal server error", "connectionId": "c", "requestId": "r"},
    {"type": "error", "code": "throttled", "message": "x"},
    {"type": "error", "code": "connection_ended", "message": "x"},
])  # fmt: skip
async def test_trouble_of_the_server_passes(trouble: dict[str, str]) -> None:
    async def troubled(talk: Conversation) -> None:
        await talk.say(trouble)
        await talk.hear()

    async with fake_gateway(troubled, says(1)) as gateway:
        assert numbers(await take(gateway, 1)) == [1]


@pytest.mark.parametrize("code", ["session_not_found", "invalid_api_key", "after_ahead_of_log"])
async def test_a_refusal_that_stays_ends_the_stream(code: str) -> None:
    async def refused(talk: Conversation) -> None:
        await talk.say({"type": "error", "code": code, "message": "no"})
        await talk.hear()

    async with fake_gateway(refused) as gateway:
        with pytest.raises(StreamEnded) as ended:
            await take(gateway, 1)
        assert ended.value.code == code
        assert len(gateway.asked) == 1


async def test_waits_grow_until_a_subscription_works_and_then_begin_anew() -> None:
    waits: list[Iterator[float]] = []
    given: list[tuple[int, int]] = []

    def counted() -> Iterator[float]:
        mine = len(waits)
        waits.append(iter(()))
        for number in itertools.count():
            given.append((mine, number))
            yield 0.01

    async def dies(talk: Conversation) -> None:
        """Hangs up without a word."""

    async with fake_gateway(dies, dies, says(1), dies, says(2)) as gateway, asyncio.timeout(SECONDS):
        line = Line(gateway.url.replace("http", "ws") + "/v1/ws", "key", waits=counted)
        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as http:
            stream = follow(SESSION, Place(1, 0), line, Log(Http(http)))
            assert [(await anext(stream)).sequence for _ in range(2)] == [1, 2]
            await stream.aclose()
    assert given == [(0, 0), (0, 1), (1, 0), (1, 1)]


async def test_an_event_that_was_handed_out_before_the_caller_stopped_is_not_lost_for_the_next_stream() -> None:
    async with fake_gateway(says(1, 2, 3)) as gateway:
        first = await take(gateway, 1)
        assert numbers(await take(gateway, 2, first[-1].place)) == [2, 3]


async def test_a_post_is_tried_until_it_is_sure_under_one_key() -> None:
    running = {"code": "request_in_progress", "detail": "x"}
    webhook = {"id": "whk_x", "url": "u", "events": ["message_sent"], "created_at": "t", "secret": "whsec_x"}
    async with fake_gateway(stays) as gateway, Waypost(gateway.url, "key") as waypost:
        gateway.answers = [
            Response(status_code=502),
            JSONResponse(running, 409),
            JSONResponse({}, 429, {"retry-after": "0"}),
            JSONResponse(webhook, 201),
        ]
        made = await waypost.webhooks.create("u")
        assert (made.secret, made.events) == ("whsec_x", ("message_sent",))
        assert len(gateway.requests) == 4
        assert len({request[2:] for request in gateway.requests}) == 1
        assert gateway.requests[0][2]


async def test_a_refusal_is_told_at_once_and_a_delete_that_was_done_is_done() -> None:
    async with fake_gateway(stays) as gateway, Waypost(gateway.url, "key") as waypost:
        problem = {
            "code": "webhook_disabled",
            "detail": "d",
            "mend": "m",
            "instance": "r",
            "category": "business_logic",
        }
        gateway.answers = [JSONResponse(problem, 409)]
        with pytest.raises(Refused) as refused:
            await waypost.webhooks.redeliver_dead("whk_x")
        assert (refused.value.code, refused.value.mend, refused.value.request_id) == ("webhook_disabled", "m", "r")
        gateway.answers = [Response(status_code=500), JSONResponse({"code": "webhook_not_found"}, 404)]
        await waypost.webhooks.delete("whk_x")
        gateway.answers = [JSONResponse({"code": "webhook_not_found"}, 404)]
        with pytest.raises(Refused):
            await waypost.webhooks.delete("whk_x")


async def test_while_nobody_confirms_the_log_is_read() -> None:
    async with fake_gateway(says(4)) as gateway:

        async def stuck(talk: Conversation) -> None:
            gateway.log += [document(2)]
            async with asyncio.timeout(SECONDS):
                while len(gateway.fetched) < 4:  # noqa: ASYNC110  # the fake tells nobody
                    await asyncio.sleep(0.01)
            gateway.log += [document(3)]
            await talk.confirm(after=0)
            await talk.say(*map(document, (1, 2, 3, 4)))

        gateway.scripts, gateway.log = [stuck], [document(1)]
        assert numbers(await take(gateway, 4, confirm_seconds=0.05)) == [1, 2, 3, 4]
        assert len(gateway.asked) == 1
