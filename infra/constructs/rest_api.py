"""The REST API: regional, TLS 1.2 and 1.3, one function behind all paths, the authorizer in front of all but a few."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.exceptions import except_from
from infra.constructs.gateway_problems import add_problems
from infra.constructs.log_group import log_group
from infra.settings import Settings

# Asked by people and browsers without a key. With a + at the end: whatever is below.
PUBLIC = ("v1/health", "openapi.json", "docs", "docs/+", "link/+", "media/+")

# No path, address or header as it was typed: they may hold a number (P6).
ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "at": "$context.requestTimeEpoch",
        "key": "$context.authorizer.principalId",
        "method": "$context.httpMethod",
        "resource": "$context.resourcePath",
        "status": "$context.status",
        "ms": "$context.responseLatency",
        "functionMs": "$context.integration.latency",
        "bytes": "$context.responseLength",
        "refusedBy": "$context.error.responseType",
    }
)


class RestApi(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        function: lambda_.IFunction,
        authorizer: lambda_.IFunction,
        log_key: kms.IKey,
        settings: Settings,
    ) -> None:
        super().__init__(scope, id)
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=settings.name("api"),
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # All: whether an answer is binary would else hang on the Accept header, which names no type of ours when a
            # program downloads a file. Bodies reach the function in base64, too.
            binary_media_types=["*/*"],
            cloud_watch_role=False,  # one for all APIs of an account and region: see the stack
            deploy_options=self._stage(log_key, settings),
        )
        # R-PRIV-8: 1.3 for whoever can, never below 1.2.
        root = self.api.node.default_child
        assert isinstance(root, apigateway.CfnRestApi)
        root.security_policy = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
        root.endpoint_access_mode = "STRICT"
        add_problems(self.api)
        self._route(function, authorizer)
        self._except()

    def _stage(self, log_key: kms.IKey, settings: Settings) -> apigateway.StageOptions:
        log = log_group(self, "Log", name="rest", key=log_key, settings=settings)
        return apigateway.StageOptions(
            stage_name=settings.stage,
            throttling_rate_limit=settings.requests_per_second,
            throttling_burst_limit=settings.burst,
            metrics_enabled=True,
            tracing_enabled=True,
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            data_trace_enabled=False,  # it would log bodies
            access_log_destination=apigateway.LogGroupLogDestination(log),
            access_log_format=apigateway.AccessLogFormat.custom(ACCESS_LOG),
        )

    def _route(self, function: lambda_.IFunction, authorizer: lambda_.IFunction) -> None:
        integration = apigateway.LambdaIntegration(
            function, scope_permission_to_method=False, timeout=cdk.Duration.seconds(29)
        )
        # Paths only. Bodies are the function's to judge: it says which field is wrong and how to mend it (R-ERR),
        # where a model of API Gateway's would say "Invalid request body".
        validator = self.api.add_request_validator("Paths", validate_request_parameters=True)
        guard = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=authorizer,
            # A key may come in one of two headers. API Gateway caches by headers that must all be there, and refuses a
            # request that lacks one before it asks; so the answers are not cached here.
            identity_sources=[],
            results_cache_ttl=cdk.Duration.seconds(0),
        )

        def add(resource: apigateway.IResource, *, public: bool = False, below: bool = False) -> None:
            resource.add_method(
                "ANY",
                integration,
                authorizer=None if public else guard,
                authorization_type=apigateway.AuthorizationType.NONE if public else None,
                request_validator=validator,
                request_parameters={"method.request.path.proxy": True} if below else None,
            )

        for path in PUBLIC:
            below = path.endswith("+")
            add(self.api.root.resource_for_path(path.replace("+", "{proxy+}")), public=True, below=below)
        # Where a part of a path is spelled out, what else may stand there needs a resource of its own.
        for parent in (self.api.root, self.api.root.resource_for_path("v1")):
            add(parent)
            add(parent.add_resource("{proxy+}"), below=True)
        for above in ("link", "media"):
            add(self.api.root.resource_for_path(above))

    def _except(self) -> None:
        except_from(
            self,
            (
                ("AwsSolutions-APIG2",),
                "API Gateway checks addresses. Bodies are checked by the function, whose answer names the field and "
                "how to mend it (R-ERR).",
            ),
            (
                ("AwsSolutions-APIG4", "AwsSolutions-COG4"),
                "Keys are Waypost's own, checked by its authorizer on every path but health, documents and linking "
                "pages, which people open without one. Cognito has no part in it.",
            ),
            (
                ("NIST.800.53.R5-APIGWCacheEnabledAndEncrypted",),
                "Answers hold messages and numbers: no cache on the way may keep them.",
            ),
            (
                ("NIST.800.53.R5-APIGWSSLEnabled",),
                "A client certificate proves API Gateway to an HTTP backend. Behind this API is only Lambda, by IAM.",
            ),
        )


class GatewayLogRole(Construct):
    """What lets API Gateway write execution logs: one setting for an account and region, shared by both APIs."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        name = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(name)],
        )
        self.account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        self.account.apply_removal_policy(cdk.RemovalPolicy.RETAIN)  # other APIs of the account may use it
        role.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        except_from(
            role,
            (
                (f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{name}]",),
                "API Gateway asks for exactly this policy, and only it can take the role.",
            ),
        )
