"""From the domain to the wire: opens what is sealed, and names things as callers know them."""

from typing import Any

from api import answers, queue_schemas
from api.received_views import media_of_message
from waypost.bootstrap import App
from waypost.domain.content_shown import parts_of
from waypost.domain.event import rfc3339
from waypost.domain.health import Evidence, evidence_from
from waypost.domain.ids import whatsapp_hex
from waypost.domain.linking import ATTEMPTS, next_step
from waypost.domain.message import Message
from waypost.domain.outlook import TIME, Estimate
from waypost.entities.schedule import MEDIA
from waypost.entities.session import QrCode, Session, get_qr
from waypost.services.changes import ME
from waypost.services.egress import open_proxy
from waypost.services.media_told import media_told
from waypost.services.sending import CONTENT


def session_view(session: Session, app: App) -> answers.Session:
    return answers.Session(
        id=session.id,
        name=session.name,
        status=session.status,
        reason=session.reason,
        since=rfc3339(session.since_ms),
        linked=session.me is not None,
        restricted_until=_time(session.restricted_until_ms),
        wakes_at=_time(session.wake_ms) if session.status == "asleep" else None,
        health=_health(evidence_from(session.health)),
        linking=_linking(session, app),
        **next_step(session.id, session.status),
        relink_at=_relink_at(session, app),
        me=_me(session, app),
        multi_device=True,
        build=session.build,
        created_at=rfc3339(session.created_ms),
        metadata=session.metadata,
        identity=_identity(session, app),
        profile=_profile(session),
        degraded=session.degraded,
        number=_number(session),
    )


def shown_code(session: Session, app: App) -> QrCode | None:
    """The code that can be scanned now; None when there is none, or it is dead."""
    qr = get_qr(app.table, session.id) if session.status == "scan_qr" else None
    return qr if qr is not None and qr.expires_ms > app.now_ms() else None


def _relink_at(session: Session, app: App) -> str | None:
    due_ms = app.relinking.due_ms(session.linked_ms) if session.me is not None else 0
    return rfc3339(due_ms) if due_ms else None


def _identity(session: Session, app: App) -> dict[str, Any]:
    """What was chosen, the version of the browser that it is linked with, and of a proxy that it is there."""
    proxy = open_proxy(session, app.seals)
    return {
        **session.identity,
        **({"browser": session.browser} if session.browser else {}),
        **({"proxy": proxy.as_shown()} if proxy is not None else {}),
    }


def _linking(session: Session, app: App) -> answers.Linking | None:
    qr = shown_code(session, app)
    if qr is None:
        return None
    return answers.Linking(
        attempt=qr.attempt, attempts=ATTEMPTS, sequence=qr.sequence, expires_at=rfc3339(qr.expires_ms)
    )


def _health(evidence: Evidence) -> answers.SessionHealth:
    oldest_ms = evidence.oldest_unacknowledged_ms
    return answers.SessionHealth(
        checked_at=_time(evidence.checked_ms),
        page_answered_at=_time(evidence.page_answered_ms),
        socket=evidence.socket,
        last_ack_at=_time(evidence.last_ack_ms),
        acks_outstanding=evidence.acks_outstanding,
        oldest_unacknowledged_seconds=(evidence.checked_ms - oldest_ms) // 1000 if oldest_ms else None,
        last_received_at=_time(evidence.last_received_ms),
        restarts=evidence.restarts,
        last_trouble=evidence.last_trouble,
        last_trouble_at=_time(evidence.last_trouble_ms),
    )


def _time(time_ms: int) -> str | None:
    return rfc3339(time_ms) if time_ms else None


def qr_text(session: Session, qr: QrCode, app: App) -> str:
    return app.seals.open(session.tenant, session.id, "qr", qr.code).decode()


