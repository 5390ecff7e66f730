"""One line a request, and one for what went wrong: patterns and opaque ids, never a typed path, a query or a body."""

import functools
import traceback
from typing import TYPE_CHECKING, Any

from api.current import Call

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

_INNERMOST = 8  # the frames around them are the resolver's, the same each time


def note_answer(call: Call, status: int, milliseconds: float) -> None:
    _log().info("answered", status=status, ms=round(milliseconds, 1), **_who(call))


def note_mistake(call: Call, error: Exception) -> None:
    """An exception's text may hold anything, so only its type and the places that it passed are told."""
    frames = traceback.extract_tb(error.__traceback__)[-_INNERMOST:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    _log().error("failed", error=type(error).__name__, places=places, **_who(call))


def _who(call: Call) -> dict[str, Any]:
    authorizer = (call.event.get("requestContext") or {}).get("authorizer") or {}
    return {
        "request_id": call.request_id,
        "method": call.event.http_method,
        "route": call.route,
        "tenant": authorizer.get("tenant"),
        "key_id": authorizer.get("keyId"),
    }


@functools.cache
def _log() -> "Logger":
    # Made late: it reads the environment.
    from waypost.observability import logger

    return logger("api")
