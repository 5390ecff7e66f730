"""The API's resources as methods. Each may raise Refused and Unreachable."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from waypost.client.http import Http, Json
from waypost.client.shapes import DeadLetter, Delivery, Message, Page, QrCode, Redelivery, Session, Webhook, shaped


class _Unchanged:
    """Stands for a field that a change leaves alone, because None is a value."""


UNCHANGED: Final = _Unchanged()


class Sessions:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(
        self, name: str, *, start: bool = True, metadata: Mapping[str, str] | None = None, **more: Any
    ) -> Session:
        """`more` as in the API's description, `identity` for one."""
        body = {"name": name, "start": start, "metadata": dict(metadata or {}), **more}
        return shaped(Session, await self._http.post("/v1/sessions", body))

    async def get(self, session_id: str) -> Session:
        return shaped(Session, await self._http.get(f"/v1/sessions/{_safe(session_id)}"))

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> Page[Session]:
        return _page(Session, "sessions", await self._http.get("/v1/sessions", limit=limit, cursor=cursor))

    async def qr(self, session_id: str) -> QrCode:
        """The code to scan now. Raises Refused `qr_not_available` while there is none."""
        path = f"/v1/sessions/{_safe(session_id)}/qr"
        return shaped(QrCode, await self._http.ask("GET", path, headers={"accept": "application/json"}))

    async def start(self, session_id: str) -> Session:
        return await self._act(session_id, "start")

    async def stop(self, session_id: str) -> Session:
        return await self._act(session_id, "stop")

    async def log_out(self, session_id: str) -> Session:
        return await self._act(session_id, "logout")

    async def delete(self, session_id: str) -> None:
        await self._http.delete(f"/v1/sessions/{_safe(session_id)}")

    async def _act(self, session_id: str, what: str) -> Session:
        return shaped(Session, await self._http.post(f"/v1/sessions/{_safe(session_id)}/{what}"))


class Messages:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def send_text(
        self, session_id: str, to: str, text: str, *, idempotency_key: str | None = None, **more: Any
    ) -> Message:
        """Accepted once, however often it had to be tried. Give an `idempotency_key` of your own where your process
        may die and ask again. `more` as in the API's description: `reply_to`, `lane` …"""
        return await self._send(session_id, {"to": to, "text": text, **more}, idempotency_key)

    async def send_file(
        self, session_id: str, to: str, media: str, text: str | None = None, *,
        kind: str | None = None, filename: str | None = None, view_once: bool = False,
        idempotency_key: str | None = None, **more: Any,
    ) -> Message:  # fmt: skip
        """`media` is the id of an uploaded file, which need not be ready yet, or an https URL that Waypost fetches;
        `text` is its caption. `more` as with `send_text`."""
        named = {"url": media} if "://" in media else {"id": media}
        said = {"media": named, "text": text, "kind": kind, "filename": filename, "view_once": view_once}
        return await self._send(session_id, {"to": to, **said, **more}, idempotency_key)

    async def send_location(
        self, session_id: str, to: str, latitude: float, longitude: float, *, name: str | None = None,
        address: str | None = None, url: str | None = None, idempotency_key: str | None = None, **more: Any,
    ) -> Message:  # fmt: skip
        place = {"latitude": latitude, "longitude": longitude, "name": name, "address": address, "url": url}
        return await self._send(session_id, {"to": to, "location": place, **more}, idempotency_key)

    async def send_contacts(
        self, session_id: str, to: str, contacts: Sequence[Mapping[str, Any]], *,
        idempotency_key: str | None = None, **more: Any,
    ) -> Message:  # fmt: skip
        """Each `{"name", "phones"}`, or `{"name", "vcard"}`."""
        cards = [dict(contact) for contact in contacts]
        return await self._send(session_id, {"to": to, "contacts": cards, **more}, idempotency_key)

    async def send_poll(
        self, session_id: str, to: str, question: str, options: Sequence[str], *, selectable: int = 1,
        idempotency_key: str | None = None, **more: Any,
    ) -> Message:  # fmt: skip
        """`selectable` is how many may be chosen, 0: any number."""
        poll = {"question": question, "options": list(options), "selectable": selectable}
        return await self._send(session_id, {"to": to, "poll": poll, **more}, idempotency_key)

    async def _send(self, session_id: str, body: Json, idempotency_key: str | None) -> Message:
        path = f"/v1/sessions/{_safe(session_id)}/messages"
        return shaped(Message, await self._http.post(path, body, idempotency_key=idempotency_key))

    async def send_template(
        self, session_id: str, to: str, name: str, variables: Mapping[str, Any] | None = None, *,
        language: str | None = None, idempotency_key: str | None = None, **more: Any,
    ) -> Message:  # fmt: skip
        """The newest approved version of a template, with these variables. `more` as with `send_text`."""
        template = {"name": name, "language": language, "variables": dict(variables or {})}
        return await self._send(session_id, {"to": to, "template": template, **more}, idempotency_key)

    async def get(self, session_id: str, message_id: str) -> Message:
        return shaped(Message, await self._http.get(f"/v1/sessions/{_safe(session_id)}/messages/{_safe(message_id)}"))

    async def list(
        self, session_id: str, chat: str, *, order: str = "asc", limit: int = 50, cursor: str | None = None
    ) -> Page[Message]:
        path = f"/v1/sessions/{_safe(session_id)}/messages"
        return _page(
            Message, "messages", await self._http.get(path, chat=chat, order=order, limit=limit, cursor=cursor)
        )

    async def cancel(self, session_id: str, message_id: str) -> Message:
        path = f"/v1/sessions/{_safe(session_id)}/messages/{_safe(message_id)}/cancel"
        return shaped(Message, await self._http.post(path))


