"""The Drops port on a bucket without versions, encrypted under the deployment's KMS key.

A version is the object's tag and time: under a KMS key S3 makes another tag at every put. What became of an object is
told in tags of its own.
"""

from collections.abc import Iterator, Mapping
from email.header import decode_header, make_header
from typing import Any

from waypost.engines.aws.clients import Clients
from waypost.engines.aws.failures import ours
from waypost.errors import ConditionFailed, NotFound, TooLarge, WaypostError
from waypost.ports import Dropped

_WHAT = "the drop's bucket"
_PIECE = 1024 * 1024
_AT_ONCE = 1000  # S3's most, of a list and of a deletion


class AwsDrops:
    def __init__(self, clients: Clients, bucket: str, key: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._encryption: dict[str, Any] = {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True}
        if key:
            self._encryption["SSEKMSKeyId"] = key

    def look(self, key: str) -> Dropped | None:
        try:
            with ours(_WHAT, _special):
                found = self._clients.s3().head_object(Bucket=self._bucket, Key=key)
        except NotFound:
            return None
        metadata = {name.lower(): _said(value) for name, value in found["Metadata"].items()}
        modified_ms = round(found["LastModified"].timestamp() * 1000)
        tag = found["ETag"].strip('"')
        return Dropped(key, f"{tag}-{modified_ms:x}", found["ContentLength"], modified_ms, metadata)

    def read(self, dropped: Dropped) -> Iterator[bytes]:
        with ours(_WHAT, _special_of_version):
            found = self._clients.s3().get_object(Bucket=self._bucket, Key=dropped.key, IfMatch=_tag(dropped))
            yield from found["Body"].iter_chunks(_PIECE)

    def write(self, key: str, data: bytes) -> None:
        with ours(_WHAT):
            self._clients.s3().put_object(Bucket=self._bucket, Key=key, Body=data, **self._encryption)

    def tags(self, key: str) -> Mapping[str, str]:
        try:
            with ours(_WHAT, _special):
                found = self._clients.s3().get_object_tagging(Bucket=self._bucket, Key=key)
        except NotFound:
            return {}
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}

    def tag(self, key: str, tags: Mapping[str, str]) -> None:
        wanted: Any = {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}
        try:
            with ours(_WHAT, _special):
                self._clients.s3().put_object_tagging(Bucket=self._bucket, Key=key, Tagging=wanted)
        except NotFound:
            return

    def move(self, dropped: Dropped, to: str) -> None:
        if self.look(to) is not None:
            raise ConditionFailed("does not hold: the place is free")
        with ours(_WHAT, _special_of_version):
            self._clients.s3().copy_object(
                Bucket=self._bucket,
                Key=to,
                CopySource={"Bucket": self._bucket, "Key": dropped.key},
                CopySourceIfMatch=_tag(dropped),
                **self._encryption,
            )
        self.delete(dropped)

    def delete(self, dropped: Dropped) -> None:
        found = self.look(dropped.key)
        if found is None or found.version != dropped.version:
            raise ConditionFailed("does not hold: it is as it was seen")
        with ours(_WHAT):
            self._clients.s3().delete_object(Bucket=self._bucket, Key=dropped.key)

    def let_go(self, dropped: Dropped) -> None:
        """The tags hang on it."""

    def empty(self, before_ms: int) -> int:
        with ours(_WHAT):
            pages = self._clients.s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
            old = [
                found["Key"]
                for page in pages
                for found in page.get("Contents", [])
                if found["LastModified"].timestamp() * 1000 < before_ms
            ]
            for at in range(0, len(old), _AT_ONCE):
                keys: Any = [{"Key": key} for key in old[at : at + _AT_ONCE]]
                self._clients.s3().delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})
        return len(old)


def _tag(dropped: Dropped) -> str:
    return f'"{dropped.version.rpartition("-")[0]}"'


def _said(value: str) -> str:
    """What is not ASCII comes as RFC 2047 has it: =?UTF-8?Q?…?="""
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError):
        return value


def _special(code: str) -> WaypostError | None:
    if code in ("NoSuchKey", "404"):
        return NotFound("there is no such object", field="key")
    return None


def _special_of_version(code: str) -> WaypostError | None:
    if code in ("NoSuchKey", "404", "PreconditionFailed", "412"):
        return ConditionFailed("does not hold: it is as it was seen")
    if code == "InvalidRequest":  # beyond 5 GB S3 copies nothing at once
        return TooLarge("S3 does not move so large an object at once", field="key")
    return None
