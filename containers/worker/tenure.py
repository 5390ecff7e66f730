"""Holding a session's lease: claim, renew, tell the launcher the deadline, release (P4).

The launcher's deadline is reckoned on the boot clock from *before* each renewal was written, so that it is over before
anybody else may claim, whatever the wall clocks do.
"""

import asyncio
import time

from containers.worker.fence import Fence
from containers.worker.patience import patiently
from waypost.bootstrap import App
from waypost.domain.lease import LEASE_SECONDS, RENEW_SECONDS, Head
from waypost.entities.head import claim, release, renew
from waypost.errors import ConditionFailed, Fenced, StorageError


class Tenure:
    """One epoch of one session."""

    def __init__(self, app: App, head: Head, fence: Fence, *, claimed: float) -> None:
        """`claimed` is the second of the boot clock before the claim was written."""
        self.head = head
        self._claimed = claimed
        self._app = app
        self._fence = fence

    async def run(self) -> None:
        """Renew until cancelled. Raises Fenced when the lease was lost, or could not be renewed in time."""
        session = self.head.session
        deadline = self._claimed + LEASE_SECONDS
        await self._fence.extend(session, deadline)
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            asked = boot_seconds()
            if asked >= deadline:
                raise Fenced("The lease ran out before it could be renewed.")
            try:
                await patiently(
                    renew, self._app.table, session, self.head.epoch, self._app.now_ms() + LEASE_SECONDS * 1000
                )
            except ConditionFailed:
                raise Fenced("Another worker owns this session now.") from None
            except StorageError:
                continue  # the table is out of reach: the deadline stands, and the launcher keeps to it
            deadline = asked + LEASE_SECONDS
            await self._fence.extend(session, deadline)

    async def release(self) -> None:
        """Let the next owner start at once. Harmless when the lease was lost."""
        try:
            await patiently(release, self._app.table, self.head.session, self.head.epoch)
        except ConditionFailed:
            return
        finally:
            await self._fence.release(self.head.session)


async def take(app: App, session_id: str, worker: str, fence: Fence) -> Tenure | None:
    """Claim a session; None while somebody else's lease holds."""
    claimed, now_ms = boot_seconds(), app.now_ms()
    try:
        head = await patiently(claim, app.table, session_id, worker, now_ms, now_ms + LEASE_SECONDS * 1000)
    except ConditionFailed:
        return None
    return Tenure(app, head, fence, claimed=claimed)


def boot_seconds() -> float:
    """The boot clock: it never jumps, and goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
