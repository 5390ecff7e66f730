"""Why a command failed, in the words of the API: the code that its errand ended with → a problem."""

from waypost.errors import WaypostError, WhatsAppError

# code: what happened, and what to do about it.
_WORDS: dict[str, tuple[str, str]] = {
    "edit_window_over": (
        "WhatsApp does not let this message be edited any more.",
        "A message can be edited for 15 minutes; revoke it, or send another.",
    ),
    "revoke_window_over": (
        "WhatsApp does not let this message be revoked any more.",
        "A message can be revoked for about two days.",
    ),
    "not_own_message": ("The message is somebody else's.", "Only your own messages can be changed."),
    "message_revoked": ("The message was revoked.", "Nothing can be done with it any more."),
    "message_not_in_whatsapp": (
        "WhatsApp Web does not hold this message.",
        "It may be older than what this linked device got from the phone.",
    ),
    "not_on_whatsapp": (
        "A number is not on WhatsApp.",
        "Check it with POST /v1/sessions/{id}/contacts/check.",
    ),
    "not_group_admin": ("The account is not an admin of the group.", "Let an admin do it, or make the account one."),
    "not_group_member": ("Somebody is not a member of the group.", "Look at its participants first."),
    "group_not_found": ("WhatsApp Web does not know this group.", "List the groups with GET /v1/sessions/{id}/groups."),
    "group_full": ("A group has at most 256 participants.", "Remove some first, or add fewer."),
    "session_not_linked": ("The session lost its account on the way.", "Link it again: GET /v1/sessions/{id}/qr."),
    "invalid_wid": ("WhatsApp does not take this chat id.", "Give a number or a chat id as WhatsApp has them."),
}
_TIMEOUTS = frozenset({"timeout", "page_timeout"})


class CommandTimeout(WhatsAppError):
    code = "command_timeout"


def refusal(code: str | None) -> WaypostError:
    """The problem of a command that failed."""
    if code in _TIMEOUTS:
        return CommandTimeout(
            "WhatsApp Web did not answer in time; whether it was done is not known.",
            mend="Look whether it was done before you ask again.",
        )
    if code in _WORDS:
        message, mend = _WORDS[code]
        return WhatsAppError(message, mend=mend, code=code)
    return WhatsAppError("WhatsApp Web did not do it.", mend="Ask again; if it stays, report the code.", code=code)


def uncertain() -> WaypostError:
    return WhatsAppError(
        "The session's browser ended on the way; whether it was done is not known.",
        mend="Look whether it was done before you ask again, with a new Idempotency-Key.",
        code="command_uncertain",
    )
