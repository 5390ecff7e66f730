"""The client against the real gateway: resumed over a kill, many connections, revoked keys, webhooks, TLS."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import async_playwright

from tests.integration.client_house import RealGateway, real_gateway
from tests.integration.received_files import SMALL, file_came
from tests.integration.simulator_driver import CHROMIUM
from waypost.client import Event, MessageReceived, Refused, StreamEnded, Waypost
from waypost.entities.session import Session
from waypost.services.sessions import create_session
from waypost.services.tenants import create_api_key, create_tenant

SECONDS = 25
CONNECTIONS = 50


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGateway]:
    home = Path(tmp_path_factory.mktemp("client")) / "home"
    with real_gateway(home) as gateway:
        yield gateway


@pytest.fixture
def tenant(gateway: RealGateway) -> str:
    return create_tenant(gateway.app.table, "shop")


@pytest.fixture
def key(gateway: RealGateway, tenant: str) -> str:
    return create_api_key(gateway.app.table, gateway.app.engine.keys, tenant, "x")


@pytest.fixture
def session(gateway: RealGateway, tenant: str, request: pytest.FixtureRequest) -> str:
    session = Session(f"ses_{abs(hash(request.node.name)) % 10**20:026d}", tenant, "shop", gateway.app.now_ms())
    create_session(session, table=gateway.app.table, queues=gateway.app.engine.queues)
    return session.id


async def take(events: AsyncGenerator[Event], until: int) -> list[int]:
    """The numbers up to one."""
    found: list[int] = []
    async with asyncio.timeout(SECONDS):
        async for event in events:
            found.append(event.sequence)
            if event.sequence >= until:
                break
    await events.aclose()
    return found


async def test_nothing_is_missed_or_doubled_when_the_gateway_is_killed_in_the_middle(
    gateway: RealGateway, key: str, session: str
) -> None:
    kills, per_life = 2, 60
    seen: list[int] = []
    enough = asyncio.Event()

    def live() -> None:
        """Another process writes the log all the time; the gateway dies with frames on their way."""
        for _ in range(kills):
            for _ in range(per_life):
                gateway.append(session)
            gateway.kill()
            gateway.append(session, 20)
            gateway.start()
        gateway.append(session, per_life)

    wanted = kills * (per_life + 20) + per_life
    async with Waypost(gateway.url, key) as waypost:
        writer = threading.Thread(target=live)
        writer.start()
        events = waypost.events(session, after=0)
        async with asyncio.timeout(SECONDS):
            async for event in events:
                seen.append(event.sequence)
                if event.sequence == wanted:
                    enough.set()
                    break
        await events.aclose()
        await asyncio.to_thread(writer.join)
    assert seen == list(range(1, wanted + 1))


async def test_fifty_connections_to_one_session_each_get_everything_in_order(
    gateway: RealGateway, key: str, session: str
) -> None:
    async with Waypost(gateway.url, key) as waypost:
        tasks = [asyncio.create_task(take(waypost.events(session, after=0), 40)) for _ in range(CONNECTIONS)]
        for _ in range(40):
            await asyncio.to_thread(gateway.append, session)
        assert await asyncio.gather(*tasks) == [list(range(1, 41))] * CONNECTIONS


async def test_what_is_over_64_kb_comes_whole(gateway: RealGateway, key: str, session: str) -> None:
    gateway.append(session, text="x" * 70_000)
    gateway.append(session)
    async with Waypost(gateway.url, key) as waypost, asyncio.timeout(SECONDS):
        events = waypost.events(session, after=0)
        first = await anext(events)
        assert isinstance(first, MessageReceived)
        assert first.text == "x" * 70_000
        assert (await anext(events)).sequence == 2
        await events.aclose()


async def test_a_strangers_session_and_a_wrong_key_end_the_stream(gateway: RealGateway, key: str, session: str) -> None:
    for presented, followed, code in (
        (key, "ses_" + "0" * 26, "session_not_found"),
        (create_api_key(gateway.app.table, gateway.app.engine.keys, create_tenant(gateway.app.table, "y"), "y"),
         session, "session_not_found"),
        ("wrong", session, "unauthorized"),
    ):  # fmt: skip
        async with Waypost(gateway.url, presented) as waypost, asyncio.timeout(SECONDS):
            with pytest.raises(StreamEnded) as ended:
                await anext(waypost.events(followed, after=0))
            assert ended.value.code == code


async def test_webhooks_are_looked_after_over_tls(gateway: RealGateway, key: str, session: str) -> None:
    async with Waypost(gateway.https_url, key, gateway.home / "tls" / "ca.pem") as waypost:
        made = await waypost.webhooks.create("http://127.0.0.1:9/", events=["message_received"])
        assert made.secret is not None
        assert made.secret.startswith("whsec_")
        gateway.append(session)
        await eventually(lambda: _pending(waypost, made.id), 1)
        (failed, *_) = (await waypost.webhooks.deliveries(made.id)).items
        assert (failed.delivered, failed.status) == (False, None)
        rotated = await waypost.webhooks.rotate_secret(made.id)
        assert rotated.secret not in (None, made.secret)
        assert (await waypost.webhooks.finish_rotation(made.id)).rotating_until is None
        changed = await waypost.webhooks.change(made.id, enabled=False, events=None)
        assert (changed.disabled, len(changed.events), changed.url) == ("paused by request", 6, made.url)
        with pytest.raises(Refused) as refused:
            await waypost.webhooks.redeliver(made.id, session, after=0)
        assert refused.value.code == "webhook_disabled"
        await waypost.webhooks.change(made.id, enabled=True)
        assert (await waypost.webhooks.redeliver(made.id, session, after=0)).queued == 1
        assert (await waypost.webhooks.redeliver_dead(made.id, ["evt_x"])).unknown == ("evt_x",)
        assert [each.id for each in await waypost.webhooks.list()] == [made.id]
        await waypost.webhooks.delete(made.id)
        assert await waypost.webhooks.list() == ()
        assert (await waypost.sessions.list()).items[0].id == session


async def _pending(waypost: Waypost, webhook: str) -> int:
    found = await waypost.webhooks.get(webhook)
    return found.pending if found.last_failed_at else 0


async def eventually[T](look: Callable[[], Awaitable[T]], wanted: T) -> None:
    ends = time.monotonic() + SECONDS
    while (found := await look()) != wanted:
        assert time.monotonic() < ends, found
        await asyncio.sleep(0.05)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_file_that_came_in_is_downloaded_part_by_part_whole_or_not_at_all(
    gateway: RealGateway, key: str, tenant: str, session: str, tmp_path: Path
) -> None:
    data = os.urandom(9 * 1024 * 1024 + 17)
    media = file_came(gateway.app, tenant, session, data)
    seen: list[tuple[int, int]] = []
    async with Waypost(gateway.url, key) as waypost:
        path = await waypost.media.download(media, tmp_path / "film.mp4", progress=lambda at, of: seen.append((at, of)))
        assert path.read_bytes() == data
        assert [of for _, of in seen] == [len(data)] * 3
        assert seen[-1][0] == len(data)
        assert await waypost.media.thumbnail(media) == SMALL
        assert (await waypost.media.get(media)).direction == "in"
        link = await waypost.media.link(media, seconds=60)
        async with httpx.AsyncClient(trust_env=False) as stranger:
            answer = await stranger.get(link, headers={"range": "bytes=100-199", "accept": "*/*"})
        assert (answer.status_code, answer.content) == (206, data[100:200])
        pending = file_came(gateway.app, tenant, session, data, state="failed", code="media_gone")
        assert (await waypost.media.retry(pending)).state == "pending"
        with pytest.raises(Refused, match="media_not_ready"):
            await waypost.media.download(pending, tmp_path / "none")
    assert names_in(tmp_path) == ["film.mp4"]


async def test_a_browser_that_opens_a_link_saves_the_file_whole(
    gateway: RealGateway, key: str, tenant: str, session: str, tmp_path: Path
) -> None:
    data = os.urandom(9 * 1024 * 1024)
    media = file_came(gateway.app, tenant, session, data, mime="application/pdf", name="Rechnung für Grace.pdf")
    async with Waypost(gateway.url, key) as waypost:
        link = await waypost.media.link(media)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, downloads_path=tmp_path)
        page = await browser.new_page()
        async with page.expect_download() as saving:
            await page.goto(link)
        saved = await saving.value
        assert saved.suggested_filename == "Rechnung für Grace.pdf"
        path = await saved.path()
        assert path.read_bytes() == data
        await browser.close()
