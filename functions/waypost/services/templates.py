"""Templates: writing versions, approving and retiring them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from waypost.domain.template import MAX_VERSION, Draft, check_draft
from waypost.domain.variables import Variable
from waypost.entities.template import (
    TemplateVersion,
    approve,
    change_draft,
    delete_draft,
    get_version,
    newest_versions,
    put_new,
    retire,
)
from waypost.errors import ConditionFailed, Conflict, NotFound, TransactionConflict
from waypost.ports import Table
from waypost.services.contention import TRIES, pause
from waypost.services.sealing import Seals

_LOOK_BACK = 5  # versions among which a repeated request finds what it made


@dataclass(frozen=True, slots=True)
class Workshop:
    """One tenant's templates. `by` is the id of the API key that works on them, `by_name` what it is called."""

    tenant: str
    by: str
    by_name: str | None
    now_ms: int
    table: Table
    seals: Seals

    def create(self, name: str, language: str, draft: Draft, *, token: str) -> TemplateVersion:
        """A new draft under the next number; what the same `token` made before, where it did. Raises ValidationError
        as `check_draft`, Conflict `too_many_versions`."""
        check_draft(draft)
        for attempt in range(TRIES):
            newest = newest_versions(self.table, self.tenant, name, language, limit=_LOOK_BACK)
            made = next((one for one in newest if one.token == token), None)
            if made is not None:
                return made
            number = newest[0].version + 1 if newest else 1
            if number > MAX_VERSION:
                raise Conflict("There is no number left.", mend="Use another name.", code="too_many_versions")
            version = TemplateVersion(
                self.tenant, name, language, number, "draft", self._sealed(name, language, number, draft), token,
                self.now_ms, self.by,
            )  # fmt: skip
            try:
                put_new(self.table, version)
            except (ConditionFailed, TransactionConflict):
                pause(attempt)
            else:
                return version
        raise TransactionConflict("Too many versions of this template are made at once; try again.")

    def find(self, name: str, language: str, number: int) -> TemplateVersion:
        """Raises NotFound `template_not_found`."""
        found = get_version(self.table, self.tenant, name, language, number)
        if found is None:
            raise no_template("There is no such version of this template.")
        return found

    def change(self, version: TemplateVersion, draft: Draft) -> TemplateVersion:
        """Raises Conflict `template_not_draft`, and ValidationError as `check_draft`."""
        check_draft(draft)
        sealed = self._sealed(version.name, version.language, version.version, draft)
        return self._step(lambda: change_draft(self.table, version, sealed), version)

    def approve(self, version: TemplateVersion) -> TemplateVersion:
        """From now on messages are made from it. Once more is harmless. Raises Conflict `template_not_draft`."""
        if version.status == "approved":
            return version
        return self._step(
            lambda: approve(self.table, version, now_ms=self.now_ms, by=self.by, name=self.by_name), version
        )

    def retire(self, version: TemplateVersion) -> TemplateVersion:
        """No message is made from it any more; those that were accepted are sent. Once more is harmless."""
        if version.status == "retired":
            return version
        return self._step(lambda: retire(self.table, version, now_ms=self.now_ms, by=self.by), version)

    def delete(self, version: TemplateVersion) -> None:
        """Raises Conflict `template_not_draft`: what was approved stays on record."""

        def gone() -> TemplateVersion:
            delete_draft(self.table, version)
            return version

        self._step(gone, version)

    def _step(self, act: Callable[[], TemplateVersion], version: TemplateVersion) -> TemplateVersion:
        try:
            return act()
        except ConditionFailed:
            now = get_version(self.table, self.tenant, version.name, version.language, version.version)
            raise Conflict(
                f"This version is not as it was read: it is {now.status if now else 'gone'}.",
                field="version",
                mend="Look at it again; what was approved never changes: make a new version.",
                code="template_not_draft",
            ) from None

    def _sealed(self, name: str, language: str, number: int, draft: Draft) -> bytes:
        return self.seals.seal_json(self.tenant, self.tenant, _purpose(name, language, number), asdict(draft))


def draft_of(version: TemplateVersion, seals: Seals) -> Draft:
    """What a version says."""
    purpose = _purpose(version.name, version.language, version.version)
    stored: dict[str, Any] = seals.open_json(version.tenant, version.tenant, purpose, version.sealed)
    variables = {name: Variable(**variable) for name, variable in stored["variables"].items()}
    return Draft(stored["body"], variables, stored["purpose"])


def no_template(message: str) -> NotFound:
    return NotFound(
        message, field="name", mend="List the templates with GET /v1/templates.", code="template_not_found"
    )  # fmt: skip


def _purpose(name: str, language: str, number: int) -> str:
    return f"template#{name}#{language.lower()}#{number}"
