"""Every file of the corpus, honest and hostile, sent by a person and received: what comes is what was sent, whatever it
is, and what is told of its type cannot do harm (R-MED-3)."""

import base64
import hashlib
from typing import Any

import pytest

from tests.corpus.files import HONEST, HOSTILE, Honest, Hostile, made
from tests.integration.test_receiving_page import World, world
from waypost.domain.file_marks import type_of

__all__ = ["world"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


# What the simulated phone looks into before it sends, and refuses: nothing, and pictures that would swell its memory.
_UNSENT = ("nothing", "png of 1.6 gigapixels", "gif of 65,000 x 65,000")
FILES = [file for file in (*HONEST, *HOSTILE) if file.name not in _UNSENT]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
async def test_a_file_of_the_corpus_arrives_byte_for_byte(world: World, file: Honest | Hostile) -> None:
    data = made(file.make)
    body: dict[str, Any] = {"type": "document", "data": base64.b64encode(data).decode(), "filename": "f.bin"}
    await world.send(**body, mime=file.declared or "application/octet-stream")
    told = await world.settled(world.came()["media"]["id"])
    assert (told["state"], told["size"], told["sha256"]) == ("ready", len(data), hashlib.sha256(data).hexdigest())
    assert told["mime"] == type_of(data[:64], file.declared)
    received = world.house.app.received.find(told["id"], "ten_" + "0" * 26, 0)
    assert b"".join(world.house.app.received.read(received, 0, len(data) - 1)) == data
