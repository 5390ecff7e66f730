"""What is wrong with an account, as an experimenter sets it: bans, limits, a slow line, odd deliveries."""

import json
import sqlite3
from dataclasses import asdict, dataclass, field
from typing import Any

from containers.simulator import media_trouble
from containers.simulator.errors import BadRequest
from containers.simulator.settings import checked_number

FLAGS = ("banned", "hide_number", "passkey", "duplicates", "silent")
SPANS = ("latency_ms", "jitter_ms")


@dataclass(frozen=True, slots=True)
class Faults:
    """`restricted_until` is a time in milliseconds; `delivery_delays` maps a number, a group or "*" to milliseconds."""

    banned: bool = False
    restricted_until: int | None = None
    hide_number: bool = False
    passkey: bool = False
    duplicates: bool = False
    silent: bool = False
    latency_ms: int = 0
    jitter_ms: int = 0
    delivery_delays: dict[str, int] = field(default_factory=dict)
    # Trouble with the files that its pages upload, and what its phone does when they ask for a file again.
    uploads: dict[str, Any] = field(default_factory=dict)
    reuploads: str = "yes"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_row(row: sqlite3.Row) -> Faults:
    return Faults(
        **{name: bool(row[name]) for name in FLAGS},
        **{name: row[name] for name in SPANS},
        restricted_until=row["restricted_until"],
        delivery_delays=json.loads(row["delivery_delays"]),
        uploads=json.loads(row["uploads"]),
        reuploads=row["reuploads"],
    )


NAMES = (*FLAGS, *SPANS, "restricted_until", "delivery_delays", "uploads", "reuploads")


def column_value(name: str, value: Any) -> str | int | None:
    """What is stored for a field, after checking it."""
    if name in FLAGS:
        if not isinstance(value, bool):
            raise BadRequest("bad_field", f"{name} must be true or false")
        return int(value)
    if name in SPANS:
        return checked_number(name, value)
    if name == "restricted_until":
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadRequest("bad_field", "restricted_until must be a time in milliseconds, or null")
        return value
    if name == "uploads":
        return json.dumps(media_trouble.checked(value))
    if name == "reuploads":
        if value not in media_trouble.REUPLOADS:
            raise BadRequest("bad_field", f"reuploads is one of {', '.join(media_trouble.REUPLOADS)}")
        return str(value)
    if not isinstance(value, dict):
        raise BadRequest("bad_field", "delivery_delays maps numbers, group ids or * to milliseconds")
    return json.dumps({str(chat): checked_number(name, ms) for chat, ms in value.items()})
