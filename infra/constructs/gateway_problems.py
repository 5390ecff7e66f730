"""What API Gateway answers by itself, as `application/problem+json`: the words of the one-machine gateway, and those
for what only the cloud refuses.

API Gateway fills `$context.…` in; a detail of its own is not passed on, because it may quote the request.
"""

import json
from http import HTTPStatus

from aws_cdk import aws_apigateway as apigateway

from infra.local.problems import PROBLEMS

type Problem = tuple[int, str, str, str]  # status, category, detail, mend

CLOUD_ONLY: dict[str, Problem] = {
    "refused": (
        403,
        "validation",
        "The request looks like an attack or comes from an address with a bad name.",
        "If it is neither, tell the operator the request id in `instance`.",
    ),
    "throttled": (
        429,
        "rate_limit",
        "There are more requests than this environment takes.",
        "Wait a second, then try again, with longer waits each time.",
    ),
    "bad_request": (
        400,
        "validation",
        "The request could not be read.",
        "Check its address, headers and form against /openapi.json.",
    ),
}

# By API Gateway's type. DEFAULT_5XX is what is left: an answer of the function that it cannot use.
ANSWERS: dict[str, str] = {
    "UNAUTHORIZED": "unauthorized",
    "ACCESS_DENIED": "unauthorized",
    "EXPIRED_TOKEN": "unauthorized",
    "INVALID_SIGNATURE": "unauthorized",
    "MISSING_AUTHENTICATION_TOKEN": "unauthorized",
    "INVALID_API_KEY": "unauthorized",
    "REQUEST_TOO_LARGE": "too_large",
    "AUTHORIZER_FAILURE": "internal",
    "AUTHORIZER_CONFIGURATION_ERROR": "internal",
    "API_CONFIGURATION_ERROR": "internal",
    "INTEGRATION_FAILURE": "bad_answer",
    "INTEGRATION_TIMEOUT": "timeout",
    "DEFAULT_5XX": "bad_answer",
    "THROTTLED": "throttled",
    "QUOTA_EXCEEDED": "throttled",
    "WAF_FILTERED": "refused",
    "BAD_REQUEST_BODY": "bad_request",
    "BAD_REQUEST_PARAMETERS": "bad_request",
    "DEFAULT_4XX": "bad_request",
}


def problem_document(code: str, instance: str = "$context.requestId") -> dict[str, str | int]:
    status, category, detail, mend = (PROBLEMS | CLOUD_ONLY)[code]
    return {
        "type": f"urn:waypost:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "category": category,
        "code": code,
        "mend": mend,
    }


def add_problems(api: apigateway.RestApi) -> None:
    """Replace API Gateway's own answers. The content type is set as a header, since a template's key does not do it."""
    for kind, code in ANSWERS.items():
        document = problem_document(code)
        headers = {"Content-Type": "'application/problem+json'", "Cache-Control": "'no-store'"}
        if document["status"] == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "'Bearer'"
        api.add_gateway_response(
            kind,
            type=apigateway.ResponseType.of(kind),
            status_code=str(document["status"]),
            response_headers=headers,
            templates={"application/json": json.dumps(document)},
        )
