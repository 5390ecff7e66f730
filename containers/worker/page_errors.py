"""Why the page refused a call: codes of wa-js and of WhatsApp, in the words of the API where it has some."""

from waypost.domain.failures import without_ids
from waypost.errors import NetworkError, SessionNotLinked, WaypostError, WhatsAppError

_IN_OUR_WORDS = {
    "edit_message_error": "edit_window_over",
    "not_yours": "not_own_message",
    "revoked": "message_revoked",
    "unknown_message": "message_not_in_whatsapp",
    "msg_not_found": "message_not_in_whatsapp",
    "media_not_found": "media_gone",
    "participant_not_exists": "not_on_whatsapp",
    "unknown_account": "not_on_whatsapp",
    "group_you_are_not_admin": "not_group_admin",
    "not_an_admin": "not_group_admin",
    "not_valid_group_participants": "not_group_member",
    "group_participant_not_found": "not_group_member",
    "group_participant_is_not_a_group_member": "not_group_member",
    "not_a_member": "not_group_member",
    "not_a_group": "group_not_found",
    "too_many_participants": "group_full",
    "file_too_large": "media_too_large",
}


def error_of(raw: str, words: str | None = None) -> WaypostError:
    """What a code of the page means; one that the API has no name for is handed on as it is. `words` are the page's,
    kept without whom they name."""
    code = _IN_OUR_WORDS.get(raw, raw)
    if code == "session_not_linked":
        return SessionNotLinked("The session is not linked.")
    if code == "page_not_ready":
        return NetworkError("The page is not ready yet.", code=code)
    return WhatsAppError("The page refused the call.", code=code, words=None if words is None else without_ids(words))
