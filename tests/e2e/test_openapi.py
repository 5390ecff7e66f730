"""Requests made up from the OpenAPI document, good and bad: never a 5xx, and every answer is one the document names."""

import os
from collections import Counter
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.house import House

EXAMPLES = int(os.environ.get("WAYPOST_EXAMPLES") or 8)  # for each operation; the long run takes more


def test_no_request_makes_a_5xx_or_an_undocumented_answer(house: House) -> None:
    schema = schemathesis.openapi.from_url(f"{house.status['url']}/openapi.json")
    counted: Counter[str] = Counter()
    wrong: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), "the document is not valid"
        operation = found.ok()
        try:
            _try_out(operation, house.status["api_key"], counted)
        except FailureGroup as group:
            wrong.extend(f"{operation.label}: {failure}" for failure in group.exceptions)
    assert not wrong, "\n\n".join(wrong)
    assert len(counted) > 15, "the document has lost operations"
    assert min(counted.values()) >= 1


def _try_out(operation: Any, key: str, counted: Counter[str]) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def make_requests(case: Any) -> None:
        counted[operation.label] += 1
        answer = case.call(headers={"x-api-key": key}, timeout=30)
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    make_requests()
