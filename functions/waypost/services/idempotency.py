"""The same request twice gets the same answer (P2): Idempotency-Key, stored answers, ids that a retry repeats."""

import os
from dataclasses import dataclass

from waypost.domain.ids import Kind, make_id
from waypost.entities.idempotency import begin, finish, forget
from waypost.errors import Conflict, IdempotencyMismatch, ValidationError
from waypost.ports import Keys, Table
from waypost.services.sealing import Seals

_RUNNING_SECONDS = 30  # longer than API Gateway lets a request run
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Stored:
    status: int
    body: bytes


class Request:
    """One POST, with or without an Idempotency-Key."""

    def __init__(self, *, tenant: str, route: str, key: str | None, keys: Keys) -> None:
        """Raises ValidationError `idempotency_key_invalid` when the key is empty or over 255 characters."""
        if key is not None and not 0 < len(key) <= MAX_KEY:
            raise ValidationError(
                f"The Idempotency-Key must have 1 to {MAX_KEY} characters.",
                field="Idempotency-Key",
                mend="Use a fresh UUID for each message.",
                code="idempotency_key_invalid",
            )
        self._tenant = tenant
        self._keys = keys
        self._mac = None if key is None else keys.mac("idempotency", "\x00".join((tenant, route, key)).encode())

    def make_id(self, kind: Kind, attempt: int = 0) -> str:
        """The id of what this request makes: random, or the same at every retry. So a request that died half-way and
        is repeated finds what it made, instead of making it twice. `attempt` counts what it made that failed."""
        if self._mac is None:
            return make_id(kind, os.urandom(16))
        again = str(attempt).encode() if attempt else b""
        return make_id(kind, self._keys.mac("id", kind.encode() + self._mac + again))

    def begin(self, body: bytes, *, table: Table, seals: Seals, now_ms: int) -> Stored | None:
        """The stored answer, or None: then carry on and call `finish`. Raises Conflict `request_in_progress` while the
        first one runs and IdempotencyMismatch when the key came with another body."""
        if self._mac is None:
            return None
        body_mac = self._keys.mac("idempotency-body", body)
        answer = begin(table, self._mac, body_mac, now_ms, now_ms + _RUNNING_SECONDS * 1000)
        if answer is None:
            return None
        if answer.body_mac != body_mac:
            raise IdempotencyMismatch(
                "This Idempotency-Key was used with another body.",
                field="Idempotency-Key",
                mend="Use a fresh key for a new request; repeat a request with the same body.",
            )
        if answer.sealed is None:
            raise Conflict(
                "The first request with this Idempotency-Key still runs.",
                field="Idempotency-Key",
                mend="Repeat it in a moment.",
                code="request_in_progress",
            )
        return Stored(answer.status, seals.open(self._tenant, self._tenant, self._purpose(), answer.sealed))

    def finish(self, status: int, body: bytes, *, table: Table, seals: Seals) -> None:
        if self._mac is not None:
            finish(table, self._mac, status, seals.seal(self._tenant, self._tenant, self._purpose(), body))

    def abandon(self, *, table: Table) -> None:
        """The request failed in a way that a retry may mend (5xx, 429): let it be tried again."""
        if self._mac is not None:
            forget(table, self._mac)

    def _purpose(self) -> str:
        assert self._mac is not None
        return f"answer#{self._mac.hex()}"
