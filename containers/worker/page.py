"""Drives the WhatsApp page: typed calls with time-outs, and its feed of observations. Only here, in page_calls.py and
in script/ is wa-js spoken.

Every call raises a WaypostError: NetworkError with code `page_timeout` (what became of it is unknown), `page_gone`
or `page_not_ready`; SessionNotLinked; WhatsAppError with wa-js's own code.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as PlaywrightPage

from containers.worker.decoding import read_login, read_message, read_reaction, read_vote
from containers.worker.feed import Feed
from containers.worker.naming import Target
from containers.worker.observations import Batch, LoginSeen, MessageSeen
from containers.worker.observed_changes import ReactionSeen
from containers.worker.observed_content import VoteSeen
from containers.worker.page_errors import error_of
from containers.worker.script import BINDING, ENTRY
from waypost.domain.failures import refusal_code
from waypost.errors import NetworkError

CALL_S = 20.0
PING_S = 2.0
OPEN_S = 60.0

_CALL = f"([name, details]) => window.{ENTRY}.call(name, details)"


@dataclass(frozen=True, slots=True)
class SendResult:
    """What the page made of a message of ours. `ack` 0: handed over and kept, WhatsApp has not said anything yet;
    `error` is set when WhatsApp refused it (ack -1), `number` is what WhatsApp calls the
    reason, `until_ms` where it said until when."""

    key: str = field(repr=False)
    chat_id: str = field(repr=False)
    ack: int
    t: int | None = None
    error: str | None = None
    until_ms: int | None = None
    number: int | None = None


class Page:
    """One page of one session. `feed` iterates over its batches; each must be settled once it is stored."""

    def __init__(self, page: PlaywrightPage, cdp: CDPSession) -> None:
        self.feed = Feed()
        self._page = page
        self._cdp = cdp

    async def attach(self) -> None:
        """Listen to the feed; once, before the page is opened."""
        self._cdp.on("Runtime.bindingCalled", self._received)
        await self._cdp.send("Runtime.enable")
        await self._cdp.send("Runtime.addBinding", {"name": BINDING})

    async def open(self, url: str) -> None:
        """Load WhatsApp. Returns when the document stands; readiness comes by the feed."""
        await self._navigate(self._page.goto(url, wait_until="commit", timeout=OPEN_S * 1000))

    async def reload(self) -> None:
        await self._navigate(self._page.reload(wait_until="commit", timeout=OPEN_S * 1000))

    async def close(self) -> None:
        """Close the page; works on a hung one."""
        self.feed.end()
        try:
            await self._page.close()
        except PlaywrightError:
            return  # it is gone already

    async def ping(self) -> bool:
        """Does the page answer within two seconds?"""
        try:
            return await asyncio.wait_for(self._page.evaluate("true"), PING_S) is True
        except (PlaywrightError, TimeoutError):
            return False

    async def settle(self, batch: Batch) -> None:
        """Give the batch's credit back: it is durably stored. Harmless when its page is gone."""
        expression = f"window.{ENTRY}?.credit({json.dumps(batch.page)})"
        try:
            await self._cdp.send("Runtime.evaluate", {"expression": expression})
        except PlaywrightError:
            return

    async def drain(self) -> None:
        """Let the page hand over all that waits for credit: it is about to be closed."""
        expression = f"window.{ENTRY}?.drain()"
        try:
            await asyncio.wait_for(self._cdp.send("Runtime.evaluate", {"expression": expression}), PING_S)
        except (PlaywrightError, TimeoutError):
            return

    async def login_state(self) -> LoginSeen:
        return read_login(await self.call("login"))

    async def auth_code(self) -> str | None:
        """The QR code's text now, None when there is nothing to scan."""
        return _text_or_none(await self.call("authCode"))

    async def take_over(self) -> None:
        """ "Use here": take the line back from another browser with this login."""
        await self.call("takeOver")

    async def refresh_qr(self) -> str | None:
        """Ask for new codes, also after the page went idle."""
        return _text_or_none(await self.call("refreshCode"))

    async def logout(self) -> None:
        """Unlink this device. The page goes away while it answers, which counts as done; `LoggedOut` follows."""
        try:
            await self.call("logout")
        except NetworkError as problem:
            if problem.code != "page_gone":
                raise

    async def send_text(
        self,
        chat_id: str,
        text: str,
        wa_hex: str,
        quoted: str | None = None,
        *,
        mentions: Sequence[str] = (),
        wait_ack: float = 0,
    ) -> SendResult:
        """Hand a text over under our id (P2): the hex part is ours, the chat part is the page's for this chat.

        Returns when the page has kept it, or up to `wait_ack` seconds later with WhatsApp's answer; later
        answers come as AckSeen. A message the page knows already is not handed over again, unless
        WhatsApp refused it. `quoted` is the key, or the hex part, of the message in this chat that it answers;
        `mentions` are chat ids of people whom the text names.
        """
        order = {
            "chat": chat_id, "text": text, "hex": wa_hex, "quoted": quoted, "mentions": list(mentions),
            "wait_ms": wait_ack * 1000,
        }  # fmt: skip
        return sent(await self.call("sendText", order, CALL_S + wait_ack))

    async def put_file(self, path: Path, ticket: str) -> None:
        """Let the page read a file of this machine, by an input that `ticket` names. Raises as `call` does."""
        expression = f"window.{ENTRY}.fileInput({json.dumps(ticket)})"
        try:
            async with asyncio.timeout(CALL_S):
                found = await self._cdp.send("Runtime.evaluate", {"expression": expression})
                handle = found["result"].get("objectId")
                if handle is None:
                    raise NetworkError("The page is not ready yet.", code="page_not_ready")
                await self._cdp.send("DOM.setFileInputFiles", {"files": [str(path)], "objectId": handle})
        except TimeoutError:
            raise NetworkError("The page did not answer in time.", code="page_timeout") from None
        except PlaywrightError:
            raise NetworkError("The page went away.", code="page_gone") from None

    async def find_message(self, wa_hex: str, chat_ids: Sequence[str]) -> SendResult | None:
        """Look one of our messages up, under every known form of its chat. None means that the page, fully
        loaded, does not know it; any doubt raises."""
        found = await self.call("findMessage", {"hex": wa_hex, "chats": list(chat_ids)})
        return None if found is None else sent(found)

    async def recent_messages(self, per_chat: int, chats: Sequence[str] | None = None) -> list[MessageSeen]:
        """The last messages of these chats (default: all), oldest first; unknown chats are left out."""
        wanted = None if chats is None else list(chats)
        found = await self.call("recentMessages", {"count": per_chat, "chats": wanted}, 3 * CALL_S)
        return [read_message(one) for one in found]

    async def active_chats(self, since: int) -> list[str]:
        """The chats in which something was written since then, seconds."""
        return [str(one) for one in await self.call("activeChats", {"since": since})]

    async def look_back(self, chat: str, count: int, before: str | None) -> tuple[list[MessageSeen], str | None]:
        """The last messages of a chat, before the one with key `before`, oldest first; and where the next look begins,
        None: there is nothing earlier."""
        found = await self.call("lookBack", {"chat": chat, "count": count, "before": before})
        return [read_message(one) for one in found["messages"]], _text_or_none(found["oldest"])

    async def messages(self, keys: Sequence[str]) -> list[MessageSeen]:
        """Messages by their keys, in that order; what the page does not have any more is left out."""
        return [read_message(one) for one in await self.call("messagesByKeys", {"keys": list(keys)}, 3 * CALL_S)]

    async def reactions(self, message: MessageSeen) -> list[ReactionSeen]:
        """Who reacts to a message, and how."""
        target = Target(message.key, message.chat, None if message.key.from_me else message.author)
        found = await self.call("reactionsTo", {"key": str(message.key)})
        return [read_reaction(target, one) for one in found]

    async def votes(self, message: MessageSeen) -> list[VoteSeen]:
        """How a poll stands: the newest vote of each who voted."""
        return [read_vote(one) for one in await self.call("votesOn", {"key": str(message.key)})]

    async def call(self, name: str, details: dict[str, Any] | None = None, within: float = CALL_S) -> Any:
        """Any other call of script/calls.js, for `page_calls.py`. Plain values in and out."""
        try:
            answer = await asyncio.wait_for(self._page.evaluate(_CALL, [name, details]), within)
        except TimeoutError:
            raise NetworkError("The page did not answer in time.", code="page_timeout") from None
        except PlaywrightError:  # its text may hold what we sent
            raise NetworkError("The page went away.", code="page_gone") from None
        if "error" in answer:
            raise error_of(answer["error"], answer.get("words"))
        return answer["value"]

    async def read_held(self, ticket: int, piece_bytes: int) -> AsyncIterator[bytes]:
        """What the page holds under a ticket (script/files.js), in pieces: the browser reads it, not the page's script,
        so the page goes on meanwhile."""
        blob = (await self._ask("Runtime.evaluate", {"expression": f"window.{ENTRY}.held({ticket})"}))["result"]
        if "objectId" not in blob:
            raise NetworkError("The page holds it no more.", code="page_gone")
        handle = f"blob:{(await self._ask('IO.resolveBlob', {'objectId': blob['objectId']}))['uuid']}"
        offset, ended = 0, False
        while not ended:
            answer = await self._ask("IO.read", {"handle": handle, "offset": offset, "size": piece_bytes})
            raw = answer["data"]
            piece = base64.b64decode(raw) if answer.get("base64Encoded") else raw.encode()
            offset, ended = offset + len(piece), bool(answer["eof"])
            yield piece
        await self._ask("IO.close", {"handle": handle})
        await self._ask("Runtime.releaseObject", {"objectId": blob["objectId"]})

    async def _ask(self, method: str, details: dict[str, Any]) -> dict[str, Any]:
        """By the browser's own protocol."""
        try:
            answer: dict[str, Any] = await asyncio.wait_for(self._cdp.send(method, details), CALL_S)
        except TimeoutError:
            raise NetworkError("The page did not answer in time.", code="page_timeout") from None
        except PlaywrightError:
            raise NetworkError("The page went away.", code="page_gone") from None
        return answer

    def _received(self, event: dict[str, Any]) -> None:
        if event["name"] == BINDING:
            self.feed.receive(event["payload"])

    async def _navigate(self, navigation: Any) -> None:
        try:
            await navigation
        except PlaywrightError:
            raise NetworkError("WhatsApp could not be loaded.", code="page_not_loaded") from None


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def sent(plain: dict[str, Any]) -> SendResult:
    """What the page says of a message of ours."""
    if plain["ack"] >= 0:
        return SendResult(plain["key"], plain["chat"], plain["ack"], plain["t"])
    number = _number_or_none(plain["code"])
    return SendResult(
        plain["key"], plain["chat"], plain["ack"], plain["t"], plain["trouble"] or refusal_code(number),
        plain["until_ms"], number,
    )  # fmt: skip


def _number_or_none(value: Any) -> int | None:
    """WhatsApp's error numbers come as numbers or as digits."""
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else None
