"""Runs all parts of Waypost on one machine, from the first start to a clean stop."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from infra.local.addresses import Addresses, choose
from infra.local.aws_parts import stand_in_parts
from infra.local.certificates import certificates
from infra.local.first_key import first_key
from infra.local.home import Home
from infra.local.logs import rotate
from infra.local.part import NeverHealthy, Part
from infra.local.parts import is_worker, part_specs
from infra.local.people import FRIEND, OWNER, introduce
from infra.local.processes import Identity
from infra.local.reload import reload_on_change
from infra.local.running import STATE_FILE, held

START_SECONDS = 60.0
PORTS_FILE = "ports.json"
TAIL_LINES = 6


class StartFailed(Exception):
    """A part did not become healthy. The message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for. Port 0 takes a free one; without `whatsapp_url` the simulator is started."""

    home: Home
    http_port: int
    https_port: int
    simulator_port: int
    whatsapp_url: str | None = None
    reload: bool = True
    workers: int = 1


class Supervisor:
    """Use `running`. `say` gets a sentence for people when something happens."""

    def __init__(
        self,
        wanted: Wanted,
        addresses: Addresses,
        api_key: str,
        say: Callable[[str], None],
        stand_ins: Sequence[Part] = (),
    ) -> None:
        self.home = wanted.home
        self.addresses = addresses
        self.api_key = api_key
        self.ready = False
        self._say = say
        self._me = Identity.of(os.getpid())
        self._stand_ins = stand_ins  # run already, and outlive the parts
        self.parts = [Part(spec, self._note) for spec in part_specs(wanted.home, addresses, wanted.workers)]

    async def start(self) -> None:
        """Raises StartFailed."""
        for part in self.parts:
            rotate(part.spec.log)
            await part.start()
        await asyncio.gather(*(_until_healthy(part) for part in self.parts))
        if self.addresses.simulator_url is not None:
            await introduce(self.addresses.simulator_url, OWNER, FRIEND)
        self.ready = True
        self._write()

    async def stop(self) -> None:
        """In the opposite order: what the workers say at last still finds everybody there. The workers together, or
        one would take up what another hands back."""
        workers = [part for part in self.parts if is_worker(part.spec)]
        await asyncio.gather(*(part.stop() for part in workers))
        for part in reversed(self.parts):
            if part not in workers:
                await part.stop()
        self.home.forget(STATE_FILE)

    def _note(self, part: Part, why: str) -> None:
        self._write()
        if why:
            self._say(f"{part.spec.name} {why}")

    def _write(self) -> None:
        self.home.write_private(STATE_FILE, self._state())

    def _state(self) -> dict[str, Any]:
        return {
            "supervisor": _identity(self._me),
            "ready": self.ready,
            "addresses": self.addresses.as_json(),
            "parts": {
                part.spec.name: {**_identity(part.identity), "state": part.state, "restarts": part.restarts}
                for part in (*self._stand_ins, *self.parts)
            },
        }


@asynccontextmanager
async def running(wanted: Wanted, say: Callable[[str], None]) -> AsyncIterator[Supervisor]:
    """Everything up and healthy inside, everything stopped after. Raises AlreadyRunning, StartFailed."""
    home = wanted.home
    home.make()
    async with AsyncExitStack() as stack:
        stack.enter_context(held(home))
        certificates(home.tls)
        last = home.read(PORTS_FILE) or {}
        addresses, remarks = choose(
            last,
            http_port=wanted.http_port,
            https_port=wanted.https_port,
            simulator_port=wanted.simulator_port,
            whatsapp_url=wanted.whatsapp_url,
        )
        home.write_private(PORTS_FILE, {**last, **addresses.ports})
        for remark in remarks:
            say(remark)
        stand_ins = await stack.enter_async_context(stand_in_parts(home, addresses))
        supervisor = Supervisor(wanted, addresses, await asyncio.to_thread(first_key, home), say, stand_ins)
        stop, watchers = asyncio.Event(), list[asyncio.Task[None]]()
        try:
            await supervisor.start()
            if wanted.reload:
                watchers.append(asyncio.create_task(reload_on_change(supervisor.parts, say, stop)))
            yield supervisor
        finally:
            stop.set()
            await asyncio.shield(supervisor.stop())
            for watcher in watchers:
                watcher.cancel()


async def _until_healthy(part: Part) -> None:
    try:
        await part.until_healthy(START_SECONDS)
    except NeverHealthy as error:
        raise StartFailed(f"{error}. The end of {part.spec.log}:\n{_tail(part)}") from error


def _identity(identity: Identity | None) -> dict[str, Any]:
    return {"pid": identity.pid, "started": identity.started} if identity else {"pid": None, "started": None}


def _tail(part: Part) -> str:
    lines = part.spec.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines) or "    (empty)"
