"""What a message that comes in holds beside its text, by its kind: as it is kept in its `content`, and as it is shown.

kind                        content, beside `text`                          shown as
image gif video audio       {"media": id, "filename"?, "view_once"?}        `media`, by who knows the file
voice video_note document
sticker
location live_location      {"latitude", "longitude", "name"?, "address"?,  `location`
                             "url"?}, live: also "accuracy_m"?, "speed_mps"?,
                             "heading_degrees"?, "sequence"?
contact                     {"contacts": [{"name", "vcard"}]}               `contacts`, with the cards' numbers
poll                        {"question", "options", "selectable"}, 0: all   `poll`
poll_vote                   {"poll": message id or None, "options"}         `vote`
"""

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.domain.card_reading import name_in, numbers_in

_PLACE = ("latitude", "longitude", "name", "address", "url")
_LIVE = ("accuracy_m", "speed_mps", "heading_degrees", "sequence")
_POLL = ("question", "options", "selectable")
# WhatsApp's names of what a message can be, in ours; what is not here keeps its own name.
_KINDS = {
    "chat": "text",
    "ptt": "voice",
    "ptv": "video_note",
    "vcard": "contact",
    "multi_vcard": "contact",
    "poll_creation": "poll",
}


def kind_of(whatsapp_type: str, *, gif: bool = False, live: bool = False) -> str:
    """Our name for what WhatsApp calls a message of this type."""
    if gif and whatsapp_type == "video":
        return "gif"
    if live and whatsapp_type == "location":
        return "live_location"
    return _KINDS.get(whatsapp_type, whatsapp_type)


def content_of(parts: Mapping[str, Any]) -> dict[str, Any]:
    """What a place, cards or a poll of the page are in a message's content."""
    if place := parts.get("place"):
        names = (*_PLACE, *_LIVE) if place.get("live") else _PLACE
        return {name: place[name] for name in names if place.get(name) is not None}
    if "cards" in parts:
        return {"contacts": [_card(card) for card in parts["cards"]]}
    if poll := parts.get("poll"):
        options = [str(option) for option in poll["options"]]
        return {"question": poll["question"], "options": options, "selectable": poll["selectable"]}
    return {}


def shown(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What events and messages show of it; of text and files nothing."""
    if kind in ("location", "live_location") and "latitude" in content:
        names = (*_PLACE, *_LIVE) if kind == "live_location" else _PLACE
        return {"location": {name: content.get(name) for name in names}}
    if kind == "contact" and "contacts" in content:
        return {"contacts": [{**card, "numbers": numbers_in(card["vcard"])} for card in content["contacts"]]}
    if kind == "poll" and "question" in content:
        return {"poll": {name: content[name] for name in _POLL}}
    if kind == "poll_vote":
        return {"vote": {"poll": content.get("poll"), "options": content.get("options", [])}}
    return {}


def vote(poll: str | None, options: Sequence[str]) -> dict[str, Any]:
    """The content of a vote; `poll` is our id of the poll's message, where we have it."""
    return {"poll": poll, "options": list(options)}


def _card(card: Mapping[str, Any]) -> dict[str, str | None]:
    vcard = str(card.get("vcard") or "")
    return {"name": card.get("name") or name_in(vcard), "vcard": vcard}
