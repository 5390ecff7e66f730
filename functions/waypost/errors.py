"""Every error that Waypost raises on purpose: one tree, with a category and a stable code.

    WaypostError
    ├── AuthenticationError        authentication   who are you
    │   └── SessionNotLinked       authentication   409: link the account first
    ├── RateLimited                rate_limit       slow down until `retry_after`
    ├── NetworkError               network          a peer could not be reached
    ├── WhatsAppError              whatsapp_api     the page or WhatsApp said no
    ├── ValidationError            validation       what is wrong, where, how to mend it
    │   ├── NotFound               validation       unknown, or somebody else's (never told apart)
    │   ├── TooLarge               validation
    │   └── MediaRefused           validation       a file that is not sent; its code says why (domain/media_refusals)
    ├── BusinessRuleError          business_logic   the rule that said no
    │   ├── Conflict               business_logic   the thing is not in a state that allows this
    │   └── IdempotencyMismatch    business_logic   the key was used with another body
    └── StorageError               network          the engine could not do it
        ├── ConditionFailed        a named condition did not hold; `failed` says which write
        ├── TransactionConflict    somebody else wrote at the same moment: read again, retry
        ├── Fenced                 another owner has begun: stop at once, write nothing more
        ├── Throttled              the engine asks for patience: retry with back-off
        └── Tampered               stored bytes fail their integrity check

The categories are R-ERR's. Messages and details never carry a body, a number or a secret (P6).
Which HTTP status a code gets is decided in one table in `functions/api/problems.py`.
"""

from typing import ClassVar, Literal

Category = Literal["authentication", "rate_limit", "network", "whatsapp_api", "validation", "business_logic"]


class WaypostError(Exception):
    """Root of the tree. `code` is stable and documented; `field` names the input that is wrong;
    `mend` says in one sentence what to do about it."""

    category: ClassVar[Category] = "business_logic"
    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, field: str | None = None, mend: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.mend = mend
        if code is not None:
            self.code = code  # type: ignore[misc]  # a narrower code for one instance of the class


class AuthenticationError(WaypostError):
    category = "authentication"
    code = "unauthorized"


class SessionNotLinked(AuthenticationError):
    code = "session_not_linked"


class RateLimited(WaypostError):
    category = "rate_limit"
    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float, mend: str | None = None, code: str | None = None) -> None:
        super().__init__(message, mend=mend, code=code)
        self.retry_after = retry_after


class NetworkError(WaypostError):
    category = "network"
    code = "network"


class WhatsAppError(WaypostError):
    """`number` and `words` are WhatsApp's own, where it said some; the words name nobody (domain/failures.py)."""

    category = "whatsapp_api"
    code = "whatsapp_error"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        mend: str | None = None,
        code: str | None = None,
        number: int | None = None,
        words: str | None = None,
    ) -> None:
        super().__init__(message, field=field, mend=mend, code=code)
        self.number = number
        self.words = words


class ValidationError(WaypostError):
    category = "validation"
    code = "invalid"


class NotFound(ValidationError):
    code = "not_found"


class TooLarge(ValidationError):
    code = "too_large"


class MediaRefused(ValidationError):
    code = "media_refused"


class BusinessRuleError(WaypostError):
    category = "business_logic"
    code = "refused"


class Conflict(BusinessRuleError):
    code = "conflict"


class IdempotencyMismatch(BusinessRuleError):
    code = "idempotency_key_reused"


class StorageError(WaypostError):
    category = "network"
    code = "storage"


class ConditionFailed(StorageError):
    """`failed` holds, for each write of the transaction that failed its condition, its position."""

    code = "condition_failed"

    def __init__(self, message: str, *, failed: tuple[int, ...] = (0,)) -> None:
        super().__init__(message)
        self.failed = failed


class TransactionConflict(StorageError):
    code = "transaction_conflict"


class Fenced(StorageError):
    code = "fenced"


class Throttled(StorageError):
    code = "throttled"


class Tampered(StorageError):
    code = "tampered"
