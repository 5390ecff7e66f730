"""HTTP requests as the cloud's REST API hands them to Lambda, and Lambda's answers as HTTP (proxy integration)."""

import base64
import binascii
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local.runtime import ACCOUNT, REGION, Event, UnusableAnswer

API_ID = "waypostapi"
STAGE = "local"
RESOURCE = "/{proxy+}"

type Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request, read to its end. `path` is percent-decoded; header names are in lower case, as over HTTP/2."""

    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: bytes
    source_ip: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    arrived: float = field(default_factory=time.time)

    def header(self, name: str) -> str | None:
        return next((value for key, value in reversed(self.headers) if key == name), None)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP answer."""

    status: int
    headers: Pairs
    body: bytes


def method_arn(incoming: Incoming) -> str:
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{STAGE}/{incoming.method}{incoming.path}"


def authorizer_event(incoming: Incoming) -> Event:
    """The event of a REQUEST authorizer: everything but the body."""
    return {"type": "REQUEST", "methodArn": method_arn(incoming), **_request(incoming), **_context(incoming, None)}


def proxy_event(incoming: Incoming, authorizer: Mapping[str, str] | None) -> Event:
    """The event of the proxy integration. `authorizer` is what the authorizer found out; None on public paths."""
    return {**_request(incoming), **_context(incoming, authorizer), **_body(incoming)}


def to_http(answer: Any) -> Outgoing:
    """The handler's answer as HTTP. Raises UnusableAnswer where the cloud would answer 502."""
    if not isinstance(answer, dict) or not isinstance(answer.get("statusCode"), int):
        raise UnusableAnswer("api: the answer has no whole number statusCode")
    many: Mapping[str, Sequence[Any]] = answer.get("multiValueHeaders") or {}
    one: Mapping[str, Any] = answer.get("headers") or {}
    # A name in both counts once: the list has all of its values.
    headers = [(name, str(value)) for name, values in many.items() for value in values]
    named = {name.lower() for name in many}
    headers += [(name, str(value)) for name, value in one.items() if name.lower() not in named]
    return Outgoing(answer["statusCode"], headers, _answer_body(answer))


def _request(incoming: Incoming) -> Event:
    return {
        "resource": RESOURCE,
        "path": incoming.path,
        "httpMethod": incoming.method,
        "headers": dict(incoming.headers) or None,
        "multiValueHeaders": grouped(incoming.headers),
        "queryStringParameters": dict(incoming.query) or None,
        "multiValueQueryStringParameters": grouped(incoming.query),
        "pathParameters": {"proxy": incoming.path.removeprefix("/")},
        "stageVariables": None,
    }


def _context(incoming: Incoming, authorizer: Mapping[str, str] | None) -> Event:
    context: Event = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": (incoming.header("host") or "localhost").rsplit(":", 1)[0],
        "extendedRequestId": incoming.request_id,
        "httpMethod": incoming.method,
        "identity": {"sourceIp": incoming.source_ip, "userAgent": incoming.header("user-agent")},
        "path": incoming.path,
        "protocol": "HTTP/1.1",
        "requestId": incoming.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(incoming.arrived)),
        "requestTimeEpoch": round(incoming.arrived * 1000),
        "resourceId": "proxy",
        "resourcePath": RESOURCE,
        "stage": STAGE,
    }
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    return {"requestContext": context}


def _body(incoming: Incoming) -> Event:
    if not incoming.body:
        return {"body": None, "isBase64Encoded": False}
    # The stack declares every type as binary, so that answers are handed on as they are: then so are all bodies.
    return {"body": base64.b64encode(incoming.body).decode(), "isBase64Encoded": True}


def _answer_body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise UnusableAnswer(f"api: the body is {type(body).__name__}, only text or base64 text can be handed on")
    if not answer.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise UnusableAnswer("api: isBase64Encoded is set, but the body is not base64") from error


def grouped(pairs: Pairs) -> dict[str, list[str]] | None:
    """Every value of every name, in order; None where there is none, as in the cloud."""
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups or None
