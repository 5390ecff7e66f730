"""Posting to a webhook endpoint: signed by the Standard Webhooks scheme, to a checked address, at most 10 s."""

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from waypost.domain.webhook import sign
from waypost.entities.webhook import Endpoint
from waypost.services.sealing import Seals

if TYPE_CHECKING:
    from waypost.services.webhook_transport import WebhookTransport

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint said. `retry_after` is in seconds from now, if it asked for patience."""

    status: int
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Transport(Protocol):
    def post(self, url: str, headers: dict[str, str], body: bytes, *, timeout: float) -> tuple[int, str | None]: ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an endpoint's events go. While a secret is being changed two are live, the newer one first, and both
    sign. `rotation` names the request that made the newer one."""

    url: str
    secrets: tuple[str, ...]
    rotation: str = ""


def seal_destination(
    seals: Seals, tenant: str, hook: str, *, url: str, secret: str, older: Sequence[str] = (), rotation: str = ""
) -> bytes:
    """What `Endpoint.sealed` holds: url and secrets, sealed under the tenant's key."""
    plain = {"url": url, "secret": secret, "older_secrets": list(older), "rotation": rotation}
    return seals.seal_json(tenant, tenant, _purpose(hook), plain)


def open_destination(seals: Seals, endpoint: Endpoint, now_ms: int) -> Destination:
    """An older secret is left out once its time is over, whether or not anybody has taken it away."""
    opened = seals.open_json(endpoint.tenant, endpoint.tenant, _purpose(endpoint.id), endpoint.sealed)
    older = opened.get("older_secrets", ()) if now_ms < endpoint.rotating_until_ms else ()
    return Destination(opened["url"], (opened["secret"], *older), opened.get("rotation", ""))


def post_event(
    destination: Destination,
    message_id: str,
    body: bytes,
    *,
    transport: Transport,
    timeout: float = TIMEOUT_SECONDS,
) -> Answer:
    """Sign and post once. The answer's status may be any; redirects are not followed.

    Raises NetworkError when nobody answers in `timeout` seconds, ValidationError `webhook_target_refused` when the
    URL leads to an address that webhooks must not go to.
    """
    now = time.time()
    headers = signed_headers(destination.secrets, message_id, int(now), body)
    status, retry_after = transport.post(destination.url, headers, body, timeout=timeout)
    return Answer(status, _seconds(retry_after, now))


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks. `message_id` stays the same across retries: receivers deduplicate by it."""
    return {
        "content-type": "application/json",
        "user-agent": "Waypost-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }


@functools.cache
def transport(allow_private: bool) -> "WebhookTransport":
    """The process's connections. Made on first use: the API imports this file and rarely posts."""
    from waypost.services.webhook_transport import WebhookTransport

    return WebhookTransport(allow_private=allow_private)


def _purpose(hook: str) -> str:
    return f"webhook#{hook}"


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Retry-After is either a number of seconds or a date (RFC 9110, 10.2.3). Nonsense counts as absent."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now)
