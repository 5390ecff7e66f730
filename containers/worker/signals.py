"""What an observation means for the life of a session: many observations, few signals."""

from dataclasses import dataclass
from enum import StrEnum

from containers.worker.observations import (
    BrowserGone,
    BrowserObservation,
    CodeShown,
    Idle,
    LoggedOut,
    LoginSeen,
    PageCrashed,
    PageHung,
    PageObservation,
    PasskeyAsked,
    RestrictionSeen,
    UpdateNeeded,
)


@dataclass(frozen=True, slots=True)
class StartAsked:
    """Somebody wants the session to run; also the way out of every state of rest."""


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Close the browser, stay linked."""


@dataclass(frozen=True, slots=True)
class LogoutAsked:
    """Unlink the device."""


@dataclass(frozen=True, slots=True)
class LaunchFailed:
    """The browser or the page did not come up; `code` is that of the error."""

    code: str = "browser_not_started"


@dataclass(frozen=True, slots=True)
class ProfileLost:
    """The session is linked, but no copy of its profile can be used. `reason` is `profile_lost`: there is none, or
    `profile_tampered`: they fail their checks."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProxyDown:
    """The session's proxy makes no connections. `reason` is `proxy_unreachable` or `proxy_refused`."""

    reason: str


@dataclass(frozen=True, slots=True)
class RelinkDue:
    """The link has lasted as long as the policy lets it (R-AUTH-2)."""


@dataclass(frozen=True, slots=True)
class SleepAsked:
    """Nothing came or went for long, and nothing waits: the browser may be closed until there is something to do."""


@dataclass(frozen=True, slots=True)
class AcksMissing:
    """WhatsApp acknowledges nothing that we sent, for longer than it normally takes."""


@dataclass(frozen=True, slots=True)
class AcksBack:
    """An acknowledgement came, or none is waited for any more."""


@dataclass(frozen=True, slots=True)
class UpdateHeld:
    """The canaries have not passed on the new build: the page that is open goes on for now."""


@dataclass(frozen=True, slots=True)
class UpdateCleared:
    """The new build may be loaded; not `tested`: because the patience is over."""

    tested: bool = True


@dataclass(frozen=True, slots=True)
class RestrictionOver:
    """New chats are allowed again."""


Asked = StartAsked | StopAsked | LogoutAsked | SleepAsked
Judged = (
    LaunchFailed
    | ProxyDown
    | ProfileLost
    | RelinkDue
    | AcksMissing
    | AcksBack
    | RestrictionOver
    | UpdateHeld
    | UpdateCleared
)
Observation = PageObservation | BrowserObservation | Asked | Judged


class Signal(StrEnum):
    START = "start"
    STOP = "stop"
    SLEEP = "sleep"
    LOG_OUT = "log_out"
    RELINK = "relink"
    CODE = "code"
    CODE_GONE = "code_gone"
    IDLE = "idle"
    UNLINKED = "unlinked"  # the page asks for a code to be scanned
    PAIRING = "pairing"  # a code was scanned
    PASSKEY = "passkey"
    SYNCING = "syncing"  # logged in, not caught up
    READY = "ready"
    OFFLINE = "offline"  # logged in, no line to WhatsApp
    PROXY_BLOCKED = "proxy_blocked"
    PROXY_DOWN = "proxy_down"
    CONFLICT = "conflict"  # another browser acts as this device
    NEEDS_UPDATE = "needs_update"  # the page does not work any more
    UPDATE_OFFERED = "update_offered"  # it works, and says that there is a newer one
    UPDATE_HELD = "update_held"
    UPDATE_CLEARED = "update_cleared"
    ACKS_MISSING = "acks_missing"
    ACKS_BACK = "acks_back"
    BROWSER_GONE = "browser_gone"
    PAGE_CRASHED = "page_crashed"
    OUT_OF_MEMORY = "out_of_memory"  # the renderer, or the kernel ended a process for want of it
    PAGE_HUNG = "page_hung"
    NOT_STARTED = "browser_not_started"
    NOT_LOADED = "page_not_loaded"  # nobody answered at WhatsApp's address
    PROFILE_LOST = "profile_lost"
    LOGGED_OUT = "logged_out"
    BANNED = "banned"
    RESTRICTED = "restricted"
    UNRESTRICTED = "unrestricted"


_PLAIN: dict[type, Signal] = {
    StartAsked: Signal.START,
    StopAsked: Signal.STOP,
    SleepAsked: Signal.SLEEP,
    LogoutAsked: Signal.LOG_OUT,
    RelinkDue: Signal.RELINK,
    ProxyDown: Signal.PROXY_DOWN,
    ProfileLost: Signal.PROFILE_LOST,
    PasskeyAsked: Signal.PASSKEY,
    AcksMissing: Signal.ACKS_MISSING,
    AcksBack: Signal.ACKS_BACK,
    RestrictionSeen: Signal.RESTRICTED,
    RestrictionOver: Signal.UNRESTRICTED,
    Idle: Signal.IDLE,
    UpdateNeeded: Signal.UPDATE_OFFERED,
    UpdateHeld: Signal.UPDATE_HELD,
    UpdateCleared: Signal.UPDATE_CLEARED,
    LoggedOut: Signal.LOGGED_OUT,
    PageHung: Signal.PAGE_HUNG,
}

# Stream modes that say it all, whatever else the snapshot holds.
_MODES: dict[str | None, Signal] = {
    "TOS_BLOCK": Signal.BANNED,
    "SMB_TOS_BLOCK": Signal.BANNED,
    "CONFLICT": Signal.CONFLICT,
    "DEPRECATED_VERSION": Signal.NEEDS_UPDATE,
    "PROXYBLOCK": Signal.PROXY_BLOCKED,
}

NO_LINE = {"OFFLINE", "OPENING", "CONNECTING", "TIMEOUT"}


def signal_of(observation: Observation) -> Signal | None:
    """None for what does not concern the session's life, such as a message."""
    match observation:
        case CodeShown(code):
            return Signal.CODE_GONE if code is None else Signal.CODE
        case LoginSeen():
            return _signal_of_login(observation)
        case LaunchFailed(code):
            return Signal.NOT_LOADED if code == Signal.NOT_LOADED.value else Signal.NOT_STARTED
        case PageCrashed(out_of_memory):
            return Signal.OUT_OF_MEMORY if out_of_memory else Signal.PAGE_CRASHED
        case BrowserGone(out_of_memory):
            return Signal.OUT_OF_MEMORY if out_of_memory else Signal.BROWSER_GONE
        case _:
            return _PLAIN.get(type(observation))


def _signal_of_login(seen: LoginSeen) -> Signal | None:
    if seen.mode in _MODES:
        return _MODES[seen.mode]
    if seen.authenticated:
        return _signal_of_line(seen)
    if seen.pairing and seen.mode == "QR":
        return Signal.PAIRING
    return {"QR": Signal.UNLINKED, "SYNCING": Signal.PAIRING}.get(seen.mode or "")


def _signal_of_line(seen: LoginSeen) -> Signal:
    if seen.online is False or (seen.main_loaded and seen.info in NO_LINE):
        return Signal.OFFLINE
    if not seen.working:
        return Signal.SYNCING
    return Signal.UPDATE_OFFERED if seen.needs_update else Signal.READY
