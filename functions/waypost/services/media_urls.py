"""Files that are named by a URL: asked for by whoever sends them, fetched by the function `fetch`, then as an upload.

    fetching ─► checking      it is here, and goes on as what was uploaded
       │  └──► fetching       the server was busy or silent: again after a while
       └────► refused         it never will be; its code says why

The URL may hold a secret: it is sealed with what else is known of the file, and forgotten with the last try.
"""

from waypost.domain.media import Kind
from waypost.domain.media_refusals import refusal
from waypost.entities.media import Media
from waypost.errors import MediaRefused, ValidationError
from waypost.services.media import Files
from waypost.services.targets import check_url


def ask_to_fetch(
    url: str, media_id: str, tenant: str, *, files: Files, allow_private: bool, declared: str = "",
    kind: Kind | None = None, name: str | None = None, now_ms: int, field: str = "url",
) -> Media:  # fmt: skip
    """A place for the file, and somebody told to fetch it. The same id gives the same place, whatever became of it.

    Raises MediaRefused `url_refused` when no answer of a name server could make the URL fit. Asks nobody anything.
    """
    try:
        check_url(url, allow_private=allow_private)
    except ValidationError:
        refused = refusal("url_refused")
        raise MediaRefused(refused.message, field=field, mend=refused.mend, code=refused.code) from None
    media = files.create(media_id, tenant, declared=declared, kind=kind, name=name, url=url, now_ms=now_ms)
    if media.state == "fetching":
        files.ask_to_fetch(media.id)
    return media
