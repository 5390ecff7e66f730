"""A lane whose owner ended gives back what a listening thread still got, so that the next owner has it at once."""

import asyncio
import contextlib
import threading
from pathlib import Path

from containers.worker.lane import Lane
from tests.integration.sending_house import SESSION, FakeWhatsApp, accept, sender, sending_app
from waypost.bootstrap import App
from waypost.domain.ids import make_id

ADA = "4915112345602"


async def _listen_and_end(app: App) -> None:
    async def no_command() -> None:
        pass

    async with sender(app, FakeWhatsApp()) as sending:
        lane = Lane(app, SESSION, "interactive", sender=sending, on_command=no_command, unique="1")
        running = asyncio.create_task(lane.run())
        await asyncio.sleep(0.3)  # long enough to be in the long poll; a late one only makes the test easier
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        accept(app, ADA, "hello", make_id("msg", bytes(16)))


def test_what_arrives_after_the_end_is_there_for_the_next_owner(tmp_path: Path) -> None:
    with sending_app(tmp_path) as app:
        thread = threading.Thread(target=lambda: asyncio.run(_listen_and_end(app)))
        thread.start()
        thread.join(30)  # asyncio.run waits for the listening thread
        queue = app.engine.queues.queue(f"interactive-{SESSION}")
        assert [hint.receive_count for hint in queue.receive(wait_seconds=5)] == [2]
