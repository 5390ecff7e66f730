"""Templates: versions per language, approved before messages are made from them (R-TOS-2)."""

from dataclasses import asdict

from aws_lambda_powertools.event_handler.api_gateway import Response

from api import template_schemas as wire
from api.current import current
from api.parameters import Cursor, Limit
from api.resolver import Router
from api.template_schemas import LanguageParameter, NameParameter, VersionParameter
from waypost import bootstrap
from waypost.domain.event import rfc3339
from waypost.domain.message import check_text
from waypost.domain.template import Draft, render
from waypost.domain.variables import Variable
from waypost.entities.template import TemplateVersion, list_templates, list_versions
from waypost.entities.tenant import get_api_key
from waypost.services.templates import Workshop, draft_of, no_template

router = Router()
_TAGS = ["templates"]
_TEMPLATES = "/v1/templates"
_VERSION = f"{_TEMPLATES}/<name>/<language>/<version>"


@router.post(_TEMPLATES, status_code=201, tags=_TAGS, summary="Write a template")
def create(body: wire.NewTemplate) -> wire.Template:
    """A draft under the next number of its name and language. Messages are made from it once it is approved."""
    made = _workshop().create(body.name, body.language, _draft(body), token=current().make_id("cmd"))
    return _view(made)


@router.get(_TEMPLATES, tags=_TAGS, summary="List templates")
def list_all(limit: Limit = 50, cursor: Cursor = None) -> wire.Templates:
    """All versions, by name, language and version."""
    found, following = list_templates(bootstrap.app().table, current().tenant, limit=limit, cursor=cursor)
    return wire.Templates(templates=[_view(one) for one in found], next_cursor=following)


@router.get(f"{_TEMPLATES}/<name>", tags=_TAGS, summary="List a template's versions")
def list_one(name: NameParameter, limit: Limit = 50, cursor: Cursor = None) -> wire.Templates:
    """By language and version."""
    found, following = list_versions(bootstrap.app().table, current().tenant, name, limit=limit, cursor=cursor)
    if not found and cursor is None:
        raise no_template("There is no such template.")
    return wire.Templates(templates=[_view(one) for one in found], next_cursor=following)


@router.get(_VERSION, tags=_TAGS, summary="Get a template")
def get(name: NameParameter, language: LanguageParameter, version: VersionParameter) -> wire.Template:
    return _view(_workshop().find(name, language, version))


@router.put(_VERSION, tags=_TAGS, summary="Change a draft")
def change(
    name: NameParameter, language: LanguageParameter, version: VersionParameter, body: wire.TemplateDraft
) -> wire.Template:
    """Only a draft: what was approved never changes."""
    workshop = _workshop()
    return _view(workshop.change(workshop.find(name, language, version), _draft(body)))


@router.delete(_VERSION, status_code=204, tags=_TAGS, summary="Delete a draft")
def delete(name: NameParameter, language: LanguageParameter, version: VersionParameter) -> Response[None]:
    """Only a draft: what was approved stays on record; retire it."""
    workshop = _workshop()
    workshop.delete(workshop.find(name, language, version))
    return Response(204)


@router.post(f"{_VERSION}/approve", tags=_TAGS, summary="Approve a template")
def approve(name: NameParameter, language: LanguageParameter, version: VersionParameter) -> wire.Template:
    """Noted with the API key that asks: give those who approve a key of their own."""
    workshop = _workshop()
    return _view(workshop.approve(workshop.find(name, language, version)))


@router.post(f"{_VERSION}/retire", tags=_TAGS, summary="Retire a template")
def retire(name: NameParameter, language: LanguageParameter, version: VersionParameter) -> wire.Template:
    """No message is made from it any more; those that were accepted before are sent."""
    workshop = _workshop()
    return _view(workshop.retire(workshop.find(name, language, version)))


@router.post(f"{_VERSION}/render", tags=_TAGS, summary="Try a template")
def try_out(
    name: NameParameter, language: LanguageParameter, version: VersionParameter, body: wire.Preview
) -> wire.Rendered:
    """The text that a message would have, of a draft, too."""
    found = _workshop().find(name, language, version)
    text = render(draft_of(found, bootstrap.app().seals), body.variables, found.language, field="variables")
    check_text(text, field="variables")
    return wire.Rendered(text=text)


def _workshop() -> Workshop:
    app, call = bootstrap.app(), current()
    key = get_api_key(app.table, call.key_id)
    return Workshop(call.tenant, call.key_id, None if key is None else key.name, app.now_ms(), app.table, app.seals)


def _draft(body: wire.TemplateDraft) -> Draft:
    variables = {name: Variable(**variable.model_dump()) for name, variable in body.variables.items()}
    return Draft(body.body, variables, body.purpose)


def _view(version: TemplateVersion) -> wire.Template:
    draft = draft_of(version, bootstrap.app().seals)
    return wire.Template(
        name=version.name,
        language=version.language,
        version=version.version,
        status=version.status,
        body=draft.body,
        variables={name: asdict(variable) for name, variable in draft.variables.items()},
        purpose=draft.purpose,
        created_at=rfc3339(version.created_ms),
        created_by=version.created_by,
        approved_at=rfc3339(version.approved_ms) if version.approved_ms else None,
        approved_by=version.approved_by,
        approved_by_name=version.approved_name,
        retired_at=rfc3339(version.retired_ms) if version.retired_ms else None,
        retired_by=version.retired_by,
    )
