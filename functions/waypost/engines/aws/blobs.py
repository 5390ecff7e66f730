"""The Blobs port on S3, every object encrypted under the deployment's KMS key."""

import uuid
from typing import Any

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.failures import ours
from waypost.engines.aws.limits import check_object_key
from waypost.errors import ConditionFailed, NotFound, TransactionConflict, WaypostError

_WHAT = "the bucket"
_TRY = "waypost-put"  # metadata that tells whose put an object is
_CONFLICT_TRIES = 3


class AwsBlobs:
    def __init__(self, clients: Clients, bucket: str, key: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._encryption: dict[str, Any] = {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True}
        if key:
            self._encryption["SSEKMSKeyId"] = key

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> str:
        check_object_key(key)
        if if_absent:
            return self._put_if_absent(key, data)
        with ours(_WHAT):
            answer = self._clients.s3().put_object(Bucket=self._bucket, Key=key, Body=data, **self._encryption)
        return answer["ETag"].strip('"')

    def get(self, key: str) -> bytes:
        check_object_key(key)
        with ours(_WHAT, _special):
            return self._clients.s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        check_object_key(key)
        with ours(_WHAT):
            self._clients.s3().delete_object(Bucket=self._bucket, Key=key)

    def list(self, prefix: str) -> list[str]:
        with ours(_WHAT):
            pages = self._clients.s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", []))

    def _put_if_absent(self, key: str, data: bytes) -> str:
        """Marked with a token of its own: after a lost answer, botocore's second try finds the first one's object."""
        mine = uuid.uuid4().hex
        for attempt in range(1, _CONFLICT_TRIES + 1):
            try:
                with ours(_WHAT, _special):
                    answer = self._clients.s3().put_object(
                        Bucket=self._bucket,
                        Key=key,
                        Body=data,
                        IfNoneMatch="*",
                        Metadata={_TRY: mine},
                        **self._encryption,
                    )
                return answer["ETag"].strip('"')
            except ConditionFailed:
                if (tag := self._tag_if_mine(key, mine)) is None:
                    raise
                return tag
            except TransactionConflict:  # another one is being written: S3 asks to try again
                if attempt == _CONFLICT_TRIES:
                    raise
        raise AssertionError

    def _tag_if_mine(self, key: str, mine: str) -> str | None:
        try:
            with ours(_WHAT, _special):
                found = self._clients.s3().head_object(Bucket=self._bucket, Key=key)
        except NotFound:
            return None
        return found["ETag"].strip('"') if found["Metadata"].get(_TRY) == mine else None


def _special(code: str) -> WaypostError | None:
    if code in ("NoSuchKey", "404"):
        return NotFound("there is no such object", field="key")
    if code in ("PreconditionFailed", "412"):
        return ConditionFailed("does not hold: the key is free")
    if code == "ConditionalRequestConflict":
        return TransactionConflict("the object is being written by somebody else")
    return None
