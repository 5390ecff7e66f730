"""Believing a webhook: the signature of Standard Webhooks (https://www.standardwebhooks.com) and the time of it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping

from waypost.client.errors import BadSignature
from waypost.client.events import Event, event_of

WINDOW_SECONDS = 300


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Iterable[str],
    *,
    window_seconds: float = WINDOW_SECONDS,
    now: float | None = None,
) -> Event:
    """The event, once one of your `secrets` has signed it (give both while you change the secret). `body` is as it
    came, byte for byte.

    Raises BadSignature, also when it was signed more than `window_seconds` ago or ahead: somebody may have kept it.
    Within the window the same event may come twice; know it by `event.id`.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("the timestamp is missing or malformed")
    if abs((time.time() if now is None else now) - int(stamp)) > window_seconds:
        raise BadSignature("the timestamp is too far from now")
    signed = f"{message_id}.{stamp}.".encode() + body
    given = [one.removeprefix("v1,") for one in named.get("webhook-signature", "").split() if one.startswith("v1,")]
    if not any(_fits(secret, signed, one) for secret in _each(secrets) for one in given):
        raise BadSignature("no signature fits")
    try:
        return event_of(json.loads(body))
    except (KeyError, TypeError, ValueError) as error:
        raise BadSignature("it is signed, but no event") from error


def _each(secrets: str | Iterable[str]) -> Iterable[str]:
    return (secrets,) if isinstance(secrets, str) else secrets


def _fits(secret: str, signed: bytes, signature: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return hmac.compare_digest(expected, signature.encode())
