"""What a chaos run counts, from what the other side has on its phones, and from the logs of all sessions."""

import contextlib
import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.house import House
from tests.prove.chaos_load import Line

FINAL = frozenset({"sent", "delivered", "read", "played", "failed", "expired", "cancelled", "uncertain"})


@dataclass
class Counts:
    """All from `lost` on must be 0 while the disk survives; `uncertain` is counted in every case."""

    accepted: int = 0
    written: int = 0  # by people, to our accounts
    faults: dict[str, int] = field(default_factory=dict)
    most_on_one_worker: int = 0  # sessions, before anything was hurt
    uncertain: int = 0
    started_by_hand: int = 0
    lost: int = 0
    failed: int = 0
    twice: int = 0
    out_of_order: int = 0
    told_twice_or_never: int = 0
    gaps_in_log: int = 0
    written_lost: int = 0
    written_twice: int = 0
    two_browsers: int = 0
    second_scans: int = 0

    @property
    def broken(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in BROKEN if getattr(self, name)}


_NAMES = [one.name for one in dataclasses.fields(Counts)]
BROKEN = tuple(_NAMES[_NAMES.index("lost") :])


def final_statuses(house: House, lines: list[Line]) -> dict[str, str]:
    """Message id → its last status, of those that reached a final one."""
    return {
        str(event["data"]["message_id"]): str(event["data"]["status"])
        for line in lines
        for event in events(house, line.session)
        if event["type"] in ("message_sent", "message_status_update") and event["data"]["status"] in FINAL
    }


def events(house: House, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with house.api() as api:
        while True:
            after = found[-1]["sequence"] if found else 0
            page = api.get("/v1/events", params={"session_id": session, "after": after, "limit": 500})
            news = page.raise_for_status().json()["events"]
            if not news:
                return found
            found.extend(news)


def arrived(house: House, line: Line, person: str) -> list[str]:
    """The texts from a line's account on the phone of somebody, copies included, in order of arrival."""
    with house.simulator() as simulator:
        answer = simulator.get(f"/control/accounts/{person}/messages", params={"with": line.number})
        return [one["text"] for one in answer.raise_for_status().json() if one["from"].startswith(line.number)]


def everything_is_settled(house: House, lines: list[Line]) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        statuses = final_statuses(house, lines)
        return all(sent.id in statuses for line in lines for sent in line.sent) and all(
            _received(events(house, line.session)) >= {text for _, text in line.wrote} for line in lines
        )
    return False


def count(house: House, lines: list[Line], counts: Counts) -> None:
    statuses = final_statuses(house, lines)
    for line in lines:
        counts.accepted += len(line.sent)
        counts.written += len(line.wrote)
        for person in line.people:
            _count_chat(house, line, person, statuses, counts)
        _count_log(house, line, counts)
    counts.failed += sum(statuses.get(sent.id) in ("failed", "expired") for line in lines for sent in line.sent)
    counts.uncertain += sum(statuses.get(sent.id) == "uncertain" for line in lines for sent in line.sent)
    with house.simulator() as simulator:
        totals = simulator.get("/control/counts").raise_for_status().json()
    counts.two_browsers += totals["two_browsers"]
    counts.second_scans += totals["scans"] - len(lines)


def _count_chat(house: House, line: Line, person: str, statuses: dict[str, str], counts: Counts) -> None:
    there = arrived(house, line, person)
    firsts = list(dict.fromkeys(there))
    wanted = [sent.text for sent in line.sent if sent.chat == person]
    unsure = {sent.text for sent in line.sent if statuses.get(sent.id) in ("uncertain", "failed", "expired")}
    counts.twice += len(there) - len(firsts)
    counts.lost += len(set(wanted) - set(firsts) - unsure)
    places = [wanted.index(text) for text in firsts]
    counts.out_of_order += sum(later < earlier for earlier, later in itertools.pairwise(places))


def _count_log(house: House, line: Line, counts: Counts) -> None:
    log = events(house, line.session)
    counts.gaps_in_log += sum(event["sequence"] != place for place, event in enumerate(log, 1))
    told = [event["data"]["message_id"] for event in log if event["type"] == "message_sent"]
    unsent = {e["data"]["message_id"] for e in log if e["data"].get("status") in ("uncertain", "failed", "expired")}
    never = {sent.id for sent in line.sent} - set(told) - unsent
    counts.told_twice_or_never += len(told) - len(set(told)) + len(never)
    received = [event["data"].get("text") for event in log if event["type"] == "message_received"]
    wanted = {text for _, text in line.wrote}
    counts.written_lost += len(wanted - set(received))
    counts.written_twice += len(received) - len(set(received))


def _received(log: list[dict[str, Any]]) -> set[str]:
    return {str(event["data"].get("text")) for event in log if event["type"] == "message_received"}
