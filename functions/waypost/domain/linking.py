"""How long a QR code can be scanned, and for how long a link lasts (R-AUTH-1, R-AUTH-2)."""

# conventions.md, section 5: the first code lives 60 s, the others of a cycle 20 s, six in all.
FIRST_CODE_SECONDS = 60
NEXT_CODE_SECONDS = 20
CODES_PER_CYCLE = 6
PAIRING_CODE_SECONDS = 180  # wa-js renews its own after 195 s (whatsapp-web-contract.md, section 5)


def code_lifetime(sequence: int) -> int:
    """Seconds that code number `sequence` (from 1) of a login can be scanned."""
    return FIRST_CODE_SECONDS if sequence % CODES_PER_CYCLE == 1 else NEXT_CODE_SECONDS
