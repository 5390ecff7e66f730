"""A bulk campaign as it happens: a file of 500 rows by a pool of three numbers, with people who answer and people who
say STOP, numbers that nobody has, a ban and a killed worker in the middle, and conversations that go on meanwhile.

Clock and limits run 20 times as fast, by settings alone. At the end each row must have become exactly what it should.
"""

import contextlib
import csv
import io
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.house import House, link, poll, status_of
from tests.prove.crew import kill, owner_of

SCALE = 20
ACCOUNTS = ("4915112346001", "4915112346002", "4915112346003")
FRIENDS = tuple(f"49151123461{number:02d}" for number in range(12))
# R-LIM's figures; the first contacts of a day are the campaign's own, because no fresh number may write to 170 people.
LIMITS = {
    "limits": {
        "per_second": 5, "per_minute": 20, "per_hour": 1000, "media_per_hour": 100, "cooldown_ms": 5000,
        "warm_up": [[0, 100]],
    },
    "first_contact": {"per_day": [[0, 2000]], "checks_per_hour": 5000, "checks_per_day": 5000},
}  # fmt: skip
ENVIRONMENT = {
    "WAYPOST_LIMITS": json.dumps(LIMITS), "WAYPOST_TIME_SCALE": str(SCALE), "WAYPOST_LEASE_SECONDS": "3",
    "WAYPOST_CLOCK_MARGIN_SECONDS": "0.5",
}  # fmt: skip
ARRIVED = frozenset({"sent", "delivered", "read"})
MOST_WAIT_SECONDS = 10.0  # of scaled time, for 95 of 100 interactive messages
MOST_IN_DOUBT = 5  # handed over and not acknowledged when the ban falls
GIVE_UP_SECONDS = 300.0
STOP_EVERY_SECONDS = 0.5
LOOK_SECONDS = 1.0  # who watches a run: more often would measure the watching


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in the file. The last ones say STOP while they wait; `gone_before` said it before."""

    good: tuple[str, ...]
    stopping: tuple[str, ...]
    gone_before: tuple[str, ...]
    nobody: tuple[str, ...]
    replying: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """`outcomes` counts rows by what they were to become and what became of them; `wrong` must be empty."""

    seed: int
    rows: int = 0
    seconds: float = 0.0
    scaled_minutes: float = 0.0
    moved: int = 0
    in_doubt: int = 0
    held_by_itself: int = 0
    replies: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    interactive_sent: int = 0
    interactive_p95_scaled_seconds: float = 0.0
    steady_sent: int = 0
    steady_p50_scaled_seconds: float = 0.0
    steady_p95_scaled_seconds: float = 0.0
    cores: int = os.cpu_count() or 1
    load: float = 0.0  # of the machine, at the end: others' work counts too
    wrong: list[str] = field(default_factory=list)


def run(home: Path, *, seed: int) -> Report:
    """Raises AssertionError when it does not come to an end."""
    chance, report, cast = random.Random(seed), Report(seed), _cast()
    house = House(home, workers=2, environment=ENVIRONMENT)
    house.start()
    try:
        _people(house, cast)
        sessions = [link(house, number) for number in ACCOUNTS]
        with house.api() as api:
            # An account here cannot save a number that nobody has, so the rule of R-LIM-8 is off; it has its own tests.
            api.put("/v1/settings/consent", json={"bulk_to_saved_only": False}).raise_for_status()
            _greet(house, sessions)
            pool = api.post("/v1/pools", json={"name": "campaign", "sessions": sessions, "policy": "move"}).json()["id"]
            for number in cast.gone_before:
                _say(house, number, ACCOUNTS[0], "STOP")
            poll(lambda: _opted_out(api) >= len(cast.gone_before), 60, "the first STOPs are heard")
            file, expected = _file(cast, chance)
            began = time.monotonic()
            for session in sessions:  # the file is taken in first, so that people can say STOP while they wait
                api.post(f"/v1/sessions/{session}/queue/pause", json={"lane": "bulk"}).raise_for_status()
            run_id = _begin(api, pool, file)
            away: list[tuple[float, float]] = []
            with _conversations(house, sessions, report, away):
                _trouble(house, api, run_id, sessions, cast, away, report)
                poll(
                    lambda: _operate(api, sessions, report)
                    and api.get(f"/v1/bulk/{run_id}").json()["status"] == "finished",
                    GIVE_UP_SECONDS, "the end", every=LOOK_SECONDS,
                )  # fmt: skip
            report.seconds = round(time.monotonic() - began, 1)
            report.scaled_minutes = round(report.seconds * SCALE / 60, 1)
            _judge(house, api, run_id, expected, cast, report)
    finally:
        house.stop()
    return report


def _cast() -> Cast:
    numbers = [f"4915112347{number:03d}" for number in range(500)]
    good, stopping, gone, nobody = numbers[:420], numbers[420:432], numbers[432:440], numbers[440:470]
    return Cast(tuple(good), tuple(stopping), tuple(gone), tuple(nobody), tuple(good[10:50]))


def _people(house: House, cast: Cast) -> None:
    """Everybody but `nobody` has WhatsApp."""
    with house.simulator() as simulator:
        for account in ACCOUNTS:
            simulator.post("/control/accounts", json={"number": account, "name": "Shop"}).raise_for_status()
        people = (*FRIENDS, *cast.good, *cast.stopping, *cast.gone_before)
        for number in people:
            simulator.post("/control/accounts", json={"number": number, "name": "P"}).raise_for_status()


def _greet(house: House, sessions: list[str]) -> None:
    """The friends have written before: what goes to them are replies."""
    for at, friend in enumerate(FRIENDS):
        _say(house, friend, ACCOUNTS[at % len(ACCOUNTS)], "hello")
    with house.api() as api:
        for at, session in enumerate(sessions):
            poll(
                lambda session=session, at=at: api.get(  # type: ignore[misc]
                    f"/v1/sessions/{session}/messages", params={"chat": FRIENDS[at]}
                ).json()["messages"],
                30, "a friend is heard",
            )  # fmt: skip


def _file(cast: Cast, chance: random.Random) -> tuple[str, list[str]]:
    """The file, and what each of its rows is to become."""
    rows = [(number, "Ada", "sent") for number in cast.good]
    rows += [(number, "Eve", "opted_out") for number in cast.gone_before]
    rows += [(number, "Bob", "not_on_whatsapp") for number in cast.nobody]
    rows += [("no number", "Carl", "invalid_chat_id")] * 10
    rows += [(f"491511234800{number}", "", "variable_missing") for number in range(5)]
    chance.shuffle(rows)
    rows += [(number, "Dan", "stopped") for number in cast.stopping]
    rows += [(f"+{number}", "Ada again", "duplicate") for number in cast.good[:15]]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["to", "name"])
    writer.writerows([(to, name) for to, name, _ in rows])
    return out.getvalue(), [expected for _, _, expected in rows]


def _begin(api: httpx.Client, pool: str, file: str) -> str:
    answer = api.post(
        "/v1/bulk", params={"pool_id": pool, "text": "Hello {{name}}, the shop is open."}, content=file.encode(),
        headers={"content-type": "text/csv", "idempotency-key": "campaign"},
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _trouble(
    house: House,
    api: httpx.Client,
    run_id: str,
    sessions: list[str],
    cast: Cast,
    away: list[tuple[float, float]],
    report: Report,
) -> None:
    """STOPs while people wait, a number banned early, answers, a worker killed at the half. `away` learns when the
    killed worker's sessions had no owner that worked, by the clock."""
    poll(lambda: api.get(f"/v1/bulk/{run_id}").json()["done_at"], 120, "all rows were taken in")
    for number in cast.stopping:  # each is answered in the lane that replies wait in: not all in one second
        _say(house, number, ACCOUNTS[1], "STOP")
        time.sleep(STOP_EVERY_SECONDS)
    poll(lambda: _outcomes(api, run_id).get("cancelled", 0) == len(cast.stopping), 60, "the STOPs are honoured")
    for session in sessions:
        api.post(f"/v1/sessions/{session}/queue/resume", json={}).raise_for_status()
    poll(lambda: _gone(api, run_id) > 60, GIVE_UP_SECONDS, "an eighth has gone", every=LOOK_SECONDS)
    with house.simulator() as simulator:
        simulator.patch(f"/control/accounts/{ACCOUNTS[0]}", json={"banned": True}).raise_for_status()
    poll(lambda: status_of(api, sessions[0]) == "banned", 60, "the ban is seen")
    for number in cast.replying:
        _answer(house, number)
    poll(
        lambda: _operate(api, sessions, report) and _gone(api, run_id) > 210,
        GIVE_UP_SECONDS, "a half has gone", every=LOOK_SECONDS,
    )  # fmt: skip
    owner = poll(lambda: owner_of(house, sessions[2]), 60, "somebody owns it")
    began = time.time()
    kill(owner.worker)
    poll(lambda: (now := owner_of(house, sessions[2])) is not None and now.worker != owner.worker, 120, "another owner")
    poll(lambda: _is_at_work(api, sessions[2], began), 120, "the session works again")
    away.append((began, time.time()))


