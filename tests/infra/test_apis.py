"""Both APIs: who needs a key, what they say by themselves, what they log, what stands in front of them."""

import json
from typing import Any

import pytest

from infra.local.gateway import is_public
from infra.local.problems import problem
from tests.infra.cloud import Cloud

REQUEST_ID = "$context.requestId"


def paths(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """Every method of the REST API by its path."""
    resources = cloud.of_type("AWS::ApiGateway::Resource")

    def path(resource: str) -> str:
        name, _, attribute = resource.strip("<").partition(">")
        return "" if attribute else f"{path(resources[name]['ParentId'])}/{resources[name]['PathPart']}"

    return {path(method["ResourceId"]) or "/": method for method in cloud.of_type("AWS::ApiGateway::Method").values()}


def test_the_same_paths_need_no_key_as_on_one_machine(cloud: Cloud) -> None:
    found = paths(cloud)
    assert {"/", "/{proxy+}", "/v1/{proxy+}", "/v1/health", "/docs", "/docs/{proxy+}", "/openapi.json"} <= set(found)
    for path, method in found.items():
        kind = method["AuthorizationType"]
        assert kind == ("NONE" if is_public(path.replace("{proxy+}", "anything")) else "CUSTOM"), path
        assert method["HttpMethod"] == "ANY"
        assert ("AuthorizerId" in method) == (kind == "CUSTOM")


def test_a_spelled_out_part_of_a_path_hides_none_of_its_siblings(cloud: Cloud) -> None:
    """A parent answers what it has no child for only through a proxy of its own, but for parents with proxies only."""
    found = set(paths(cloud))
    for path in found - {"/"}:
        parent = path.rpartition("/")[0] or "/"
        assert parent in found, f"{parent} itself has no method"
    assert {"/{proxy+}", "/v1/{proxy+}"} <= found


def test_all_paths_lead_to_the_one_function(cloud: Cloud) -> None:
    integrations = {json.dumps(method["Integration"], sort_keys=True) for method in paths(cloud).values()}
    (integration,) = map(json.loads, integrations)
    assert integration["Type"] == "AWS_PROXY"
    assert integration["TimeoutInMillis"] == 29_000


def test_a_key_may_come_in_either_header_so_no_answer_of_the_authorizer_is_cached(cloud: Cloud) -> None:
    (authorizer,) = cloud.of_type("AWS::ApiGateway::Authorizer").values()
    assert authorizer["Type"] == "REQUEST"
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    assert not authorizer.get("IdentitySource")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("UNAUTHORIZED", "unauthorized"),
        ("ACCESS_DENIED", "unauthorized"),
        ("REQUEST_TOO_LARGE", "too_large"),
        ("AUTHORIZER_FAILURE", "internal"),
        ("INTEGRATION_FAILURE", "bad_answer"),
        ("INTEGRATION_TIMEOUT", "timeout"),
        ("DEFAULT_5XX", "bad_answer"),
    ],
)
def test_the_gateway_answers_word_for_word_as_on_one_machine(cloud: Cloud, kind: str, code: str) -> None:
    answer, here = _answers(cloud)[kind], problem(code, REQUEST_ID)
    assert json.loads(answer["ResponseTemplates"]["application/json"]) == json.loads(here.body)
    assert answer["StatusCode"] == str(here.status)
    headers = {
        name.removeprefix("gatewayresponse.header.").lower(): value.strip("'")
        for name, value in answer["ResponseParameters"].items()
    }
    assert headers.items() >= dict(here.headers).items()


def test_every_answer_of_the_gateway_is_a_problem(cloud: Cloud) -> None:
    found = _answers(cloud)
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "WAF_FILTERED"} <= set(found)
    for kind, answer in found.items():
        said = json.loads(answer["ResponseTemplates"]["application/json"])
        assert set(said) == {"type", "title", "status", "detail", "instance", "category", "code", "mend"}, kind
        assert said["instance"] == REQUEST_ID
        assert answer["ResponseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


def _answers(cloud: Cloud) -> dict[str, Any]:
    return {answer["ResponseType"]: answer for answer in cloud.of_type("AWS::ApiGateway::GatewayResponse").values()}


def test_the_rest_api_is_regional_and_speaks_no_old_tls(cloud: Cloud) -> None:
    (api,) = cloud.of_type("AWS::ApiGateway::RestApi").values()
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]
    assert api["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


def test_nothing_that_was_typed_gets_into_a_log(cloud: Cloud) -> None:
    (rest,) = cloud.of_type("AWS::ApiGateway::Stage").values()
    (socket,) = cloud.of_type("AWS::ApiGatewayV2::Stage").values()
    for stage in (rest, socket):
        format_ = (stage.get("AccessLogSetting") or stage["AccessLogSettings"])["Format"]
        for typed in ("$context.path", "querystring", "header", "sourceIp", "userAgent", "error.message"):
            assert typed not in format_
    settings = (*rest["MethodSettings"], socket["DefaultRouteSettings"])
    assert all(each["DataTraceEnabled"] is False for each in settings)


def test_a_websocket_is_let_in_once_and_answered(cloud: Cloud) -> None:
    routes = {route["RouteKey"]: route for route in cloud.of_type("AWS::ApiGatewayV2::Route").values()}
    assert set(routes) == {"$connect", "$disconnect", "$default"}
    assert {key: route["AuthorizationType"] for key, route in routes.items() if "AuthorizerId" in route} == {
        "$connect": "CUSTOM"
    }
    assert routes["$default"]["RouteResponseSelectionExpression"] == "$default"
    (answer,) = cloud.of_type("AWS::ApiGatewayV2::RouteResponse").values()
    assert answer["RouteResponseKey"] == "$default"


def test_the_firewall_stops_floods_and_never_a_message(cloud: Cloud) -> None:
    (acl,) = cloud.of_type("AWS::WAFv2::WebACL").values()
    flood, *managed = sorted(acl["Rules"], key=lambda rule: rule["Priority"])
    assert flood["Statement"]["RateBasedStatement"]["Limit"] == cloud.settings.requests_per_address
    assert flood["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    counted = {
        override["Name"]
        for rule in managed
        for override in rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", [])
        if override["ActionToUse"] == {"Count": {}}
    }
    assert {"CrossSiteScripting_BODY", "SizeRestrictions_BODY", "GenericRFI_BODY", "Log4JRCE_BODY"} <= counted
    (association,) = cloud.of_type("AWS::WAFv2::WebACLAssociation").values()
    assert "/restapis/" in association["ResourceArn"]
