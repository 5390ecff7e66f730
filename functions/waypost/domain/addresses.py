"""Which chat a caller means: every form of chat id that people know, read into one canonical form.

Accepted: `+E.164`, plain digits, `<digits>@c.us`, `<digits>@s.whatsapp.net`, `<digits>@lid`, `<digits>@g.us`
and `<creator>-<time>@g.us` (conventions.md, section 1).
"""

import re
from dataclasses import dataclass
from typing import Literal

from waypost.errors import ValidationError

_MEND = "Give an international number such as +4915112345678, or a chat id such as 4915112345678@c.us."
_USER = re.compile(r"[1-9][0-9]{6,14}")  # E.164: at most 15 digits, never a leading zero
_LID = re.compile(r"[1-9][0-9]{4,19}")
_GROUP = re.compile(r"[0-9]{5,25}(-[0-9]{5,15})?")


@dataclass(frozen=True, slots=True)
class Address:
    """A WhatsApp address. `user` is a phone number's chat, `lid` a hidden user id, `group` a group."""

    kind: Literal["user", "lid", "group"]
    digits: str

    @property
    def chat_id(self) -> str:
        """The one canonical form, as wa-js takes it."""
        return f"{self.digits}@{ {'user': 'c.us', 'lid': 'lid', 'group': 'g.us'}[self.kind] }"


def parse_address(text: str, *, field: str = "to") -> Address:
    """Read any accepted form. Raises ValidationError `invalid_chat_id`, whose text never repeats the number (P6)."""
    local, at, server = text.strip().partition("@")
    if at and server in ("lid", "g.us"):
        kind: Literal["lid", "group"] = "lid" if server == "lid" else "group"
        if (_LID if kind == "lid" else _GROUP).fullmatch(local):
            return Address(kind, local)
    elif not at or server in ("c.us", "s.whatsapp.net"):
        digits = re.sub(r"[\s().\-]", "", local.removeprefix("+")) if not at else local
        if _USER.fullmatch(digits) and _is_possible_number(digits):
            return Address("user", digits)
    raise ValidationError("This is not a chat that can exist.", field=field, mend=_MEND, code="invalid_chat_id")


def _is_possible_number(digits: str) -> bool:
    # Imported late: its tables cost 40 ms, and only requests that name a number need them.
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))
