"""`waypost up`: everything running until Ctrl-C or SIGTERM."""

import asyncio
import signal
from collections.abc import Callable

from infra.local.announcement import announcement
from infra.local.supervisor import Supervisor, Wanted, running


def up(wanted: Wanted, say: Callable[[str], None]) -> None:
    """Returns after a clean stop. Raises AlreadyRunning, StartFailed."""
    asyncio.run(_until_stopped(wanted, say))


async def _until_stopped(wanted: Wanted, say: Callable[[str], None]) -> None:
    cancel_on_signal(say)
    try:
        async with running(wanted, say) as supervisor:
            _announce(supervisor, say)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        say("Stopped.")


def cancel_on_signal(say: Callable[[str], None]) -> None:
    """The first SIGINT or SIGTERM ends the running task, which stops its parts; more of them change nothing."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    told: list[int] = []

    def stop() -> None:
        if not told and task is not None:
            say("Stopping …")
            task.cancel()
        told.append(1)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _announce(supervisor: Supervisor, say: Callable[[str], None]) -> None:
    say(announcement(supervisor.home, supervisor.addresses, supervisor.api_key))
