"""Where a stand-in for AWS is wrong: the rule stands, and must fail there, so that a better stand-in is noticed.

Each entry names an engine, the test (without or with its parameters) and what the stand-in does instead of AWS.
"""

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Wrong:
    engine: str
    test: str
    cases: str  # what the test's id must contain; empty for every case
    reason: str

    def covers(self, item: pytest.Function) -> bool:
        name, _, case = item.name.partition("[")
        return name == self.test and self.engine in case.rstrip("]").split("-") and self.cases in case


EXCEPTIONS = (
    Wrong(
        "aws",
        "test_a_receipt_of_an_earlier_receive_does_nothing",
        "",
        "LocalStack deletes a message by any receipt that it ever had",
    ),
    Wrong(
        "aws",
        "test_a_message_no_longer_in_flight_cannot_be_changed",
        "",
        "LocalStack changes the visibility of what is visible again",
    ),
    Wrong(
        "aws",
        "test_clauses_on_a_number",
        "lt-6-False]",
        "moto fails when it compares a number with a string",
    ),
    Wrong("aws", "test_clauses_compare_by_type", "True-eq-1-", "moto takes True for 1"),
    Wrong("aws", "test_clauses_compare_by_type", "stored11-eq-", "moto takes True for 1"),
    Wrong(
        "aws",
        "test_a_missing_attribute_satisfies_only_ne_and_absent",
        "eq-None-",
        "moto takes a missing attribute for null",
    ),
    Wrong(
        "aws",
        "test_an_update_of_nothing_creates_a_missing_item",
        "",
        "moto fails on an update without an expression",
    ),
    Wrong("aws", "test_an_item_has_at_most_400_kb", "", "moto measures bytes in base64"),
    Wrong("aws", "test_a_transaction_has_at_most_4_mb", "", "moto does not measure transactions"),
    Wrong(
        "aws",
        "test_an_indexs_key_attribute_is_a_string_or_missing",
        "",
        "moto lets an index's key attribute be anything in some writes",
    ),
)


def exception_for(item: pytest.Function) -> Wrong | None:
    return next((wrong for wrong in EXCEPTIONS if wrong.covers(item)), None)
