"""Whether a session may load a new pair of wa-js and WhatsApp Web build: only after the canaries worked on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["untested", "passed", "failed"]
Answer = Literal["no", "tested", "untested"]

EVERY_MS = 300_000  # between two runs on a pair that was judged; a new one is tried at once


@dataclass(frozen=True, slots=True)
class Pair:
    """`name` is `wa-js/{version} web/{build}`, as it stands on every event. `steps` tells in milliseconds how long each
    step took when it was judged last, `failed_step` which one did not come, and `code` why."""

    name: str
    state: Verdict = "untested"
    first_seen_ms: int = 0
    judged_ms: int = 0
    steps: Mapping[str, int] = field(default_factory=dict)
    failed_step: str | None = None
    code: str | None = None


def may_take(pair: str, canaries: Sequence[Pair], *, waited_ms: int, patience_ms: int) -> Answer:
    """Whether a session that runs `pair`, and was told `waited_ms` ago to load a newer one, may do so now.

    `canaries` are the pairs that the canaries run, none: nobody set any up. They load a new build at once, so what they
    run is what a load brings; while it is still ours, they have not loaded it either. Beyond the patience it is taken
    untested: WhatsApp ends old builds by itself, at a moment that nobody chose.
    """
    if not canaries or all(one.state == "passed" and one.name != pair for one in canaries):
        return "tested"
    return "untested" if waited_ms >= patience_ms else "no"


def is_due(pairs: Sequence[Pair], last_ms: int, now_ms: int) -> bool:
    """Whether the canaries are to run now: every few minutes, and at once on a pair that nobody judged."""
    return now_ms - last_ms >= EVERY_MS or any(one.state == "untested" and not one.judged_ms for one in pairs)
