"""Who is calling: the REQUEST authorizer that the REST and the WebSocket API share.

The key comes in `x-api-key`, as `Authorization: Bearer`, or, from browsers, which cannot set headers on a WebSocket,
as `Sec-WebSocket-Protocol: waypost.v1, key.<key>`. An unknown key raises `Exception("Unauthorized")`, which API
Gateway answers with 401; anything else that is raised becomes a 500.
"""

from collections.abc import Mapping
from typing import Any

from waypost import bootstrap
from waypost.errors import AuthenticationError
from waypost.services.tenants import check_api_key

_PROTOCOL_KEY = "key."
_MAX_KEY = 128  # ours have 65 characters


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    app = bootstrap.app()
    try:
        key = check_api_key(app.table, app.engine.keys, presented_key(event.get("headers") or {}))
    except AuthenticationError:
        raise Exception("Unauthorized") from None  # API Gateway's own word
    return _allow(str(event["methodArn"]), principal=key.id, tenant=key.tenant)


def presented_key(headers: Mapping[str, str]) -> str:
    """The key that the request brings, or an empty text."""
    named = {name.lower(): value or "" for name, value in headers.items()}
    scheme, _, token = named.get("authorization", "").strip().partition(" ")
    key = named.get("x-api-key", "").strip()
    if not key and scheme.lower() == "bearer":
        key = token.strip()
    if not key:
        protocols = [word.strip() for word in named.get("sec-websocket-protocol", "").split(",")]
        key = next((word.removeprefix(_PROTOCOL_KEY) for word in protocols if word.startswith(_PROTOCOL_KEY)), "")
    return key if key.isascii() and len(key) <= _MAX_KEY else ""


def _allow(method_arn: str, *, principal: str, tenant: str) -> dict[str, Any]:
    """Allow every method of the stage: the policy is cached for the key, and the next request may go elsewhere."""
    api, stage = method_arn.split("/")[:2]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"tenant": tenant, "keyId": principal},
    }
