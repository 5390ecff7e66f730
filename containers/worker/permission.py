"""Asks again, right before a message is handed over, whether the person may be written to (P7)."""

from collections.abc import Sequence

from waypost.bootstrap import App
from waypost.domain.message import Message
from waypost.entities.consent import still_standing
from waypost.entities.session import get_session
from waypost.errors import BusinessRuleError
from waypost.ports import Write
from waypost.services.policy import check_may_message, is_own_account


class Permission:
    """Blocking: to be called in a thread."""

    def __init__(self, app: App) -> None:
        self._app = app

    def ask(self, message: Message, chat_ids: Sequence[str]) -> list[Write]:
        """What the attempt's transaction has to hold besides, so that nothing that is withdrawn in this moment is
        sent. Raises BusinessRuleError, whose code is the rule that says no."""
        app = self._app
        if any(chat_id.endswith("@g.us") for chat_id in chat_ids):
            return []
        try:
            standing = check_may_message(
                message.contact,
                tenant=message.tenant,
                session=message.session,
                purpose=message.purpose,
                from_template=message.template is not None,
                now_ms=app.now_ms(),
                table=app.table,
                seals=app.seals,
                message_id=message.id,
            )
        except BusinessRuleError:
            session = get_session(app.table, message.session)
            if session is None or not is_own_account(session, chat_ids, app.seals):
                raise
            return []
        return [still_standing(message.contact, standing)]
