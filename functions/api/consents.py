"""Consent: who agreed to what, when and how, what they took back, and lists of it in and out."""

from api import consent_answers as answers
from api.consent_schemas import ConsentList, ContactParameter, NewConsent, PurposeParameter
from api.consent_views import person_view, recorded_view
from api.current import current
from api.parameters import Cursor, Limit
from api.people import known_person, own_or_new_person
from api.resolver import Router
from waypost import bootstrap
from waypost.domain.consent import Consent, Standing
from waypost.entities.consent import get_standing, list_recorded, list_standings
from waypost.services.consent_import import ImportDesk, import_csv
from waypost.services.consent_settings import consent_settings
from waypost.services.consent_times import read_times
from waypost.services.consents import Registry
from waypost.services.opt_outs import ConsentChange, OptOuts

router = Router()
_TAGS = ["consent"]
_CONSENTS = "/v1/contacts/<contact>/consents"
_MEANS = "api"


@router.post(_CONSENTS, status_code=201, tags=_TAGS, summary="Record a consent")
def give(contact: ContactParameter, body: NewConsent) -> answers.PersonConsents:
    """Who agreed, to what, how and when. It stands until it is withdrawn, runs out, or they opt out after it."""
    app, call = bootstrap.app(), current()
    now_ms = app.now_ms()
    given_ms, until_ms = read_times(body.given_at, body.until, now_ms=now_ms)
    settings = consent_settings(call.tenant, table=app.table, seals=app.seals)
    person = own_or_new_person(contact)
    consent = Consent(body.purpose or settings.default_purpose, given_ms, body.means, until_ms)
    standing, _ = _registry(person, now_ms).give(consent, proof=body.proof)
    return person_view(call.tenant, person, standing, app)


@router.get(_CONSENTS, tags=_TAGS, summary="Show a person's consents")
def show(contact: ContactParameter, limit: Limit = 50, cursor: Cursor = None) -> answers.ContactConsents:
    """How it stands now, and every step that led there."""
    app, person = bootstrap.app(), known_person(contact, field="contact")
    recorded, following = list_recorded(app.table, person, limit=limit, cursor=cursor)
    view = person_view(current().tenant, person, get_standing(app.table, person), app)
    return answers.ContactConsents(
        **dict(view), history=[recorded_view(one, app) for one in recorded], next_cursor=following
    )


@router.delete(_CONSENTS, tags=_TAGS, summary="Withdraw consent")
def withdraw(contact: ContactParameter, purpose: PurposeParameter = None) -> answers.Withdrawal:
    """Honoured at once: what waits for the person, for that purpose or for all, is cancelled in every session. Without
    a purpose they get nothing any more, under any policy."""
    app, call, now_ms = bootstrap.app(), current(), bootstrap.app().now_ms()
    person = own_or_new_person(contact)
    outs = OptOuts(call.tenant, now_ms, app.table, app.engine.queues, app.seals, app.contacts)
    default = consent_settings(call.tenant, table=app.table, seals=app.seals).default_purpose
    cancelled, standing = 0, Standing()
    for same in reversed(app.contacts.of_person(call.tenant, person)):  # the one that was named comes last
        registry = _registry(same, now_ms)
        if purpose is None:
            standing, changed = registry.opt_out(means=_MEANS, at_ms=now_ms)
            cancelled += outs.cancel_waiting(same, reason="opted_out", but=standing.confirmation)
        else:
            standing, changed = registry.withdraw(purpose, means=_MEANS, at_ms=now_ms)
            cancelled += outs.cancel_waiting(
                same,
                reason="consent_withdrawn",
                concerns=lambda message: (message.purpose or default) == purpose,
            )
        if changed:
            outs.tell(same, ConsentChange("withdrawn", purpose, _MEANS, now_ms))
    view = person_view(call.tenant, person, standing, app)
    return answers.Withdrawal(**dict(view), cancelled=cancelled)


@router.get("/v1/consents", tags=_TAGS, summary="List consents")
def list_all(purpose: PurposeParameter = None, limit: Limit = 50, cursor: Cursor = None) -> answers.Consents:
    """Of everybody of whom something is recorded, in no particular order: page through it for an export."""
    app, tenant = bootstrap.app(), current().tenant
    found, following = list_standings(app.table, tenant, limit=limit, cursor=cursor)
    wanted = [one for one in found if purpose is None or purpose in one[1].consents]
    return answers.Consents(
        contacts=[person_view(tenant, contact, standing, app) for contact, standing in wanted], next_cursor=following
    )


@router.post("/v1/consents/import", tags=_TAGS, summary="Import consents")
def import_list(body: ConsentList) -> answers.Import:
    """Row by row: one that is wrong is told by line and column, and the others are recorded. Repeat it as you like.
    What is older than an opt-out does not undo it."""
    app, call = bootstrap.app(), current()
    settings = consent_settings(call.tenant, table=app.table, seals=app.seals)
    desk = ImportDesk(
        tenant=call.tenant,
        by=call.key_id,
        now_ms=app.now_ms(),
        default_purpose=settings.default_purpose,
        table=app.table,
        queues=app.engine.queues,
        seals=app.seals,
        contacts=app.contacts,
    )
    rows = [answers.ImportedRow.model_validate(row, from_attributes=True) for row in import_csv(body.csv, desk)]
    counts = {result: sum(row.result == result for row in rows) for result in ("recorded", "unchanged", "refused")}
    return answers.Import(**counts, rows=rows)


def _registry(contact: str, now_ms: int) -> Registry:
    app, call = bootstrap.app(), current()
    return Registry(contact, call.tenant, call.key_id, now_ms, app.table, app.seals)
