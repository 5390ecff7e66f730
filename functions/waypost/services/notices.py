"""The tenant's privacy notice, with the first message that a person gets (R-PRIV-9): once for each person.

Which message carried it stands in the person's record, written in one transaction with that message; so of many that
are accepted at once, one carries it. One that never arrived counts as none: the next carries it instead. Groups get
none.
"""

import hashlib
from dataclasses import dataclass, replace

from waypost.domain.consent import Standing
from waypost.domain.consent_settings import ConsentSettings, in_language
from waypost.domain.ids import make_id
from waypost.domain.message import MAX_TEXT
from waypost.domain.wanted import Wanted
from waypost.entities.consent import standing_write
from waypost.entities.message import get_message
from waypost.ports import Table, Write

# What a notice counts as where only templates may be sent: its words were set beforehand, too. No template can have
# this name.
AS_TEMPLATE = "(privacy notice)"
_NEVER_ARRIVED = ("failed", "cancelled", "expired")


@dataclass(frozen=True, slots=True)
class Notice:
    """To be carried by a message: before its text, or as a message of its own before it. `standing` is what its
    being due was read from."""

    text: str
    separate: bool
    standing: Standing


def due_notice(
    wanted: Wanted, standing: Standing, rules: ConsentSettings, *, table: Table
) -> Notice | None:  # fmt: skip
    """The notice that this message is to carry; None when the tenant has none, or the person had it."""
    if rules.notice == "none" or (standing.noticed_by and _arrives(standing.noticed_by, table)):
        return None
    made_in = str((wanted.content.get("template") or {}).get("language") or rules.language)
    text = in_language(rules.notices, made_in, rules.language)
    if text is None:
        return None
    fits = wanted.kind == "text" and len(text) + len(_before("", wanted)) <= MAX_TEXT
    # Of a bulk run's messages each is one of its rows: there it goes before the text, as long as there is room.
    return Notice(text, separate=not fits or (rules.notice == "separate" and wanted.bulk is None), standing=standing)


def with_notice(wanted: Wanted, notice: Notice) -> Wanted:
    """The message with the notice before its text."""
    return replace(wanted, content={**wanted.content, "text": _before(notice.text, wanted), "notice": True})


def notice_of_its_own(wanted: Wanted, notice: Notice) -> Wanted:
    """The message that goes before it."""
    content = {"text": notice.text, "notice": True}
    return replace(
        wanted, kind="text", content=content, reply_to=None, mentions=(), template=None, bulk=None, bulk_row=0
    )


def notice_id(message_id: str) -> str:
    """The same for the same message: a retry finds it."""
    return make_id("msg", hashlib.sha256(f"notice#{message_id}".encode()).digest())


def noticed_write(contact: str, tenant: str, notice: Notice, message_id: str, now_ms: int) -> Write:
    """The write that notes who carries it; its condition fails when the person's record changed meanwhile."""
    after = replace(notice.standing, noticed_by=message_id, noticed_ms=now_ms)
    return standing_write(contact, tenant, notice.standing, after)


def _arrives(message_id: str, table: Table) -> bool:
    """Whether it did, or still may. One that is gone from the store was settled long ago."""
    message = get_message(table, message_id)
    return message is None or message.status not in _NEVER_ARRIVED


def _before(notice: str, wanted: Wanted) -> str:
    return f"{notice}\n\n{wanted.content.get('text', '')}"
