"""One part of a running Waypost: a process of its own, started again when it ends by itself."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from infra.local.processes import Identity, end

FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 30.0
PROVEN_SECONDS = 30.0  # who ran that long starts again with the shortest back-off
HEALTH_POLL_SECONDS = 0.1
HEALTHY_WITHIN_SECONDS = 30.0

type State = Literal["starting", "healthy", "restarting", "stopped"]


class NeverHealthy(Exception):
    """The part ended, or gave no sign of health in time."""


@dataclass(frozen=True, slots=True)
class PartSpec:
    """`health_url` answers 200 when the part is ready; without one a living process is taken for healthy."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    health_url: str | None = None
    grace_seconds: float = 5.0
    sources: tuple[Path, ...] = field(default=())  # a change in here starts it anew


class Part:
    def __init__(self, spec: PartSpec, changed: Callable[["Part", str], None]) -> None:
        self.spec = spec
        self.state: State = "stopped"
        self.restarts = 0
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._settler: asyncio.Task[None] | None = None
        self._reloading = False

    @property
    def identity(self) -> Identity | None:
        return Identity.of(self._process.pid) if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        for task in (self._keeper, self._settler):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._process is not None:
            await end(self._process, self.spec.grace_seconds)
        self._enter("stopped")

    async def reload(self) -> None:
        """Start it anew with the code as it is now."""
        if self._process is not None:
            self._reloading = True
            await end(self._process, self.spec.grace_seconds)

    async def until_healthy(self, seconds: float) -> None:
        """Raises NeverHealthy when it does not get there in time, or ends before."""
        deadline, restarts = time.monotonic() + seconds, self.restarts
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while not await self._answers(client):
                if self.restarts > restarts:
                    raise NeverHealthy(f"{self.spec.name} ended while starting")
                if time.monotonic() > deadline:
                    raise NeverHealthy(f"{self.spec.name} was not ready within {seconds:.0f} s")
                await asyncio.sleep(HEALTH_POLL_SECONDS)
        self._enter("healthy")

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        if self.spec.health_url is None:
            return self.identity is not None
        try:
            return (await client.get(self.spec.health_url)).is_success
        except httpx.HTTPError:
            return False

    async def _keep(self) -> None:
        back_off = FIRST_BACK_OFF_SECONDS
        while self._process is not None:
            began, code = time.monotonic(), await self._process.wait()
            if self._reloading:
                self._reloading = False
            else:
                await end(self._process, 0)  # whoever of its group outlived it
                back_off = FIRST_BACK_OFF_SECONDS if time.monotonic() - began > PROVEN_SECONDS else back_off
                self.restarts += 1
                self._enter("restarting", f"ended with {code}, comes back in {back_off:g} s; see {self.spec.log}")
                await asyncio.sleep(back_off)
                back_off = min(back_off * 2, LONGEST_BACK_OFF_SECONDS)
            await self._spawn()
            self._settler = asyncio.create_task(self._settle())

    async def _settle(self) -> None:
        with suppress(NeverHealthy):
            await self.until_healthy(HEALTHY_WITHIN_SECONDS)

    async def _spawn(self) -> None:
        with self.spec.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.spec.command,
                env=dict(self.spec.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own: Ctrl-C reaches the supervisor alone
            )
        self._enter("starting")

    def _enter(self, state: State, why: str = "") -> None:
        self.state = state
        self._changed(self, why)
