"""Times that callers give: when a message is to go, and until when it makes sense."""

import re
from datetime import datetime

from waypost.errors import ValidationError

FURTHEST_MS = 366 * 86_400_000  # a year; what is planned further ahead belongs in the caller's calendar
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def parse_time(text: str, *, field: str) -> int:
    """RFC 3339 with its offset → unix milliseconds. Raises ValidationError `time_invalid`."""
    try:
        if not _FORM.fullmatch(text):
            raise ValueError
        return int(datetime.fromisoformat(text.upper()).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValidationError(
            "This is not a time as RFC 3339 has it.",
            field=field,
            mend="Write it with its offset, for example 2026-11-22T18:30:00+01:00 or 2026-11-22T17:30:00Z.",
            code="time_invalid",
        ) from None


def check_times(send_at_ms: int, expires_ms: int, now_ms: int) -> None:
    """0 is: not given. Raises ValidationError `time_past`, `time_too_far` or `expires_before_send`."""
    for field, time_ms in (("send_at", send_at_ms), ("expires_at", expires_ms)):
        if time_ms and time_ms <= now_ms:
            raise ValidationError(
                f"{field} is in the past.",
                field=field,
                mend="Give a later time, or leave it out to send at once.",
                code="time_past",
            )
        if time_ms > now_ms + FURTHEST_MS:
            raise ValidationError(
                f"{field} is more than a year ahead.", field=field, mend="Give an earlier time.", code="time_too_far"
            )
    if expires_ms and send_at_ms and expires_ms <= send_at_ms:
        raise ValidationError(
            "The message would expire before it may be sent.",
            field="expires_at",
            mend="Give an expires_at that lies behind send_at.",
            code="expires_before_send",
        )
