"""Drives the simulated WhatsApp in tests: its server as a process, a browser profile with wa-js, a phone."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Playwright
from playwright.async_api import Error as PlaywrightError

ROOT = Path(__file__).parents[2]
WA_JS = ROOT / "node_modules/@wppconnect/wa-js/dist/wppconnect-wa.js"
CHROMIUM = os.environ.get("WAYPOST_CHROMIUM", "/usr/lib/chromium/chromium-headless-shell")

# Registered right after the bundle: what happens before a listener exists is lost.
LISTEN = """
window.seen = [];
const note = (event, detail) => window.seen.push({event, ...detail});
const message = (m) => ({id: String(m.id), from: String(m.from), to: String(m.to), body: m.body,
  fromMe: m.id.fromMe, quoted: m.quotedStanzaID ?? null, notifyName: m.notifyName ?? null,
  author: m.author ? String(m.author) : null, mentions: (m.mentionedJidList ?? []).map(String)});
for (const name of ['auth_code_change', 'require_auth', 'authenticated', 'main_loaded', 'main_ready',
  'stream_mode_changed', 'stream_info_changed', 'online', 'logout', 'logout_reason', 'qrcode_idle']) {
  WPP.on('conn.' + name, (value) => note(name, {value: value?.fullCode ?? value ?? null}));
}
WPP.on('chat.new_message', (m) => note('new_message', message(m)));
WPP.on('chat.msg_ack_change', (c) => note('ack', {ack: c.ack, chat: String(c.chat), ids: c.ids.map(String),
  sender: c.sender ? String(c.sender) : null}));
WPP.on('chat.presence_change', (p) => note('presence', {id: String(p.id), state: p.state, isOnline: p.isOnline}));
WPP.on('chat.unread_count_changed', (u) => note('unread', {chat: String(u.chat.id), count: u.unreadCount}));
WPP.on('chat.msg_edited', (e) => note('msg_edited', {id: String(e.id), chat: String(e.chat), body: e.msg.body}));
WPP.on('chat.msg_revoke', (r) => note('msg_revoke', {refId: String(r.refId), type: r.type, from: String(r.from),
  author: r.author ? String(r.author) : null}));
WPP.on('chat.new_reaction', (r) => note('new_reaction', {msgId: String(r.msgId), text: r.reactionText,
  sender: String(r.sender)}));
WPP.on('group.participant_changed', (c) => note('participant_changed', {group: c.groupId, action: c.action,
  author: c.author, participants: c.participants}));
WPP.on('conn.needs_update', () => note('needs_update', {}));
"""


async def until[T](look: Callable[[], Awaitable[T]], *, seconds: float = 15.0, what: str = "") -> T:
    """Polls until `look` returns something true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(what or f"{look} stayed {found!r}")
        await asyncio.sleep(0.03)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class Simulator:
    """The server as its own process, so that it can be killed and started again on the same data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http: httpx.AsyncClient
        self._process: subprocess.Popen[str] | None = None

    def launch(self) -> None:
        command = [sys.executable, "-m", "containers.simulator", "--port", str(self.port), "--data", str(self.data)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert json.loads(self._process.stdout.readline()) == {"url": self.url}

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self._process
        with self._process as process:
            process.send_signal(how)
            return process.wait(10)

    async def start(self) -> None:
        await asyncio.to_thread(self.launch)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        return await asyncio.to_thread(self.end, how)

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Self]:
        """An empty network for one test; a server that the last test left dead is started again."""
        if self._process is None or self._process.poll() is not None:
            await self.start()
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as self.http:
            await self.call("POST", "/reset")
            yield self

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """An empty network for as long as the block runs."""
        try:
            async with self.fresh():
                yield self
        finally:
            await self.stop()

    async def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        answer = await self.http.request(method, f"/control{path}", json=body)
        if expect is None:
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        else:
            assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def account(self, number: str, name: str | None = None, **habits: Any) -> "Phone":
        await self.call("POST", "/accounts", {"number": number, "name": name} if name else {"number": number})
        if habits:
            await self.call("PATCH", f"/accounts/{number}", habits)
        return Phone(self, number)

    async def lid(self, phone: "Phone") -> str:
        [lid] = [a["lid"] for a in await self.call("GET", "/accounts") if a["number"] == phone.number]
        return str(lid)

    async def counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = await self.call("GET", "/counts")
        return counts


class Phone:
    def __init__(self, simulator: Simulator, number: str) -> None:
        self.number = number
        self.jid = f"{number}@c.us"
        self._simulator = simulator

    async def call(self, method: str, path: str, body: Any = None, expect: int | None = None) -> Any:
        return await self._simulator.call(method, f"/accounts/{self.number}{path}", body, expect)

    async def send(self, to: "Phone", text: str, reply_to: str | None = None) -> str:
        body = {"to": to.number, "text": text, "reply_to": reply_to}
        sent: dict[str, str] = await self.call("POST", "/messages", body, 201)
        return sent["id"]

    async def write(self, to: str, text: str, **more: Any) -> str:
        """Into a chat by its id, also a group's."""
        sent: dict[str, str] = await self.call("POST", "/messages", {"to": to, "text": text, **more}, 201)
        return sent["id"]

    async def change(self, **fields: Any) -> dict[str, Any]:
        changed: dict[str, Any] = await self.call("PATCH", "", fields)
        return changed

    async def messages(self, peer: "Phone | str") -> list[dict[str, Any]]:
        chat = peer if isinstance(peer, str) else peer.number
        found: list[dict[str, Any]] = await self.call("GET", f"/messages?with={chat}")
        return found

    async def texts(self, peer: "Phone | str") -> list[str]:
        return [m["text"] for m in await self.messages(peer)]

    async def message(self, peer: "Phone | str", message_id: str) -> dict[str, Any]:
        """By its plain id, or by the key that a page gave it."""
        plain = message_id.split("_")[2] if "_" in message_id else message_id
        [found] = [m for m in await self.messages(peer) if m["id"] == plain]
        return found


