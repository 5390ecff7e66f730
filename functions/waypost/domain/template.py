"""A template: a text with named places, in versions per language.

    draft ─► approved ─► retired        only an approved version makes messages, and it never changes again
      └─────────────────────┘

A place is `{{name}}`, and that is all: no conditions, no loops, no code. Whoever needs those makes the text first and
gives it as a variable; what stands for a place is never read as a template again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from waypost.domain.message import MAX_TEXT
from waypost.domain.variables import Variable, write_out
from waypost.errors import ValidationError

TemplateStatus = Literal["draft", "approved", "retired"]
MAX_VARIABLES = 50
MAX_VERSION = 9999
NAME = r"[a-z][a-z0-9_]{0,63}"
_PLACE = re.compile(r"\{\{ ?(" + NAME + r") ?\}\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a version says. `purpose` is what consent is asked for, None: the tenant's default."""

    body: str
    variables: Mapping[str, Variable] = field(default_factory=dict)
    purpose: str | None = None


def places_in(body: str) -> set[str]:
    return set(_PLACE.findall(body))


def check_draft(draft: Draft) -> None:
    """Whether messages can be made from it. Raises ValidationError `template_too_long`, `template_braces`,
    `variable_not_declared` or `variable_not_used`."""
    if not draft.body.strip() or len(draft.body) > MAX_TEXT:
        raise _bad("template_too_long", "body", "The body is empty or too long.", f"Give 1 to {MAX_TEXT} characters.")
    left = _PLACE.sub("", draft.body)
    if "{{" in left or "}}" in left:
        raise _bad(
            "template_braces", "body", "There are braces that are no place.",
            "Write a place as {{name}}: lower-case letters, digits and _.",
        )  # fmt: skip
    places = places_in(draft.body)
    for name in sorted(places - set(draft.variables)):
        raise _bad("variable_not_declared", f"variables.{name}", "The body names it.", "Declare it, with its type.")
    for name in sorted(set(draft.variables) - places):
        raise _bad("variable_not_used", f"variables.{name}", "The body has no such place.", "Leave it out, or use it.")


def render(draft: Draft, values: Mapping[str, Any], language: str, *, field: str = "template.variables") -> str:
    """The text with every place filled in. Raises ValidationError `variable_missing`, `variable_unknown`,
    `variable_wrong_type` or `variable_out_of_limits`, whose `field` names the variable."""
    for name in sorted(set(values) - set(draft.variables)):
        known = ", ".join(sorted(draft.variables)) or "none"
        place = f"{field}.{name}" if re.fullmatch(NAME, name) else field
        raise _bad("variable_unknown", place, "The template has no such variable.", f"It has: {known}.")
    written: dict[str, str] = {}
    for name, variable in sorted(draft.variables.items()):
        if values.get(name) is None:
            raise _bad("variable_missing", f"{field}.{name}", "The template needs this variable.", "Give it.")
        written[name] = write_out(variable, values[name], language, field=f"{field}.{name}")
    return _PLACE.sub(lambda place: written[place[1]], draft.body)


def _bad(code: str, field: str, message: str, mend: str) -> ValidationError:
    return ValidationError(message, field=field, mend=mend, code=code)
