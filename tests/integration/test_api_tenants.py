"""What belongs to another tenant is answered, byte for byte, as what does not exist; and who gets in at all."""

from typing import Any

import pytest

from infra.local.authorization import is_allowed
from tests.integration.api_client import GRACE, Answer, ApiClient, app_fixture, authorize, client_fixture
from waypost.bootstrap import App
from waypost.domain.ids import make_id
from waypost.entities.tenant import api_key_key
from waypost.ports import Update
from waypost.services.tenants import create_api_key, create_tenant

__all__ = ["app_fixture", "client_fixture"]

UNKNOWN = {kind: make_id(kind, bytes(16)) for kind in ("ses", "msg", "con", "whk", "cmd", "blk", "pol", "med")}


def ask(client: ApiClient, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
    kind = {"content-type": "application/octet-stream"} if isinstance(body, bytes) else None
    return client.call(method, path, query=query, body=body, headers=kind)


ROUTES: list[tuple[str, str, dict[str, str], Any]] = [
    ("GET", "/v1/sessions/{ses}", {}, None),
    ("DELETE", "/v1/sessions/{ses}", {}, None),
    ("POST", "/v1/sessions/{ses}/start", {}, None),
    ("POST", "/v1/sessions/{ses}/stop", {}, None),
    ("POST", "/v1/sessions/{ses}/logout", {}, None),
    ("GET", "/v1/sessions/{ses}/qr", {}, None),
    ("POST", "/v1/sessions/{ses}/messages", {}, {"to": GRACE, "text": "x"}),
    ("GET", "/v1/sessions/{ses}/messages", {"chat": GRACE}, None),
    ("GET", "/v1/sessions/{ses}/messages/{msg}", {}, None),
    ("POST", "/v1/sessions/{ses}/messages/{msg}/cancel", {}, None),
    ("GET", "/v1/sessions/{own}/messages/{msg}", {}, None),
    ("POST", "/v1/sessions/{own}/messages/{msg}/cancel", {}, None),
    ("POST", "/v1/sessions/{own}/messages", {}, {"to": GRACE, "text": "x", "reply_to": "{msg}"}),
    ("GET", "/v1/sessions/{own}/messages", {"chat": "{con}"}, None),
    ("GET", "/v1/sessions/{ses}/commands/{cmd}", {}, None),
    ("POST", "/v1/sessions/{ses}/pairing-code", {}, {"phone": GRACE}),
    ("POST", "/v1/sessions/{ses}/messages/{msg}/edit", {}, {"text": "x"}),
    ("POST", "/v1/sessions/{own}/messages/{msg}/edit", {}, {"text": "x"}),
    ("POST", "/v1/sessions/{ses}/messages/{msg}/revoke", {}, None),
    ("POST", "/v1/sessions/{own}/messages/{msg}/revoke", {}, None),
    ("PUT", "/v1/sessions/{ses}/messages/{msg}/reaction", {}, {"emoji": None}),
    ("PUT", "/v1/sessions/{own}/messages/{msg}/reaction", {}, {"emoji": None}),
    ("GET", "/v1/sessions/{ses}/chats", {}, None),
    ("POST", "/v1/sessions/{ses}/chats/{con}/read", {}, None),
    ("POST", "/v1/sessions/{own}/chats/{con}/read", {}, None),
    ("POST", "/v1/sessions/{ses}/chats/{con}/typing", {}, {"state": "composing"}),
    ("POST", "/v1/sessions/{own}/chats/{con}/typing", {}, {"state": "composing"}),
    ("GET", "/v1/sessions/{ses}/contacts", {}, None),
    ("PUT", "/v1/sessions/{ses}/contacts", {}, {"chat": GRACE, "name": "Grace"}),
    ("POST", "/v1/sessions/{ses}/contacts/check", {}, {"chat": GRACE}),
    ("GET", "/v1/sessions/{ses}/groups", {}, None),
    ("POST", "/v1/sessions/{ses}/groups", {}, {"subject": "Team", "participants": [GRACE]}),
    ("GET", "/v1/sessions/{ses}/groups/{con}", {}, None),
    ("GET", "/v1/sessions/{own}/groups/{con}", {}, None),
    ("POST", "/v1/sessions/{ses}/groups/{con}/participants", {}, {"add": [GRACE]}),
    ("POST", "/v1/sessions/{own}/groups/{con}/participants", {}, {"add": [GRACE]}),
    ("GET", "/v1/events", {"session_id": "{ses}"}, None),
    ("POST", "/v1/webhooks", {}, {"url": "https://example.com/", "session_id": "{ses}"}),
    ("DELETE", "/v1/webhooks/{whk}", {}, None),
    ("POST", "/v1/webhooks/{whk}/test", {}, None),
    ("GET", "/v1/webhooks/{whk}", {}, None),
    ("PATCH", "/v1/webhooks/{whk}", {}, {"enabled": False}),
    ("PATCH", "/v1/webhooks/{hook}", {}, {"session_id": "{ses}"}),
    ("POST", "/v1/webhooks/{whk}/rotate-secret", {}, None),
    ("POST", "/v1/webhooks/{whk}/rotate-secret/finish", {}, None),
    ("GET", "/v1/templates/greeting", {}, None),
    ("GET", "/v1/templates/greeting/en/1", {}, None),
    ("PUT", "/v1/templates/greeting/en/1", {}, {"body": "Hello"}),
    ("DELETE", "/v1/templates/greeting/en/1", {}, None),
    ("POST", "/v1/templates/greeting/en/1/approve", {}, None),
    ("POST", "/v1/templates/greeting/en/1/retire", {}, None),
    ("POST", "/v1/templates/greeting/en/1/render", {}, {}),
    ("GET", "/v1/contacts/{con}/consents", {}, None),
    ("POST", "/v1/contacts/{con}/consents", {}, {"means": "paper"}),
    ("DELETE", "/v1/contacts/{con}/consents", {}, None),
    ("PATCH", "/v1/sessions/{ses}", {}, {"identity": {"locale": "de-DE"}}),
    ("POST", "/v1/sessions/{ses}/link", {}, None),
    ("DELETE", "/v1/sessions/{ses}/link", {}, None),
    ("POST", "/v1/sessions/{ses}/handover", {}, None),
    ("PUT", "/v1/sessions/{ses}/handover", {}, {"epoch": 1, "number": 1, "data": "AAAA"}),
    ("POST", "/v1/sessions/{ses}/handover/complete", {}, {"epoch": 1, "parts": 1}),
    ("DELETE", "/v1/sessions/{ses}/handover", {}, None),
    ("GET", "/v1/sessions/{ses}/queue", {}, None),
    ("GET", "/v1/sessions/{ses}/queue/messages", {}, None),
    ("POST", "/v1/sessions/{ses}/queue/pause", {}, {}),
    ("POST", "/v1/sessions/{ses}/queue/resume", {}, {}),
    ("POST", "/v1/sessions/{ses}/queue/cancel", {}, {"lane": "bulk"}),
    ("POST", "/v1/bulk", {}, {"session_id": "{ses}", "text": "x", "recipients": [{"to": GRACE}]}),
    ("GET", "/v1/bulk/{blk}", {}, None),
    ("GET", "/v1/bulk/{blk}/results", {}, None),
    ("POST", "/v1/bulk/{blk}/pause", {}, None),
    ("POST", "/v1/bulk/{blk}/resume", {}, None),
    ("POST", "/v1/bulk/{blk}/cancel", {}, None),
    ("GET", "/v1/pools/{pol}", {}, None),
    ("PATCH", "/v1/pools/{pol}", {}, {"name": "x"}),
    ("DELETE", "/v1/pools/{pol}", {}, None),
    ("POST", "/v1/pools/{pol}/messages", {}, {"to": GRACE, "text": "x"}),
    ("GET", "/v1/media/{med}", {}, None),
    ("PUT", "/v1/media/{med}/parts/1", {}, b"12345"),
    ("POST", "/v1/media/{med}/complete", {}, None),
    ("GET", "/v1/media/{med}/content", {}, None),
    ("GET", "/v1/media/{med}/thumbnail", {}, None),
    ("POST", "/v1/media/{med}/link", {}, None),
    ("POST", "/v1/media/{med}/retry", {}, None),
    ("GET", "/v1/webhooks/{whk}/deliveries", {}, None),
    ("GET", "/v1/webhooks/{whk}/dead-letters", {}, None),
    ("POST", "/v1/webhooks/{whk}/dead-letters/redeliver", {}, {"all": True}),
    ("POST", "/v1/webhooks/{whk}/redeliver", {}, {"session_id": "{own}", "after": 0}),
    ("POST", "/v1/webhooks/{hook}/redeliver", {}, {"session_id": "{ses}", "after": 0}),
]


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [filled(part, ids) for part in value]
    if isinstance(value, dict):
        return {name: filled(part, ids) for name, part in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


def test_another_tenants_things_are_not_there(client: ApiClient) -> None:
    session = client.session()
    message = client.send(session).json()
    hook = client.post("/v1/webhooks", {"url": "https://example.com/"}).json()["id"]
    theirs = {"ses": session, "msg": message["id"], "con": message["chat"]["contact_id"], "whk": hook}
    pool = client.post("/v1/pools", {"name": "Support", "sessions": [session]}).json()["id"]
    run = client.post("/v1/bulk", {"session_id": session, "text": "x", "recipients": [{"to": GRACE}]}).json()["id"]
    theirs |= {"pol": pool, "blk": run, "med": client.post("/v1/media", {"size": 5}).json()["id"]}
    theirs["cmd"] = UNKNOWN["cmd"]  # that a command of theirs is not found: test_api_commands.py
    client.get(f"/v1/sessions/{session}/messages", query={"chat": theirs["con"]})  # it is in every cache now
    client.post("/v1/templates", {"name": "greeting", "language": "en", "body": "Hello"})
    stranger = ApiClient()
    own = stranger.session()
    stranger.send(own)
    own_hook = stranger.post("/v1/webhooks", {"url": "https://example.com/"}).json()["id"]
    for method, path, query, body in ROUTES:
        answers = [
            ask(
                stranger, method, *(filled(part, {**ids, "own": own, "hook": own_hook}) for part in (path, query, body))
            )
            for ids in (theirs, UNKNOWN)
        ]
        assert answers[0].status == (422 if isinstance(body, dict) and "reply_to" in body else 404), (method, path)
        assert answers[0].body == answers[1].body, (method, path)
        assert answers[0].headers == answers[1].headers, (method, path)
    assert client.get(f"/v1/sessions/{session}").json()["status"] == "working"
    assert client.get(f"/v1/sessions/{session}/messages/{message['id']}").json().items() <= message.items()


def test_the_routes_above_are_all_that_take_an_id(client: ApiClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    names = {
        "session_id": "{ses}",
        "message_id": "{msg}",
        "webhook_id": "{whk}",
        "contact_id": "{con}",
        "contact": "{con}",
        "name": "greeting",
        "language": "en",
        "version": "1",
        "command_id": "{cmd}",
        "bulk_id": "{blk}",
        "pool_id": "{pol}",
        "media_id": "{med}",
        "number": "1",
    }
    described = {(method.upper(), path.format(**names)) for path, has in paths.items() for method in has if "{" in path}
    assert described <= {(method, path) for method, path, _, _ in ROUTES}


def test_lists_hold_ones_own_only(client: ApiClient) -> None:
    client.session()
    client.post("/v1/webhooks", {"url": "https://example.com/"})
    stranger = ApiClient()
    assert stranger.get("/v1/sessions").json() == {"sessions": [], "next_cursor": None}
    assert stranger.get("/v1/webhooks").json() == {"webhooks": []}


def test_the_same_number_is_another_contact_for_another_tenant(client: ApiClient) -> None:
    contacts = {each.send(each.session()).json()["chat"]["contact_id"] for each in (client, ApiClient())}
    assert len(contacts) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "{key}"},
        {"X-API-KEY": " {key} "},
        {"Authorization": "Bearer {key}"},
        {"authorization": "bearer {key}"},
        {"Sec-WebSocket-Protocol": "waypost.v1, key.{key}"},
        {"sec-websocket-protocol": "key.{key},waypost.v1"},
    ],
)
def test_a_key_gets_in(app: App, headers: dict[str, str]) -> None:
    tenant = create_tenant(app.table, "Acme")
    key = create_api_key(app.table, app.engine.keys, tenant, "first")
    policy = authorize("/v1/sessions", filled(headers, {"key": key}))
    key_id = key.removeprefix("wp_")[: len("key_") + 26]
    assert policy["principalId"] == key_id
    assert policy["context"] == {"tenant": tenant, "keyId": key_id}
    statements = policy["policyDocument"]["Statement"]
    api = "arn:aws:execute-api:local:000000000000:waypostapi"
    # The policy is cached for the key: it has to allow what is asked next, and nothing of another API or stage.
    for path in ("local/POST/v1/webhooks", "local/DELETE/v1/sessions/x", "local/$connect"):
        assert is_allowed(statements, f"{api}/{path}")
    assert not is_allowed(statements, f"{api}/other/GET/v1/sessions")
    assert not is_allowed(statements, "arn:aws:execute-api:local:000000000000:another/local/GET/v1/sessions")


def test_a_revoked_key_does_not(app: App) -> None:
    key = create_api_key(app.table, app.engine.keys, create_tenant(app.table, "Acme"), "first")
    key_id = authorize("/", {"x-api-key": key})["principalId"]
    app.table.update(Update(api_key_key(key_id), set={"revoked": True}))
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        authorize("/", {"x-api-key": key})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": "{key}x"},
        {"x-api-key": "wp_key_00000000000000000000000000_abc"},
        {"x-api-key": "wp"},
        {"x-api-key": "ключ"},
        {"x-api-key": "w" * 5000},
        {"Authorization": "Basic {key}"},
        {"Sec-WebSocket-Protocol": "waypost.v1, {key}"},
    ],
)
def test_anything_else_does_not(app: App, headers: dict[str, str]) -> None:
    key = create_api_key(app.table, app.engine.keys, create_tenant(app.table, "Acme"), "first")
    with pytest.raises(Exception, match=r"\AUnauthorized\Z") as refused:
        authorize("/v1/sessions", filled(headers, {"key": key}))
    assert type(refused.value) is Exception
    assert refused.value.__cause__ is None
