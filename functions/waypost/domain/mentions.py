"""Naming people in a text, so that WhatsApp shows their names and tells them."""

import re
from collections.abc import Sequence

from waypost.domain.addresses import Address
from waypost.errors import ValidationError

MAX_MENTIONS = 256  # no group is larger

_NAMED = re.compile(r"@([0-9]{5,20})")


def check_mentions(text: str, mentions: Sequence[Address]) -> None:
    """Whoever is mentioned is a person whom the text names as `@` and digits; else WhatsApp shows nothing.

    Raises ValidationError `mention_not_a_person` or `mention_not_in_text`.
    """
    named = set(_NAMED.findall(text)) if mentions else set()
    for position, address in enumerate(mentions):
        field = f"mentions.{position}"
        if address.kind == "group":
            raise ValidationError(
                "Only people can be mentioned.", field=field, mend="Give the chat id of a person.",
                code="mention_not_a_person",
            )  # fmt: skip
        if address.digits not in named:
            raise ValidationError(
                "The text does not name who is mentioned.",
                field=field,
                mend="Write @ and the digits of the chat id where the name is to stand.",
                code="mention_not_in_text",
            )
