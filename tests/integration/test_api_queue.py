"""The queue over the API: times of their own, estimates, what waits and why, holding and cancelling."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.api_client import GRACE, ApiClient, app_fixture, client_fixture, set_status
from waypost.bootstrap import App
from waypost.domain.message import Lane
from waypost.domain.outlook import Outlook, Window
from waypost.entities.session import Session

__all__ = ["app_fixture", "client_fixture"]


def at(**later: int) -> str:
    return (datetime.now(UTC) + timedelta(**later)).isoformat(timespec="milliseconds")


@pytest.fixture(name="slow")
def slow_fixture(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with R-LIM-9's cooldown."""

    def outlook(_session: Session, _lane: Lane) -> Outlook:
        return Outlook((Window("cooldown", 1, 5000),))

    monkeypatch.setattr(app.backlog, "outlook_of", outlook)
    monkeypatch.setattr(app.backlog, "clock", iter(range(0, 10**9, 1000)).__next__)  # each look counts anew


@pytest.mark.parametrize(
    ("times", "field", "code"),
    [
        ({"send_at": "tomorrow"}, "send_at", "time_invalid"),
        ({"send_at": "2026-12-24T18:00:00"}, "send_at", "time_invalid"),
        ({"send_at": "2020-01-01T00:00:00Z"}, "send_at", "time_past"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "time_past"),
        ({"send_at": at(days=400)}, "send_at", "time_too_far"),
        ({"send_at": at(days=2), "expires_at": at(days=1)}, "expires_at", "expires_before_send"),
    ],
)
def test_a_time_that_makes_no_sense_is_refused_and_told_apart(
    client: ApiClient, times: dict[str, str], field: str, code: str
) -> None:
    answer = client.send(client.session(), **times)
    assert (answer.status, answer.code, answer.json()["field"]) == (422, code, field)
    assert answer.json()["mend"]


def test_a_planned_message_tells_its_time_and_gets_no_hint(client: ApiClient, app: App) -> None:
    session, when = client.session(), at(hours=2)
    message = client.send(session, send_at=when, expires_at=at(hours=3)).json()
    assert datetime.fromisoformat(message["estimated_send_at"]) == datetime.fromisoformat(when)
    assert message["estimate"]["because"] == "time"
    hints = app.engine.queues.queue(f"interactive-{session}").receive()
    assert [hint.group for hint in hints] == ["control"]  # the start, and nothing of a chat
    assert client.get(f"/v1/sessions/{session}/queue").json()["interactive"]["reasons"] == {"time": 1}


@pytest.mark.usefixtures("slow")
def test_the_queue_tells_how_many_wait_for_what_and_until_when(client: ApiClient) -> None:
    session = client.session()
    answers = [client.send(session, f"+49151123456{number}").json() for number in range(10, 14)]
    answers += [client.send(session, f"+49151123456{number}", lane="bulk").json() for number in range(10, 12)]
    sent = [datetime.fromisoformat(answer["estimated_send_at"]) for answer in answers]
    created = [datetime.fromisoformat(answer["created_at"]) for answer in answers]
    waits = [round((one - other).total_seconds() / 5) for one, other in zip(sent, created, strict=True)]
    assert waits == [0, 1, 2, 3, 4, 5]  # bulk comes behind what is interactive
    queue = client.get(f"/v1/sessions/{session}/queue").json()
    assert (queue["interactive"]["waiting"], queue["bulk"]["waiting"]) == (4, 2)
    assert queue["bulk"]["binds"] == queue["bulk"]["last"]["because"] == "cooldown"
    assert queue["interactive"]["oldest_at"] == answers[0]["created_at"]
    first = client.get(f"/v1/sessions/{session}/queue/messages", query={"limit": "3"}).json()
    rest = client.get(
        f"/v1/sessions/{session}/queue/messages", query={"limit": "3", "cursor": first["next_cursor"]}
    ).json()
    listed = [*first["messages"], *rest["messages"]]
    assert [one["message"]["id"] for one in listed] == [answer["id"] for answer in answers[:4]]
    times = [datetime.fromisoformat(one["estimate"]["at"]) for one in listed]
    assert times == sorted(times)
    assert [one["reason"] for one in listed] == ["nothing", "cooldown", "cooldown", "cooldown"]


def test_a_lane_is_held_and_let_go_on_and_says_so(client: ApiClient) -> None:
    session = client.session()
    client.send(session, lane="bulk")
    for _ in range(2):
        held = client.post(f"/v1/sessions/{session}/queue/pause", {"lane": "bulk"}).json()
        assert held["bulk"]["paused"]["reason"] == "requested"
        assert held["bulk"]["reasons"] == {"paused": 1}
        assert held["bulk"]["last"] == {"at": None, "because": "paused"}
        assert held["interactive"]["paused"] is None
    late = client.send(session, lane="bulk").json()
    assert (late["status"], late["estimate"]) == ("accepted", {"at": None, "because": "paused"})
    assert client.post(f"/v1/sessions/{session}/queue/resume", {}).json()["bulk"]["paused"] is None
    events = client.get("/v1/events", query={"session_id": session, "after": "0"}).json()["events"]
    told = [event["data"]["queue"]["paused"] for event in events if "queue" in event["data"]]
    assert told == [True, False]


def test_both_lanes_are_held_and_let_go_on_by_a_request_without_a_body(client: ApiClient) -> None:
    session = client.session()
    held = client.post(f"/v1/sessions/{session}/queue/pause")
    assert held.status == 200, held.body
    assert None not in (held.json()["bulk"]["paused"], held.json()["interactive"]["paused"])
    assert client.post(f"/v1/sessions/{session}/queue/resume").json()["bulk"]["paused"] is None


def test_cancelling_by_filter_counts_and_may_be_repeated(client: ApiClient) -> None:
    session = client.session()
    for number in range(3):
        client.send(session, lane="bulk", send_at=at(hours=number + 1))
    client.send(session, to="+4915112345699")
    path = f"/v1/sessions/{session}/queue/cancel"
    assert client.post(path, {"chat": "+4915112345000"}).json()["cancelled"] == 0
    assert client.post(path, {"after": at(minutes=90), "before": at(minutes=150)}).json()["cancelled"] == 1
    assert client.post(path, {"chat": f"+{GRACE}"}).json() == {"cancelled": 2, "too_late": 0, "more": False}
    assert client.post(path, {"chat": f"+{GRACE}"}).json()["cancelled"] == 0
    assert client.get(f"/v1/sessions/{session}/queue").json()["interactive"]["waiting"] == 1


@pytest.mark.usefixtures("slow")
def test_a_queue_that_is_too_long_says_when_there_is_room(
    client: ApiClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = client.session()
    monkeypatch.setattr(app.backlog, "hours", {"interactive": 0, "bulk": 1})
    assert client.send(session).status == 202
    full = client.send(session)
    assert (full.status, full.code, full.headers["retry-after"]) == (429, "queue_full", "5")
    assert client.send(session, lane="bulk").status == 202


def test_a_session_that_is_not_at_work_cannot_tell_when(client: ApiClient) -> None:
    session = client.session()
    set_status(session, "failed")
    assert client.send(session).json()["estimate"] == {"at": None, "because": "session"}
