"""Counts and a numbered trace of what happened on the network, for whoever has to prove something."""

import json
import time
from typing import Any

from containers.simulator.store import Store

PLAIN = (
    "messages_filed",
    "copies_dropped",
    "copies_delivered",
    "two_browsers",
    "scans",
    "links",
    "logouts",
)


class Clock:
    """The network's time: the machine's, moved forward by an experimenter who does not want to wait for days."""

    ahead_ms = 0


def now_ms() -> int:
    return time.time_ns() // 1_000_000 + Clock.ahead_ms


class Journal:
    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, event: str, **detail: Any) -> None:
        self._store.run(
            "insert into trace (at_ms, event, detail) values (?, ?, ?)", now_ms(), event, json.dumps(detail)
        )

    def count(self, name: str) -> None:
        self._store.run("insert into counts values (?, 1) on conflict (name) do update set value = value + 1", name)

    def refuse(self, reason: str, **detail: Any) -> None:
        """A refusal is counted under its reason and leaves a trace."""
        self.count(f"refused.{reason}")
        self.note("refused", reason=reason, **detail)

    def counts(self) -> dict[str, Any]:
        rows = {row["name"]: row["value"] for row in self._store.all("select name, value from counts")}
        refused = {k.removeprefix("refused."): v for k, v in rows.items() if k.startswith("refused.")}
        return {name: rows.get(name, 0) for name in PLAIN} | {"refused": refused}

    def trace(self, after: int) -> list[dict[str, Any]]:
        rows = self._store.all("select * from trace where n > ? order by n limit 5000", after)
        return [
            {"n": row["n"], "at_ms": row["at_ms"], "event": row["event"], **json.loads(row["detail"])} for row in rows
        ]
