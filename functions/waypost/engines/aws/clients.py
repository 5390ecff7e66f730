"""botocore's clients, each made when it is first used: importing and opening the engine costs a Lambda nothing.

botocore rather than boto3, whose import alone adds a third to a cold start; the clients are the same.
"""

import threading
from typing import TYPE_CHECKING, Any

from waypost.engines.aws.places import Places

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 2
READ_SECONDS = 6  # DynamoDB, KMS and SQS answer within milliseconds; five tries still fit API Gateway's 29 s
LONG_POLL_SECONDS = 20  # what a receive may wait for beside that
OBJECT_SECONDS = 60  # S3: between two pieces of an object
TRIES = 4
CONNECTIONS = 64  # kept open a client: more than a worker has threads


class Clients:
    """Safe to share between threads, as botocore's clients are; only making one is not."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._made: dict[str, Any] = {}
        self._session: Any = None
        self._lock = threading.Lock()

    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self._client("dynamodb", READ_SECONDS, TRIES)
        return client

    def dynamodb_once(self) -> "DynamoDBClient":
        """Never repeats a request by itself: for writes that must not happen twice."""
        client: DynamoDBClient = self._client("dynamodb", READ_SECONDS, 1)
        return client

    def sqs(self) -> "SQSClient":
        client: SQSClient = self._client("sqs", READ_SECONDS, TRIES)
        return client

    def sqs_waiting(self) -> "SQSClient":
        """For receives that wait: the others should not."""
        client: SQSClient = self._client("sqs", READ_SECONDS + LONG_POLL_SECONDS, TRIES)
        return client

    def s3(self) -> "S3Client":
        client: S3Client = self._client("s3", OBJECT_SECONDS, TRIES)
        return client

    def kms(self) -> "KMSClient":
        client: KMSClient = self._client("kms", READ_SECONDS, TRIES)
        return client

    def push(self) -> "ApiGatewayManagementApiClient":
        """One try: a frame whose answer was lost may have arrived, and frames must not come twice or out of order."""
        client: ApiGatewayManagementApiClient = self._client("apigatewaymanagementapi", READ_SECONDS, 1)
        return client

    def close(self) -> None:
        """Close what the clients keep open. Whoever uses them afterwards opens it anew."""
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()

    def _client(self, service: str, read_seconds: int, tries: int) -> Any:
        name = f"{service}/{read_seconds}/{tries}"
        return self._made.get(name) or self._make(name, service, read_seconds, tries)

    def _make(self, name: str, service: str, read_seconds: int, tries: int) -> Any:
        with self._lock:
            if name in self._made:
                return self._made[name]
            import botocore.config
            import botocore.session

            self._session = self._session or botocore.session.get_session()
            config = botocore.config.Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=read_seconds,
                retries={"mode": "standard", "total_max_attempts": tries},
                max_pool_connections=CONNECTIONS,
                parameter_validation=False,  # the service checks; what we send comes from one place
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            client = self._session.create_client(
                service, region_name=self._places.region, endpoint_url=self._endpoint(service), config=config
            )
            self._made[name] = client
            return client

    def _endpoint(self, service: str) -> str | None:
        if service == "apigatewaymanagementapi":
            return self._places.push_url
        return self._places.endpoints.get(service)
