"""WAF in front of the REST API: floods, addresses with a bad name, known attacks. WebSocket APIs cannot have one.

What people write to each other may look like anything, a script or an attack on somebody's log included. So rules
that look into bodies only count: nothing of ours executes a body, and a blocked message would be a lost one.
"""

import json
from collections.abc import Sequence

from aws_cdk import aws_kms as kms
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.constructs.gateway_problems import problem_document
from infra.constructs.log_group import log_group
from infra.settings import Settings

Rule = wafv2.CfnWebACL.RuleProperty

# AWS's sets, with those of their rules that look into bodies, or that stop scripts without a user agent.
MANAGED: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "EC2MetaDataSSRF_BODY",
        "NoUserAgent_HEADER",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        "Log4JRCE_BODY",
        "JavaDeserializationRCE_BODY",
        "ReactJSRCE_BODY",
    ),
}
SECRET_HEADERS = ("authorization", "x-api-key")


class Firewall(Construct):
    def __init__(self, scope: Construct, id: str, *, stage_arn: str, log_key: kms.IKey, settings: Settings) -> None:
        super().__init__(scope, id)
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            name=settings.name("api"),
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("all"),
            custom_response_bodies={
                "throttled": wafv2.CfnWebACL.CustomResponseBodyProperty(
                    content_type="APPLICATION_JSON", content=json.dumps(problem_document("throttled", "firewall"))
                )
            },
            rules=[_flood(settings), *_managed(1)],
        )
        wafv2.CfnWebACLAssociation(self, "OfApi", resource_arn=stage_arn, web_acl_arn=acl.attr_arn)
        if settings.detailed_logs:
            log = log_group(self, "Log", name="api", key=log_key, settings=settings, prefix="aws-waf-logs-")
            wafv2.CfnLoggingConfiguration(
                self,
                "Logging",
                resource_arn=acl.attr_arn,
                log_destination_configs=[log.log_group_arn],
                # Only what was stopped, without keys, queries and paths.
                redacted_fields=[
                    *(
                        wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                        for name in SECRET_HEADERS
                    ),
                    wafv2.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
                    wafv2.CfnLoggingConfiguration.FieldToMatchProperty(uri_path={}),
                ],
                logging_filter={
                    "DefaultBehavior": "DROP",
                    "Filters": [
                        {
                            "Behavior": "KEEP",
                            "Requirement": "MEETS_ANY",
                            "Conditions": [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")],
                        }
                    ],
                },
            )


def _flood(settings: Settings) -> Rule:
    return Rule(
        name="flood",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(
            block=wafv2.CfnWebACL.BlockActionProperty(
                custom_response=wafv2.CfnWebACL.CustomResponseProperty(
                    response_code=429, custom_response_body_key="throttled"
                )
            )
        ),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=settings.requests_per_address, evaluation_window_sec=300
            )
        ),
        visibility_config=_visible("flood"),
    )


def _managed(first: int) -> Sequence[Rule]:
    return [
        Rule(
            name=name,
            priority=priority,
            override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
            statement=wafv2.CfnWebACL.StatementProperty(
                managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS",
                    name=name,
                    rule_action_overrides=[
                        wafv2.CfnWebACL.RuleActionOverrideProperty(
                            name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
                        )
                        for rule in counted
                    ]
                    or None,
                )
            ),
            visibility_config=_visible(name),
        )
        for priority, (name, counted) in enumerate(MANAGED.items(), first)
    ]


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Numbers only: samples would keep requests as they came."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
