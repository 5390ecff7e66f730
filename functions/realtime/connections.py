"""WebSocket clients come, say what they want to follow, and go. Trigger: the WebSocket API's three routes.

    $connect      the connection is stored under the key's tenant
    $disconnect   it is forgotten, with its subscriptions
    $default      {"action":"subscribe","session_id":"ses_…","after":N?,"generation":G?}
                  {"action":"unsubscribe","session_id":"ses_…"} · {"action":"ping"}

What `handler` returns as a body goes to the client. A mistake is answered and the connection stays. `subscribed` comes
from the session's FIFO group, in front of the first event (services/subscriptions.py says why).

What ends a connection: ten minutes without a frame in either direction, two hours of age and a frame over 128 KB are
the gateway's rules, in the cloud and on one machine. That it reads too slowly or that its key was revoked is found when
it is given something (services/live.py), at the latest by the sweeper. Nothing here asks for a `ping` within 90 s: it
would take a write for each. A client pings every 30 s to know that the other side is there.
"""

import json
from typing import Any

from waypost.bootstrap import App, app
from waypost.entities.subscription import end_connection, put_connection
from waypost.errors import AuthenticationError, TooLarge, ValidationError, WaypostError
from waypost.observability import logger
from waypost.services.key_watch import KeyWatch
from waypost.services.subscriptions import CONNECTION_SECONDS, subscribe, unsubscribe

type Event = dict[str, Any]
type Reply = dict[str, Any]

PROTOCOL = "waypost.v1"
MAX_MESSAGE_BYTES = 64 * 1024  # R-RT-4
_ACTIONS = "subscribe, unsubscribe or ping"
_watch = KeyWatch()


def handler(event: Event, _context: object) -> Reply:
    asked = event["requestContext"]
    parts = app()
    match asked["routeKey"]:
        case "$connect":
            _connect(asked, parts)
            return {"statusCode": 200, "headers": _accepted_protocol(event)}
        case "$disconnect":
            end_connection(parts.table, asked["connectionId"])
        case _:
            reply = _reply(event.get("body") or "", asked, parts)
            return {"statusCode": 200} if reply is None else {"statusCode": 200, "body": json.dumps(reply)}
    return {"statusCode": 200}


def _accepted_protocol(event: Event) -> dict[str, str]:
    """A browser hands its key over as a subprotocol, and hangs up when none of those it offered is accepted."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    offered = [name.strip() for name in str(headers.get("sec-websocket-protocol", "")).split(",")]
    return {"Sec-WebSocket-Protocol": PROTOCOL} if PROTOCOL in offered else {}


def _connect(asked: Event, parts: App) -> None:
    ends = parts.now_ms() // 1000 + CONNECTION_SECONDS
    put_connection(parts.table, asked["connectionId"], asked["authorizer"]["tenant"], ttl=ends)


def _reply(body: str, asked: Event, parts: App) -> Reply | None:
    try:
        return _act(_parse(body), asked["connectionId"], asked["authorizer"], parts)
    except WaypostError as error:
        if not isinstance(error, ValidationError):
            logger("connections").warning("refused", extra={"code": error.code})
        return {
            "type": "error",
            "code": error.code,
            "category": error.category,
            "message": error.message,
            "field": error.field,
            "mend": error.mend,
        }


def _act(message: dict[str, Any], connection: str, caller: Event, parts: App) -> Reply | None:
    table, tenant, key = parts.table, caller["tenant"], caller.get("keyId")
    if _watch.is_revoked(table, key):
        raise AuthenticationError(
            "The API key of this connection was revoked.", mend="Connect with a valid key.", code="invalid_api_key"
        )
    match message.get("action"):
        case "subscribe":
            queues, now_ms = parts.engine.queues, parts.now_ms()
            subscribe(connection, tenant, message, key=key, table=table, queues=queues, now_ms=now_ms)
            return None
        case "unsubscribe":
            return {"type": "unsubscribed", "session_id": unsubscribe(connection, message, table=table)}
        case "ping":
            return {"type": "pong"}
    raise ValidationError("This action is unknown.", field="action", mend=f"Use {_ACTIONS}.", code="unknown_action")


def _parse(body: str) -> dict[str, Any]:
    if len(body.encode(errors="replace")) > MAX_MESSAGE_BYTES:
        raise TooLarge(
            f"A message has at most {MAX_MESSAGE_BYTES} bytes.",
            mend="Messages to Waypost go by POST /v1/sessions/{id}/messages.",
            code="message_too_large",
        )
    try:
        message = json.loads(body)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise ValidationError(
            "A message is one JSON object.", mend='For example {"action":"ping"}.', code="invalid_json"
        )
    return message
