"""Publishing copies of a profile on the embedded engine: fenced, collected, forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.builder import build
from waypost.bootstrap import App, join
from waypost.domain.profile import Version
from waypost.entities.head import claim
from waypost.entities.profile import list_versions, version_id
from waypost.entities.session import Session, get_session
from waypost.errors import Fenced
from waypost.ports import Blobs
from waypost.services.profiles import (
    collect,
    forget_profile,
    manifest_key,
    note_proven,
    note_refused,
    note_used,
    object_key,
    publish,
    usable_versions,
)
from waypost.services.sessions import create_session
from waypost.settings import Settings

TENANT, SESSION = "ten_" + "0" * 26, "ses_" + "0" * 26
LINKED_MS = 7


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with build(tmp_path) as engine:
        app = join(Settings(home=tmp_path), engine)
        session = Session(id=SESSION, tenant=TENANT, name="shop", created_ms=1)
        create_session(session, table=app.table, queues=engine.queues)
        yield app


def blobs_of(app: App) -> Blobs:
    return app.engine.blobs["profiles"]


def own(app: App) -> int:
    return claim(app.table, SESSION, "wrk_test", app.now_ms(), app.now_ms() + 30_000).epoch


def put(app: App, epoch: int, content: str) -> str:
    name = f"{epoch:08d}/{content.encode().hex():0>40}"
    blobs_of(app).put(object_key(SESSION, name), content.encode())
    return name


def publish_one(app: App, epoch: int, count: int, *objects: str, kept: list[Version] | None = None) -> list[Version]:
    version = Version(version_id(epoch, count), SESSION, LINKED_MS, count, 1000, tuple(sorted(objects)))
    known = list_versions(app.table, SESSION) if kept is None else kept
    return publish(version, b"manifest", kept=known, keep=2, table=app.table, blobs=blobs_of(app), now_ms=count)


def test_a_version_is_read_as_it_was_published_and_becomes_the_current_one(app: App) -> None:
    epoch = own(app)
    objects = [put(app, epoch, "a"), put(app, epoch, "b")]
    [version] = publish_one(app, epoch, 1, *objects)
    assert list_versions(app.table, SESSION) == [version]
    assert usable_versions(SESSION, LINKED_MS, table=app.table) == [version]
    assert usable_versions(SESSION, LINKED_MS + 1, table=app.table) == []
    session = get_session(app.table, SESSION)
    assert session is not None
    assert session.profile == {"version": version.id, "taken_ms": 1, "linked_ms": LINKED_MS}


def test_what_no_kept_version_names_is_collected_and_nothing_else(app: App) -> None:
    epoch = own(app)
    shared, first, orphan = put(app, epoch, "shared"), put(app, epoch, "first"), put(app, epoch, "orphan")
    publish_one(app, epoch, 1, shared, first)
    for count in (2, 3):
        kept = publish_one(app, epoch, count, shared, put(app, epoch, f"of {count}"))
    assert [version.id for version in kept] == [version_id(epoch, 3), version_id(epoch, 2)]
    assert collect(SESSION, kept, epoch=epoch, table=app.table, blobs=blobs_of(app)) == 3
    left = set(blobs_of(app).list(f"{SESSION}/"))
    assert left == {object_key(SESSION, name) for version in kept for name in version.objects} | {
        manifest_key(SESSION, version.id) for version in kept
    }
    assert object_key(SESSION, first) not in left
    assert object_key(SESSION, orphan) not in left


def test_who_lost_the_session_can_neither_publish_nor_collect_nor_judge(app: App) -> None:
    epoch = own(app)
    kept = publish_one(app, epoch, 1, put(app, epoch, "a"))
    before = list_versions(app.table, SESSION)
    later = own(app)
    assert later > epoch
    with pytest.raises(Fenced):
        publish_one(app, epoch, 2, put(app, epoch, "b"))
    with pytest.raises(Fenced):
        collect(SESSION, [], epoch=epoch, table=app.table, blobs=blobs_of(app))
    with pytest.raises(Fenced):
        note_used(SESSION, epoch=epoch, restored=None, table=app.table)
    with pytest.raises(Fenced):
        note_refused(kept[0], "tampered", epoch=epoch, table=app.table)
    with pytest.raises(Fenced):
        note_proven(kept[0], epoch=epoch, table=app.table, now_ms=9)
    assert list_versions(app.table, SESSION) == before


def test_a_late_sweep_of_a_fenced_owner_harms_no_later_version(app: App) -> None:
    """It checked its epoch, froze, and goes on deleting after the next owner has published."""
    blobs, early = blobs_of(app), own(app)
    shared, old = put(app, early, "shared"), put(app, early, "old")
    publish_one(app, early, 1, old)
    kept = publish_one(app, early, 2, shared, kept=[])  # as if the first one had been retired
    doomed: list[str] = []

    class Frozen:
        """Lists for the early owner, then lets the later one publish before the first delete."""

        def list(self, prefix: str) -> list[str]:
            return blobs.list(prefix)

        def delete(self, key: str) -> None:
            if not doomed:
                later = own(app)
                # The same content as what is being deleted, and what an earlier version has.
                publish_one(app, later, 1, shared, put(app, later, "old"))
            doomed.append(key)
            blobs.delete(key)

    collect(SESSION, kept, epoch=early, table=app.table, blobs=Frozen())  # type: ignore[arg-type]  # what it needs
    assert doomed
    there = set(blobs.list(f"{SESSION}/"))
    newest = list_versions(app.table, SESSION)[0]
    assert {object_key(SESSION, name) for name in newest.objects} | {manifest_key(SESSION, newest.id)} <= there


def test_a_deleted_session_leaves_no_copy(app: App) -> None:
    epoch = own(app)
    for count in (1, 2):
        publish_one(app, epoch, count, put(app, epoch, f"{count}"))
    session = get_session(app.table, SESSION)
    assert session is not None
    forget_profile(session, table=app.table, blobs=blobs_of(app))
    assert list_versions(app.table, SESSION) == []
    assert blobs_of(app).list(f"{SESSION}/") == []


def test_a_proven_and_a_refused_version_say_so(app: App) -> None:
    epoch = own(app)
    for count in (1, 2):
        publish_one(app, epoch, count, put(app, epoch, f"{count}"))
    newest, older = list_versions(app.table, SESSION)
    note_refused(newest, "tampered", epoch=epoch, table=app.table)
    note_proven(older, epoch=epoch, table=app.table, now_ms=77)
    assert [version.proven_ms for version in usable_versions(SESSION, LINKED_MS, table=app.table)] == [77]
    note_proven(
        Version("00000009.000001", SESSION, 1, 1, 1), epoch=epoch, table=app.table, now_ms=1
    )  # retired meanwhile
