"""How many people a session may know, and when it says that it nears that (R-LIM-7)."""

MAX_CONTACTS = 1000  # R-LIM-7: about that many a session
WARN_AT = (900, MAX_CONTACTS)


def warning_at(count: int) -> str | None:
    """What is told when the session has just come to know its `count`-th person; None: nothing."""
    if count not in WARN_AT:
        return None
    return "contacts_at_limit" if count == MAX_CONTACTS else "contacts_near_limit"
