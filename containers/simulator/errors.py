"""Refusals of the simulated WhatsApp.

Refused
├── BadRequest   400  the call itself is wrong
├── Unknown      404  no such account, code, device or message
├── Conflict     409  not now, or not twice
└── Gone         410  it was valid, and is no longer
"""


class Refused(Exception):
    """The network says no; `reason` is for machines, the message for people."""

    status = 400

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


class Gone(Refused):
    status = 410