def _is_at_work(api: httpx.Client, session: str, since: float) -> bool:
    found = api.get(f"/v1/sessions/{session}").json()
    return found["status"] == "working" and datetime.fromisoformat(found["since"]).timestamp() > since


def _operate(api: httpx.Client, sessions: list[str], report: Report) -> bool:
    """So many STOPs and unknown numbers make Waypost hold bulk by itself; somebody looks, and lets it go on."""
    for session in sessions:
        paused = api.get(f"/v1/sessions/{session}/queue").raise_for_status().json()["bulk"]["paused"]
        if paused is not None and paused["reason"] != "requested":
            report.held_by_itself += 1
            api.post(f"/v1/sessions/{session}/queue/resume", json={"lane": "bulk"}).raise_for_status()
    return True


def _gone(api: httpx.Client, run_id: str) -> int:
    return sum(_outcomes(api, run_id).get(status, 0) for status in ARRIVED)


def _outcomes(api: httpx.Client, run_id: str) -> dict[str, int]:
    found: dict[str, int] = api.get(f"/v1/bulk/{run_id}").raise_for_status().json()["outcomes"]
    return found


def _answer(house: House, number: str) -> None:
    """To whichever account wrote to them, if one has."""
    with house.simulator() as simulator:
        for account in ACCOUNTS:
            if simulator.get(f"/control/accounts/{number}/messages", params={"with": account}).json():
                _say(house, number, account, "thank you")
                return


