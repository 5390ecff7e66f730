"""A session's life under one owner: what was seen goes to the state machine, what it says is done, until it rests."""

import asyncio
import time

from containers.worker.effects import Relaunch, Reload, Restore
from containers.worker.lifecycle import step
from containers.worker.observations import LoginSeen
from containers.worker.owner_effects import Effects
from containers.worker.owner_parts import Parts
from containers.worker.signals import Observation, StartAsked
from containers.worker.states import AT_REST, State, Status


class _Rested(Exception):
    """The session came to rest: nothing is left to do for its owner."""


class Run:
    """One run; `live` is called once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._effects = Effects(parts)
        self._caught_up = False
        session, upkeep = parts.session, parts.upkeep
        self._state = State(
            status=Status.ASLEEP if session.status == Status.ASLEEP else Status.STOPPED,
            restricted=session.restricted_until_ms > parts.now_ms(),
            take_over_after=upkeep.take_over_seconds or None,
        )

    async def live(self) -> Status:
        """Until the session rests; returns how. Raises Fenced, or an engine's error."""
        parts = self._parts
        try:
            async with asyncio.TaskGroup() as tasks:
                for task in parts.tasks():
                    tasks.create_task(task)
                await parts.orders.take_up()
                parts.seen.put_nowait(StartAsked())
                try:
                    await self._follow()
                finally:
                    # While the recorder still runs: the page's last words are filed.
                    await parts.orders.end()
                    await asyncio.shield(parts.browsing.close())
        except* _Rested:
            pass
        return self._state.status

    async def _follow(self) -> None:
        while True:
            seen = await self._parts.vault.judge(await self._parts.seen.get())
            await self._judge(seen)
            if self._state.status in AT_REST and self._parts.seen.empty():
                raise _Rested

    async def _judge(self, seen: Observation) -> None:
        parts = self._parts
        if isinstance(seen, LoginSeen):
            parts.recorder.build = f"wa-js/{seen.wa_js} web/{seen.build}" if seen.build else ""
            await parts.canary_watch.note(parts.recorder.build)
        parts.vitals.note(seen)
        self._state, effects = step(self._state, seen, time.monotonic())
        if any(isinstance(effect, Relaunch | Reload | Restore) for effect in effects):
            parts.vitals.troubled(self._state.reason or "")
        sending = self._state.sends
        if not sending:
            parts.readiness.shut()
        if self._state.ready_since is None:
            self._caught_up = False
            parts.filing.begin_gap()
        for effect in effects:
            await self._effects.carry_out(effect)
        parts.vault.note_status(self._state.status)
        if self._state.ready_since is not None and not self._caught_up:
            await parts.filing.catch_up()
            self._caught_up = True
        if sending and not parts.readiness.is_open:
            parts.vitals.acks.restart()  # while there was no line, nothing could be heard
            parts.readiness.open()
