"""What the state machine wants done. The owner of the session does it."""

from dataclasses import dataclass, field

from containers.worker.states import Status


@dataclass(frozen=True, slots=True)
class Launch:
    """Start a browser and open WhatsApp; LaunchFailed when that does not work."""


@dataclass(frozen=True, slots=True)
class Relaunch:
    """End what is left of the browser, wait `delay` seconds, launch again on the same profile."""

    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class StopBrowser:
    """Close the browser, if there is one."""


@dataclass(frozen=True, slots=True)
class Unlink:
    """Call the page's logout; LoggedOut follows."""


@dataclass(frozen=True, slots=True)
class PublishCode:
    """Show this code in place of the one before. From 1: `sequence` counts in this login, `position` in its cycle of
    codes, and `attempt` the cycles."""

    code: str = field(repr=False)
    sequence: int
    position: int = 1
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class WithdrawCode:
    """No code is valid any more."""


@dataclass(frozen=True, slots=True)
class RefreshCode:
    """Ask the page for new codes."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The login was lost without our asking: a new code is wanted (R-AUTH-2). Answer with StartAsked."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell everybody the new status."""

    status: Status
    reason: str | None


Effect = Launch | Relaunch | StopBrowser | Unlink | PublishCode | WithdrawCode | RefreshCode | AskAgain | Announce
