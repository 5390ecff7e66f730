"""A query as DynamoDB's key condition, and the opaque cursors between its pages."""

import base64
import json
from typing import TYPE_CHECKING, Any

from waypost.engines.aws.expressions import Expressions
from waypost.engines.aws.values import MAX_PK_BYTES, MAX_SK_BYTES, check_key_value
from waypost.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def key_condition(
    partition: tuple[str, str],
    sort: str,
    *,
    begins_with: str | None,
    between: tuple[str, str] | None,
    after: str | None,
) -> dict[str, Any]:
    """`partition` is the attribute and the value that it has; `sort` the attribute that the range is about."""
    if sum(choice is not None for choice in (begins_with, between, after)) > 1:
        raise ValidationError("at most one of begins_with, between and after")
    check_key_value("pk", partition[1], MAX_PK_BYTES)
    for bound in (begins_with, after, *(between or ())):
        if bound is not None:
            check_key_value("sk", bound, MAX_SK_BYTES)
    expressions = Expressions()
    condition = f"{expressions.name(partition[0])} = {expressions.value(partition[1])}"
    if begins_with is not None:
        condition += f" AND begins_with({expressions.name(sort)}, {expressions.value(begins_with)})"
    if between is not None:
        if between[0] > between[1]:
            raise ValidationError("between needs its lower end first", field="between")
        low, high = map(expressions.value, between)
        condition += f" AND {expressions.name(sort)} BETWEEN {low} AND {high}"
    if after is not None:
        condition += f" AND {expressions.name(sort)} > {expressions.value(after)}"
    return expressions.request(KeyConditionExpression=condition)


def cursor_of(asked: list[str | None], last: "Mapping[str, AttributeValueTypeDef]") -> str | None:
    """Every key attribute is a string, so the place is a plain map."""
    if not last:
        return None
    place = {name: value["S"] for name, value in last.items()}
    return base64.urlsafe_b64encode(json.dumps([*asked, place]).encode()).decode()


def place_of(cursor: str, asked: list[str | None]) -> dict[str, Any]:
    """Where to go on. Raises ValidationError for what is no cursor, or another query's."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError as error:
        raise ValidationError("the cursor is not one of ours", field="cursor") from error
    if not isinstance(found, list) or len(found) != 3 or found[:2] != asked or not isinstance(found[2], dict):
        raise ValidationError("the cursor belongs to another query", field="cursor")
    return {"ExclusiveStartKey": {name: {"S": value} for name, value in found[2].items()}}
