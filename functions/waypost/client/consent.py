"""Consent and templates as methods. Each may raise Refused and Unreachable."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from waypost.client.http import Http, Json
from waypost.client.pieces import pieces
from waypost.client.shapes import Chat, Page, shaped


@dataclass(frozen=True, slots=True)
class PersonConsents:
    """`consents` as in the API's description; `history`, newest first, only where one person was asked for."""

    chat: Chat
    consents: tuple[Mapping[str, Any], ...]
    opted_out_at: str | None = None
    opted_out_by: str | None = None
    history: tuple[Mapping[str, Any], ...] = ()
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """`result` is `recorded`, `unchanged` or `refused`; `line` is the file's."""

    line: int
    result: str
    contact_id: str | None = None
    errors: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template in one language."""

    name: str
    language: str
    version: int
    status: str
    body: str
    approved_by: str | None = None


class Consents:
    """`contact` is a contact id, a number or a chat id."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def give(self, contact: str, means: str, **more: Any) -> PersonConsents:
        """`more`: `purpose`, `proof`, `given_at`, `until`."""
        return shaped(PersonConsents, await self._http.post(_path(contact), {"means": means, **more}))

    async def withdraw(self, contact: str, purpose: str | None = None) -> PersonConsents:
        """One purpose, or all. What waits for the person is cancelled: `cancelled` tells how many."""
        query = {} if purpose is None else {"purpose": purpose}
        return shaped(PersonConsents, await self._http.ask("DELETE", _path(contact), query=query))

    async def get(self, contact: str) -> PersonConsents:
        return shaped(PersonConsents, await self._http.get(_path(contact)))

    async def list(
        self, *, purpose: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[PersonConsents]:
        answer = await self._http.get("/v1/consents", purpose=purpose, limit=limit, cursor=cursor)
        return Page(tuple(shaped(PersonConsents, one) for one in answer["contacts"]), answer["next_cursor"])

    async def import_csv(self, text: str) -> AsyncGenerator[ImportedRow]:
        """Each row's result as it comes, of a file of any length. Do it again where it was interrupted."""
        for piece in pieces(text):
            answer = await self._http.post("/v1/consents/import", {"csv": piece.text})
            for row in answer["rows"]:
                told = shaped(ImportedRow, row)
                yield replace(told, line=told.line + piece.before)


class Templates:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(
        self, name: str, language: str, body: str, variables: Mapping[str, Json] | None = None, **more: Any
    ) -> Template:
        """A draft under the next number. `more`: `purpose`."""
        new = {"name": name, "language": language, "body": body, "variables": dict(variables or {}), **more}
        return shaped(Template, await self._http.post("/v1/templates", new))

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> Page[Template]:
        answer = await self._http.get("/v1/templates", limit=limit, cursor=cursor)
        return Page(tuple(shaped(Template, one) for one in answer["templates"]), answer["next_cursor"])

    async def approve(self, template: Template) -> Template:
        return await self._step(template, "approve")

    async def retire(self, template: Template) -> Template:
        return await self._step(template, "retire")

    async def _step(self, template: Template, what: str) -> Template:
        path = f"/v1/templates/{quote(template.name, safe='')}/{quote(template.language, safe='')}/{template.version}"
        return shaped(Template, await self._http.post(f"{path}/{what}"))


def _path(contact: str) -> str:
    return f"/v1/contacts/{quote(contact, safe='')}/consents"
