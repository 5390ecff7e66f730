"""What a message that comes in holds beside its text: from the page's words to its sealed `content`, by its kind.

image gif video audio       {"media": id, "filename"?, "view_once"?}
voice video_note document
sticker
location live_location      {"latitude", "longitude", "name"?, "address"?, "url"?}, and where it moves
                            {"accuracy_m"?, "speed_mps"?, "heading_degrees"?, "sequence"?}
contact                     {"contacts": [{"name", "vcard"}]}
poll                        {"question", "options", "selectable"}; 0: any number of them
poll_vote                   {"poll": our message id or None, "options"}
"""

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.domain.card_reading import name_in

PLACE = ("latitude", "longitude", "name", "address", "url")
LIVE = ("accuracy_m", "speed_mps", "heading_degrees", "sequence")
# WhatsApp's names of what a message can be, in ours; what is not here keeps its own name.
_KINDS = {
    "chat": "text",
    "ptt": "voice",
    "ptv": "video_note",
    "vcard": "contact",
    "multi_vcard": "contact",
    "poll_creation": "poll",
    "ciphertext": "view_once",  # on the phone alone: whether it is a picture, a film or a sound is not said
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
        names = (*PLACE, *LIVE) if place.get("live") else PLACE
        return {name: place[name] for name in names if place.get(name) is not None}
    if "cards" in parts:
        return {"contacts": [_card(card) for card in parts["cards"]]}
    if poll := parts.get("poll"):
        options = [str(option) for option in poll["options"]]
        return {"question": poll["question"], "options": options, "selectable": poll["selectable"]}
    return {}


def vote(poll: str | None, options: Sequence[str]) -> dict[str, Any]:
    """The content of a vote; `poll` is our id of the poll's message, where we have it."""
    return {"poll": poll, "options": list(options)}


def _card(card: Mapping[str, Any]) -> dict[str, str | None]:
    vcard = str(card.get("vcard") or "")
    return {"name": card.get("name") or name_in(vcard), "vcard": vcard}
