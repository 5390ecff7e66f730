"""What a failed send means: its category and what to do next (R-ERR, R-LIM-6), from the page's and WhatsApp's codes.

| category       | what follows for the message                          | and for the session                 |
|----------------|-------------------------------------------------------|-------------------------------------|
| authentication | waits: it is not the message's fault                  | a new code is asked for             |
| rate_limit     | tried again, the pause doubles with jitter            | slows down; restricted: `held`      |
| network        | waits for the page and is looked up first (P2)        | reconnects, relaunches, restores    |
| whatsapp_api   | three retries, then failed                            | degrades by what fails              |
| validation     | failed at once: it will be the same next time         |                                     |
| business_logic | failed at once: a rule said no                        |                                     |
"""

import re
from dataclasses import dataclass
from typing import Literal

from waypost.errors import Category, MediaRefused, WaypostError, WhatsAppError

Next = Literal[
    "retry",  # after a pause, at most RETRIES times
    "wait",  # until the session can send again; does not count as a try
    "hold",  # first-contact messages wait until WhatsApp allows new chats again
    "give_up",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed try. `words` are WhatsApp's own, without ids and numbers; `number` is WhatsApp's error number. Of a
    file that is not sent they are ours, and `mend` says what to do."""

    code: str
    category: Category
    next: Next
    words: str | None = None
    number: int | None = None
    mend: str | None = None


# WhatsApp's refusal of a first message while it lets the account begin no new chats.
NEW_CHATS_RESTRICTED = "new_chats_restricted"

# By our code or wa-js's. What is not here is the page's or WhatsApp's and may pass.
_BY_CODE: dict[str, tuple[Category, Next]] = {
    "session_not_linked": ("authentication", "wait"),
    "page_timeout": ("network", "wait"),
    "page_gone": ("network", "wait"),
    "page_not_ready": ("network", "wait"),
    "upload_lost": ("network", "retry"),  # the page went away with the file
    "rate_overlimit": ("rate_limit", "retry"),
    NEW_CHATS_RESTRICTED: ("rate_limit", "hold"),
    "chat_not_found": ("validation", "give_up"),
    "invalid_wid": ("validation", "give_up"),
    "quoted_msg_not_found": ("validation", "give_up"),
    "not_on_whatsapp": ("validation", "give_up"),
    "group_not_found": ("validation", "give_up"),
    "not_group_member": ("business_logic", "give_up"),
    "not_group_admin": ("business_logic", "give_up"),
    "media_too_large": ("validation", "give_up"),
    "media_not_taken": ("validation", "give_up"),
}

# What WhatsApp's page calls a file that it does not take, and will not take the next time either.
_OF_FILES: dict[str, str] = {
    "file_too_large": "media_too_large",  # wa-js, before the page is asked
    "MediaFileTooLarge": "media_too_large",
    "MediaFileEmpty": "media_not_taken",
    "MediaFileFailedLoad": "media_not_taken",
    "InvalidMediaFileType": "media_not_taken",
    "InvalidMediaCheckRepairFailedType": "media_not_taken",
}

# WhatsApp's numbers on a message that it did not take, as its page names them (`NackReason` of
# WAWebCreateNackFromStanza). The others speak of stanzas that could not be read, which no sender can mend.
_BY_NUMBER: dict[int, str] = {
    463: NEW_CHATS_RESTRICTED,  # the "reach-out timelock": no new chats for a while, replies go
    475: NEW_CHATS_RESTRICTED,  # the month's new chats are used up
}

_LONGEST_WORDS = 200
_IDS = re.compile(r"\S*@\S+|\+?\d[\d \-()]{4,}\d|\b[0-9A-Fa-f]{12,}\b")


def classify(code: str, *, number: int | None = None, words: str | None = None) -> Failure:
    """What a failure means. WhatsApp's error number says more than the page's general `send_refused`."""
    known = _BY_NUMBER.get(number or 0, _OF_FILES.get(code, code))
    if code in _OF_FILES:
        words = words or code  # which of them it was
    category, following = _BY_CODE.get(known, ("whatsapp_api", "retry"))
    return Failure(known, category, following, None if words is None else without_ids(words), number)


def failure_of(error: WaypostError) -> Failure:
    """What an error that ended a try means. What is no answer of WhatsApp keeps its own category."""
    if isinstance(error, WhatsAppError):
        return classify(error.code, number=error.number, words=error.words)
    if isinstance(error, MediaRefused):
        return Failure(error.code, error.category, "give_up", error.message, mend=error.mend)
    return Failure(error.code, error.category, "wait" if error.category == "network" else "give_up")


def told_of(failure: Failure) -> dict[str, str | int | None]:
    """A final failure as it is kept with the message and told in its event."""
    told = {"category": failure.category, "words": failure.words, "whatsapp_error": failure.number}
    return told if failure.mend is None else {**told, "mend": failure.mend}


def refusal_code(number: int | None) -> str:
    """The code of a message that WhatsApp did not take: by its error number, where that is known."""
    return _BY_NUMBER.get(number or 0, "send_refused")


def without_ids(words: str) -> str:
    """Somebody else's words, fit for a log and an answer: no chat ids, numbers or keys, and not without end (P6)."""
    return _IDS.sub("…", " ".join(words.split()))[:_LONGEST_WORDS]
