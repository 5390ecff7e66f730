"""What the simulated network promises and refuses, spoken to directly, without a browser."""

import base64
import json
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.simulator_driver import Phone, Simulator, until

ANA, BRUNO = "5511900000001", "5511900000002"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    server = Simulator(tmp_path_factory.mktemp("network"))
    server.launch()
    yield server
    assert server.end() == 0


@pytest.fixture
async def simulator(server: Simulator) -> AsyncIterator[Simulator]:
    async with server.fresh() as simulator:
        yield simulator


@pytest.fixture
async def ana(simulator: Simulator) -> Phone:
    return await simulator.account(ANA, "Ana")


@pytest.fixture
async def bruno(simulator: Simulator) -> Phone:
    return await simulator.account(BRUNO, "Bruno")


class Line:
    """A page reduced to its words: one WebSocket, stanzas in and out."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def say(self, **stanza: Any) -> None:
        await self._socket.send(json.dumps(stanza))

    async def hear(self, *kinds: str) -> dict[str, Any]:
        """The next stanza of one of these types; others are passed over."""
        while True:
            stanza: dict[str, Any] = json.loads(await self._socket.recv())
            if stanza["type"] in kinds:
                return stanza


class Device:
    """A linked device with a key of its own and a counter that it can be made to forget."""

    def __init__(self, simulator: Simulator) -> None:
        self._url = simulator.url.replace("http", "ws") + "/ws/chat"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = ""
        self.session, self.counter = 1, 0

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        async with connect(self._url) as socket:
            yield Line(socket)

    def _identity(self) -> str:
        how = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return base64.b64encode(self._key.public_key().public_bytes(*how)).decode()

    async def link(self, phone: Phone) -> None:
        async with self.line() as line:
            await line.say(type="hello", page="p", device=None)
            ref = (await line.hear("pair-refs"))["refs"][0]
            secret = base64.b64encode(secrets.token_bytes(32)).decode()
            code = ",".join([ref, "static", self._identity(), secret])
            await phone.call("POST", "/scan", {"code": code})
            self.id = (await line.hear("pair-success"))["device"]

    @asynccontextmanager
    async def logged_in(self) -> AsyncIterator[Line]:
        async with self.line() as line:
            await line.say(type="hello", page="p", device=self.id)
            nonce = base64.b64decode((await line.hear("challenge"))["nonce"])
            await line.say(type="auth", device=self.id, signature=self._sign(nonce))
            answer = await line.hear("success", "failure")
            assert answer["type"] == "success", answer
            yield line

    def _sign(self, nonce: bytes) -> str:
        r, s = decode_dss_signature(self._key.sign(nonce, ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()

    async def send(self, line: Line, to: str, text: str, message_id: str = "") -> dict[str, Any]:
        self.counter += 1
        message_id = message_id or "3EB0" + secrets.token_hex(9).upper()
        await line.say(type="send", to=to, id=message_id, text=text, session=self.session, counter=self.counter)
        return await line.hear("ack")


@pytest.fixture
async def device(simulator: Simulator, ana: Phone) -> Device:
    device = Device(simulator)
    await device.link(ana)
    return device


async def test_nothing_is_taken_before_the_login(simulator: Simulator, bruno: Phone) -> None:
    async with Device(simulator).line() as line:
        await line.say(type="hello", page="p", device=None)
        await line.say(type="send", to=bruno.jid, id="3EB000000001", text="hi", session=1, counter=1)
        assert (await line.hear("stream-error"))["reason"] == "not_logged_in"
    assert (await simulator.counts())["refused"] == {"not_logged_in": 1}


@pytest.mark.parametrize(
    ("to", "text", "reason"),
    [
        ("5511988887777@c.us", "hi", "unknown_number"),
        ("someone@c.us", "hi", "bad_jid"),
        (f"{BRUNO}@s.whatsapp.net", "hi", "bad_jid"),
        (f"{BRUNO}@c.us", "x" * 65_537, "too_long"),
        (f"{BRUNO}@c.us", "", "empty_text"),
    ],
)
async def test_sends_that_are_refused(
    simulator: Simulator, device: Device, bruno: Phone, to: str, text: str, reason: str
) -> None:
    async with device.logged_in() as line:
        assert (await device.send(line, to, text))["error"] == reason
    assert (await simulator.counts())["refused"] == {reason: 1}
    assert (await simulator.counts())["messages_filed"] == 0


async def test_a_text_of_the_greatest_length_arrives(device: Device, ana: Phone, bruno: Phone) -> None:
    async with device.logged_in() as line:
        assert "t" in await device.send(line, bruno.jid, "x" * 65_536)
    [message] = await bruno.messages(ana)
    assert len(message["text"]) == 65_536


async def test_wrong_keys_and_removed_devices_are_shown_the_door(
    simulator: Simulator, device: Device, ana: Phone
) -> None:
    impostor = Device(simulator)
    impostor.id = device.id
    with pytest.raises(AssertionError, match="device_removed"):
        async with impostor.logged_in():
            pass
    await ana.call("POST", "/logout", {"device": device.id})
    with pytest.raises(AssertionError, match="device_removed"):
        async with device.logged_in():
            pass
    await ana.call("POST", "/logout", {"device": device.id}, 404)
    assert (await simulator.counts())["refused"] == {"bad_credentials": 2}


async def test_the_network_drops_copies_or_delivers_them_as_it_is_set(
    simulator: Simulator, device: Device, ana: Phone, bruno: Phone
) -> None:
    async with device.logged_in() as line:
        for _ in range(2):
            assert "t" in await device.send(line, bruno.jid, "once", "3EB0AAAAAAAA")
        assert await bruno.texts(ana) == ["once"]
        await simulator.call("PATCH", "/settings", {"drop_copies": False})
        await device.send(line, bruno.jid, "once", "3EB0AAAAAAAA")
    assert [(m["text"], m["copy"]) for m in await bruno.messages(ana)] == [("once", False), ("once", True)]
    counts = await simulator.counts()
    assert (counts["messages_filed"], counts["copies_dropped"], counts["copies_delivered"]) == (1, 1, 1)


async def test_a_reused_counter_needs_a_retry_receipt(simulator: Simulator, device: Device, bruno: Phone) -> None:
    async with device.logged_in() as line:
        await device.send(line, bruno.jid, "first")
        device.counter = 0
        assert (await device.send(line, bruno.jid, "second"))["error"] == "counter_reused"
        await line.say(type="retry")
        device.session, device.counter = (await line.hear("retry-ok"))["session"], 0
        assert "t" in await device.send(line, bruno.jid, "second")


async def test_a_queue_is_kept_until_acknowledged_and_then_gone(
    simulator: Simulator, device: Device, ana: Phone, bruno: Phone
) -> None:
    for text in ("one", "two", "three"):
        await bruno.send(ana, text)
    async with device.logged_in() as line:
        seen = [await line.hear("stanza") for _ in range(4)]
        assert [s["text"] for s in seen if s["kind"] == "message"] == ["one", "two", "three"]
        await line.say(type="ack", position=seen[1]["position"])
        await line.say(type="iq", n=1, ask="exists", jid=bruno.jid)
        await line.hear("iq-result")
    await simulator.stop(signal.SIGKILL)
    await simulator.start()
    async with device.logged_in() as line:
        kept = [await line.hear("stanza") for _ in range(3)]
        assert [s.get("text") for s in kept] == [None, "two", "three"]
        assert (await line.hear("offline-done"))["count"] == 3


async def test_other_devices_get_a_copy_and_the_sender_no_echo(
    simulator: Simulator, device: Device, ana: Phone, bruno: Phone
) -> None:
    other = Device(simulator)
    await other.link(ana)
    async with device.logged_in() as line, other.logged_in() as second:
        await second.hear("offline-done")
        await device.send(line, bruno.jid, "from the first")
        copy = await second.hear("stanza")
        assert (copy["kind"], copy["from_me"], copy["text"]) == ("message", True, "from the first")
        receipt = await line.hear("stanza")
        while receipt["kind"] == "history":
            receipt = await line.hear("stanza")
        assert (receipt["kind"], receipt["ack"]) == ("receipt", 2)


async def test_delivery_waits_for_the_phone_and_reading_for_the_person(
    simulator: Simulator, device: Device, ana: Phone, bruno: Phone
) -> None:
    await simulator.call("PATCH", f"/accounts/{BRUNO}", {"online": False, "delays": {"ack2_ms": 0}})
    async with device.logged_in() as line:
        sent = await device.send(line, bruno.jid, "later")
    assert await bruno.messages(ana) == []
    assert [m["ack"] for m in await ana.messages(bruno)] == [1]
    await simulator.call("PATCH", f"/accounts/{BRUNO}", {"online": True})

    async def ack() -> list[int]:
        return [m["ack"] for m in await bruno.messages(ana) if m["id"] == sent["id"]]

    await until(lambda: is_now(ack, [2]))
    await bruno.call("POST", "/read", {"with": ANA})
    assert await ack() == [3]


async def is_now(look: Any, wanted: Any) -> bool:
    return bool(await look() == wanted)


async def test_an_account_has_at_most_four_devices(simulator: Simulator, ana: Phone) -> None:
    for _ in range(4):
        await Device(simulator).link(ana)
    with pytest.raises(AssertionError, match="too_many_devices"):
        await Device(simulator).link(ana)
    assert len(await ana.call("GET", "/devices")) == 4


async def test_what_a_server_killed_in_the_middle_had_accepted_is_not_lost(
    simulator: Simulator, device: Device, ana: Phone, bruno: Phone
) -> None:
    await simulator.call("PATCH", f"/accounts/{ANA}", {"delays": {"ack1_ms": 60_000}})
    async with device.logged_in() as line:
        await line.say(type="send", to=bruno.jid, id="3EB0BBBBBBBB", text="kept", session=1, counter=1)
        await line.say(type="iq", n=1, ask="exists", jid=bruno.jid)
        await line.hear("iq-result")
        await simulator.stop(signal.SIGKILL)
    await simulator.start()
    assert await bruno.texts(ana) == ["kept"]


async def test_the_control_api_explains_what_it_refuses(simulator: Simulator, ana: Phone) -> None:
    assert (await simulator.call("POST", "/accounts", {"number": ANA}, 200))["jid"] == ana.jid
    for method, path, body, status, error in [
        ("POST", "/accounts", {"number": "12"}, 400, "bad_number"),
        ("POST", "/accounts", {}, 400, "missing_field"),
        ("PATCH", f"/accounts/{ANA}", {"mood": "good"}, 400, "unknown_field"),
        ("PATCH", "/settings", {"drop_copies": 1}, 400, "bad_setting"),
        ("POST", f"/accounts/{ANA}/messages", {"to": "5511988887777", "text": "x"}, 404, "unknown_number"),
        ("GET", "/accounts/5511988887777/messages", None, 404, "unknown_number"),
        ("POST", f"/accounts/{ANA}/typing", {"to": ANA, "state": "asleep"}, 400, "bad_state"),
        ("GET", "/nothing", None, 404, "http"),
    ]:
        answer = await simulator.call(method, path, body, status)
        assert answer["error"] == error, answer
        assert answer["message"]
    await simulator.call("POST", "/reset")
    assert await simulator.call("GET", "/accounts") == []
