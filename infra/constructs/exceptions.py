"""Exceptions from the rule packs, each with its reason, next to what it is about.

    except_from(role, (("AwsSolutions-IAM5", …), "why this is right here"))

A rule's id is enough: it is acknowledged in the pack it belongs to, under the long id that the report's audit trail
needs. A finding of a rule that names what it found is acknowledged with that name: "AwsSolutions-IAM5[Resource::*]".
"""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import IConstruct

type Excepted = tuple[Sequence[str], str]

_PACKS = {"AwsSolutions": "AwsSolutions", "NIST.800.53.R5": "NIST.800.53.R5", "Serverless": "Serverless"}


def except_from(construct: IConstruct, *excepted: Excepted) -> None:
    """Acknowledge findings of the construct and all that is in it."""
    acknowledged = [
        cdk.Acknowledgment(id=f"{_pack(rule)}::{rule}", reason=reason) for rules, reason in excepted for rule in rules
    ]
    cdk.Validations.of(construct).acknowledge(*acknowledged)


def _pack(rule: str) -> str:
    return rule.split("[")[0].rpartition("-")[0]
