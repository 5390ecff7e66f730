"""The worker: one asyncio process, one Playwright driver, up to five sessions. SIGTERM hands them back and ends it."""

import asyncio
import contextlib
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from playwright.async_api import async_playwright

from containers.worker.fence import Fence
from containers.worker.host import Host
from containers.worker.incarnation import Incarnation
from waypost.bootstrap import app
from waypost.observability import logger

log = logger("worker")

SLOTS = 5  # R-LIM-4
# Two lanes of five sessions wait in a thread each, beside what is at work.
_THREADS = 48


async def work() -> None:
    """Run until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="engine"))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    here = app()
    incarnation = Incarnation(here.settings.home / "run")
    fence = Fence(os.environ.get("WAYPOST_LAUNCHER"))
    async with async_playwright() as playwright:
        host = Host(here, playwright, worker=incarnation.id, fence=fence, slots=SLOTS)
        running = asyncio.create_task(host.run())
        log.info("ready", extra={"worker": incarnation.id})
        stop = asyncio.create_task(ended.wait())
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        stop.cancel()
    await fence.close()
    log.info("ended")


async def work_and_leave() -> None:
    """`work`, then leave without waiting for the threads that still listen to a queue: they hold nothing."""
    await work()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(work_and_leave())
