"""Consents, from the records to the wire."""

from api import answers
from api import consent_answers as wire
from waypost.bootstrap import App
from waypost.domain.consent import Consent, Standing, stands
from waypost.domain.event import rfc3339
from waypost.entities.consent import Recorded
from waypost.services.consents import proof_of


def person_view(tenant: str, contact: str, standing: Standing, app: App) -> wire.PersonConsents:
    now_ms = app.now_ms()
    return wire.PersonConsents(
        chat=answers.Chat(**app.contacts.view(tenant, contact)),
        opted_out_at=_time(standing.opted_out_ms),
        opted_out_by=standing.opted_out_by or None,
        consents=[_consent(consent, standing, now_ms) for _, consent in sorted(standing.consents.items())],
    )


def recorded_view(recorded: Recorded, app: App) -> wire.Recorded:
    return wire.Recorded(
        step=recorded.step,
        purpose=recorded.purpose or None,
        means=recorded.means,
        by=recorded.by,
        at=rfc3339(recorded.at_ms),
        recorded_at=rfc3339(recorded.recorded_ms),
        until=_time(recorded.until_ms),
        proof=proof_of(recorded, app.seals),
    )


def _consent(consent: Consent, standing: Standing, now_ms: int) -> wire.Consent:
    return wire.Consent(
        purpose=consent.purpose,
        stands=stands(consent, standing, now_ms),
        means=consent.means or None,
        given_at=_time(consent.given_ms),
        until=_time(consent.until_ms),
        withdrawn_at=_time(consent.withdrawn_ms),
        withdrawn_by=consent.withdrawn_by or None,
    )


def _time(time_ms: int) -> str | None:
    return rfc3339(time_ms) if time_ms else None
