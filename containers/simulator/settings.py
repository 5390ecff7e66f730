"""How the simulated network behaves, adjustable while it runs."""

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from containers.simulator.errors import BadRequest
from containers.simulator.store import Store

BUILD = re.compile(r"2\.\d{4}\.\d{10}")
DELAYS = ("ack1_ms", "ack2_ms", "ack3_ms")


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in milliseconds.

    The QR figures are the real ones: the first code lives 60 s, the others 20 s, six in all.
    """

    ack1_ms: int = 10
    ack2_ms: int = 20
    ack3_ms: int = 20
    qr_first_ms: int = 60_000
    qr_next_ms: int = 20_000
    qr_count: int = 6
    drop_copies: bool = True
    server_latency_ms: int = 0
    server_jitter_ms: int = 0
    build: str = "2.3000.1045220589"

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        delays = {name: values.pop(name) for name in DELAYS}
        return {"delays": delays, **values}


def checked_number(name: str, value: Any, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 3_600_000:
        raise BadRequest("bad_setting", f"{name} must be a whole number from {least} to 3600000")
    return value


def changed(current: Settings, body: dict[str, Any]) -> Settings:
    """The settings with the fields of `body` laid over them; unknown names are refused."""
    flat = {**body, **(body.get("delays") or {})}
    flat.pop("delays", None)
    known = asdict(current)
    for name, value in flat.items():
        if name not in known:
            raise BadRequest("unknown_setting", f"there is no setting {name!r}")
        if name == "drop_copies":
            if not isinstance(value, bool):
                raise BadRequest("bad_setting", "drop_copies must be true or false")
        elif name == "build":
            if not isinstance(value, str) or not BUILD.fullmatch(value):
                raise BadRequest("bad_setting", "a build looks like 2.3000.1045220589")
        else:
            checked_number(name, value, least=1 if name.startswith("qr_") else 0)
    return replace(current, **flat)


def load(store: Store) -> Settings:
    row = store.one("select value from settings where name = 'all'")
    return Settings(**json.loads(row["value"])) if row else Settings()


def save(store: Store, settings: Settings) -> None:
    store.run("insert or replace into settings values ('all', ?)", json.dumps(asdict(settings)))
