"""What a tenant sets about consent: policy, words, confirmations, privacy notice."""

from dataclasses import asdict

from api.consent_answers import ConsentSettings
from api.consent_schemas import ConsentRules
from api.current import current
from api.resolver import Router
from waypost import bootstrap
from waypost.domain import consent_settings as domain
from waypost.errors import ValidationError
from waypost.services.consent_settings import consent_settings, save_consent_settings
from waypost.services.vocabulary import check_words

router = Router()
_TAGS = ["consent"]
_SETTINGS = "/v1/settings/consent"


@router.get(_SETTINGS, tags=_TAGS, summary="Show the rules of consent")
def show() -> ConsentSettings:
    app = bootstrap.app()
    return _view(consent_settings(current().tenant, table=app.table, seals=app.seals))


@router.put(_SETTINGS, tags=_TAGS, summary="Set the rules of consent")
def save(body: ConsentRules) -> ConsentSettings:
    """They hold for the next message that is accepted, and for what waits already: it is asked again at the send."""
    app = bootstrap.app()
    given = body.model_dump()
    settings = domain.ConsentSettings(
        **{**given, "stop_words": tuple(body.stop_words), "start_words": tuple(body.start_words)}
    )
    check_words(settings)
    if settings.notice != "none" and domain.in_language(settings.notices, settings.language) is None:
        raise ValidationError(
            "There is no privacy notice in your own language.",
            field="notices",
            mend="Give one for `language`: it is used where there is none in the person's.",
            code="notice_missing",
        )
    save_consent_settings(current().tenant, settings, table=app.table, seals=app.seals)
    return _view(settings)


def _view(settings: domain.ConsentSettings) -> ConsentSettings:
    return ConsentSettings.model_validate(
        {**asdict(settings), "stop_words": list(settings.stop_words), "start_words": list(settings.start_words)}
    )
