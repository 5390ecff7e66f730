"""What the client raises.

ClientError
├── Refused          the API answered with a problem; `code` is stable, `mend` says what to do
├── Unreachable      nobody answered, however often it was tried
├── StreamEnded      following a session cannot go on: unknown session, revoked key
└── BadSignature     a webhook is not from your Waypost, or too old
"""

from typing import Any


class ClientError(Exception):
    """Root of the tree."""


class Refused(ClientError):
    """`problem` is the whole document (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.category = str(problem.get("category", "unknown"))
        self.detail = str(problem.get("detail", ""))
        self.field: str | None = problem.get("field")
        self.mend: str | None = problem.get("mend")
        self.request_id: str | None = problem.get("instance")
        self.problem = problem
        super().__init__(f"{status} {self.code}: {self.detail}")


class Unreachable(ClientError):
    pass


class StreamEnded(ClientError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class BadSignature(ClientError):
    pass
