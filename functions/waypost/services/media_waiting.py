"""Telling those who wait for a file that it is settled (media_waking.py). Who settles it only says so: what follows
needs the keys of chats, which a reader of strange files does not have."""

import json

from waypost.entities.media import close_media
from waypost.entities.media_wait import list_waits
from waypost.ports import Queues, Table


def tell_waiting(media_id: str, *, table: Table, queues: Queues) -> None:
    """A file is settled: have those woken who wait for it."""
    if list_waits(table, media_id, limit=1):
        queues.queue("runs").send(json.dumps({"settled": media_id}))
    else:
        close_media(table, media_id)
