"""Says where an exception came from without what it said: its text may quote a body or a number (P6)."""

import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def describe(error: BaseException) -> str:
    """`KeyError at functions/api/handler.py:12 in get < …`, innermost call of ours first, at most five of them."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    ours = [
        f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno} in {frame.name}"
        for frame in frames
        if _is_ours(frame.filename)
    ]
    return " ".join([type(error).__name__, "at", " < ".join(ours[:5]) or "a place outside of Waypost"])


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(ROOT) and "site-packages" not in path.parts
