"""The answer that was given under an Idempotency-Key, kept for 24 hours (user-pains.md, "Idempotency").

pk IDEM#{mac}   sk -   the MAC of (tenant, route, key); the answer is sealed under the tenant's key
"""

from dataclasses import dataclass

from waypost.entities.record import blob, number
from waypost.errors import ConditionFailed
from waypost.ports import Clause, Key, Table, Update, When

KEEP_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """`body_mac` tells whether a retry has the same body. `sealed` is None while the first request still runs."""

    body_mac: bytes
    running_until_ms: int
    status: int
    sealed: bytes | None


def begin(table: Table, mac: bytes, body_mac: bytes, now_ms: int, running_until_ms: int) -> Answer | None:
    """Take the key for this request: None. Else what is stored: the answer, or the fact that another one still runs.

    A first request that died is taken over once `running_until_ms` has passed, by a request with the same body.
    """
    key = Key(f"IDEM#{mac.hex()}", "-")
    for _ in range(3):
        try:
            table.update(
                Update(
                    key,
                    set={
                        "body_mac": body_mac,
                        "running_until_ms": running_until_ms,
                        "status": 0,
                        "sealed": None,
                        "ttl": now_ms // 1000 + KEEP_SECONDS,
                    },
                    when=When.all(Clause("is new", "pk", "absent"))
                    .or_all(Clause("its time is over", "ttl", "lt", now_ms // 1000))
                    .or_all(
                        Clause("no answer yet", "status", "eq", 0),
                        Clause("the first request died", "running_until_ms", "lt", now_ms),
                        Clause("same body", "body_mac", "eq", body_mac),
                    ),
                )
            )
        except ConditionFailed:
            stored = table.get(key)
            if stored is None:
                continue  # it was deleted between the two calls
            sealed = stored.get("sealed")
            return Answer(
                body_mac=blob(stored, "body_mac"),
                running_until_ms=number(stored, "running_until_ms"),
                status=number(stored, "status"),
                sealed=sealed if isinstance(sealed, bytes) else None,
            )
        return None
    return None


def finish(table: Table, mac: bytes, status: int, sealed: bytes) -> None:
    table.update(Update(Key(f"IDEM#{mac.hex()}", "-"), set={"status": status, "sealed": sealed}))


def forget(table: Table, mac: bytes) -> None:
    """Free the key: the request failed in a way that a retry may mend."""
    table.delete(Key(f"IDEM#{mac.hex()}", "-"))
