"""Holding a session's lease: claim, renew, tell the launcher the deadline, release (P4).

The launcher's deadline is reckoned on the boot clock from *before* each renewal was written, so that it is over before
anybody else may claim, whatever the wall clocks do.
"""

import asyncio
import time

from containers.worker.fence import Fence
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.lease import Head
from waypost.entities.head import claim, release, renew
from waypost.errors import ConditionFailed, Fenced, StorageError

_AGAIN_SECONDS = 1.0  # between tries to renew while the table does not answer


class Tenure:
    """One epoch of one session."""

    def __init__(self, app: App, head: Head, fence: Fence, *, claimed: float) -> None:
        """`claimed` is the second of the boot clock before the claim was written."""
        self.head = head
        self._terms = app.lease
        self._claimed = claimed
        self._app = app
        self.fence = fence

    async def run(self) -> None:
        """Renew until cancelled. Raises Fenced when the lease was lost, or could not be renewed in time."""
        session, terms = self.head.session, self._terms
        deadline = self._claimed + terms.lease_seconds
        pause = terms.renew_seconds
        while True:
            await asyncio.sleep(pause)
            asked = boot_seconds()
            if asked >= deadline:
                raise Fenced("The lease ran out before it could be renewed.")
            try:
                async with asyncio.timeout(deadline - asked):
                    until_ms = self._app.now_ms() + terms.lease_ms
                    await patiently(renew, self._app.table, session, self.head.epoch, until_ms)
            except ConditionFailed:
                raise Fenced("Another worker owns this session now.") from None
            except (StorageError, TimeoutError):
                # The table is out of reach: the deadline stands, and the launcher keeps to it.
                pause = min(_AGAIN_SECONDS, terms.renew_seconds)
                continue
            pause, deadline = terms.renew_seconds, asked + terms.lease_seconds
            await self.fence.extend(session, deadline)

    async def release(self) -> bool:
        """Let the next owner start at once; True when it may. Harmless when the lease was lost.

        The launcher first: whoever finds the session free must not find its browser alive."""
        await self.fence.release(self.head.session)
        try:
            await patiently(release, self._app.table, self.head.session, self.head.epoch)
        except ConditionFailed:
            return False
        return True


async def take(app: App, session_id: str, worker: str, fence: Fence) -> Tenure | None:
    """Claim a session and tell the launcher the deadline, which takes no browser before; None while somebody else's
    lease holds. Raises what the table and the fence raise."""
    claimed, now_ms, terms = boot_seconds(), app.now_ms(), app.lease
    try:
        head = await patiently(
            claim, app.table, session_id, worker, now_ms, now_ms + terms.lease_ms, margin_ms=terms.margin_ms
        )
    except ConditionFailed:
        return None
    await fence.extend(session_id, claimed + terms.lease_seconds)
    return Tenure(app, head, fence, claimed=claimed)


def boot_seconds() -> float:
    """The boot clock: it never jumps, and goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
