"""Starting sessions that are linked already, and what one, three and five of them need of memory."""

import time

import httpx

from tests.bench.figures import Figure, percentile, tell
from tests.bench.memory import calm_megabytes
from tests.bench.stage import Stage, stage
from tests.e2e.house import poll, status_of

STARTS = 5
REST_SECONDS = 2.0  # the owner has let go of it by then


def measure() -> list[Figure]:
    with stage(1) as waypost:
        figures = [Figure("start → working, linked profile, p50", percentile(_starts(waypost), 0.5), "ms")]
        for count in (1, 3, 5):
            while len(waypost.sessions) < count:
                waypost.add_session()
            total = calm_megabytes(waypost.house)
            name = "one session" if count == 1 else f"{count} sessions"
            figures.append(Figure(f"memory of {name}, worker and driver included", total, "MB PSS"))
    return figures


def _starts(waypost: Stage) -> list[float]:
    took = []
    with waypost.house.api() as api:
        for _ in range(STARTS):
            _ask(api, waypost.sessions[0], "stop", "stopped")
            time.sleep(REST_SECONDS)
            began = time.monotonic()
            _ask(api, waypost.sessions[0], "start", "working")
            took.append((time.monotonic() - began) * 1000)
    return took


def _ask(api: httpx.Client, session: str, verb: str, until: str) -> None:
    api.post(f"/v1/sessions/{session}/{verb}").raise_for_status()
    poll(lambda: status_of(api, session) == until, 40, f"the session is {until}")


if __name__ == "__main__":
    tell(measure())
