"""What is stateless: functions, both APIs, firewall, network, workers, alarms. May be deleted and made anew."""

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.blueprint import FUNCTIONS, QUEUES, TASKS
from infra.constructs.alarms import Alarms, depth
from infra.constructs.assets import Assets
from infra.constructs.firewall import Firewall
from infra.constructs.function import WaypostFunction
from infra.constructs.network import Network
from infra.constructs.places import Places, engine_environment
from infra.constructs.rest_api import GatewayLogRole, RestApi
from infra.constructs.websocket_api import WebSocketApi
from infra.constructs.worker_service import WorkerService
from infra.settings import Settings
from infra.stacks.data import DataStack


class ServiceStack(cdk.Stack):
    def __init__(self, scope: Construct, id: str, *, settings: Settings, data: DataStack, assets: Assets) -> None:
        super().__init__(
            scope, id, stack_name=settings.name("service"), description=f"Waypost {settings.stage}: what runs"
        )
        self.add_stack_dependency(data)  # names are not references: say who comes first
        self._settings = settings
        self._assets = assets
        self._log_key = data.keys["storage"]
        self._places = Places(self, settings, {name: key.key_arn for name, key in data.keys.items()})
        self._gateway_logs = GatewayLogRole(self, "gateway-logs")
        self._socket = WebSocketApi(self, "websocket", log_key=self._log_key, settings=settings)
        self._environment = engine_environment(self._places, push_url=self._socket.push_url)
        self._alarms = Alarms(self, "alarms", key=self._log_key, settings=settings)
        functions = self._functions()
        self._apis(functions)
        self._workers(data)
        self._alarms.watch_functions()
        self._alarms.watch_queues()

    def _functions(self) -> dict[str, WaypostFunction]:
        return {
            function.name: WaypostFunction(
                self,
                function.name,
                function=function,
                code=self._assets.code(function),
                environment=self._environment,
                places=self._places,
                connections=self._socket.arn,
                log_key=self._log_key,
            )
            for function in FUNCTIONS
        }

    def _apis(self, functions: dict[str, WaypostFunction]) -> None:
        by_trigger: dict[str, lambda_.IFunction] = {f.blueprint.trigger: f.entry for f in functions.values()}
        rest = RestApi(
            self,
            "rest",
            function=by_trigger["rest"],
            authorizer=by_trigger["authorizer"],
            log_key=self._log_key,
            settings=self._settings,
        )
        self._socket.serve(connections=by_trigger["websocket"], authorizer=by_trigger["authorizer"])
        for stage in (rest.api.deployment_stage, self._socket.stage):  # each refuses to log without the account's role
            stage.node.add_dependency(self._gateway_logs.account)
        stage_arn = rest.api.deployment_stage.stage_arn
        Firewall(self, "firewall", stage_arn=stage_arn, log_key=self._log_key, settings=self._settings)
        self._alarms.watch_api(self._settings.name("api"))
        cdk.CfnOutput(self, "Api", value=rest.api.url, description="The API's address")
        cdk.CfnOutput(
            self, "WebSocket", value=self._socket.push_url.replace("https", "wss", 1), description="For live events"
        )

    def _workers(self, data: DataStack) -> None:
        settings = self._settings
        network = Network(self, "network", addresses=data.addresses, log_key=self._log_key, settings=settings)
        cluster = ecs.Cluster(
            self,
            "cluster",
            cluster_name=settings.name("workers"),
            vpc=network.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        waiting = depth(settings, next(queue for queue in QUEUES if queue.name == "claims"))
        for task in TASKS:
            service = WorkerService(
                self,
                task.name,
                task=task,
                image=self._assets.image(task),
                environment=self._environment,
                cluster=cluster,
                network=network,
                places=self._places,
                connections=self._socket.arn,
                log_key=self._log_key,
            )
            service.scale_on(waiting, least=settings.workers.least, most=settings.workers.most)
            self._alarms.watch_service(settings.name("workers"), settings.name(task.name), settings.workers.least)