class Webhooks:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def create(self, url: str, *, events: Sequence[str] | None = None, session_id: str | None = None) -> Webhook:
        """Keep its `secret`: it is not shown again."""
        body = {"url": url, "events": None if events is None else list(events), "session_id": session_id}
        return shaped(Webhook, await self._http.post("/v1/webhooks", body))

    async def list(self) -> tuple[Webhook, ...]:
        return tuple(shaped(Webhook, each) for each in (await self._http.get("/v1/webhooks"))["webhooks"])

    async def get(self, webhook_id: str) -> Webhook:
        return shaped(Webhook, await self._http.get(_hook(webhook_id)))

    async def change(
        self,
        webhook_id: str,
        *,
        url: str | _Unchanged = UNCHANGED,
        events: Sequence[str] | _Unchanged | None = UNCHANGED,
        session_id: str | _Unchanged | None = UNCHANGED,
        enabled: bool | _Unchanged = UNCHANGED,
    ) -> Webhook:
        given = {"url": url, "events": events, "session_id": session_id, "enabled": enabled}
        body = {name: value for name, value in given.items() if value is not UNCHANGED}
        return shaped(Webhook, await self._http.patch(_hook(webhook_id), body))

    async def delete(self, webhook_id: str) -> None:
        await self._http.delete(_hook(webhook_id))

    async def test(self, webhook_id: str) -> Mapping[str, Any]:
        return await self._http.post(f"{_hook(webhook_id)}/test")

    async def rotate_secret(self, webhook_id: str) -> Webhook:
        """With the new `secret`. Both sign until `finish_rotation`, at most for a day."""
        return shaped(Webhook, await self._http.post(f"{_hook(webhook_id)}/rotate-secret"))

    async def finish_rotation(self, webhook_id: str) -> Webhook:
        return shaped(Webhook, await self._http.post(f"{_hook(webhook_id)}/rotate-secret/finish"))

    async def deliveries(self, webhook_id: str, *, limit: int = 50, cursor: str | None = None) -> Page[Delivery]:
        answer = await self._http.get(f"{_hook(webhook_id)}/deliveries", limit=limit, cursor=cursor)
        return _page(Delivery, "deliveries", answer)

    async def dead_letters(self, webhook_id: str, *, limit: int = 50, cursor: str | None = None) -> Page[DeadLetter]:
        answer = await self._http.get(f"{_hook(webhook_id)}/dead-letters", limit=limit, cursor=cursor)
        return _page(DeadLetter, "dead_letters", answer)

    async def redeliver_dead(self, webhook_id: str, ids: Sequence[str] | None = None) -> Redelivery:
        """Some of its dead letters, or all."""
        body: Json = {"all": True} if ids is None else {"ids": list(ids)}
        return shaped(Redelivery, await self._http.post(f"{_hook(webhook_id)}/dead-letters/redeliver", body))

    async def redeliver(
        self, webhook_id: str, session_id: str, *, after: int, until: int | None = None, generation: int | None = None
    ) -> Redelivery:
        """A stretch of a session's log."""
        body = {"session_id": session_id, "after": after, "until": until, "generation": generation}
        return shaped(Redelivery, await self._http.post(f"{_hook(webhook_id)}/redeliver", body))


def _hook(webhook_id: str) -> str:
    return f"/v1/webhooks/{_safe(webhook_id)}"


def _page[T](kind: type[T], name: str, answer: Json) -> Page[T]:
    return Page(tuple(shaped(kind, each) for each in answer[name]), answer["next_cursor"])


def _safe(part: str) -> str:
    return quote(part, safe="")
