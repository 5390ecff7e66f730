"""A second, unrelated client on the same page: whatsapp-web.js links, sends, receives, and logs out."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import pictures, recordings
from tests.corpus.files import made
from tests.integration.media_world import b64
from tests.integration.simulator_driver import CHROMIUM, ROOT, Simulator, until
from tests.second_client.front import https_before

SCRIPT = Path(__file__).with_name("client.cjs")


class SecondClient:
    """The node process: told what to do on its input, heard on its output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen: list[dict[str, Any]] = []

    async def listen(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            self.seen.append(json.loads(line))

    async def event(self, event: str, **wanted: Any) -> dict[str, Any]:
        expected = {"event": event, **wanted}

        async def look() -> list[dict[str, Any]]:
            return [seen for seen in self.seen if expected.items() <= seen.items()]

        try:
            return (await until(look, seconds=30))[0]
        except TimeoutError:
            raise TimeoutError(f"no {expected} among {self.seen}") from None

    async def call(self, call: str, **details: Any) -> Any:
        assert self._process.stdin
        self.seen = [seen for seen in self.seen if seen.get("call") != call]
        self._process.stdin.write(json.dumps({"call": call, **details}).encode() + b"\n")
        result = await self.event("result", call=call)
        assert "error" not in result, result["error"]
        return result["value"]


@asynccontextmanager
async def second_client(port: int, profile: Path) -> AsyncIterator[SecondClient]:
    command = ["node", str(SCRIPT), CHROMIUM, str(port), str(profile)]
    # A session of its own, so that a browser that outlives the script is found and ended with it.
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    client = SecondClient(process)
    listening = asyncio.create_task(client.listen())
    try:
        yield client
    finally:
        assert process.stdin
        process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await listening


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(tmp_path / "network").running() as simulator:
        yield simulator


async def test_the_second_client_links_talks_and_leaves(simulator: Simulator, tmp_path: Path) -> None:
    ana = await simulator.account("5511900000001", "Ana")
    bruno = await simulator.account("5511900000002", "Bruno", auto_read=True)
    async with (
        https_before(simulator.port, tmp_path) as port,
        second_client(port, tmp_path / "profile") as client,
    ):
        await ana.call("POST", "/scan", {"code": (await client.event("qr"))["code"]})
        await client.event("authenticated")
        await client.event("ready")
        assert await client.call("state") == "CONNECTED"

        sent = await client.call("send", to=bruno.jid, text="from the second client")
        for ack in (1, 2, 3):
            await client.event("message_ack", id=sent["id"], ack=ack)
        assert await bruno.texts(ana) == ["from the second client"]
        assert [s["body"] for s in client.seen if s["event"] == "message_create"] == ["from the second client"]

        theirs = await bruno.send(ana, "to the second client")
        assert (await client.event("message", id=theirs))["from"] == bruno.jid
        await bruno.call("POST", "/messages/edit", {"with": ana.number, "id": theirs, "text": "to you"})
        await client.event("message_edit", id=theirs, body="to you")
        await bruno.call("POST", "/messages/react", {"with": ana.number, "id": sent["id"], "emoji": "👋"})
        await client.event("message_reaction", emoji="👋")
        picture, voice = made(pictures.jpeg), b64(recordings.sound("v.ogg", "-c:a", "libopus", seconds=1))

        async def arrived(call: str, **details: Any) -> dict[str, Any]:
            sent = await client.call(call, to=bruno.jid, **details)
            await client.event("message_ack", id=sent["id"], ack=1)
            return await bruno.message(ana, sent["id"])

        message = await arrived("sendFile", data=b64(picture), mimetype="image/jpeg", caption="look")
        assert (message["type"], message["text"], message["media"]["width"]) == ("image", "look", 640)
        message = await arrived("sendFile", data=voice, mimetype="audio/ogg; codecs=opus", sendAudioAsVoice=True)
        assert (message["type"], len(message["media"]["waveform"])) == ("ptt", 64)
        assert (await arrived("sendPlace", latitude=1, longitude=2))["location"]["name"] == "Pier"
        assert (await arrived("sendPoll", question="Tea?", options=["Yes", "No"]))["poll"]["options"] == ["Yes", "No"]
        body = {"to": ana.number, "type": "image", "data": b64(picture)}
        theirs = (await bruno.call("POST", "/messages", body, 201))["id"]
        await client.event("message", id=theirs)
        assert await client.call("download", id=f"false_{bruno.jid}_{theirs}") == b64(picture)
        group = (await bruno.call("POST", "/groups", {"subject": "Both", "participants": [ana.number]}, 201))["id"]

        async def listed() -> bool:
            return {c["id"] for c in await client.call("chats")} == {bruno.jid, group}

        await until(listed, what="the chats are not listed")
        assert await client.call("registered", number=bruno.jid)
        assert not await client.call("registered", number="5511988887777@c.us")

        await client.call("logout")
        assert await ana.call("GET", "/devices") == []
