"""WebSocket connections of the local gateway: real $connect, $default and $disconnect events, push, limits."""

import asyncio
import json
import queue
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from infra.blueprint import Function
from infra.local.connections import Connections
from infra.local.gateway import RestGateway, create_app
from infra.local.runtime import Event, LambdaContext, LocalFunction
from infra.local.serve import Server, uvicorn_config

KEY, TOKEN = "wp_key", "push-token"


def authorizer(event: Event, context: LambdaContext) -> dict[str, Any]:
    assert event["type"] == "REQUEST"
    assert event["requestContext"]["routeKey"] == "$connect"
    offered = event["headers"].get("sec-websocket-protocol", "")
    known = event["headers"].get("x-api-key") == KEY or f"key.{KEY}" in offered
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow" if known else "Deny", "Resource": "*"}
    return {"principalId": "p", "policyDocument": {"Statement": [statement]}, "context": {"tenant": "ten_1"}}


@dataclass
class Fake:
    """A `connections` function that writes down its events and says of itself what the test wants."""

    events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)
    connect_status: int = 200

    def __call__(self, event: Event, context: LambdaContext) -> dict[str, Any]:
        self.events.put(event)
        match event["requestContext"]["routeKey"]:
            case "$connect":
                offered = event["headers"].get("sec-websocket-protocol", "")
                headers = {"Sec-WebSocket-Protocol": "waypost.v1"} if "waypost.v1" in offered else {}
                return {"statusCode": self.connect_status, "headers": headers}
            case "$default" if event["body"] == "break":
                raise ValueError("my secret")
            case "$default":
                return {"statusCode": 200, "body": f"you said {event['body']}"}
        return {"statusCode": 200}

    async def next(self, route: str) -> Event:
        event: Event = await asyncio.to_thread(self.events.get, True, 5)
        assert event["requestContext"]["routeKey"] == route
        return event


@dataclass
class Running:
    fake: Fake
    port: int

    def connect(self, **more: Any) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}/v1/ws", **{"additional_headers": {"x-api-key": KEY}, "proxy": None} | more
        )

    @asynccontextmanager
    async def connected(self, **more: Any) -> AsyncIterator[tuple[ClientConnection, str]]:
        async with self.connect(**more) as client:
            event = await self.fake.next("$connect")
            yield client, event["requestContext"]["connectionId"]

    async def push(
        self, connection_id: str, data: bytes = b"", method: str = "POST", token: str = TOKEN
    ) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/@connections/{quote(connection_id, safe='')}"
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
            return await client.request(method, url, content=data)


@asynccontextmanager
async def running(**clocks: float) -> AsyncIterator[Running]:
    fake = Fake()
    guard = LocalFunction(Function("authorizer", "none", "authorizer"), authorizer)
    handler = LocalFunction(Function("connections", "none", "websocket"), fake)
    connections = Connections(handler=handler, authorizer=guard, **clocks)
    app = create_app(rest=RestGateway(api=handler, authorizer=guard), connections=connections, push_token=TOKEN)
    server = Server(uvicorn_config(app, port=0))
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(5):
        while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
            await asyncio.sleep(0.005)
    try:
        yield Running(fake, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await task


async def test_a_conversation_is_three_kinds_of_event() -> None:
    async with running() as gateway:
        async with gateway.connect() as client:
            await client.send("hello")
            assert await client.recv() == "you said hello"
        connected, said, gone = [await gateway.fake.next(r) for r in ("$connect", "$default", "$disconnect")]
    assert connected["requestContext"]["eventType"] == "CONNECT"
    assert connected["headers"]["x-api-key"] == KEY
    ids = {event["requestContext"]["connectionId"] for event in (connected, said, gone)}
    assert len(ids) == 1
    assert len(ids.pop()) == 16
    assert said["body"] == "hello"
    assert said["requestContext"]["authorizer"] == {"principalId": "p", "tenant": "ten_1"}
    assert said["requestContext"]["messageId"]
    assert gone["requestContext"]["disconnectStatusCode"] == 1000


async def test_a_browser_brings_its_key_in_the_subprotocol() -> None:
    offered = [Subprotocol("waypost.v1"), Subprotocol(f"key.{KEY}")]
    async with running() as gateway, gateway.connect(additional_headers={}, subprotocols=offered) as client:
        assert client.subprotocol == "waypost.v1"


async def test_a_wrong_key_gets_401_and_no_connection() -> None:
    async with running() as gateway:
        with pytest.raises(InvalidStatus) as refused:
            await gateway.connect(additional_headers={"x-api-key": "wrong"})
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body)["code"] == "unauthorized"
        assert gateway.fake.events.empty()


