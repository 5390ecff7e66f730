"""What the checks of admission add to accepting a message: the same messages with all of them, and with the two that
nothing goes without. In one process, without HTTP: the difference is what counts."""

import tempfile
import time
from pathlib import Path

from tests.bench.figures import Figure, percentile, tell
from tests.integration.sending_house import SESSION, TENANT, sending_app
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.domain.wanted import text_to
from waypost.entities.session import Session
from waypost.services.accepting import accept
from waypost.services.admission import CHECKS, Check

COUNT = 300
FRIENDS = 20
MOST_MS = 2.0
_BARE = tuple(check for check in CHECKS if check.name in ("rules", "content", "contact"))
_LINKED = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=0, desired="running", status="working", me=b"x")


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, sending_app(Path(folder) / "home") as app:
        _accept(app, 0, CHECKS)
        bare, full = list[float](), list[float]()
        for number in range(1, COUNT):  # by turns: what else the machine does meets both
            bare.append(_accept(app, 2 * number, _BARE))
            full.append(_accept(app, 2 * number + 1, CHECKS))
    added = percentile(full, 0.5) - percentile(bare, 0.5)
    return [Figure("what admission adds to accepting a text, p50", added, "ms", MOST_MS)]


def _accept(app: App, number: int, checks: tuple[Check, ...]) -> float:
    wanted = text_to(parse_address(f"+49151123456{number % FRIENDS:02d}"), "hello")
    began = time.perf_counter()
    accept(
        wanted, message_id=make_id("msg", number.to_bytes(16)), session=_LINKED, now_ms=app.now_ms(), table=app.table,
        queues=app.engine.queues, seals=app.seals, contacts=app.contacts, checks=checks,
        backlog=app.backlog if checks is CHECKS else None,
    )  # fmt: skip
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    tell(measure())
