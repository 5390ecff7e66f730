"""Carries out what a session's state machine says."""

from collections.abc import Awaitable, Callable
from typing import Any

from containers.worker.effects import (
    AllowNewChats,
    Announce,
    AskAgain,
    AskCanary,
    CheckAcks,
    Effect,
    HoldNewChats,
    Launch,
    PublishCode,
    RefreshCode,
    Relaunch,
    Reload,
    Restore,
    StopBrowser,
    TakeOver,
    Unlink,
    WithdrawCode,
)
from containers.worker.filing import harmlessly
from containers.worker.owner_parts import Parts
from containers.worker.page import Page
from containers.worker.signals import StartAsked
from containers.worker.states import Status
from containers.worker.vault.readying import PROFILE_LOST


class Effects:
    """Of one run of an owner."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def carry_out(self, effect: Effect) -> None:
        parts = self._parts
        match effect:
            case Launch():
                parts.browsing.launch(after=0)
            case Relaunch(delay=delay):
                parts.browsing.launch(after=delay)
            case Restore(delay=delay):
                parts.vault.doubt()
                parts.browsing.launch(after=delay)
            case Reload():
                parts.browsing.reload()
            case TakeOver(delay=delay):
                parts.browsing.take_over(after=delay)
            case CheckAcks():
                parts.watch.look_up_outstanding()
            case AskCanary():
                parts.canary_watch.begin()
            case HoldNewChats(until_ms=until_ms):
                news = parts.restriction.begin(until_ms, parts.now_ms())
                parts.gate.allowance.restricted_until_ms = parts.restriction.until_ms
                if news:
                    parts.number_watch.restricted()
                    await parts.announcer.restricted_until(parts.restriction.until_ms)
                    parts.gate.refresh()
            case AllowNewChats():
                parts.restriction.end()
                parts.gate.allowance.restricted_until_ms = 0
                await parts.announcer.restricted_until(0)
                parts.gate.refresh()
            case StopBrowser():
                await parts.browsing.close()
            case Unlink():
                await self._on_page(Page.logout)
            case RefreshCode():
                await self._on_page(Page.refresh_qr)
            case PublishCode():
                await parts.announcer.code(effect)
            case WithdrawCode():
                await parts.announcer.no_code()
            case AskAgain():
                parts.seen.put_nowait(StartAsked())
            case Announce(status=status, reason=reason):
                await self._announce(status, reason)

    async def _on_page(self, call: Callable[[Page], Awaitable[object]]) -> None:
        page = self._parts.page()
        if page is not None:
            await harmlessly(call(page), self._parts.session.id)

    async def _announce(self, status: Status, reason: str | None) -> None:
        announcer, login = self._parts.announcer, self._parts.browsing.login
        vitals = self._parts.vitals
        changes: dict[str, Any] = {
            "build": self._parts.recorder.build, "health": vitals.evidence().as_item(), "active_ms": vitals.active_ms,
        }  # fmt: skip
        if status in (Status.LOGGED_OUT, Status.BANNED) or reason in PROFILE_LOST:
            changes |= announcer.unlinked()
        elif login is not None:
            changes |= await announcer.linked_to(login)
            changes |= announcer.shown_as(self._parts.browsing.chromium)
        if status is Status.ASLEEP:
            changes["wake_ms"] = self._parts.idling.wake_ms
        await announcer.status(str(status), reason, changes=changes)
