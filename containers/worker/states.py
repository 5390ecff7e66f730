"""The states of a session, and what its state machine remembers beside the status."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    STOPPED = "stopped"  # nobody asked for it to run
    STARTING = "starting"  # the browser is coming up; nothing known of the login yet
    SCAN_QR = "scan_qr"  # a code waits to be scanned
    PAIRING = "pairing"  # scanned; WhatsApp has not linked the device yet
    PASSKEY_REQUIRED = "passkey_required"  # WhatsApp wants a passkey before it links the device
    SYNCING = "syncing"  # linked, catching up
    WORKING = "working"  # linked, caught up, sending and receiving
    DEGRADED = "degraded"  # linked, but out of touch: no line, no acknowledgements, or the browser is being relaunched
    RESTRICTED = "restricted"  # works, but WhatsApp refuses new chats
    ASLEEP = "asleep"  # linked, but idle: no browser, wakes when there is something to do and now and then by itself
    LOGGED_OUT = "logged_out"  # unlinked, by the phone, by WhatsApp or by us
    BANNED = "banned"  # WhatsApp blocked the account
    FAILED = "failed"  # given up until somebody asks again


# No browser runs, and only StartAsked leads out.
AT_REST = frozenset({Status.STOPPED, Status.LOGGED_OUT, Status.BANNED, Status.FAILED, Status.ASLEEP})
LINKED = frozenset({Status.SYNCING, Status.WORKING, Status.DEGRADED, Status.RESTRICTED})
LINKING = frozenset({Status.STARTING, Status.SCAN_QR, Status.PAIRING, Status.PASSKEY_REQUIRED})

UPDATE_WAITS = "needs_update"  # the reason, while the canaries have not passed on the new build


@dataclass(frozen=True, slots=True)
class State:
    """`codes` counts those of this cycle, `sequence` all of this login, `relaunches` the remedies since the session was
    last steady, `unreached` those for a WhatsApp that was out of reach. `ready_since` is on the clock of `step`'s
    `now`; None while the page is not ready. `leaving` says that we asked for the logout, `relinking`
    that the policy did, `proving` that acknowledgements were missing and none has come back yet; `waits` counts
    the launches in vain behind a proxy that is gone. `update` says that WhatsApp offers a newer page: `asked` the
    canaries whether to load it, or `held` by them. `take_over_after` is a
    setting: seconds until a line that another browser took is taken back; None: when somebody asks."""

    status: Status = Status.STOPPED
    reason: str | None = None
    codes: int = 0
    cycles: int = 0
    sequence: int = 0
    relaunches: int = 0
    unreached: int = 0
    ready_since: float | None = None
    restricted: bool = False
    leaving: bool = False
    relinking: bool = False
    proving: bool = False
    waits: int = 0
    update: Literal["asked", "held"] | None = None
    take_over_after: float | None = None

    @property
    def sends(self) -> bool:
        """The page works, and messages go; also while it waits for the canaries."""
        waits = (self.status, self.reason) == (Status.DEGRADED, UPDATE_WAITS)
        return self.status in (Status.WORKING, Status.RESTRICTED) or (waits and self.ready_since is not None)
