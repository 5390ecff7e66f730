"""Which media type a caller gets, by its Accept header (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence

from waypost.errors import ValidationError


def choose(accept: str | None, offers: Sequence[str]) -> str:
    """The best of `offers`; the first wins a tie. Raises ValidationError `not_acceptable`."""
    ranges = _ranges(accept or "*/*")
    best = max(offers, key=lambda offer: _quality(offer, ranges))  # max keeps the first of equals
    if _quality(best, ranges) <= 0:
        raise ValidationError(
            "None of the accepted media types can be given.",
            field="Accept",
            mend=f"Accept one of {', '.join(offers)}.",
            code="not_acceptable",
        )
    return best


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        ranges[name] = _number(quality)
    return ranges


def _quality(offer: str, ranges: dict[str, float]) -> float:
    """The most specific range counts."""
    family = offer.partition("/")[0]
    return next((ranges[name] for name in (offer, f"{family}/*", "*/*", "*") if name in ranges), 0.0)


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
