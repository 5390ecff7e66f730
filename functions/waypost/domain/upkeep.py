"""How sessions are kept alive: the times and bounds that an environment decides, with what they are by default."""

from collections.abc import Mapping
from dataclasses import dataclass

from waypost.errors import ValidationError

_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Seconds, unless said otherwise.

    `ack_seconds`: no acknowledgement is missing sooner; WhatsApp's own take about a second, on a bad line several.
    `take_over_seconds`: when a line that another browser took is taken back; 0: only when somebody asks.
    `idle_seconds`: R-LIM-5. `wake_seconds`: how often a sleeping session wakes by itself; WhatsApp drops a device after
    30 days and a silent phone's devices after 14 (conventions.md, section 5), so three days leave several tries.
    `linger_seconds`: how long it then stays. `backfill_messages`: how far back a chat is looked through after a gap.
    `uncertain_seconds`: a message that WhatsApp acknowledges for so long neither way, though it does others, may or may
    not have left: it ends as `uncertain`. `restricted_seconds`: how long new chats are held where WhatsApp does not say
    when a restriction ends. `canary_patience_seconds`: how long a session waits for the canaries before it loads a new
    build untested. `canary_step_seconds`: how long each step of the canaries may take.
    """

    ack_seconds: float = 30.0
    take_over_seconds: float = 0.0
    idle_seconds: float = _DAY
    wake_seconds: float = 3 * _DAY
    linger_seconds: float = 120.0
    backfill_messages: int = 1000
    restricted_seconds: float = _DAY
    uncertain_seconds: float = 600.0
    canary_patience_seconds: float = 900.0
    canary_step_seconds: float = 20.0


def upkeep_from(environment: Mapping[str, str]) -> Upkeep:
    """WAYPOST_ACK_SECONDS, _TAKE_OVER_SECONDS, _IDLE_SECONDS, _WAKE_SECONDS, _LINGER_SECONDS, _BACKFILL_MESSAGES,
    _RESTRICTED_SECONDS, _UNCERTAIN_SECONDS, _CANARY_PATIENCE_SECONDS, _CANARY_STEP_SECONDS. Raises ValidationError
    for what is no number above 0 (the second one: or 0)."""
    defaults = Upkeep()

    def seconds(name: str, default: float) -> float:
        return _number(environment, f"WAYPOST_{name.upper()}", default, least=0.001)

    return Upkeep(
        ack_seconds=seconds("ack_seconds", defaults.ack_seconds),
        take_over_seconds=_number(environment, "WAYPOST_TAKE_OVER_SECONDS", defaults.take_over_seconds, least=0),
        idle_seconds=seconds("idle_seconds", defaults.idle_seconds),
        wake_seconds=seconds("wake_seconds", defaults.wake_seconds),
        linger_seconds=seconds("linger_seconds", defaults.linger_seconds),
        backfill_messages=int(_number(environment, "WAYPOST_BACKFILL_MESSAGES", defaults.backfill_messages, least=1)),
        restricted_seconds=seconds("restricted_seconds", defaults.restricted_seconds),
        uncertain_seconds=seconds("uncertain_seconds", defaults.uncertain_seconds),
        canary_patience_seconds=seconds("canary_patience_seconds", defaults.canary_patience_seconds),
        canary_step_seconds=seconds("canary_step_seconds", defaults.canary_step_seconds),
    )


def _number(environment: Mapping[str, str], name: str, default: float, *, least: float) -> float:
    try:
        value = float(environment.get(name, default))
    except ValueError:
        value = float("nan")
    if not least <= value < float("inf"):
        raise ValidationError(
            f"{name} is not a number of at least {least}.", field=name, mend="Give a number.", code="bad_setting"
        )
    return value
