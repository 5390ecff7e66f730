"""What is said of a message's file, in its view and in events: `{"id", "state", "mime", "size", "sha256", …}`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from waypost.domain.media import Prepared
from waypost.entities.media import Media, get_media
from waypost.ports import Table
from waypost.services.media import prepared_of
from waypost.services.media_choice import with_name
from waypost.services.sealing import Seals

_FACTS = ("mime", "size", "sha256", "width", "height", "duration_ms", "pages", "has_thumbnail")


def facts_of(prepared: Prepared) -> dict[str, Any]:
    """What of a file is kept with its message, which outlives it."""
    facts = asdict(prepared)
    return {name: facts[name] for name in _FACTS if facts[name] is not None}


def media_told(content: Mapping[str, Any], *, tenant: str, table: Table, seals: Seals) -> dict[str, Any] | None:
    """None: the message has no file. What was found of it stands in the message once it was handed over."""
    media_id = content.get("media")
    if media_id is None:
        return None
    own = {name: content[name] for name in ("filename", "view_once") if content.get(name)}
    if content.get("file"):
        return {"id": media_id, "state": content.get("state", "ready"), **content["file"], **own}
    media = get_media(table, str(media_id))
    if media is None or media.tenant != tenant:
        return {"id": media_id, "state": "failed", **own}
    named = {"filename": name} if (name := with_name(content, media, seals).get("filename")) else {}
    return {"id": media_id, "state": _state(media), **_facts(media, seals), **named, **own}


def _state(media: Media) -> str:
    return {"ready": "ready", "refused": "failed"}.get(media.state, "pending")


def _facts(media: Media, seals: Seals) -> dict[str, Any]:
    return facts_of(prepared_of(media, seals)) if media.state == "ready" else {}
