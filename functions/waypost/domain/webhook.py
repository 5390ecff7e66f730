"""When a webhook is tried again, and how it is signed (Standard Webhooks, https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac

RETRY_FOR_SECONDS = 3 * 24 * 3600  # then the event goes to the endpoint's dead letters
FIRST_RETRY_SECONDS = 2
LONGEST_RETRY_SECONDS = 900  # also the longest delay of a queue message, which is the timer


def retry_delay(attempt: int, chance: float) -> int:
    """Seconds to wait after failed attempt 1, 2, 3 …: exponential, half of it by `chance`, which is in [0, 1)."""
    ceiling = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS << min(attempt - 1, 20))
    return max(1, round(ceiling * (0.5 + chance / 2)))


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
