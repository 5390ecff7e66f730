"""The workers' network: private subnets, out only, through NAT gateways with fixed addresses.

WhatsApp is on the internet, so VPC endpoints alone would not do. NAT gateways, not public addresses: the address of a
task changes with the task, and WhatsApp takes a session that jumps for stolen (R-SAFE-3). They are the largest part of
the idle cost: about 33 USD a month each and 0.045 USD/GB (from memory, us-east-1). DynamoDB and S3 (profiles, image
layers) go by gateway endpoints, which cost nothing. Interface endpoints for SQS, KMS and logs were refused: 7 USD a
month each per zone, for some megabytes.
"""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.exceptions import except_from
from infra.constructs.log_group import log_group
from infra.settings import Settings


class Network(Construct):
    """`workers` may open HTTPS connections, and nothing may connect to them. `addresses` are for the NAT gateways."""

    def __init__(
        self, scope: Construct, id: str, *, addresses: Sequence[str], log_key: kms.IKey, settings: Settings
    ) -> None:
        super().__init__(scope, id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/16"),
            availability_zones=list(settings.zones),
            nat_gateways=settings.nat_gateways,
            nat_gateway_provider=ec2.NatProvider.gateway(eip_allocation_ids=list(addresses)),
            restrict_default_security_group=False,  # done by a custom resource with a function of its own
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="gateways", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=28, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="workers", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
            gateway_endpoints={
                "Tables": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
                "Objects": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
            },
        )
        self._log_flows(log_key, settings)
        self.workers = ec2.SecurityGroup(
            self,
            "Workers",
            vpc=self.vpc,
            description="Session workers: HTTPS out, nothing in",
            allow_all_outbound=False,
        )
        self.workers.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "WhatsApp and AWS services")
        for port in settings.proxy_ports:
            self.workers.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "Proxies of sessions")
        self._except()

    def _log_flows(self, log_key: kms.IKey, settings: Settings) -> None:
        """Who spoke to whom and how much, never what."""
        role = iam.Role(self, "FlowRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        log = log_group(self, "FlowLog", name="network", key=log_key, settings=settings)
        iam.ManagedPolicy(
            self,
            "FlowGrants",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                    resources=[log.log_group_arn],
                )
            ],
        )
        self.vpc.add_flow_log(
            "Flows",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log, role.without_policy_updates()),
            traffic_type=ec2.FlowLogTrafficType.ALL if settings.detailed_logs else ec2.FlowLogTrafficType.REJECT,
        )

    def _except(self) -> None:
        except_from(
            self.vpc,
            (
                ("NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",),
                "Only the NAT gateways' subnets have this route, and nothing else is in them.",
            ),
            (
                ("NIST.800.53.R5-VPCDefaultSecurityGroupClosed",),
                "Nothing uses the default group; closing it takes a custom resource with a function of its own.",
            ),
        )
