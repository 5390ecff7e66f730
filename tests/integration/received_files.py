"""Files that came in, as the worker leaves them: for tests of who reads them."""

import hashlib
import os

from tests.integration.api_client import GRACE
from waypost.bootstrap import App
from waypost.domain.addresses import parse_address
from waypost.domain.ids import make_id
from waypost.domain.received import PART_BYTES, FileFacts, ReceivedState
from waypost.entities.received import settled_write
from waypost.services.receiving import THUMBNAIL, Source, name_of, sealed_part

SMALL = b"\xff\xd8\xff small"


def file_came(
    app: App,
    tenant: str,
    session: str,
    data: bytes,
    *,
    state: ReceivedState = "ready",
    code: str | None = None,
    mime: str = "video/mp4",
    name: str | None = None,
    part_bytes: int = PART_BYTES,
) -> str:
    """Its id."""
    media_id = make_id("med", os.urandom(16))
    contact = app.contacts.resolve(tenant, [parse_address(GRACE)], name="Grace", now_ms=app.now_ms())
    source = Source(tenant, session, contact, contact, make_id("msg", os.urandom(16)), "false_1@c.us_3EB0")
    sha256 = hashlib.sha256(data).hexdigest()
    facts = FileFacts(mime=mime, size=len(data), sha256=sha256, filename=name, has_thumbnail=True)
    received, write = app.received.begin(media_id, source, facts, app.now_ms())
    app.table.transact([write])
    if state == "ready":
        secret = app.received.known(received).secret
        starts = range(0, len(data) or 1, part_bytes)
        parts = {name_of(at // part_bytes + 1): data[at : at + part_bytes] for at in starts}
        for part, plain in {**parts, THUMBNAIL: SMALL}.items():
            app.received.keep(received, part, sealed_part(secret, media_id, part, plain))
    if state != "pending":
        app.table.transact([settled_write(received, state, facts=app.received.with_facts(received, facts), code=code)])
    return media_id