def _say(house: House, number: str, to: str, text: str) -> None:
    with house.simulator() as simulator:
        said = simulator.post(f"/control/accounts/{number}/messages", json={"to": to, "text": text})
        said.raise_for_status()


def _opted_out(api: httpx.Client) -> int:
    found = api.get("/v1/consents", params={"limit": 100}).raise_for_status().json()["contacts"]
    return len([one for one in found if one["opted_out_at"]])


@contextmanager
def _conversations(
    house: House, sessions: list[str], report: Report, away: list[tuple[float, float]]
) -> Iterator[None]:
    """Replies to friends while the campaign runs, by the two numbers that live on; how long each waited, and how long
    those that were not asked for while a killed worker's sessions had no owner (a browser's start does not scale)."""
    over, sent = threading.Event(), list[tuple[str, str]]()

    def talk() -> None:
        with house.api() as api:
            while not over.wait(0.5):
                at = 1 + len(sent) % 2
                friend = FRIENDS[at + 3 * (len(sent) // 2 % 4)]
                body = {"to": friend, "text": "we are open until six"}
                with contextlib.suppress(httpx.HTTPError):
                    answer = api.post(f"/v1/sessions/{sessions[at]}/messages", json=body)
                    if answer.status_code == 202:
                        sent.append((sessions[at], answer.json()["id"]))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    with house.api() as api:
        found = [_waited(api, *one) for one in sent]
    waits = sorted(seconds for _, seconds in found)
    steady = sorted(wait for at, wait in found if not any(begun - wait <= at <= ended for begun, ended in away))
    report.interactive_sent = len(waits)
    report.interactive_p95_scaled_seconds = round(waits[len(waits) * 95 // 100] * SCALE, 2)
    report.steady_sent = len(steady)
    report.steady_p50_scaled_seconds = round(steady[len(steady) // 2] * SCALE, 2)
    report.steady_p95_scaled_seconds = round(steady[len(steady) * 95 // 100] * SCALE, 2)


def _waited(api: httpx.Client, session: str, message: str) -> tuple[float, float]:
    """When it was accepted, and the seconds until WhatsApp's word that it has it."""

    def times() -> dict[str, str] | None:
        found = api.get(f"/v1/sessions/{session}/messages/{message}").json()
        return found["times"] if "sent" in found["times"] else None

    found = poll(times, 120, "a reply was sent")
    accepted = datetime.fromisoformat(found["accepted"]).timestamp()
    return accepted, datetime.fromisoformat(found["sent"]).timestamp() - accepted


def _judge(house: House, api: httpx.Client, run_id: str, expected: list[str], cast: Cast, report: Report) -> None:
    """Each row against what it was to become, and each person's phone against their row."""
    rows = list(_results(api, run_id))
    report.rows = len(rows)
    counted: Counter[str] = Counter()
    with house.simulator() as simulator:
        for row, wanted in zip(rows, expected, strict=True):
            got = _outcome(row)
            counted[f"{wanted} -> {got}"] += 1
            if got == "in_doubt" and wanted == "sent":
                report.in_doubt += 1  # handed over as the ban fell: nobody can know, and it is not sent again
            elif got != wanted:
                report.wrong.append(f"row {row['row']}: {wanted} became {got} ({row['outcome']}, {row['code']})")
            if wanted in ("sent", "stopped", "opted_out"):
                copies = _copies(simulator, str(row["to"]).partition("@")[0].lstrip("+"))
                most = 1 if wanted == "sent" else 0
                if copies > most or (got == "sent" and copies != 1):
                    report.wrong.append(f"row {row['row']}: {copies} copies at the phone, {got}")
        report.replies = sum(_has_answered(simulator, number) for number in cast.replying)
    messages = [row for row in rows if row["message_id"]]
    for row in messages:
        found = api.get(f"/v1/sessions/{row['session_id']}/messages/{row['message_id']}").json()
        report.moved += found["moved_from"] is not None
    report.outcomes, report.load = dict(sorted(counted.items())), round(os.getloadavg()[0], 1)
    if not report.moved:
        report.wrong.append("nothing was moved from the banned number")
    if report.in_doubt > MOST_IN_DOUBT:
        report.wrong.append(f"{report.in_doubt} rows in doubt")
    if report.steady_p95_scaled_seconds > MOST_WAIT_SECONDS:
        report.wrong.append("interactive messages waited too long")


def _outcome(row: dict[str, Any]) -> str:
    if row["outcome"] in ARRIVED:
        return "sent"
    if row["outcome"] in ("refused", "duplicate"):
        return "duplicate" if row["outcome"] == "duplicate" else str(row["code"])
    if row["outcome"] in ("sending", "uncertain"):
        return "in_doubt"
    if row["outcome"] in ("cancelled", "failed") and row["code"] in ("opted_out", "stopped", "not_on_whatsapp"):
        return "stopped" if row["code"] == "opted_out" else str(row["code"])
    return f"{row['outcome']} {row['code']}"


def _results(api: httpx.Client, run_id: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        page = api.get(f"/v1/bulk/{run_id}/results", params=query).raise_for_status().json()
        yield from page["results"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _copies(simulator: httpx.Client, number: str) -> int:
    """How many of the campaign's messages the person's phone has, from whichever account."""
    found = 0
    for account in ACCOUNTS:
        answer = simulator.get(f"/control/accounts/{number}/messages", params={"with": account})
        if answer.status_code == 200:
            found += len([one for one in answer.json() if not one["from_me"] and "shop is open" in one["text"]])
    return found


def _has_answered(simulator: httpx.Client, number: str) -> bool:
    return any(
        one["text"] == "thank you" and one["from_me"]
        for account in ACCOUNTS
        for one in simulator.get(f"/control/accounts/{number}/messages", params={"with": account}).json()
    )


def as_text(report: Report) -> str:
    return json.dumps(asdict(report), indent=2)
