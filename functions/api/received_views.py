"""A file that came in, as callers see it: by itself, and with its message."""

from collections.abc import Mapping
from typing import Any

from api import media_schemas as wire
from waypost.bootstrap import App
from waypost.domain.event import rfc3339
from waypost.domain.received import FileFacts, told, words_of
from waypost.entities.received import Received, get_received


def received_view(received: Received, app: App) -> wire.Media:
    facts = app.received.known(received).facts
    return wire.Media(
        id=received.id,
        direction="in",
        state=received.state,
        name=facts.filename,
        size=facts.size or 0,
        progress=100 if received.state == "ready" else 0,
        upload=None,
        prepared=None,
        received=wire.ReceivedFacts(
            session_id=received.session,
            message_id=received.message,
            type=facts.mime,
            size=facts.size,
            sha256=facts.sha256,
            width=facts.width,
            height=facts.height,
            duration_ms=facts.duration_ms,
            pages=facts.pages,
            view_once=facts.view_once,
            has_thumbnail=facts.has_thumbnail,
            code=received.code,
        ),
        refusal=_failure(received.code) if received.state == "failed" and received.code else None,
        created_at=rfc3339(received.created_ms),
        expires_at=rfc3339(received.expires_ms),
    )


def media_of_message(content: Mapping[str, Any], app: App) -> dict[str, Any] | None:
    """What a message that came in shows of its file; None when it has none. It is `failed` once it was kept for its
    time."""
    media_id = content.get("media")
    if media_id is None:
        return None
    received = get_received(app.table, media_id, app.now_ms())
    if received is None:
        gone = FileFacts(filename=content.get("filename"), view_once=bool(content.get("view_once")))
        return told(media_id, "failed", gone, "media_expired")
    return told(media_id, received.state, app.received.known(received).facts, received.code)


def _failure(code: str) -> wire.MediaRefusal:
    message, mend = words_of(code)
    return wire.MediaRefusal(code=code, message=message, mend=mend)
