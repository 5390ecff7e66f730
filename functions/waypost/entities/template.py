"""One version of a template.

pk TEN#{tenant}#TEMPLATE#{name}   sk {language}#{version}   in index by_owner as `{tenant}#templates`

Its text is sealed under the tenant's key. Languages are lower-case in keys.
"""

from dataclasses import dataclass
from typing import cast

from waypost.domain.template import TemplateStatus
from waypost.entities.record import blob, number, text, text_or_none
from waypost.ports import Clause, Item, Key, Table, Update, Value, When


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """`sealed` is a JSON object with `body`, `variables` and `purpose`. `…_by` are API keys' ids, `…_name` the names
    that they had; `token` names the request that made it."""

    tenant: str
    name: str
    language: str
    version: int
    status: TemplateStatus
    sealed: bytes
    token: str
    created_ms: int
    created_by: str
    approved_ms: int = 0
    approved_by: str | None = None
    approved_name: str | None = None
    retired_ms: int = 0
    retired_by: str | None = None


def get_version(table: Table, tenant: str, name: str, language: str, version: int) -> TemplateVersion | None:
    item = table.get(_key(tenant, name, language, version))
    return None if item is None else _from_item(item)


def newest_versions(table: Table, tenant: str, name: str, language: str, *, limit: int) -> list[TemplateVersion]:
    """Of one language, the newest first."""
    page = table.query(
        _pk(tenant, name), begins_with=f"{language.lower()}#", limit=limit, descending=True
    )  # fmt: skip
    return [_from_item(item) for item in page.items]


def list_versions(
    table: Table, tenant: str, name: str, *, limit: int, cursor: str | None
) -> tuple[list[TemplateVersion], str | None]:
    """Of one template, by language and version."""
    page = table.query(_pk(tenant, name), limit=limit, cursor=cursor)
    return [_from_item(item) for item in page.items], page.cursor


def list_templates(
    table: Table, tenant: str, *, limit: int, cursor: str | None
) -> tuple[list[TemplateVersion], str | None]:
    """All versions of all templates, by name, language and version."""
    page = table.query(f"{tenant}#templates", index="by_owner", limit=limit, cursor=cursor)
    return [_from_item(item) for item in page.items], page.cursor


def put_new(table: Table, version: TemplateVersion) -> None:
    """Raises ConditionFailed when the number is taken."""
    table.put(_to_item(version), when=When.all(Clause("is new", "pk", "absent")))


def change_draft(table: Table, version: TemplateVersion, sealed: bytes) -> TemplateVersion:
    """Raises ConditionFailed when it is no draft any more."""
    return _from_item(table.update(Update(_key_of(version), set={"sealed": sealed}, when=_is("draft"))))


def approve(table: Table, version: TemplateVersion, *, now_ms: int, by: str, name: str | None) -> TemplateVersion:
    """Exactly what was read. Raises ConditionFailed when it changed meanwhile, or is no draft any more."""
    read = Clause("it is what was read", "sealed", "eq", version.sealed)
    approval: dict[str, Value] = {"status": "approved", "approved_ms": now_ms, "approved_by": by, "approved_name": name}
    when = When.all(Clause("it is a draft", "status", "eq", "draft"), read)
    return _from_item(table.update(Update(_key_of(version), set=approval, when=when)))


def retire(table: Table, version: TemplateVersion, *, now_ms: int, by: str) -> TemplateVersion:
    """Raises ConditionFailed when it was retired or deleted before."""
    end: dict[str, Value] = {"status": "retired", "retired_ms": now_ms, "retired_by": by}
    return _from_item(table.update(Update(_key_of(version), set=end, when=_is("draft", "approved"))))


def delete_draft(table: Table, version: TemplateVersion) -> None:
    """Raises ConditionFailed when it is no draft any more."""
    table.delete(_key_of(version), when=_is("draft"))


def _is(*statuses: TemplateStatus) -> When:
    return When.all(Clause("its status allows it", "status", "in", list(statuses)))


def _pk(tenant: str, name: str) -> str:
    return f"TEN#{tenant}#TEMPLATE#{name}"


def _key(tenant: str, name: str, language: str, version: int) -> Key:
    return Key(_pk(tenant, name), f"{language.lower()}#{version:04d}")


def _key_of(version: TemplateVersion) -> Key:
    return _key(version.tenant, version.name, version.language, version.version)


_NAMES = (
    "tenant", "name", "language", "version", "status", "sealed", "token", "created_ms", "created_by", "approved_ms",
    "approved_by", "approved_name", "retired_ms", "retired_by",
)  # fmt: skip


def _to_item(version: TemplateVersion) -> Item:
    key = _key_of(version)
    return {
        "pk": key.pk,
        "sk": key.sk,
        "owner_pk": f"{version.tenant}#templates",
        "owner_sk": f"{version.name}#{key.sk}",
        **{name: getattr(version, name) for name in _NAMES},
    }


def _from_item(item: Item) -> TemplateVersion:
    return TemplateVersion(
        tenant=text(item, "tenant"),
        name=text(item, "name"),
        language=text(item, "language"),
        version=number(item, "version"),
        status=cast(TemplateStatus, text(item, "status")),
        sealed=blob(item, "sealed"),
        token=text(item, "token"),
        created_ms=number(item, "created_ms"),
        created_by=text(item, "created_by"),
        approved_ms=number(item, "approved_ms"),
        approved_by=text_or_none(item, "approved_by"),
        approved_name=text_or_none(item, "approved_name"),
        retired_ms=number(item, "retired_ms"),
        retired_by=text_or_none(item, "retired_by"),
    )
