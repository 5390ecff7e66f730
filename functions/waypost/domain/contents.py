"""What a message may hold beside a plain text, by kind, and whether it is fit to be sent.

    image gif video audio voice document sticker   {"media", "text", "filename"?, "view_once"?, "as"?}
    location   {"latitude", "longitude", "name"?, "address"?, "url"?}
    contact    {"contacts": [{"name", "vcard"}]}
    poll       {"question", "options", "selectable"}     selectable 0: any number of them

`media` is the id of the file, `as` the kind that the sender asked for: without it the file decides, and the kind may
be `media` until it is known. A caption is `text`, so that whatever is done to texts is done to captions.
"""

from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from waypost.domain.media import Kind
from waypost.domain.media_names import MAX_NAME, plain_name
from waypost.domain.media_refusals import refusal
from waypost.errors import TooLarge, ValidationError

MEDIA_KINDS: tuple[Kind, ...] = get_args(Kind)
UNDECIDED = "media"  # the kind of a message whose file nobody has looked at yet

MAX_CAPTION = 1024  # the official API's limit; WhatsApp's own pages have the same
MAX_PLACE = 256  # characters of a name, and of an address
MAX_URL = 2048
MAX_CONTACTS = 257  # the most that WhatsApp puts into one message
MAX_VCARD = 16 * 1024
MAX_QUESTION = 255
MAX_OPTION = 100
MIN_OPTIONS, MAX_OPTIONS = 2, 12  # WhatsApp's own limits of a poll

_WITH_CAPTION = ("image", "gif", "video", "document")
_VIEWED_ONCE = ("image", "video", "voice")
# What a file that was prepared for one kind can be sent as, beside it.
_ALSO: dict[str, tuple[str, ...]] = {
    "image": ("document",),
    "gif": ("video", "document"),
    "video": ("document",),
    "audio": ("document",),
    "voice": ("audio", "document"),
    "sticker": ("document",),
    "document": (),
}


def has_media(kind: str) -> bool:
    """Whether a message of this kind counts as a media file (R-LIM-2)."""
    return kind == UNDECIDED or kind in MEDIA_KINDS


def sendable_as(prepared: str) -> tuple[str, ...]:
    """What a file can be sent as that was prepared for this kind."""
    return (prepared, *_ALSO[prepared])


def check_sent_as(content: Mapping[str, Any], prepared: str) -> str:
    """The kind that a file goes as, which was prepared for `prepared`. Raises MediaRefused `media_kind_unfit`, and as
    `check_kind`."""
    kind = str(content.get("as") or prepared)
    fitting = sendable_as(prepared)
    if kind not in fitting:
        raise refusal("media_prepared_otherwise", prepared=prepared, kind=kind, kinds=", ".join(fitting))
    check_kind(content, kind)
    return kind


def check_kind(content: Mapping[str, Any], kind: str) -> None:
    """Whether a file of this kind may go with what is said of it. Raises MediaRefused `media_caption_unfit`,
    `media_view_once_unfit`."""
    if content.get("text") and kind not in _WITH_CAPTION:
        raise refusal("media_caption_unfit", kind=kind, kinds=", ".join(_WITH_CAPTION))
    if content.get("view_once") and kind not in _VIEWED_ONCE:
        raise refusal("media_view_once_unfit", kind=kind, kinds=", ".join(_VIEWED_ONCE))


def check_file(content: Mapping[str, Any]) -> None:
    """What can be told before the file is looked at. Raises TooLarge `caption_too_long`, ValidationError
    `filename_invalid`."""
    caption = str(content.get("text") or "")
    if len(caption) > MAX_CAPTION:
        raise TooLarge(
            f"The caption has {len(caption)} characters; at most {MAX_CAPTION} are allowed.",
            field="text",
            mend="Shorten it, or send the text as a message of its own.",
            code="caption_too_long",
        )
    name = content.get("filename")
    if name is not None and not is_file_name(str(name)):
        raise ValidationError(
            "This is no name for a file.",
            field="filename",
            mend=f"Give at most {MAX_NAME} visible characters, none of them a slash or a backslash.",
            code="filename_invalid",
        )