def message_view(message: Message, app: App) -> answers.Message:
    content = app.seals.open_json(message.tenant, message.contact, f"{CONTENT}#{message.id}", message.content)
    return answers.Message(
        id=message.id,
        session_id=message.session,
        chat=answers.Chat(**app.contacts.view(message.tenant, message.contact)),
        direction=message.direction,
        type=message.kind,
        text=content.get("text"),
        media=_media(message, content, app),
        **{"location": None, "contacts": None, "poll": None, "vote": None, **parts_of(message.kind, content)},
        status=message.status,
        reason=message.reason,
        failure=answers.Failure(**message.failure) if message.failure else None,
        lane=message.lane,
        source=message.source,
        reply_to=message.reply_to,
        # What we send bears a name derived from ours; what the page showed us keeps the name that it came with.
        whatsapp_id=whatsapp_hex(message.id) if message.source == "api" else content.get("hex"),
        created_at=rfc3339(message.created_ms),
        times={status: rfc3339(time_ms) for status, time_ms in sorted(message.times.items(), key=lambda it: it[1])},
        attempts=message.attempts,
        backfilled=message.backfilled,
        purpose=message.purpose,
        template=answers.MadeFrom(**content["template"]) if content.get("template") else None,
        notice=bool(content.get("notice")),
        author=None if message.author is None else answers.Chat(**app.contacts.view(message.tenant, message.author)),
        mentions=content.get("mentions", []),
        reactions=_reactions(message, content.get("reactions", {}), app),
        edited_at=rfc3339(message.edited_ms) if message.edited_ms else None,
        revoked_at=rfc3339(message.revoked_ms) if message.revoked_ms else None,
        send_at=rfc3339(message.send_at_ms) if message.send_at_ms else None,
        expires_at=rfc3339(message.expires_ms) if message.expires_ms else None,
        bulk_id=message.bulk,
        moved_from=message.moved_from,
    )


def _media(message: Message, content: dict[str, Any], app: App) -> answers.MessageMedia | None:
    if message.source == "api":
        told = media_told(content, tenant=message.tenant, table=app.table, seals=app.seals)
    else:
        told = media_of_message(content, app)
    return None if told is None else answers.MessageMedia(**told)


def accepted_view(message: Message, session: Session, app: App) -> queue_schemas.AcceptedMessage:
    """With when it is expected to go."""
    shown = message_view(message, app).model_dump()
    foreseen = app.backlog.outlook(
        session, message.lane, now_ms=app.now_ms(), due_ms=message.send_at_ms, table=app.table
    )
    waits = shown["media"] is not None and shown["media"]["state"] == "pending" and foreseen.because != TIME
    estimate = estimate_view(Estimate(None, MEDIA) if waits else foreseen)
    return queue_schemas.AcceptedMessage(**shown, estimated_send_at=estimate.at, estimate=estimate)


def estimate_view(estimate: Estimate) -> queue_schemas.Estimate:
    at = None if estimate.at_ms is None else rfc3339(estimate.at_ms)
    return queue_schemas.Estimate(at=at, because=estimate.because)


def _reactions(message: Message, reactions: dict[str, Any], app: App) -> list[answers.Reaction]:
    """Who took a reaction back has none."""
    given = [(by, one["emoji"]) for by, one in reactions.items() if one["emoji"]]
    return [
        answers.Reaction(by=None if by == ME else answers.Chat(**app.contacts.view(message.tenant, by)), emoji=emoji)
        for by, emoji in given
    ]


def _profile(session: Session) -> answers.Profile | None:
    """Of the present link only: copies of an earlier one cannot be used any more."""
    if session.profile.get("linked_ms") != session.linked_ms:
        return None
    return answers.Profile(
        version=session.profile["version"],
        backed_up_at=rfc3339(session.profile["taken_ms"]),
        restored_from=session.restored_from.get("version"),
    )


def _number(session: Session) -> answers.NumberHealth | None:
    if not session.number:
        return None
    known = {name: value for name, value in session.number.items() if name != "at_ms"}
    return answers.NumberHealth(**known, at=rfc3339(session.number["at_ms"]))


def _me(session: Session, app: App) -> answers.Me | None:
    if session.me is None:
        return None
    opened = app.seals.open_json(session.tenant, session.id, "me", session.me)
    return answers.Me(**{name: opened.get(name) for name in ("id", "pn", "lid", "name")})
