"""The request that is being answered: whose it is, what it is called, and the ids that a retry of it would make.

Kept per thread, because one machine answers many requests in one process.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waypost.domain.ids import Kind, make_id
from waypost.errors import AuthenticationError
from waypost.services.idempotency import Request

UNKNOWN_ROUTE = "(unknown)"


@dataclass(slots=True)
class Call:
    """`resolver_context` and `lambda_context` are the resolver's; `route` is the pattern, never the path as typed."""

    event: APIGatewayProxyEvent
    lambda_context: Any = None
    resolver_context: dict[str, Any] = field(default_factory=dict)
    route: str = UNKNOWN_ROUTE
    request: Request | None = None

    @property
    def request_id(self) -> str:
        return str((self.event.get("requestContext") or {}).get("requestId") or "")

    @property
    def tenant(self) -> str:
        """The tenant whose key the authorizer checked. Raises AuthenticationError when there is none."""
        tenant = ((self.event.get("requestContext") or {}).get("authorizer") or {}).get("tenant")
        if not isinstance(tenant, str) or not tenant:
            raise AuthenticationError(
                "The API key is missing or unknown.",
                mend="Send a valid key in the header x-api-key, or as Authorization: Bearer.",
            )
        return tenant

    @property
    def key_id(self) -> str:
        """The API key that asks; empty when the authorizer named none."""
        return str(((self.event.get("requestContext") or {}).get("authorizer") or {}).get("keyId") or "")

    def header(self, name: str) -> str | None:
        value = self.event.headers.get(name)
        return value if isinstance(value, str) else None

    def make_id(self, kind: Kind, attempt: int = 0) -> str:
        """The id of what this request makes: the same again when a POST is repeated with its Idempotency-Key."""
        if self.request is None:
            return make_id(kind, os.urandom(16))
        return self.request.make_id(kind, attempt)


_calls: ContextVar[Call] = ContextVar("call")


def current() -> Call:
    return _calls.get()


def current_or_none() -> Call | None:
    return _calls.get(None)


@contextmanager
def answering(call: Call) -> Iterator[None]:
    token = _calls.set(call)
    try:
        yield
    finally:
        _calls.reset(token)