class Browser:
    """One profile: a headless browser on the simulated page with the unmodified wa-js bundle."""

    def __init__(self, context: BrowserContext, profile: Path) -> None:
        self.context = context
        self.profile = profile
        self.console: list[str] = []
        self.page: Page = context.pages[0]
        self.page.on("console", self._noted)
        self.page.on("pageerror", lambda problem: self.console.append(f"pageerror: {problem}"))

    def _noted(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text}")

    async def js(self, script: str, arg: Any = None) -> Any:
        # The page's promises have no end of their own: a message that is never vouched for waits for ever.
        async with asyncio.timeout(20):
            return await self.page.evaluate(script, arg)

    async def open(self, url: str) -> None:
        await self.page.goto(url)
        await self.ready()

    async def leave(self) -> None:
        """To an empty page; the one before may be on its way to another place, after a logout."""
        for _ in range(50):
            with suppress(PlaywrightError):
                await self.page.goto("about:blank")
                return
            await asyncio.sleep(0.1)
        raise AssertionError("the page would not be left")

    async def ready(self) -> None:
        await self.page.wait_for_function("() => window.WPP && WPP.isFullReady", timeout=20_000)

    async def events(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.js("(name) => window.seen.filter((e) => e.event === name)", name)
        return found

    async def event(self, name: str, **wanted: Any) -> dict[str, Any]:
        """Waits for an event whose details are these, and returns it."""

        async def look() -> list[dict[str, Any]]:
            return [e for e in await self.events(name) if wanted.items() <= e.items()]

        return (await until(look, what=f"no {name} with {wanted}"))[-1]

    async def acks(self, message_id: str) -> list[int]:
        return [e["ack"] for e in await self.events("ack") if any(message_id in i for i in e["ids"])]

    async def code(self) -> str:
        async def look() -> str | None:
            code = await self.js("() => WPP.conn.getAuthCode()")
            return code and str(code["fullCode"])

        found = await until(look, what="no code on the screen")
        assert found
        return found

    async def link(self, phone: Phone) -> str:
        device = (await phone.call("POST", "/scan", {"code": await self.code()}))["device"]
        await self.wait_for("() => WPP.conn.isAuthenticated() && WPP.conn.isMainLoaded()")
        await self.online()
        return str(device)

    async def online(self) -> None:
        await self.wait_for("() => WPP.conn.getStreamData().info === 'NORMAL'")

    async def wait_for(self, condition: str, arg: Any = None) -> None:
        await self.page.wait_for_function(condition, arg=arg, timeout=20_000)

    async def new_id(self, to: Phone) -> str:
        return str(await self.js("async (to) => String(await WPP.chat.generateMessageID(to))", to.jid))

    async def send(self, to: Phone | str, text: str, **options: Any) -> dict[str, Any]:
        chat = to if isinstance(to, str) else to.jid
        sent: dict[str, Any] = await self.js(
            "([to, text, options]) => WPP.chat.sendTextMessage(to, text, options)", [chat, text, options]
        )
        return sent

    async def refusal(self, script: str, arg: Any = None) -> str:
        """The code, or else the message, of what a call throws."""
        wrapped = f"(arg) => Promise.resolve().then(() => ({script})(arg)).then(() => '', (e) => e.code ?? e.message)"
        return str(await self.js(wrapped, arg))

    async def kill(self) -> None:
        """SIGKILL to every process of this profile, as a machine that loses its power does."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return not self.pids()

        await until(gone, what="the browser did not die")

    def pids(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if f"--user-data-dir={self.profile}".encode() in line:
                    found.append(int(entry.name))
        return found


@asynccontextmanager
async def browser_on(playwright: Playwright, profile: Path) -> AsyncIterator[Browser]:
    context = await playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--disable-gpu"],
    )
    try:
        await context.add_init_script("window.WPPConfig = {disableGoogleAnalytics: true, poweredBy: null};")
        await context.add_init_script(WA_JS.read_text() + LISTEN)
        yield Browser(context, profile)
    finally:
        # A browser that the test killed may be noticed as gone only now.
        with suppress(PlaywrightError):
            await context.close()
