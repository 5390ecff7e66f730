"""The local API Gateway in front of tiny handlers: real REST events in, HTTP out, the cloud's limits in between."""

import base64
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from infra.blueprint import Function
from infra.local.connections import Connections
from infra.local.gateway import RestGateway, create_app
from infra.local.runtime import Event, Handler, LambdaContext, LocalFunction

KEY = "wp_key"


def authorizer(event: Event, context: LambdaContext) -> dict[str, Any]:
    key = event["headers"].get("x-api-key")
    if key is None:
        raise Exception("Unauthorized")
    if key == "broken":
        raise RuntimeError("the table is gone")
    return {
        "principalId": "ten_1",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if key == KEY else "Deny",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"tenant": "ten_1", "admin": True, "level": 3},
    }


def echo(event: Event, context: LambdaContext) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": to_json(event)}


def to_json(event: Event) -> str:
    import json

    return json.dumps(event)


def local(name: str, handler: Handler) -> LocalFunction:
    return LocalFunction(Function(name, "none", "rest"), handler)


@asynccontextmanager
async def gateway(api: Handler, timeout_seconds: float = 29.0) -> AsyncIterator[httpx.AsyncClient]:
    guard = local("authorizer", authorizer)
    rest = RestGateway(api=local("api", api), authorizer=guard, timeout_seconds=timeout_seconds)
    connections = Connections(handler=local("connections", echo), authorizer=guard)
    app = create_app(rest=rest, connections=connections, push_token="t")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers={"x-api-key": KEY}) as client:
        yield client


async def test_a_request_becomes_the_event_of_a_rest_api() -> None:
    async with gateway(echo) as client:
        answer = await client.post(
            "/v1/sessions/a%20b?limit=1&kind=x&kind=y",
            content='{"name": "é"}',
            headers=[("content-type", "application/json"), ("x-tag", "1"), ("x-tag", "2")],
        )
    event = answer.json()
    assert event["resource"] == "/{proxy+}"
    assert event["path"] == "/v1/sessions/a b"
    assert event["pathParameters"] == {"proxy": "v1/sessions/a b"}
    assert event["httpMethod"] == "POST"
    assert event["queryStringParameters"] == {"limit": "1", "kind": "y"}
    assert event["multiValueQueryStringParameters"] == {"limit": ["1"], "kind": ["x", "y"]}
    assert event["headers"]["x-tag"] == "2"
    assert event["multiValueHeaders"]["x-tag"] == ["1", "2"]
    # Every type is declared as binary, so that files are handed on as they are, whatever the client accepts.
    assert base64.b64decode(event["body"]).decode() == '{"name": "é"}'
    assert event["isBase64Encoded"] is True
    context = event["requestContext"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["stage"] == "local"
    assert context["requestId"]
    assert context["authorizer"] == {"principalId": "ten_1", "tenant": "ten_1", "admin": "true", "level": "3"}


async def test_no_query_and_no_body_are_null() -> None:
    async with gateway(echo) as client:
        event = (await client.get("/v1/sessions")).json()
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] is None


async def test_binary_travels_in_base64_both_ways() -> None:
    image = bytes(range(256))

    def mirror(event: Event, context: LambdaContext) -> dict[str, Any]:
        assert event["isBase64Encoded"]
        assert base64.b64decode(event["body"]) == image
        return {
            "statusCode": 201,
            "headers": {"content-type": "image/png"},
            "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]},
            "body": event["body"],
            "isBase64Encoded": True,
        }

    async with gateway(mirror) as client:
        answer = await client.put("/v1/media", content=image, headers={"content-type": "image/png"})
    assert answer.status_code == 201
    assert answer.content == image
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("headers", [{"x-api-key": "wrong"}, {"x-api-key": None}], ids=["denied", "missing"])
async def test_who_the_authorizer_turns_away_gets_401(headers: dict[str, str | None]) -> None:
    async with gateway(echo) as client:
        del client.headers["x-api-key"]
        answer = await client.get("/v1/sessions", headers={k: v for k, v in headers.items() if v is not None})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["category"], problem["code"]) == (401, "authentication", "unauthorized")
    assert "x-api-key" in problem["mend"]


async def test_an_authorizer_that_breaks_is_not_a_no() -> None:
    async with gateway(echo) as client:
        answer = await client.get("/v1/sessions", headers={"x-api-key": "broken"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "table" not in answer.text


@pytest.mark.parametrize("path", ["/v1/health", "/openapi.json", "/docs", "/link/abc"])
async def test_public_paths_reach_the_handler_without_a_caller(path: str) -> None:
    async with gateway(echo) as client:
        del client.headers["x-api-key"]
        answer = await client.get(path)
    assert answer.status_code == 200
    assert "authorizer" not in answer.json()["requestContext"]


async def test_a_body_over_10_mb_is_refused_whether_it_says_so_or_not() -> None:
    chunk = b"x" * (1024 * 1024)

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield chunk

    async with gateway(echo) as client:
        said = await client.post("/v1/sessions", content=chunk * 11)
        unsaid = await client.post("/v1/sessions", content=stream())
    assert [said.status_code, unsaid.status_code] == [413, 413]
    assert said.json()["code"] == "too_large"


async def test_headers_over_10240_bytes_are_refused() -> None:
    async with gateway(echo) as client:
        answer = await client.get("/v1/sessions", headers={"x-long": "y" * 10_240})
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_a_handler_that_is_too_late_is_504(gate: threading.Event) -> None:
    def late(event: Event, context: LambdaContext) -> dict[str, Any]:
        gate.wait(10)
        return {"statusCode": 200}

    async with gateway(late, timeout_seconds=0.05) as client:
        answer = await client.get("/v1/sessions")
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")


@pytest.mark.parametrize(
    "answer",
    [None, {"body": "x"}, {"statusCode": 200, "body": {"a": 1}}, {"statusCode": 200, "body": b"x"}],
    ids=["nothing", "no status", "body not text", "not JSON"],
)
async def test_an_answer_that_the_cloud_could_not_use_is_502(answer: Any) -> None:
    async with gateway(lambda event, context: answer) as client:
        got = await client.get("/v1/sessions")
    assert (got.status_code, got.json()["code"]) == (502, "bad_answer")


async def test_what_a_handler_raises_is_neither_told_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Event, context: LambdaContext) -> dict[str, Any]:
        raise ValueError("the body was: my secret")

    async with gateway(broken) as client:
        got = await client.post("/v1/sessions", content="my secret")
    assert got.status_code == 502
    assert "ValueError at tests/integration/test_gateway_rest.py" in caplog.text
    assert "secret" not in caplog.text + got.text


async def test_the_context_is_lambdas() -> None:
    seen: list[LambdaContext] = []

    def look(event: Event, context: LambdaContext) -> dict[str, Any]:
        seen.append(context)
        return {"statusCode": 204}

    async with gateway(look) as client:
        assert (await client.delete("/v1/sessions/1")).content == b""
    (context,) = seen
    assert context.function_name == "api"
    assert context.memory_limit_in_mb == 512
    assert 28_000 < context.get_remaining_time_in_millis() <= 29_000
    assert context.invoked_function_arn.endswith(":function:api")
    assert context.aws_request_id
