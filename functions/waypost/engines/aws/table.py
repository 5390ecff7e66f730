"""The Table port on DynamoDB: conditions, transactions and pages are its own; retries never write twice.

A write whose answer is lost may have happened. botocore then asks again, which is right only when asking twice is
as good as once: for reads, for writes without a condition, and for transactions, which carry a token of their own per
call. So a put or delete with a condition travels as a transaction of one (twice the price, of a rare write). An update
gives the item back, which a transaction does not: when it counts or has a condition it is tried once.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.expressions import Expressions
from waypost.engines.aws.failures import code_of, ours
from waypost.engines.aws.pages import cursor_of, key_condition, place_of
from waypost.engines.aws.values import from_attributes, key_attributes, to_attributes
from waypost.engines.aws.writes import condition_failed, item_key, transaction, why_cancelled
from waypost.errors import Throttled, ValidationError
from waypost.ports import ALWAYS, Delete, Item, Key, Page, Put, Update, When, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

THROTTLED_TRIES = 4
_INDEX = "by_"
_WHAT = "the table"


class AwsTable:
    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        with ours(_WHAT):
            answer = self._clients.dynamodb().get_item(
                TableName=self._name, Key=key_attributes(key), ConsistentRead=consistent
            )
        return from_attributes(answer["Item"]) if "Item" in answer else None

    def query(
        self,
        pk: str,
        *,
        index: str | None = None,
        begins_with: str | None = None,
        between: tuple[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        descending: bool = False,
        cursor: str | None = None,
    ) -> Page:
        if limit < 1:
            raise ValidationError("limit is at least 1", field="limit")
        partition, sort = _attributes(index)
        asked = [index, pk]
        request: dict[str, Any] = key_condition(
            (partition, pk), sort, begins_with=begins_with, between=between, after=after
        )
        if index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = index
        if cursor is not None:
            request |= place_of(cursor, asked)
        with ours(_WHAT):
            answer = self._clients.dynamodb().query(
                TableName=self._name, Limit=limit, ScanIndexForward=not descending, **request
            )
        items = [from_attributes(item) for item in answer["Items"]]
        return Page(items, cursor_of(asked, answer.get("LastEvaluatedKey", {})))

    def put(self, item: Item, *, when: When = ALWAYS) -> None:
        if when.any_of:
            return self.transact([Put(item, when)])
        item_key(item)
        with ours(_WHAT):
            self._clients.dynamodb().put_item(TableName=self._name, Item=to_attributes(item))
        return None

    def update(self, update: Update) -> Item:
        expressions = Expressions()
        condition = expressions.condition(update.when)
        change = expressions.update(update)
        request = expressions.request(ConditionExpression=condition, UpdateExpression=change)
        once = bool(condition or update.add)
        client = self._clients.dynamodb_once() if once else self._clients.dynamodb()

        def ask() -> Item:
            return self._updated(client, update, request)

        return _patiently(ask) if once else ask()

    def delete(self, key: Key, *, when: When = ALWAYS) -> None:
        if when.any_of:
            return self.transact([Delete(key, when)])
        with ours(_WHAT):
            self._clients.dynamodb().delete_item(TableName=self._name, Key=key_attributes(key))
        return None

    def transact(self, writes: Sequence[Write]) -> None:
        from botocore.exceptions import ClientError

        entries = transaction(self._name, writes)
        with ours(_WHAT):
            try:
                self._clients.dynamodb().transact_write_items(
                    TransactItems=entries, ClientRequestToken=str(uuid.uuid4())
                )
            except ClientError as error:
                reasons = error.response.get("CancellationReasons")
                if code_of(error) == "TransactionCanceledException" and reasons:
                    raise why_cancelled(reasons, writes) from None
                raise

    def _updated(self, client: "DynamoDBClient", update: Update, request: dict[str, Any]) -> Item:
        from botocore.exceptions import ClientError

        with ours(_WHAT):
            try:
                answer = client.update_item(
                    TableName=self._name, Key=key_attributes(update.key), ReturnValues="ALL_NEW", **request
                )
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    raise condition_failed([update], (0,)) from None
                raise
        return from_attributes(answer["Attributes"])


def _attributes(index: str | None) -> tuple[str, str]:
    """Partition and sort attribute. By the blueprint's rule, index `by_chat` has `chat_pk` and `chat_sk`."""
    if index is None:
        return "pk", "sk"
    if not index.startswith(_INDEX):
        raise ValidationError(f"the table has no index {index}", field="index")
    name = index.removeprefix(_INDEX)
    return f"{name}_pk", f"{name}_sk"


def _patiently(ask: Callable[[], Item]) -> Item:
    """A throttled request was not done, so it may be repeated, whatever it does."""
    for attempt in range(1, THROTTLED_TRIES):
        try:
            return ask()
        except Throttled:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  # jitter, not a secret
    return ask()
