"""The WebSocket API: an authorizer on $connect, one function for its three routes, and the address to push to."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.exceptions import except_from
from infra.constructs.log_group import log_group
from infra.settings import Settings

ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "at": "$context.requestTimeEpoch",
        "key": "$context.authorizer.principalId",
        "route": "$context.routeKey",
        "connection": "$context.connectionId",
        "status": "$context.status",
        "functionMs": "$context.integrationLatency",
        "refusedBy": "$context.authorizer.error",
    }
)


class WebSocketApi(Construct):
    """Made before its functions, which need its address; `serve` then adds the routes."""

    def __init__(self, scope: Construct, id: str, *, log_key: kms.IKey, settings: Settings) -> None:
        super().__init__(scope, id)
        self._api = apigatewayv2.CfnApi(
            self,
            "Api",
            name=settings.name("websocket"),
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.action",
        )
        log = log_group(self, "Log", name="websocket", key=log_key, settings=settings)
        self.stage = apigatewayv2.CfnStage(
            self,
            "Stage",
            api_id=self._api.ref,
            stage_name=settings.stage,
            auto_deploy=True,
            default_route_settings=apigatewayv2.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=settings.requests_per_second,
                throttling_burst_limit=settings.burst,
                detailed_metrics_enabled=True,
                logging_level="ERROR",
                data_trace_enabled=False,  # it would log frames
            ),
            access_log_settings=apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn, format=ACCESS_LOG
            ),
        )
        stack = cdk.Stack.of(self)
        self.push_url = f"https://{self._api.ref}.execute-api.{settings.region}.{stack.url_suffix}/{settings.stage}"
        self.arn = stack.format_arn(service="execute-api", resource=self._api.ref, resource_name=settings.stage)
        except_from(
            self,
            (
                ("AwsSolutions-APIG4",),
                "The authorizer is asked on $connect, the only route where WebSocket APIs know one; the others belong "
                "to a connection that it let in.",
            ),
        )

    def serve(self, *, connections: lambda_.IFunction, authorizer: lambda_.IFunction) -> None:
        """$connect and $disconnect; $default with a route response, so that what the function answers is sent."""
        guard = apigatewayv2.CfnAuthorizer(
            self,
            "Authorizer",
            api_id=self._api.ref,
            name="key",
            authorizer_type="REQUEST",
            # No identity source: the key may come in any of three headers.
            authorizer_uri=self._invocation(authorizer),
        )
        integration = apigatewayv2.CfnIntegration(
            self,
            "Integration",
            api_id=self._api.ref,
            integration_type="AWS_PROXY",
            integration_uri=self._invocation(connections),
        )
        for key in ("$connect", "$disconnect", "$default"):
            route = apigatewayv2.CfnRoute(
                self,
                f"Route{key.removeprefix('$')}",
                api_id=self._api.ref,
                route_key=key,
                target=f"integrations/{integration.ref}",
                authorization_type="CUSTOM" if key == "$connect" else "NONE",
                authorizer_id=guard.ref if key == "$connect" else None,
                route_response_selection_expression="$default" if key == "$default" else None,
            )
            if key == "$default":
                apigatewayv2.CfnRouteResponse(
                    self, "Answer", api_id=self._api.ref, route_id=route.ref, route_response_key="$default"
                )
        self._let_call("Connections", connections, "*/*")
        self._let_call("Guard", authorizer, f"authorizers/{guard.ref}")

    def _invocation(self, function: lambda_.IFunction) -> str:
        stack = cdk.Stack.of(self)
        return (
            f"arn:{stack.partition}:apigateway:{stack.region}:lambda:path/2015-03-31/functions/"
            f"{function.function_arn}/invocations"
        )

    def _let_call(self, id: str, function: lambda_.IFunction, who: str) -> None:
        arn = cdk.Stack.of(self).format_arn(service="execute-api", resource=self._api.ref, resource_name=who)
        function.add_permission(
            f"{id}OfWebSocket", principal=iam.ServicePrincipal("apigateway.amazonaws.com"), source_arn=arn
        )
