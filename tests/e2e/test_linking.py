"""Linking from end to end: the page for the person with the phone in a real browser, a passkey, the policy's end."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright

from tests.e2e.house import House, poll, scan, status_of
from tests.integration.proxies import PASSWORD, USERNAME, CountingProxy, in_a_thread
from waypost.engines.embedded.engine import open_engine
from waypost.entities.session import session_key
from waypost.ports import Update

CHROMIUM = os.environ.get("WAYPOST_CHROMIUM", "/usr/lib/chromium/chromium-headless-shell")
OURS, TYPED = "4915112345631", "4915112345632"
PROXIED, HANDED = "4915112345634", "4915112345635"
DAY = 24 * 3600 * 1000


@asynccontextmanager
async def a_phone_browser(dark: bool = False) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of a phone's size, and what its console said."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            context = await browser.new_context(
                viewport={"width": 390, "height": 844}, color_scheme="dark" if dark else "light"
            )
            page = await context.new_page()
            console: list[str] = []
            page.on("console", lambda message: console.append(message.text))
            page.on("pageerror", lambda problem: console.append(str(problem)))
            yield page, console
        finally:
            await browser.close()


def new_link(api: httpx.Client) -> tuple[str, str]:
    session = api.post("/v1/sessions", json={"name": "Front desk"}).raise_for_status().json()["id"]
    return session, api.post(f"/v1/sessions/{session}/link").raise_for_status().json()["url"]


def code_on_screen(simulator: httpx.Client, known: set[str]) -> str:
    def look() -> str | None:
        return next((one["code"] for one in simulator.get("/control/codes").json() if one["page"] not in known), None)

    return poll(look, 40, "a code is on a screen")


async def shot(page: Page, name: str) -> None:
    """For people who want to look: WAYPOST_SHOTS names a folder."""
    folder = os.environ.get("WAYPOST_SHOTS")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def test_somebody_scans_the_code_of_the_page(house: House) -> None:
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": OURS}).raise_for_status()
        session, url = new_link(api)
        async with a_phone_browser() as (page, console):
            await page.goto(url)
            await shot(page, "1-closed")
            await page.get_by_role("button", name="Show the code").click()
            picture = page.get_by_role("img", name="The code to scan with WhatsApp")
            await picture.and_(page.locator("[data-sequence]:not(.stale)")).wait_for()
            await page.get_by_text("Attempt 1 of 3").wait_for()
            await shot(page, "2-code")

            async with a_phone_browser() as (stranger, _):
                await stranger.goto(url)
                await stranger.get_by_role("button", name="Show the code").click()
                await stranger.get_by_text("opened in another browser").wait_for()
                await shot(stranger, "3-taken")
            await page.reload()  # the same browser goes on without another press
            await picture.and_(page.locator("[data-sequence]:not(.stale)")).wait_for()

            shown = api.get(f"/v1/sessions/{session}/qr", headers={"accept": "application/json"}).json()["code"]
            simulator.post(f"/control/accounts/{OURS}/scan", json={"code": shown}).raise_for_status()
            await page.get_by_role("heading", name="Done: your phone is linked").wait_for()
            assert await page.locator("li.done:visible").count() == 4
            await shot(page, "4-linked")
            # Browsers write every answer of 4xx to the console; the page itself has nothing to say there.
            assert [line for line in console if "status of 4" not in line] == []
        poll(lambda: status_of(api, session) == "working", 40, "the session works")


async def test_somebody_types_a_code_into_the_phone(house: House) -> None:
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": TYPED}).raise_for_status()
        session, url = new_link(api)
        async with a_phone_browser(dark=True) as (page, _):
            await page.goto(url)
            await page.get_by_role("button", name="Show the code").click()
            await page.get_by_role("button", name="Enter a code on the phone instead").click()
            number = page.get_by_label("The number of the phone")
            await number.fill("12")
            await page.get_by_role("button", name="Get a code").click()
            await page.get_by_role("alert").filter(has_text="international number").wait_for()
            await number.fill(f"+{TYPED}")
            await page.get_by_role("button", name="Get a code").click()
            letters = page.locator("#pairing")
            await letters.filter(has_text="-").wait_for()
            await shot(page, "5-typed")
            typed = (await letters.inner_text()).strip()
            told = [event["data"] for event in events_of(api, session) if event["data"].get("pairing_code")]
            assert [data["pairing_code"]["code"] for data in told] == [typed]
            assert told[0]["pairing_code"]["expires_at"].endswith("Z")
            assert told[0]["next"] == "type_code"
            simulator.post(f"/control/accounts/{TYPED}/scan", json={"code": typed}).raise_for_status()
            await page.get_by_role("heading", name="Done: your phone is linked").wait_for()
            await shot(page, "6-linked-dark")
        codes = [event["data"]["qr"] for event in events_of(api, session) if event["data"].get("qr")]
        assert codes[0].keys() == {"code", "sequence", "expires_at", "attempt", "attempts"}
        assert (codes[0]["sequence"], codes[0]["attempt"], codes[0]["attempts"]) == (1, 1, 3)


def test_a_session_behind_a_proxy_fails_closed_and_heals(house: House) -> None:
    proxy = CountingProxy()
    with house.api() as api, house.simulator() as simulator, in_a_thread(proxy) as switch:
        simulator.post("/control/accounts", json={"number": PROXIED}).raise_for_status()
        way_out = {"server": proxy.server, "username": USERNAME, "password": PASSWORD}
        body = {"name": "Front desk", "identity": {"proxy": way_out}}
        session = api.post("/v1/sessions", json=body).raise_for_status().json()["id"]
        scan(house, session, PROXIED)
        poll(lambda: status_of(api, session) == "working", 40, "it works behind the proxy")
        assert api.get(f"/v1/sessions/{session}").json()["identity"]["browser"].count(".") == 3
        host = house.status["simulator_url"].removeprefix("http://").rstrip("/")
        assert set(proxy.asked) == {host}

        switch(False)
        poll(lambda: reason_of(api, session) == "proxy_unreachable", 40, "it says why it is out of touch")
        assert status_of(api, session) in ("degraded", "starting")
        (device,) = simulator.get(f"/control/accounts/{PROXIED}/devices").json()
        assert device["connected"] is False, "it went around its proxy"
        switch(True)
        poll(lambda: status_of(api, session) == "working", 60, "it heals by itself")
        assert simulator.get("/control/counts").json()["two_browsers"] == 0
        assert PASSWORD not in json.dumps(events_of(api, session))
        for log in house.home.rglob("*.log"):
            assert PASSWORD not in log.read_text(errors="replace"), log.name
        api.post(f"/v1/sessions/{session}/stop").raise_for_status()


def test_the_operator_finishes_a_passkey_and_a_worker_takes_over(house: House) -> None:
    with house.api() as api, house.simulator() as simulator:
        simulator.post("/control/accounts", json={"number": HANDED}).raise_for_status()
        simulator.patch(f"/control/accounts/{HANDED}", json={"passkey": True}).raise_for_status()
        body = {"name": "Front desk", "identity": {"locale": "de-DE", "timezone": "Europe/Berlin"}}
        session = api.post("/v1/sessions", json=body).raise_for_status().json()["id"]
        scan(house, session, HANDED)
        poll(lambda: status_of(api, session) == "pairing", 20, "the code was taken")
        poll(lambda: status_of(api, session) == "passkey_required", 30, "a worker cannot answer it")
        told = [event["data"] for event in events_of(api, session) if event["data"]["status"] == "passkey_required"]
        wanted = ("finish_on_operator_machine", f"waypost link {session}")
        assert [(data["next"], data["command"]) for data in told] == [wanted]
        assert api.post(f"/v1/sessions/{session}/handover").json()["code"] == "session_running"

        known = {one["page"] for one in simulator.get("/control/codes").json()}
        command = ["-m", "infra.local.cli", *api.get(f"/v1/sessions/{session}").json()["command"].split()[1:]]
        words = [sys.executable, *command, "--home", str(house.home), "--headless", "--browser", CHROMIUM]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as operator:
            code = code_on_screen(simulator, known)
            assert simulator.post(f"/control/accounts/{HANDED}/scan", json={"code": code}).json()["passkey"] is True
            # No worker may take it meanwhile, whoever asks.
            api.post(f"/v1/sessions/{session}/start").raise_for_status()
            simulator.post(f"/control/accounts/{HANDED}/passkey", json={"answer": "approve"}).raise_for_status()
            _, said = operator.communicate(timeout=90)
        assert operator.returncode == 0, said
        assert "The session works." in said
        assert status_of(api, session) == "working"
        counts = simulator.get("/control/counts").json()
        assert counts["two_browsers"] == 0
        (device,) = simulator.get(f"/control/accounts/{HANDED}/devices").json()
        assert device["connected"] is True
        statuses = [event["data"]["status"] for event in events_of(api, session)]
        assert "scan_qr" not in statuses[statuses.index("passkey_required") :], "it asked for another scan"
        assert not list((house.home / "blobs").rglob("handover/*/*/*")), "what was handed over is kept"
        again = api.post(f"/v1/sessions/{session}/handover")
        assert (again.status_code, again.json()["code"]) == (409, "already_linked")


def test_after_fourteen_days_the_session_asks_for_a_code_by_itself(house: House) -> None:
    with house.api() as api, house.simulator() as simulator:
        (session,) = [
            it["id"] for it in api.get("/v1/sessions").json()["sessions"] if it["me"]["pn"].startswith(HANDED)
        ]
        api.post(f"/v1/sessions/{session}/stop").raise_for_status()
        poll(lambda: status_of(api, session) == "stopped", 20, "it stops")
        _age(house, session, days=14)
        api.post(f"/v1/sessions/{session}/start").raise_for_status()
        poll(lambda: status_of(api, session) == "scan_qr", 40, "it asks for a code")
        reasons = [(event["data"]["status"], event["data"]["reason"]) for event in events_of(api, session)]
        assert ("logged_out", "policy") in reasons
        assert api.get(f"/v1/sessions/{session}").json()["me"] is None
        assert simulator.get(f"/control/accounts/{HANDED}/devices").json() == [], "the phone still shows the device"


def reason_of(api: httpx.Client, session: str) -> str | None:
    reason: str | None = api.get(f"/v1/sessions/{session}").json()["reason"]
    return reason


def _age(house: House, session: str, *, days: float) -> None:
    """Let the session have been linked so long ago."""
    engine = open_engine(house.home)
    try:
        item = engine.main.get(session_key(session))
        assert item is not None
        linked_ms = int(str(item["linked_ms"])) - round(days * DAY)
        engine.main.update(Update(session_key(session), set={"linked_ms": linked_ms}))
    finally:
        engine.close()


def events_of(api: httpx.Client, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/v1/events", params={"session_id": session}).json()["events"]
    return [event for event in found if event["type"] == "session_status"]
