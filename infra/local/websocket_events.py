"""WebSocket connections as the cloud's WebSocket API hands them to Lambda: $connect, $default and $disconnect."""

import base64
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Literal

from infra.local.rest_events import Pairs, grouped
from infra.local.runtime import ACCOUNT, REGION, Event

API_ID = "waypostws"
STAGE = "local"

type Authorizer = dict[str, str]


def new_connection_id() -> str:
    """Like API Gateway's: 16 characters that end with "=". It must be percent-encoded in a path."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()


@dataclass(frozen=True, slots=True)
class Handshake:
    """The HTTP request that asked for the connection. Header names are in lower case."""

    query: Pairs
    headers: Pairs
    source_ip: str
    host: str
    connection_id: str = field(default_factory=new_connection_id)
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))  # of the handshake; each message has its own
    connected: float = field(default_factory=time.time)

    @property
    def user_agent(self) -> str | None:
        return next((value for name, value in self.headers if name == "user-agent"), None)


def authorizer_event(handshake: Handshake) -> Event:
    """The event of the REQUEST authorizer on $connect."""
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{STAGE}/$connect"
    return {"type": "REQUEST", "methodArn": arn, **connect_event(handshake, None)}


def connect_event(handshake: Handshake, authorizer: Authorizer | None) -> Event:
    return {
        "headers": dict(handshake.headers),
        "multiValueHeaders": grouped(handshake.headers),
        "queryStringParameters": dict(handshake.query) or None,
        "multiValueQueryStringParameters": grouped(handshake.query),
        "stageVariables": None,
        "requestContext": _context(handshake, authorizer, "$connect", "CONNECT"),
        "isBase64Encoded": False,
    }


def message_event(handshake: Handshake, authorizer: Authorizer, body: str) -> Event:
    context = _context(handshake, authorizer, "$default", "MESSAGE")
    context["messageId"] = new_connection_id()
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(handshake: Handshake, authorizer: Authorizer, code: int, reason: str) -> Event:
    context = _context(handshake, authorizer, "$disconnect", "DISCONNECT")
    return {
        "headers": {"host": handshake.host},
        "multiValueHeaders": {"host": [handshake.host]},
        "requestContext": {**context, "disconnectStatusCode": code, "disconnectReason": reason},
        "isBase64Encoded": False,
    }


def _context(
    handshake: Handshake,
    authorizer: Authorizer | None,
    route: str,
    kind: Literal["CONNECT", "MESSAGE", "DISCONNECT"],
) -> Event:
    now = time.time()
    request_id = handshake.request_id if kind == "CONNECT" else str(uuid.uuid4())
    context: Event = {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": round(handshake.connected * 1000),
        "requestTimeEpoch": round(now * 1000),
        "identity": {"sourceIp": handshake.source_ip, "userAgent": handshake.user_agent},
        "requestId": request_id,
        "domainName": handshake.host,
        "connectionId": handshake.connection_id,
        "apiId": API_ID,
    }
    if authorizer is not None:
        context["authorizer"] = authorizer
    return context
