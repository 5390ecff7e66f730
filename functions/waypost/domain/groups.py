"""How large a group may be, and what it may be called."""

from waypost.errors import ValidationError

MAX_PARTICIPANTS = 256  # issue 3, part 3; WhatsApp itself allows more by now
MAX_SUBJECT = 100  # characters, WhatsApp's figure


def check_subject(subject: str) -> None:
    """Raises ValidationError `subject_empty`."""
    if not subject.strip():
        raise ValidationError(
            "The subject is empty.", field="subject", mend="Give at least one character.", code="subject_empty"
        )