async def test_connect_has_the_last_word() -> None:
    async with running() as gateway:
        gateway.fake.connect_status = 429
        with pytest.raises(InvalidStatus) as refused:
            await gateway.connect()
        assert refused.value.response.status_code == 429


async def test_a_function_that_breaks_is_told_without_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as gateway, gateway.connect() as client:
        await client.send("break")
        assert json.loads(await client.recv())["message"] == "Internal server error"
    assert "secret" not in caplog.text


async def test_a_pushed_frame_arrives_in_order_and_at_once() -> None:
    async with running() as gateway, gateway.connected() as (client, connection_id):
        for number in range(20):
            assert (await gateway.push(connection_id, f"frame {number}".encode())).status_code == 200
        assert [await client.recv() for _ in range(20)] == [f"frame {number}" for number in range(20)]


async def test_the_management_endpoint_knows_its_connections() -> None:
    async with running() as gateway, gateway.connected() as (client, connection_id):
        state = (await gateway.push(connection_id, method="GET")).json()
        assert state["identity"]["sourceIp"] == "127.0.0.1"
        assert (await gateway.push(connection_id, b"x" * (128 * 1024 + 1))).status_code == 413
        assert (await gateway.push(connection_id, b"x" * (128 * 1024))).status_code == 200
        assert len(await client.recv()) == 128 * 1024
        assert (await gateway.push(connection_id, b"x", token="wrong")).status_code == 403
        assert (await gateway.push("nobody=", b"x")).status_code == 410
        assert (await gateway.push(connection_id, method="DELETE")).status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1000
        await gateway.fake.next("$disconnect")
        assert (await gateway.push(connection_id, b"x")).status_code == 410


async def test_a_client_that_does_not_read_fills_its_buffer() -> None:
    # A small queue in the client stops its reading; what the kernel holds comes on top of our buffer.
    async with running() as gateway, gateway.connected(max_queue=1) as (client, connection_id):
        frame, statuses = b"x" * (64 * 1024), set[int]()
        async with asyncio.timeout(20):
            while 429 not in statuses:
                statuses.add((await gateway.push(connection_id, frame)).status_code)
        assert statuses == {200, 429}
        client.transport.abort()


async def test_messages_and_frames_have_the_clouds_limits() -> None:
    async with running() as gateway:
        async with gateway.connect() as client:  # 40 KB in frames of 20 KB is fine, in one frame is not
            await client.send(["x" * 20_000, "x" * 20_000])
            assert len(await client.recv()) == 40_000 + len("you said ")
            await client.send("x" * 40_000)
            assert await close_code(client) == 1009
        async with gateway.connect() as client:
            await client.send(["x" * 20_000] * 7)
            assert await close_code(client) == 1009


async def test_silence_and_age_end_a_connection() -> None:
    async with running(idle_seconds=0.2) as gateway, gateway.connect() as client:
        assert await close_code(client) == 1001
    async with running(lifetime_seconds=0.2) as gateway, gateway.connect() as client:
        assert await close_code(client) == 1001


async def test_what_is_said_keeps_a_connection_from_being_idle() -> None:
    async with running(idle_seconds=0.4) as gateway, gateway.connect() as client:
        began = time.monotonic()
        while time.monotonic() - began < 0.8:
            await client.send("still here")
            await client.recv()
            await asyncio.sleep(0.1)


async def close_code(client: ClientConnection) -> int | None:
    await asyncio.wait_for(client.wait_closed(), 5)
    return client.close_code
