"""A session's log over HTTPS: what a stream fetches when frames are missing or were cut short."""

from collections.abc import AsyncIterator

from waypost.client.events import Event, Place, event_of
from waypost.client.http import Http, Json
from waypost.client.reading import Stretch

_PAGE = 100
_NEWEST = 10**12 - 1


class Log:
    def __init__(self, http: Http) -> None:
        self._http = http

    async def read(self, session_id: str, stretch: Stretch) -> AsyncIterator[Event]:
        """In order, as far as the log has them."""
        after = stretch.after
        while True:
            found = (await self._page(session_id, stretch.generation, after, _PAGE))["events"]
            for document in found:
                if stretch.before is not None and document["sequence"] >= stretch.before:
                    return
                yield event_of(document)
            if not found:
                return
            after = found[-1]["sequence"]

    async def one(self, session_id: str, place: Place) -> Event | None:
        """The event at this place with all of its data; None when the log does not have it any more."""
        found = (await self._page(session_id, place.generation, place.sequence - 1, 1))["events"]
        return event_of(found[0]) if found and found[0]["sequence"] == place.sequence else None

    async def generation(self, session_id: str) -> int:
        """The present one."""
        return int((await self._page(session_id, None, _NEWEST, 1))["generation"])

    async def _page(self, session_id: str, generation: int | None, after: int, limit: int) -> Json:
        return await self._http.get(
            "/v1/events", session_id=session_id, generation=generation, after=after, limit=limit
        )