def is_file_name(name: str) -> bool:
    """Whether a name can be shown as it is, and names nothing but a file."""
    return name == plain_name(name)


def check_location(content: Mapping[str, Any]) -> None:
    """Raises ValidationError `location_invalid`, `too_long`, `location_url_invalid`."""
    for name, most in (("latitude", 90), ("longitude", 180)):
        degrees = content.get(name)
        known = isinstance(degrees, int | float) and not isinstance(degrees, bool)
        if not known or not -most <= float(degrees or 0) <= most:
            raise ValidationError(
                f"This is no {name}.", field=f"location.{name}", mend=f"Give degrees from -{most} to {most}.",
                code="location_invalid",
            )  # fmt: skip
    for name in ("name", "address"):
        _check_length(str(content.get(name) or ""), MAX_PLACE, f"location.{name}")
    url = content.get("url")
    if url is not None and not _is_web_address(str(url)):
        raise ValidationError(
            "This is no web address.", field="location.url", mend="Give one that begins with https:// or http://.",
            code="location_url_invalid",
        )  # fmt: skip


def check_contacts(content: Mapping[str, Any]) -> None:
    """Raises ValidationError `contacts_invalid`, `vcard_invalid`, `too_long`."""
    cards = content.get("contacts") or []
    if not 1 <= len(cards) <= MAX_CONTACTS:
        raise ValidationError(
            "There is no such number of contacts in a message.", field="contacts", mend=f"Give 1 to {MAX_CONTACTS}.",
            code="contacts_invalid",
        )  # fmt: skip
    for at, card in enumerate(cards):
        _check_length(str(card.get("name") or ""), MAX_PLACE, f"contacts.{at}.name", least=1)
        _check_card(str(card.get("vcard") or ""), f"contacts.{at}.vcard")


def check_poll(content: Mapping[str, Any]) -> None:
    """Raises ValidationError `poll_invalid`, `poll_option_twice`, `too_long`."""
    _check_length(str(content.get("question") or ""), MAX_QUESTION, "poll.question", least=1)
    options = [str(option) for option in content.get("options") or ()]
    if not MIN_OPTIONS <= len(options) <= MAX_OPTIONS:
        raise ValidationError(
            f"A poll has {MIN_OPTIONS} to {MAX_OPTIONS} options.", field="poll.options",
            mend="Give as many, or ask in two polls.", code="poll_invalid",
        )  # fmt: skip
    for at, option in enumerate(options):
        _check_length(option, MAX_OPTION, f"poll.options.{at}", least=1)
        if option in options[:at]:
            raise ValidationError(
                "Two options are the same.", field=f"poll.options.{at}", mend="Give each once.",
                code="poll_option_twice",
            )  # fmt: skip
    selectable = content.get("selectable")
    if not isinstance(selectable, int) or not 0 <= selectable <= len(options):
        raise ValidationError(
            "So many options cannot be chosen.", field="poll.selectable",
            mend=f"Give 1 to {len(options)}, or 0 for any number.", code="poll_invalid",
        )  # fmt: skip


def _check_card(vcard: str, field: str) -> None:
    lines = vcard.strip().splitlines()
    if len(vcard) > MAX_VCARD or len(lines) < 3 or (lines[0].upper(), lines[-1].upper()) != _CARD_ENDS:
        raise ValidationError(
            "This is no vCard.", field=field,
            mend=f"Begin with BEGIN:VCARD, end with END:VCARD, in at most {MAX_VCARD} characters; or give phones.",
            code="vcard_invalid",
        )  # fmt: skip


_CARD_ENDS = ("BEGIN:VCARD", "END:VCARD")


def _check_length(text: str, most: int, field: str, *, least: int = 0) -> None:
    if len(text.strip()) < least:
        raise ValidationError("This is empty.", field=field, mend="Give at least one character.", code="too_short")
    if len(text) > most:
        raise ValidationError(
            f"This has {len(text)} characters.", field=field, mend=f"Give at most {most}.", code="too_long"
        )


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= MAX_URL and url.isprintable()
