"""A task of the blueprint as a Fargate service: arm64, no public address, nothing listens."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blueprint import Task
from infra.constructs.exceptions import except_from
from infra.constructs.log_group import log_group
from infra.constructs.network import Network
from infra.constructs.permissions import attach, granted
from infra.constructs.places import Places
from infra.settings import Workers

STOP_SECONDS = 120  # Fargate's longest: five sessions close their browsers and save their profiles
HOME = "/var/lib/waypost"
DROPPED = (
    ecs.Capability.AUDIT_WRITE,
    ecs.Capability.DAC_OVERRIDE,
    ecs.Capability.FOWNER,
    ecs.Capability.FSETID,
    ecs.Capability.MKNOD,
    ecs.Capability.NET_BIND_SERVICE,
    ecs.Capability.NET_RAW,
    ecs.Capability.SETFCAP,
    ecs.Capability.SETPCAP,
    ecs.Capability.SYS_CHROOT,
)
WRITABLE = (HOME, "/tmp")  # noqa: S108  # a folder of the task's own; the rest of the root is read-only


class WorkerService(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        task: Task,
        image: ecs.ContainerImage,
        environment: Mapping[str, str],
        cluster: ecs.Cluster,
        network: Network,
        places: Places,
        connections: str,
        log_key: kms.IKey,
    ) -> None:
        super().__init__(scope, id)
        settings, size = places.settings, places.settings.workers
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        grants = attach(self, role=role, statements=granted(task.grants, places, connections=connections))
        definition = self._definition(task, role, size, settings.name(task.name))
        self._container(
            definition,
            image=image,
            environment={**environment, "WAYPOST_HOME": HOME},
            module=task.module,
            log=ecs.LogDriver.aws_logs(
                stream_prefix=task.name,
                log_group=log_group(self, "Log", name=task.name, key=log_key, settings=settings),
            ),
        )
        self.service = ecs.FargateService(
            self,
            "Service",
            service_name=settings.name(task.name),
            cluster=cluster,
            task_definition=definition,
            assign_public_ip=False,
            security_groups=[network.workers],
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="workers"),
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            # New tasks first; the old ones hand their sessions back when they are told to stop (R-DEP-1).
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            enable_execute_command=False,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        self.service.node.add_dependency(grants)
        self._except()

    def _definition(self, task: Task, role: iam.Role, size: Workers, family: str) -> ecs.FargateTaskDefinition:
        return ecs.FargateTaskDefinition(
            self,
            "Definition",
            family=family,
            cpu=1024 * size.vcpu,
            memory_limit_mib=1024 * size.memory_gb,
            # Fargate gives 20 GB unasked and takes no smaller number.
            ephemeral_storage_gib=size.disk_gb if size.disk_gb > task.disk_gb else None,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            task_role=role.without_policy_updates(),
            volumes=[ecs.Volume(name=_volume(path)) for path in WRITABLE],
        )

    def _container(
        self,
        definition: ecs.FargateTaskDefinition,
        *,
        image: ecs.ContainerImage,
        environment: Mapping[str, str],
        module: str,
        log: ecs.LogDriver,
    ) -> None:
        linux = ecs.LinuxParameters(self, "Linux")
        # The launcher is root, to start the worker and each browser under a user id of its own (decision 3), and keeps
        # CHOWN, KILL, SETGID and SETUID. Fargate adds none that was dropped, so every other one of Docker's is named.
        linux.drop_capabilities(*DROPPED)
        container = definition.add_container(
            "worker",
            image=image,
            entry_point=["python3", "-m", module],
            environment=dict(environment),
            logging=log,
            linux_parameters=linux,
            readonly_root_filesystem=True,
            stop_timeout=cdk.Duration.seconds(STOP_SECONDS),
            ulimits=[ecs.Ulimit(name=ecs.UlimitName.NOFILE, soft_limit=65536, hard_limit=65536)],
        )
        container.add_mount_points(
            *(ecs.MountPoint(container_path=path, source_volume=_volume(path), read_only=False) for path in WRITABLE)
        )

    def scale_on(self, waiting: cloudwatch.IMetric, *, least: int, most: int) -> None:
        """More tasks while sessions wait for an owner. Never fewer by itself: a task that ends moves its sessions,
        so an operator decides when."""
        scaling = self.service.auto_scale_task_count(min_capacity=least, max_capacity=most)
        scaling.scale_on_metric(
            "Waiting",
            metric=waiting,
            adjustment_type=autoscaling.AdjustmentType.CHANGE_IN_CAPACITY,
            scaling_steps=[
                autoscaling.ScalingInterval(lower=1, upper=6, change=1),
                autoscaling.ScalingInterval(lower=6, change=3),
            ],
            cooldown=cdk.Duration.minutes(3),  # a task takes a minute to start and to take its sessions
            evaluation_periods=2,
        )

    def _except(self) -> None:
        except_from(
            self,
            (
                ("AwsSolutions-ECS2",),
                "The variables are names of queues and tables and the address of WhatsApp, none of them a secret.",
            ),
            (
                ("AwsSolutions-IAM5[Resource::*]", "NIST.800.53.R5-IAMNoInlinePolicy"),
                "The execution role, which the container never has, is CDK's: fetch this image and write this log. "
                "Signing in to the registry knows no resource.",
            ),
        )


def _volume(path: str) -> str:
    return path.strip("/").replace("/", "-")
