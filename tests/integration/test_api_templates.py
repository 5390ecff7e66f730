"""Templates over the API: written, approved, sent, retired, each refused with what to do about it (R-TOS-2)."""

from typing import Any

import pytest

from tests.integration.api_client import GRACE, Answer, ApiClient, app_fixture, client_fixture
from waypost.bootstrap import App
from waypost.entities.tenant import ApiKey, put_api_key

__all__ = ["app_fixture", "client_fixture"]

BODY = "Hello {{name}}, see you on {{day}}."
VARIABLES = {"name": {"type": "text", "max_length": 20}, "day": {"type": "date"}}
VALUES = {"name": "Grace", "day": "2026-11-22"}


def write(client: ApiClient, language: str = "en", body: str = BODY, *, approved: bool = True, **more: Any) -> str:
    """The version's address."""
    new = {"name": "reminder", "language": language, "body": body, "variables": VARIABLES, **more}
    made = client.post("/v1/templates", new)
    assert made.status == 201
    path = f"/v1/templates/reminder/{language}/{made.json()['version']}"
    if approved:
        assert client.post(f"{path}/approve").status == 200
    return path


def send(client: ApiClient, session: str, **template: Any) -> Answer:
    choice = {"name": "reminder", "variables": VALUES, **template}
    return client.post(f"/v1/sessions/{session}/messages", {"to": f"+{GRACE}", "template": choice})


def test_a_message_is_made_from_an_approved_template(client: ApiClient) -> None:
    session = client.session()
    client.call("PUT", "/v1/settings/consent", body={"policy": "template_only"})
    write(client, "de", "Hallo {{name}}, bis {{day}}!", purpose="appointments")
    sent = send(client, session, language="de-AT")
    assert sent.status == 202
    message = client.get(f"/v1/sessions/{session}/messages/{sent.json()['id']}").json()
    assert message["text"] == "Hallo Grace, bis 22.11.2026!"
    assert message["template"] == {"name": "reminder", "language": "de", "version": 1}
    assert message["purpose"] == "appointments"
    events = client.get("/v1/events", query={"session_id": session}).json()["events"]
    assert events == []


def test_its_life_is_noted_with_who_approved(client: ApiClient, app: App) -> None:
    put_api_key(app.table, ApiKey("key_test", client.tenant, "Legal", b"mac", app.now_ms()))
    path = write(client, approved=False)
    draft = client.get(path).json()
    assert (draft["status"], draft["approved_by"], draft["created_by"]) == ("draft", None, "key_test")
    assert client.call("PUT", path, body={"body": "Hi {{name}}", "variables": {"name": {}}}).status == 200
    assert client.post(f"{path}/render", {"variables": {"name": "Grace"}}).json() == {"text": "Hi Grace"}
    approved = client.post(f"{path}/approve").json()
    assert (approved["status"], approved["approved_by"], approved["approved_by_name"]) == (
        "approved",
        "key_test",
        "Legal",
    )
    assert client.post(f"{path}/approve").json() == approved
    for method, body in (("PUT", {"body": "Other"}), ("DELETE", None)):
        answer = client.call(method, path, body=body)
        assert (answer.status, answer.code) == (409, "template_not_draft")
    retired = client.post(f"{path}/retire").json()
    assert (retired["status"], retired["approved_by"], retired["retired_by"]) == ("retired", "key_test", "key_test")
    assert client.get(path).json() == retired
    assert client.post(f"{path}/approve").code == "template_not_draft"
    other = write(client, approved=False)
    assert other.endswith("/2")
    assert client.delete(other).status == 204
    assert client.get(other).code == "template_not_found"


def test_the_newest_approved_version_is_used_and_older_ones_by_their_number(client: ApiClient) -> None:
    session = client.session()
    write(client, body="One {{name}} {{day}}")
    write(client, body="Two {{name}} {{day}}")
    write(client, body="Three {{name}} {{day}}", approved=False)
    assert send(client, session).json()["text"].startswith("Two")
    assert send(client, session, version=1).json()["text"].startswith("One")
    client.post("/v1/templates/reminder/en/2/retire")
    assert send(client, session).json()["text"].startswith("One")


def test_languages_fall_back_to_the_tenants_own(client: ApiClient) -> None:
    session = client.session()
    write(client, "pt", "pt {{name}} {{day}}")
    write(client, "en", "en {{name}} {{day}}")
    write(client, "fr", "fr {{name}} {{day}}", approved=False)
    texts = [send(client, session, language=tag).json()["text"][:2] for tag in ("pt-BR", "PT", "sv", "fr")]
    assert texts == ["pt", "pt", "en", "en"]
    assert send(client, session).json()["text"][:2] == "en"
    client.call("PUT", "/v1/settings/consent", body={"language": "ja"})
    answer = send(client, session, language="sv")
    assert (answer.status, answer.code) == (422, "template_not_in_language")
    assert "en, pt" in answer.json()["mend"]


@pytest.mark.parametrize(
    ("template", "code", "field"),
    [
        ({"name": "other"}, "template_not_found", "template.name"),
        ({"version": 9}, "template_not_found", "template.name"),
        ({"version": 2}, "template_not_approved", "template.version"),
        ({"variables": {"name": "Grace"}}, "variable_missing", "template.variables.day"),
        ({"variables": {**VALUES, "extra": 1}}, "variable_unknown", "template.variables.extra"),
        ({"variables": {**VALUES, "day": "soon"}}, "variable_wrong_type", "template.variables.day"),
        ({"variables": {**VALUES, "name": "a\nb"}}, "variable_out_of_limits", "template.variables.name"),
    ],
)
def test_what_cannot_be_filled_in_says_where_and_what_to_do(
    client: ApiClient, template: dict[str, Any], code: str, field: str
) -> None:
    session = client.session()
    write(client)
    write(client, approved=False)
    answer = send(client, session, **template)
    assert (answer.status, answer.code, answer.json()["field"]) == (422, code, field)
    assert answer.json()["mend"]


def test_the_text_that_is_made_obeys_the_limit_of_texts(client: ApiClient) -> None:
    session = client.session()
    write(client, body="x" * 4070 + " {{name}} {{day}}")
    answer = send(client, session)
    assert send(client, session, variables={**VALUES, "name": "G"}).status == 202
    assert send(client, session, variables={**VALUES, "name": "Grace Brewster M. H."}).code == "text_too_long"
    assert answer.status == 202


@pytest.mark.parametrize("body", [{}, {"text": "hi", "template": {"name": "reminder"}}, {"text": None}])
def test_a_message_has_a_text_or_a_template(client: ApiClient, body: dict[str, Any]) -> None:
    answer = client.post(f"/v1/sessions/{client.session()}/messages", {"to": GRACE, **body})
    assert (answer.status, answer.code, answer.json()["field"]) == (422, "invalid_request", "text")


def test_a_repeated_request_makes_one_draft(client: ApiClient) -> None:
    new = {"name": "reminder", "language": "en", "body": "Hello"}
    made = [client.post("/v1/templates", new, key="a").json() for _ in range(2)]
    assert made[0] == made[1]
    listed = client.get("/v1/templates").json()
    assert ([one["version"] for one in listed["templates"]], listed["next_cursor"]) == ([1], None)
    assert client.get("/v1/templates/reminder").json() == listed
