"""Carries out what a session's state machine says."""

from collections.abc import Awaitable, Callable

from containers.worker.effects import (
    Announce,
    AskAgain,
    Effect,
    Launch,
    PublishCode,
    RefreshCode,
    Relaunch,
    StopBrowser,
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
        changes = {"build": self._parts.recorder.build}
        if status in (Status.LOGGED_OUT, Status.BANNED) or reason in PROFILE_LOST:
            changes |= announcer.unlinked()
        elif login is not None:
            changes |= await announcer.linked_to(login)
        await announcer.status(str(status), reason, changes=changes)
