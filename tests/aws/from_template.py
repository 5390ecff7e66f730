"""Makes a synthesised template's tables, queues and buckets on the stand-ins, from the template's own properties.

No stand-in can take the whole template (`AWS::DynamoDB::GlobalTable` for one), so each resource is made by the call
that CloudFormation would make. Then a function's own environment is enough to open the engine.
"""

import json
from typing import Any

import boto3

from infra.local.aws_stand_ins import StandIns
from tests.infra.cloud import Cloud

_NOT_OF_A_TABLE = ("Replicas", "SSESpecification", "TimeToLiveSpecification")


def make_from_template(cloud: Cloud, stand_ins: StandIns) -> dict[str, str]:
    """Returns what the API function's environment becomes, with the stand-ins' key and endpoints in it."""
    region, account = cloud.settings.region, cloud.settings.account

    def client(service: str) -> Any:
        # LocalStack takes an access key of twelve digits for the account.
        return boto3.client(  # type: ignore[call-overload]  # any service
            service,
            region_name=region,
            endpoint_url=stand_ins.endpoints[service],
            aws_access_key_id=account,
            aws_secret_access_key="unchecked",
        )

    _make_tables(cloud, client("dynamodb"))
    queues = _make_queues(cloud, client("sqs"))
    for bucket in cloud.of_type("AWS::S3::Bucket").values():
        client("s3").create_bucket(
            Bucket=bucket["BucketName"], CreateBucketConfiguration={"LocationConstraint": region}
        )
        _tell(bucket, queues, client("s3"))
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    return {
        **environment_of_api(cloud),
        "WAYPOST_KEY": key,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "unchecked",
        **{f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in stand_ins.endpoints.items()},
    }


def environment_of_api(cloud: Cloud) -> dict[str, str]:
    (api,) = (
        function["Environment"]["Variables"]
        for function in cloud.of_type("AWS::Lambda::Function").values()
        if function["FunctionName"] == cloud.settings.name("api")
    )
    return {name: str(value) for name, value in api.items()}


def _make_tables(cloud: Cloud, dynamodb: Any) -> None:
    for table in cloud.of_type("AWS::DynamoDB::GlobalTable").values():
        dynamodb.create_table(**{name: value for name, value in table.items() if name not in _NOT_OF_A_TABLE})


def _tell(bucket: dict[str, Any], queues: dict[str, str], s3: Any) -> None:
    """Who is told of what is put there; `queues` are ARNs by what the template calls them."""
    told = [
        {
            "QueueArn": queues[each["Queue"]],
            "Events": [each["Event"]],
            "Filter": {"Key": {"FilterRules": each["Filter"]["S3Key"]["Rules"]}},
        }
        for each in bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
    ]
    if told:
        s3.put_bucket_notification_configuration(
            Bucket=bucket["BucketName"], NotificationConfiguration={"QueueConfigurations": told}
        )


def _make_queues(cloud: Cloud, sqs: Any) -> dict[str, str]:
    """The dead letters' queues first, because the others name them. Their ARNs, by what the template calls them."""
    made: dict[str, str] = {}
    queues = cloud.of_type("AWS::SQS::Queue")
    for name, queue in sorted(queues.items(), key=lambda each: "RedrivePolicy" in each[1]):
        attributes = queue_attributes(queue, made)
        url = sqs.create_queue(QueueName=queue["QueueName"], Attributes=attributes)["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        made[f"<{name}>.Arn"] = answer["Attributes"]["QueueArn"]
    return made


def queue_attributes(queue: dict[str, Any], arns: dict[str, str]) -> dict[str, str]:
    """As the API wants them: all of them strings, the dead letters by ARN."""
    attributes: dict[str, str] = {}
    for name, value in queue.items():
        match name, value:
            case "QueueName" | "Tags", _:
                continue
            case "RedrivePolicy", _:
                attributes[name] = json.dumps({**value, "deadLetterTargetArn": arns[value["deadLetterTargetArn"]]})
            case _, bool():
                attributes[name] = str(value).lower()
            case _:
                attributes[name] = str(value)
    return attributes
