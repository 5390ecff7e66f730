"""What events and messages show of a message beside its text and its file, by the names that the API has for it."""

from collections.abc import Mapping
from typing import Any

from waypost.domain.card_reading import numbers_in
from waypost.domain.received_content import LIVE, PLACE

_POLL = ("question", "options", "selectable")


def parts_of(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """`location`, `contacts` with the numbers of their cards, `poll` or `vote`; of others, and of a message that was
    taken back, nothing."""
    if kind in ("location", "live_location") and "latitude" in content:
        names = (*PLACE, *LIVE) if kind == "live_location" else PLACE
        return {"location": {name: content[name] for name in names if content.get(name) is not None}}
    if kind == "contact" and "contacts" in content:
        return {"contacts": [{**card, "numbers": numbers_in(card["vcard"])} for card in content["contacts"]]}
    if kind == "poll" and "question" in content:
        return {"poll": {name: content[name] for name in _POLL}}
    if kind == "poll_vote" and "options" in content:
        return {"vote": {"poll": content.get("poll"), "options": content["options"]}}
    return {}
