"""Reading when a consent was given and until when it stands."""

from waypost.domain.times import parse_time
from waypost.errors import ValidationError

_SKEW_MS = 5 * 60_000  # a caller's clock may be ahead of ours by so much


def read_times(given_at: str | None, until: str | None, *, now_ms: int) -> tuple[int, int]:
    """Unix milliseconds of both; no `given_at` is now, no `until` is 0: for ever.

    Raises ValidationError `time_invalid`, `time_impossible` or `until_before_given`.
    """
    given_ms = now_ms if given_at is None else read_past(given_at, field="given_at", now_ms=now_ms)
    until_ms = 0 if until is None else parse_time(until, field="until")
    if until is not None and until_ms <= given_ms:
        raise ValidationError(
            "It would be over before it was given.",
            field="until",
            mend="Give a time that lies behind given_at, or leave it out.",
            code="until_before_given",
        )
    return given_ms, until_ms


def read_past(text: str, *, field: str, now_ms: int) -> int:
    """A time that is not ahead of now; what a fast clock says is taken as now. Raises ValidationError."""
    time_ms = parse_time(text, field=field)
    if time_ms > now_ms + _SKEW_MS or time_ms <= 0:
        raise ValidationError(
            "This time cannot be: it lies in the future, or before 1970.",
            field=field,
            mend="Give the time at which it happened.",
            code="time_impossible",
        )
    return min(time_ms, now_ms)
