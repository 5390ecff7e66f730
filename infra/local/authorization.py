"""Asks the authorizer function and judges the policy that it answers, as API Gateway does."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from infra.local.runtime import Event, LocalFunction


class Unauthorized(Exception):
    """The authorizer said no, by a policy or by raising `Exception("Unauthorized")`: 401 in our gateway responses."""


class AuthorizerFailed(Exception):
    """The authorizer broke or answered what cannot be read: 500."""


def authorize(authorizer: LocalFunction, event: Event) -> dict[str, str]:
    """What the authorizer knows about the caller, every value as text, as a handler gets it.

    It is asked each time, without the cache that the cloud may keep: a key that was revoked is out at once,
    and on one machine the question costs one read.
    """
    try:
        answer = authorizer(event)
    except Exception as error:
        if str(error) == "Unauthorized":
            raise Unauthorized from error
        raise AuthorizerFailed(f"the authorizer raised {type(error).__name__}") from error
    try:
        allowed = is_allowed(answer["policyDocument"]["Statement"], event["methodArn"])
        context = {"principalId": str(answer["principalId"]), **_as_text(answer.get("context") or {})}
    except (KeyError, TypeError, ValueError) as error:
        raise AuthorizerFailed("the authorizer's answer is not a policy with a flat context") from error
    if not allowed:
        raise Unauthorized
    return context


def is_allowed(statements: Iterable[Mapping[str, Any]], arn: str) -> bool:
    """A Deny that names the ARN wins; without an Allow that names it the answer is no."""
    effects = {statement["Effect"] for statement in statements if _names(statement["Resource"], arn)}
    return "Allow" in effects and "Deny" not in effects


def _names(resource: str | list[str], arn: str) -> bool:
    patterns = [resource] if isinstance(resource, str) else resource
    return any(_matches(pattern, arn) for pattern in patterns)


def _matches(pattern: str, arn: str) -> bool:
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, arn, re.DOTALL) is not None


def _as_text(context: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in context.items()}


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise ValueError("context values are text, numbers or booleans")
