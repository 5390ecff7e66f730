"""The API's description: valid, complete, and readable without the internet."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api_client import ApiClient, app_fixture, client_fixture
from waypost.bootstrap import App

__all__ = ["app_fixture", "client_fixture"]

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = {
    "/v1/consents": {"get"},
    "/v1/consents/import": {"post"},
    "/v1/contacts/{contact}/consents": {"get", "post", "delete"},
    "/v1/settings/consent": {"get", "put"},
    "/v1/templates": {"get", "post"},
    "/v1/templates/{name}": {"get"},
    "/v1/templates/{name}/{language}/{version}": {"get", "put", "delete"},
    "/v1/templates/{name}/{language}/{version}/approve": {"post"},
    "/v1/templates/{name}/{language}/{version}/retire": {"post"},
    "/v1/templates/{name}/{language}/{version}/render": {"post"},
    "/v1/sessions": {"get", "post"},
    "/v1/sessions/{session_id}": {"get", "patch", "delete"},
    "/v1/sessions/{session_id}/start": {"post"},
    "/v1/sessions/{session_id}/stop": {"post"},
    "/v1/sessions/{session_id}/logout": {"post"},
    "/v1/sessions/{session_id}/link": {"post", "delete"},
    "/v1/sessions/{session_id}/handover": {"post", "put", "delete"},
    "/v1/sessions/{session_id}/handover/complete": {"post"},
    "/v1/sessions/{session_id}/qr": {"get"},
    "/v1/sessions/{session_id}/messages": {"get", "post"},
    "/v1/media": {"post"},
    "/v1/media/{media_id}": {"get"},
    "/v1/media/{media_id}/parts/{number}": {"put"},
    "/v1/media/{media_id}/complete": {"post"},
    "/v1/media/{media_id}/content": {"get"},
    "/v1/media/{media_id}/thumbnail": {"get"},
    "/v1/media/{media_id}/link": {"post"},
    "/v1/media/{media_id}/retry": {"post"},
    "/v1/sessions/{session_id}/queue": {"get"},
    "/v1/sessions/{session_id}/queue/messages": {"get"},
    "/v1/sessions/{session_id}/queue/pause": {"post"},
    "/v1/sessions/{session_id}/queue/resume": {"post"},
    "/v1/sessions/{session_id}/queue/cancel": {"post"},
    "/v1/bulk": {"get", "post"},
    "/v1/bulk/{bulk_id}": {"get"},
    "/v1/bulk/{bulk_id}/results": {"get"},
    "/v1/bulk/{bulk_id}/pause": {"post"},
    "/v1/bulk/{bulk_id}/resume": {"post"},
    "/v1/bulk/{bulk_id}/cancel": {"post"},
    "/v1/pools": {"get", "post"},
    "/v1/pools/{pool_id}": {"get", "patch", "delete"},
    "/v1/pools/{pool_id}/messages": {"post"},
    "/v1/sessions/{session_id}/messages/{message_id}": {"get"},
    "/v1/sessions/{session_id}/messages/{message_id}/cancel": {"post"},
    "/v1/sessions/{session_id}/messages/{message_id}/edit": {"post"},
    "/v1/sessions/{session_id}/messages/{message_id}/revoke": {"post"},
    "/v1/sessions/{session_id}/messages/{message_id}/reaction": {"put"},
    "/v1/sessions/{session_id}/commands/{command_id}": {"get"},
    "/v1/sessions/{session_id}/pairing-code": {"post"},
    "/v1/sessions/{session_id}/chats": {"get"},
    "/v1/sessions/{session_id}/chats/{contact_id}/read": {"post"},
    "/v1/sessions/{session_id}/chats/{contact_id}/typing": {"post"},
    "/v1/sessions/{session_id}/contacts": {"get", "put"},
    "/v1/sessions/{session_id}/contacts/check": {"post"},
    "/v1/sessions/{session_id}/groups": {"get", "post"},
    "/v1/sessions/{session_id}/groups/{contact_id}": {"get"},
    "/v1/sessions/{session_id}/groups/{contact_id}/participants": {"post"},
    "/v1/events": {"get"},
    "/v1/webhooks": {"get", "post"},
    "/v1/webhooks/{webhook_id}": {"get", "patch", "delete"},
    "/v1/webhooks/{webhook_id}/test": {"post"},
    "/v1/webhooks/{webhook_id}/rotate-secret": {"post"},
    "/v1/webhooks/{webhook_id}/rotate-secret/finish": {"post"},
    "/v1/webhooks/{webhook_id}/deliveries": {"get"},
    "/v1/webhooks/{webhook_id}/dead-letters": {"get"},
    "/v1/webhooks/{webhook_id}/dead-letters/redeliver": {"post"},
    "/v1/webhooks/{webhook_id}/redeliver": {"post"},
    "/v1/health": {"get"},
}


@pytest.fixture(name="described")
def described_fixture(client: ApiClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, has[method]) for path, has in described["paths"].items() for method in has]


def test_every_route_is_described(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert {path: set(has) for path, has in described["paths"].items()} == OPERATIONS


def test_every_operation_is_named_and_answers(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in described["tags"]}
    for path, method, operation in operations(described):
        assert set(operation["tags"]) <= tags
        assert not operation["summary"].startswith(method.upper()), path
        assert any(code.startswith("2") for code in operation["responses"])
        placed = {it["name"] for it in operation.get("parameters", []) if it["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", path))
        assert all(it["required"] for it in operation.get("parameters", []) if it["in"] == "path")
        assert "Idempotency-Key" in str(operation.get("parameters")) or method != "post"


def test_operations_say_more_than_their_name(described: dict[str, Any]) -> None:
    said = {(path, method): operation.get("description", "") for path, method, operation in operations(described)}
    assert all(words for (path, _), words in said.items() if path.startswith("/v1/media"))
    assert said["/v1/media", "post"] == (
        "Says how to send its bytes, or fetches them. When all of it has come it is judged by its content and made to"
        " fit."
    )
    assert said["/v1/bulk", "post"].count("\n\n") == 1


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(described)))
    assert references == set(schemas)


def test_every_refusal_is_a_problem(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        refusals = {code: response for code, response in operation["responses"].items() if not code.startswith("2")}
        assert ("401" in refusals) == (path != "/v1/health")
        named = path in ("/v1/events", "/v1/webhooks") or (path in ("/v1/bulk", "/v1/pools") and method == "post")
        assert ("404" in refusals) == ("{" in path or named), (path, method)
        for code, response in refusals.items():
            content = response["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            example = content["example"]
            assert str(example["status"]) == code
            assert set(described["components"]["schemas"]["Problem"]["required"]) <= set(example)


def test_the_key_is_asked_for_but_where_it_is_not_needed(described: dict[str, Any]) -> None:
    assert described["components"]["securitySchemes"]["apiKey"] == {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
    }
    assert {"apiKey": []} in described["security"]
    assert [path for path, _, operation in operations(described) if operation.get("security") == []] == ["/v1/health"]


def test_requests_say_what_is_refused(described: dict[str, Any]) -> None:
    text = described["components"]["schemas"]["NewMessage"]
    assert text["additionalProperties"] is False
    assert (text["properties"]["text"]["minLength"], text["properties"]["text"]["maxLength"]) == (1, 4096)


def test_the_version_is_the_projects(described: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert described["info"]["version"] == project["version"]


def test_the_docs_page_needs_nothing_from_elsewhere(client: ApiClient) -> None:
    answer = client.get("/docs")
    page = answer.body.decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Waypost API</title>" in page
    assert "/v1/sessions/{session_id}/qr" in page
    markup = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=", markup)
    style = "".join(re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL))
    assert set(re.findall(r"url\(\s*['\"]?(\w+):", style)) <= {"data"}
    assert "@import" not in style


def test_health_reads_the_table(client: ApiClient) -> None:
    assert client.get("/v1/health").json() == {"status": "ok", "version": "0.1.0", "engine": "embedded"}


LATE = ("segno", "phonenumbers", "httpx", "boto3", "sqlite3", "aws_lambda_powertools.event_handler.openapi.swagger_ui")


@pytest.mark.parametrize(
    ("module", "late"),
    [
        ("api.handler", LATE),
        ("authorizer.handler", (*LATE, "pydantic", "aws_lambda_powertools", "starlette", "api")),
    ],
)
def test_importing_a_handler_loads_little_and_opens_nothing(tmp_path: Path, module: str, late: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(sorted(set({late!r}) & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"WAYPOST_HOME": str(tmp_path / "home")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_docs_and_health_need_no_caller(app: App) -> None:
    from infra.local.rest_events import Incoming, proxy_event
    from tests.integration.api_client import invoke

    for path in ("/v1/health", "/openapi.json", "/docs"):
        assert invoke(proxy_event(Incoming("GET", path, (), (), b"", ""), None)).status == 200
