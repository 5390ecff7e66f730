"""Refusals of the simulated WhatsApp.

Refused
├── BadRequest   400  the call itself is wrong
├── Unknown      404  no such account, code, device or message
├── Conflict     409  not now, or not twice
├── Restricted   403  this account may not, for a while or for good
│   └── Timelocked    no new chats until a given time (463)
├── Gone         410  it was valid, and is no longer
└── TooLarge     413  more bytes than the network takes
"""


class Refused(Exception):
    """The network says no; `reason` is for machines, the message for people."""

    status = 400
    # What the server's own error acknowledgement carries, where the real figure is known.
    code: int | None = None
    until: int | None = None

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class BadRequest(Refused):
    status = 400


class Unknown(Refused):
    status = 404


class Conflict(Refused):
    status = 409


class Restricted(Refused):
    status = 403


class Timelocked(Restricted):
    """The "reach-out timelock": no new chats for a while; 463 is what protocol libraries report."""

    code = 463

    def __init__(self, reason: str, message: str, until: int) -> None:
        super().__init__(reason, message)
        self.until = until


class Gone(Refused):
    status = 410


class TooLarge(Refused):
    status = 413
