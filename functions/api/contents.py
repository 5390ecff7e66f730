"""What a request wants sent, as the domain has it; and the other way round."""

from dataclasses import replace
from typing import Any

from api.content_schemas import ContactCard
from api.current import current
from api.message_schemas import NewMessage
from waypost import bootstrap
from waypost.domain.addresses import parse_address
from waypost.domain.contents import UNDECIDED
from waypost.domain.vcards import vcard
from waypost.domain.wanted import Wanted, check_content
from waypost.services.media_urls import ask_to_fetch


def kind_of(body: NewMessage) -> str:
    if body.media is not None:
        return body.kind or UNDECIDED
    if body.location is not None:
        return "location"
    if body.contacts is not None:
        return "contact"
    return "text" if body.poll is None else "poll"


def content_of(body: NewMessage) -> dict[str, Any]:
    if body.location is not None:
        return body.location.model_dump(exclude_none=True)
    if body.contacts is not None:
        return {"contacts": [_card(card, at) for at, card in enumerate(body.contacts)]}
    if body.poll is not None:
        return body.poll.model_dump()
    said: dict[str, Any] = {"text": body.text}
    if body.media is not None:
        said |= {"media": body.media.id, "as": body.kind, "filename": body.filename}
        said |= {"view_once": True} if body.view_once else {}
    return {name: value for name, value in said.items() if value is not None}


def fetched(wanted: Wanted, body: NewMessage) -> Wanted:
    """With the file that a URL names, which is asked for now. Raises MediaRefused `url_refused`."""
    if body.media is None or body.media.url is None:
        return wanted
    if wanted.template is None:
        check_content(wanted)  # who asks for nonsense has nothing fetched
    app = bootstrap.app()
    media = ask_to_fetch(
        body.media.url, current().make_id("med"), current().tenant,
        files=app.files, allow_private=app.settings.allow_private_sources,
        kind=body.kind, name=body.filename, now_ms=app.now_ms(), field="media.url",
    )  # fmt: skip
    return replace(wanted, content={**wanted.content, "media": media.id})


def _card(card: ContactCard, at: int) -> dict[str, str]:
    if card.vcard is not None:
        return {"name": card.name, "vcard": card.vcard}
    phones = [
        parse_address(phone, field=f"contacts.{at}.phones.{place}").digits for place, phone in enumerate(card.phones)
    ]
    return {
        "name": card.name,
        "vcard": vcard(card.name, phones, organization=card.organization, email=card.email),
    }
