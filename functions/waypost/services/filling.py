"""Making a message's text from an approved template.

Which language: the one that is asked for, then the same without its region (`pt-BR`, `pt`), then the tenant's own
language in the same way. Of a language the newest approved version, or the one that is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.domain.consent_settings import widened
from waypost.domain.template import render
from waypost.domain.wanted import Template
from waypost.entities.template import TemplateVersion, get_version, list_versions, newest_versions
from waypost.errors import ValidationError
from waypost.ports import Table
from waypost.services.sealing import Seals
from waypost.services.templates import draft_of

_LOOK_BACK = 20  # versions of a language among which the newest approved one is looked for


@dataclass(frozen=True, slots=True)
class Filled:
    """A text and what it was made from."""

    text: str
    name: str
    language: str
    version: int
    purpose: str | None


def fill_in(template: Template, *, tenant: str, language: str, table: Table, seals: Seals) -> Filled:
    """`language` is the tenant's own. Raises ValidationError `template_not_found`, `template_not_in_language`,
    `template_not_approved`, and as `render`."""
    version = _chosen(template, tenant, language, table)
    draft = draft_of(version, seals)
    text = render(draft, template.variables, version.language)
    return Filled(text, version.name, version.language, version.version, draft.purpose)


def _chosen(template: Template, tenant: str, language: str, table: Table) -> TemplateVersion:
    for tag in _tags(template.language, language):
        if template.version is not None:
            asked = get_version(table, tenant, template.name, tag, template.version)
            found = [] if asked is None else [asked]
        else:
            found = newest_versions(table, tenant, template.name, tag, limit=_LOOK_BACK)
        approved = next((one for one in found if one.status == "approved"), None)
        if approved is not None:
            return approved
        if found and template.version is not None:
            raise ValidationError(
                f"This version of the template is not approved: it is {found[0].status}.",
                field="template.version",
                mend="Have it approved, or leave `version` out for the newest approved one.",
                code="template_not_approved",
            )
    raise _none_fits(template, tenant, table)


def _tags(asked: str | None, language: str) -> Iterator[str]:
    yield from dict.fromkeys(tag.lower() for one in (asked, language) if one for tag in widened(one))


def _none_fits(template: Template, tenant: str, table: Table) -> ValidationError:
    known, _ = list_versions(table, tenant, template.name, limit=1000, cursor=None)
    if not known or (template.version is not None and all(one.version != template.version for one in known)):
        return ValidationError(
            "There is no such template.", field="template.name", mend="List the templates with GET /v1/templates.",
            code="template_not_found",
        )  # fmt: skip
    languages = sorted({one.language for one in known if one.status == "approved"})
    if not languages:
        return ValidationError(
            "No version of this template is approved.", field="template.name",
            mend="Have one approved: POST /v1/templates/{name}/{language}/{version}/approve.",
            code="template_not_approved",
        )  # fmt: skip
    return ValidationError(
        "The template is not approved in this language, nor in your own.", field="template.language",
        mend=f"It is approved in: {', '.join(languages)}.", code="template_not_in_language",
    )  # fmt: skip
