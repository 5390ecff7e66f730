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
class Reload:
    """Load the page anew in the same browser; LaunchFailed when that does not work."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Restore:
    """As Relaunch, but on the last good copy of the profile, where there is one."""

    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class CheckAcks:
    """Ask the page what became of the messages that were not acknowledged; AcksBack when none is left to wait for."""


@dataclass(frozen=True, slots=True)
class AskCanary:
    """Find out whether the new build may be loaded: UpdateHeld when not yet, UpdateCleared as soon as it may."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Take the line back from the browser that took it from us, in `delay` seconds if it is still so."""

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
class HoldNewChats:
    """WhatsApp refuses new chats until then, unix milliseconds; None: it does not say until when."""

    until_ms: int | None


@dataclass(frozen=True, slots=True)
class AllowNewChats:
    """The restriction is over."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The login was lost without our asking: a new code is wanted (R-AUTH-2). Answer with StartAsked."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell everybody the new status."""

    status: Status
    reason: str | None


Browser = Launch | Relaunch | Reload | Restore | TakeOver | StopBrowser
Login = Unlink | PublishCode | WithdrawCode | RefreshCode | AskAgain
Effect = Browser | Login | CheckAcks | AskCanary | HoldNewChats | AllowNewChats | Announce
