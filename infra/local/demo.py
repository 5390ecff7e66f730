"""`make demo`: the main job in one go, on a home of its own, with the time of every step."""

import asyncio
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import segno
from rich.console import Console

from infra.local.demo_client import Watch, next_code, until_status, watching
from infra.local.demo_phone import Phone
from infra.local.demo_receiver import Receiver, receiver
from infra.local.home import Home
from infra.local.people import FRIEND, OWNER
from infra.local.supervisor import Supervisor, Wanted, running
from infra.local.timeline import Timeline
from infra.local.up import cancel_on_signal
from waypost.client import Event, MessageReceived, MessageSent, MessageStatusUpdate, Waypost

QR_SECONDS, LINK_SECONDS, ARRIVE_SECONDS = 60.0, 60.0, 60.0
SCANS = 3
FAILED, INTERRUPTED = 1, 130
TEXT, REPLY = "Your book has arrived. We keep it for you until Friday.", "Lovely, I will come by on Thursday!"


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who takes part."""

    client: Waypost
    receiver: Receiver
    owner: Phone
    friend: Phone


def demo(keep: Path | None) -> int:
    """The exit code: 0 when every step succeeded. A temporary home goes then; when something failed its logs stay."""
    home = Home(keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="waypost-demo-")))
    timeline = Timeline(Console())
    code = _run(home, timeline)
    if code != FAILED and keep is None:
        shutil.rmtree(home.path)
    return code


def _run(home: Home, timeline: Timeline) -> int:
    try:
        asyncio.run(_play(home, timeline))
    except asyncio.CancelledError:
        return INTERRUPTED
    except Exception as error:
        timeline.say(f"✗ Failed to {timeline.current}: {type(error).__name__}: {error}")
        timeline.say(f"The logs of all parts are in {home.logs}.")
        return FAILED
    timeline.show()
    return 0


async def _play(home: Home, timeline: Timeline) -> None:
    say = timeline.say
    cancel_on_signal(say)
    timeline.begin("start Waypost")
    wanted = Wanted(home, http_port=0, https_port=0, simulator_port=0, reload=False)
    async with running(wanted, say) as supervisor, AsyncExitStack() as stack:
        timeline.done("Waypost is up: simulated WhatsApp, gateway, worker")
        cast = await _gather(supervisor, stack)
        session, watch = await _link(cast, stack, timeline)
        await _text_out(cast, session, watch, timeline)
        await _reply_in(cast, watch, timeline)


async def _gather(supervisor: Supervisor, stack: AsyncExitStack) -> Cast:
    addresses, key = supervisor.addresses, supervisor.api_key
    client = Waypost(addresses.https_url, key, supervisor.home.tls / "ca.pem")
    simulator = httpx.AsyncClient(base_url=addresses.simulator_url or "", trust_env=False, timeout=10)
    await stack.enter_async_context(simulator)
    return Cast(
        client=await stack.enter_async_context(client),
        receiver=await stack.enter_async_context(receiver()),
        owner=Phone(OWNER, simulator),
        friend=Phone(FRIEND, simulator),
    )


async def _link(cast: Cast, stack: AsyncExitStack, timeline: Timeline) -> tuple[str, Watch]:
    """The id of a session whose phone has scanned its code, and who watches its events."""
    timeline.begin("create a session")
    session = (await cast.client.sessions.create("demo")).id
    timeline.done("session created by HTTPS")
    timeline.begin("subscribe over WebSocket and register a webhook")
    watch = await stack.enter_async_context(watching(cast.client.events(session, after=0)))
    webhook = await cast.client.webhooks.create(cast.receiver.url)
    cast.receiver.secret = webhook.secret or ""
    await watch.until(lambda _: True, ARRIVE_SECONDS)
    timeline.done("subscribed over WSS, webhook registered")
    timeline.begin("show and scan the QR code")
    await _scan(cast, session, timeline)
    timeline.begin("finish linking")
    await until_status(cast.client, session, "working", LINK_SECONDS)
    timeline.done("session works")
    return session, watch


async def _scan(cast: Cast, session: str, timeline: Timeline) -> None:
    code = None
    for _ in range(SCANS):
        code = await next_code(cast.client, session, other_than=code, seconds=QR_SECONDS)
        segno.make(code, error="l").terminal(compact=True)
        timeline.done("QR code shown")
        if await cast.owner.scan(code):
            return timeline.done(f"{OWNER.name}'s phone scanned it")
    raise RuntimeError("the phone refused every code")


async def _text_out(cast: Cast, session: str, watch: Watch, timeline: Timeline) -> None:
    timeline.begin("send a text")
    asked = time.monotonic()
    message = (await cast.client.send_text(session, f"+{FRIEND.number}", TEXT)).id
    timeline.done("text accepted", since=asked)
    for status in ("sent", "delivered", "read"):
        timeline.begin(f"see the text {status}")
        if status == "read":  # not sooner: who reads at once may spare WhatsApp the "delivered"
            await cast.friend.read_chat(OWNER)
        _, at = await watch.until(partial(_tells, message, status), ARRIVE_SECONDS)
        timeline.done(f"text {status}, told over WebSocket", at=at)


async def _reply_in(cast: Cast, watch: Watch, timeline: Timeline) -> None:
    timeline.begin(f"have {FRIEND.name} reply")
    replied = time.monotonic()
    await cast.friend.write(OWNER, REPLY)
    timeline.done(f"{FRIEND.name} replied on the phone", since=replied)
    timeline.begin("get the reply over WebSocket")
    _, at = await watch.until(_is_reply, ARRIVE_SECONDS)
    timeline.done("reply received over WebSocket", at=at, since=replied)
    timeline.begin("get the reply as a signed webhook")
    at = await cast.receiver.until(_is_reply, ARRIVE_SECONDS)
    timeline.done("reply received as a webhook, signature verified", at=at, since=replied)


def _tells(message: str, status: str, event: Event) -> bool:
    match event:
        case MessageSent() | MessageStatusUpdate() if event.message_id == message:
            return event.status == status
    return False


def _is_reply(event: Event) -> bool:
    return isinstance(event, MessageReceived) and event.text == REPLY
