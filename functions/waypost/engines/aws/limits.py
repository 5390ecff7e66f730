"""What SQS and S3 refuse, said before they are asked: they name neither the field nor what is wrong with it."""

import re

from waypost.errors import TooLarge, ValidationError
from waypost.ports import MAX_DELAY_SECONDS, MAX_QUEUE_BODY_BYTES, MAX_RECEIVE

MAX_WAIT_SECONDS = 20
MAX_VISIBILITY_SECONDS = 43_200
MAX_KEY_BYTES = 1024  # an object's

_ID = re.compile(r"[!-~]{1,128}")  # group and deduplication ids
_BODY_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_body(body: str) -> None:
    if not body or _BODY_REFUSED.search(body):
        raise ValidationError("a queue's message is not empty and holds no control characters", field="body")
    if len(body.encode()) > MAX_QUEUE_BODY_BYTES:
        raise TooLarge(f"a queue's message is larger than {MAX_QUEUE_BODY_BYTES} bytes", field="body")


def check_send(*, fifo: bool, group: str | None, deduplication_id: str | None, delay_seconds: int) -> None:
    check_range("delay_seconds", delay_seconds, 0, 0 if fifo else MAX_DELAY_SECONDS)
    for field, value in (("group", group), ("deduplication_id", deduplication_id)):
        if (value is not None) != fifo:
            raise ValidationError(f"{field} goes with FIFO queues, and only with them", field=field)
        if value is not None and not _ID.fullmatch(value):
            raise ValidationError(f"{field} is 1 to 128 letters, digits or punctuation marks", field=field)


def check_receive(limit: int, wait_seconds: float, visibility_seconds: int | None) -> None:
    check_range("limit", limit, 1, MAX_RECEIVE)
    check_range("wait_seconds", wait_seconds, 0, MAX_WAIT_SECONDS)
    if visibility_seconds is not None:
        check_range("visibility_seconds", visibility_seconds, 0, MAX_VISIBILITY_SECONDS)


def check_range(field: str, value: float, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValidationError(f"{field} is from {low} to {high}", field=field)


def check_object_key(key: str) -> None:
    """As strict as a folder: what S3 would take and a file system not, no engine takes."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise ValidationError("an object's key is not valid Unicode", field="key") from None
    if size > MAX_KEY_BYTES or any(part in ("", ".", "..") for part in key.split("/")):
        raise ValidationError("an object's key has an empty, relative or overlong part", field="key")
