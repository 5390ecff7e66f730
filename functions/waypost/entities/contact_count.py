"""How many people a session has had to do with, counted as they come (R-LIM-7).

pk SES#{session}           sk CONTACTS    the count
pk SES#{session}#COUNTED   sk {contact}   somebody who is in it
"""

from waypost.entities.record import number
from waypost.ports import Clause, Key, Put, Table, Update, When, Write


def contact_count(table: Table, session: str) -> int:
    item = table.get(_count_key(session))
    return 0 if item is None else number(item, "count")


def is_counted(table: Table, session: str, contact: str) -> bool:
    return table.get(_counted_key(session, contact)) is not None


def count_writes(session: str, contact: str, before: int) -> list[Write]:
    """The writes that count somebody; a condition fails when another was counted since, or he himself was before."""
    key = _counted_key(session, contact)
    unchanged = (
        Clause("nobody was counted since", "count", "eq", before) if before else Clause("he is first", "pk", "absent")
    )
    return [
        Put({"pk": key.pk, "sk": key.sk}, When.all(Clause("he was not counted", "pk", "absent"))),
        Update(_count_key(session), set={"count": before + 1}, when=When.all(unchanged)),
    ]


def _count_key(session: str) -> Key:
    return Key(f"SES#{session}", "CONTACTS")


def _counted_key(session: str, contact: str) -> Key:
    return Key(f"SES#{session}#COUNTED", contact)
