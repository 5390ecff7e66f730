"""Asking whether a person may be written to, by what is recorded now: at acceptance, and again at the send (P7).

Groups, and the account's own chat with itself, have no consent to give.
"""

from collections.abc import Collection

from waypost.domain.consent import Refused, Standing, is_allowed
from waypost.domain.consent_settings import ConsentSettings
from waypost.entities.chat import get_chat
from waypost.entities.consent import get_standing
from waypost.entities.session import Session
from waypost.errors import BusinessRuleError
from waypost.ports import Table
from waypost.services.consent_settings import consent_settings
from waypost.services.sealing import Seals

_ME = "me"  # what the linked account's names are sealed for


def check_may_message(
    contact: str,
    *,
    tenant: str,
    session: str,
    purpose: str | None,
    from_template: bool,
    now_ms: int,
    table: Table,
    seals: Seals,
    rules: ConsentSettings | None = None,
    message_id: str = "",
) -> Standing:
    """How the person stands, when they may be written to now. Raises BusinessRuleError whose code is the rule that
    said no. The one message that confirms an opt-out to them is let through by its id. `rules` are the tenant's, where
    they were read already; an empty `contact` is somebody new."""
    settings = rules or consent_settings(tenant, table=table, seals=seals)
    standing = get_standing(table, contact)
    if message_id and message_id == standing.confirmation:
        return standing
    policy = settings.policy_of(session)
    windowed = policy == "reply_window_24h"
    answer = is_allowed(
        policy,
        standing,
        purpose=purpose or settings.default_purpose,
        last_inbound_ms=get_chat(table, session, contact).inbound_ms if contact and windowed else 0,
        from_template=from_template,
        now_ms=now_ms,
    )
    if isinstance(answer, Refused):
        raise BusinessRuleError(answer.message, field="to", mend=answer.mend, code=answer.rule)
    return standing


def is_own_account(session: Session, chat_ids: Collection[str], seals: Seals) -> bool:
    """Whether these chat ids are the account's own: what it writes there, it writes to itself."""
    if session.me is None:
        return False
    me = seals.open_json(session.tenant, session.id, _ME, session.me)
    return bool({me.get("pn"), me.get("lid")} & set(chat_ids))
