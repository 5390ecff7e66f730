"""A file of 16 MB that comes in: from the page to `ready`, and read again in the two ways that ciphertext allows.

Streamed: the function decrypts a part at a time into its answer. Copied: all of it is decrypted into the bucket, and
the reader is sent there by a signed address; on LocalStack where it is installed, and on the embedded engine, where
whoever reads gets the copy from the disk.
"""

import asyncio
import base64
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import httpx
from playwright.async_api import async_playwright

from containers.worker.observations import MessageSeen
from infra.local.aws_stand_ins import LOCALSTACK_PYTHON
from tests.bench.figures import Figure, tell
from tests.contract.aws import aws
from tests.contract.embedded import embedded
from tests.contract.harness import Subject
from tests.integration.received_files import file_came
from tests.integration.receiving_house import FakePage, receiving
from tests.integration.simulator_driver import Simulator, until
from tests.integration.worker_driver import session_on
from waypost.bootstrap import App, join
from waypost.domain.ids import make_id
from waypost.domain.received import PART_BYTES
from waypost.engines.aws.blobs import AwsBlobs
from waypost.entities.received import Received
from waypost.settings import Settings

MEGABYTES = 16
SIZE = MEGABYTES * 1024 * 1024
TIMES = 7
COMING_TIMES = 3


def measure(folder: Path) -> list[Figure]:
    figures = [Figure("16 MB that come in, told of → ready", asyncio.run(_coming_in(folder / "coming")), "ms")]
    subjects: dict[str, Callable[[Path], AbstractContextManager[Subject]]] = {"embedded": embedded}
    if LOCALSTACK_PYTHON.exists():
        subjects["LocalStack"] = aws
    for name, subject in subjects.items():
        place = folder / name
        place.mkdir()
        with subject(place) as engine:
            figures += _read(name, join(Settings(home=place), engine.engine))
    return figures


def _read(engine: str, app: App) -> list[Figure]:
    tenant = make_id("ten", os.urandom(16))
    media = file_came(app, tenant, make_id("ses", os.urandom(16)), os.urandom(SIZE))
    received = app.received.find(media, tenant, app.now_ms())
    streamed = [_streamed(app, received) for _ in range(TIMES)]
    copied = [_copied(app, received) for _ in range(TIMES)]
    whole = statistics.median(sum(parts) for parts in streamed)
    against = "a decrypted copy, written and read"
    return [
        Figure(
            f"16 MB read, decrypted into four answers, {engine}", whole, "ms",
            ratio=whole / statistics.median(total for total, _ in copied), against=against,
        ),
        Figure(
            f"16 MB read, the first 4 MB of it, {engine}", statistics.median(parts[0] for parts in streamed), "ms",
            ratio=statistics.median(parts[0] for parts in streamed) / statistics.median(first for _, first in copied),
            against=f"until the first byte of {against}",
        ),
    ]  # fmt: skip


def _streamed(app: App, received: Received) -> list[float]:
    """Of each answer, with the base64 in which Lambda hands it to API Gateway."""
    times = []
    for at in range(0, SIZE, PART_BYTES):
        began = time.perf_counter()
        body = base64.b64encode(b"".join(app.received.read(received, at, at + PART_BYTES - 1)))
        base64.b64decode(body)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _copied(app: App, received: Received) -> tuple[float, float]:
    """All of it; and until the reader may begin."""
    began = time.perf_counter()
    name = f"copy/{received.id}"
    blobs: Any = app.engine.blobs["media"]
    blobs.put(name, b"".join(app.received.read(received, 0, SIZE - 1)))
    ready = time.perf_counter()
    if isinstance(blobs, AwsBlobs):
        asked = {"Bucket": blobs._bucket, "Key": name}
        url = blobs._clients.s3().generate_presigned_url("get_object", Params=asked, ExpiresIn=300)
        found = httpx.get(url, trust_env=False).raise_for_status().content
    else:
        found = blobs.get(name)
    assert len(found) == SIZE
    ended = time.perf_counter()
    blobs.delete(name)
    return (ended - began) * 1000, (ready - began) * 1000


async def _coming_in(folder: Path) -> float:
    """From the moment that the worker files the message; with the real worker's browser on the simulated WhatsApp."""
    simulator = Simulator(folder / "network")
    totals = []
    with receiving(folder / "home") as house:
        async with simulator.running(), async_playwright() as playwright:
            ana, bruno = await simulator.account("5511900000001"), await simulator.account("5511900000002")
            async with session_on(playwright, simulator.url, folder) as session, house.life() as life:
                await session.link(ana)
                house.page = cast(FakePage, session.page)
                for _ in range(COMING_TIMES):
                    data = base64.b64encode(os.urandom(SIZE)).decode()
                    body = {"to": ana.number, "type": "document", "data": data, "filename": "f.bin"}
                    before = len(session.of(MessageSeen))
                    await bruno.call("POST", "/messages", body, 201)

                    async def heard(before: int = before) -> list[MessageSeen]:
                        return session.of(MessageSeen)[before:]

                    [seen] = await until(heard)
                    began = time.perf_counter()
                    await life.see(seen)
                    await house.wait_for("ready")
                    totals.append((time.perf_counter() - began) * 1000)
    return statistics.median(totals)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="waypost-bench-receiving-") as home:
        tell(measure(Path(home)))
