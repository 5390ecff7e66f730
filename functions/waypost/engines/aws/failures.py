"""What AWS and the network answer when something fails, in our errors. Nothing of botocore leaves the engine.

AWS's own words are left out: they may quote what was sent (P6). The error's code says enough.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from waypost.errors import StorageError, Throttled, TooLarge, TransactionConflict, ValidationError, WaypostError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_THROTTLED = frozenset(
    (
        "KMSThrottlingException",
        "LimitExceededException",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",  # in a transaction's reasons
        "ThrottlingException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceeded",
    )
)
# In progress: our own request whose answer was lost still runs. Reading again tells, as after a conflict.
_CONFLICTS = frozenset(
    (
        "ReplicatedWriteConflictException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    )
)
_INVALID = frozenset(
    (
        "InvalidMessageContents",
        "InvalidParameterValue",
        "KeyTooLongError",
        "MissingParameter",
        "SerializationException",
        "ValidationError",
        "ValidationException",
    )
)
_TOO_LARGE = frozenset(("EntityTooLarge", "ItemCollectionSizeLimitExceededException", "PayloadTooLargeException"))


def _nothing_special(_: str) -> WaypostError | None:
    return None


@contextmanager
def ours(what: str, special: Callable[[str], WaypostError | None] = _nothing_special) -> Iterator[None]:
    """Raises our errors for whatever botocore raises inside. `what` names the service for people; `special` says
    what an error's code means where it means more than elsewhere."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = code_of(error)
        raise special(code) or translated(code, what, message_of(error)) from None
    except BotoCoreError as error:  # no answer: time ran out, the line broke, there are no credentials …
        raise unanswered(what, type(error).__name__) from None


def code_of(error: "ClientError") -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: "ClientError") -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def unanswered(what: str, why: str) -> StorageError:
    """It may have happened or not."""
    return StorageError(f"{what} did not answer ({why}); what was asked may have been done")


def translated(code: str, what: str, message: str = "") -> WaypostError:
    """`message` is only looked at, for what the code alone does not tell; it is never passed on."""
    if code in _THROTTLED:
        return Throttled(f"{what} asks for patience ({code})")
    if code in _CONFLICTS:
        return TransactionConflict(f"{what}: somebody else writes there at this moment")
    if code in _TOO_LARGE or (code in _INVALID and "size" in message.lower() and "exceed" in message.lower()):
        return TooLarge(f"{what} refuses it as too large ({code})")
    if code in _INVALID:
        return ValidationError(f"{what} refuses it ({code})")
    return StorageError(f"{what} answered with {code}")
