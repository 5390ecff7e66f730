"""How an account is linked: how long codes live, how often they are tried, and what to do next (R-AUTH-1, R-AUTH-3)."""

# conventions.md, section 5: the first code lives 60 s, the others of a cycle 20 s, six in all.
FIRST_CODE_SECONDS = 60
NEXT_CODE_SECONDS = 20
CODES_PER_CYCLE = 6
ATTEMPTS = 3  # R-AUTH-1: cycles of codes before the login ends
PAIRING_CODE_SECONDS = 180  # wa-js renews its own after 195 s (whatsapp-web-contract.md, section 5)
LINK_SECONDS = 600  # how long a link for the person with the phone is good
LINK_COMMAND = "waypost link"

_NEXT = {
    "scan_qr": "scan_code",
    "passkey_required": "finish_on_operator_machine",
    "failed": "start_again",
    "banned": "ask_whatsapp",
}


def code_lifetime(position: int) -> int:
    """Seconds that code number `position` (from 1) of a cycle can be scanned."""
    return FIRST_CODE_SECONDS if position == 1 else NEXT_CODE_SECONDS


def cycle_left_after(position: int) -> int:
    """Seconds that a cycle goes on once code number `position` is over."""
    return max(0, CODES_PER_CYCLE - position) * NEXT_CODE_SECONDS


def next_step(session: str, status: str) -> dict[str, str | None]:
    """What a person has to do, as `next`, and the `command` that does it; both None when there is nothing to do."""
    step = _NEXT.get(status)
    return {"next": step, "command": f"{LINK_COMMAND} {session}" if status == "passkey_required" else None}
