"""Codes for linking: which refs were handed to a page, which code it shows, and how long each is good."""

import secrets
from dataclasses import dataclass
from typing import Any

from containers.simulator.connections import Connection
from containers.simulator.errors import Conflict, Gone, Unknown
from containers.simulator.journal import now_ms
from containers.simulator.settings import Settings


@dataclass(slots=True, eq=False)
class Offer:
    """The refs of one page: each replaces the one before it when that one's time is up."""

    connection: Connection
    refs: list[str]
    ends: list[int]
    shown: str = ""
    used: bool = False
    withdrawn: bool = False
    typed: str = ""
    typed_for: str = ""
    typed_ends: int = 0


# How long the eight letters that a person types into the phone are good.
TYPED_MS = 180_000


class Codes:
    """Kept in memory only: after a restart of the network every page is handed new refs."""

    def __init__(self) -> None:
        self._offers: list[Offer] = []

    def offer(self, connection: Connection, settings: Settings) -> Offer:
        self.withdraw(connection)
        refs = [f"2@{secrets.token_urlsafe(48)}" for _ in range(settings.qr_count)]
        first = now_ms() + settings.qr_first_ms
        ends = [first + settings.qr_next_ms * n for n in range(settings.qr_count)]
        offer = Offer(connection, refs, ends)
        self._offers.append(offer)
        # A long test links many pages; what is long dead need not be known as expired for ever.
        del self._offers[:-200]
        return offer

    def withdraw(self, connection: Connection) -> None:
        for offer in self._offers:
            if offer.connection is connection:
                offer.withdrawn = True

    def show(self, connection: Connection, code: str) -> None:
        """The page drew this code. It stands for the light that reaches a phone's camera."""
        for offer in self._offers:
            if offer.connection is connection and not offer.withdrawn and code.split(",")[0] in offer.refs:
                offer.shown = code

    def show_typed(self, connection: Connection, typed: str, number: str) -> None:
        """The page shows eight letters to be typed into the phone of this number."""
        for offer in self._offers:
            if offer.connection is connection and not offer.withdrawn:
                offer.typed, offer.typed_for = typed, number
                offer.typed_ends = now_ms() + TYPED_MS

    def on_screen(self) -> list[dict[str, Any]]:
        return [seen for offer in self._offers if (seen := self._seen(offer))]

    def _seen(self, offer: Offer) -> dict[str, Any] | None:
        if offer.withdrawn or offer.used or not offer.shown:
            return None
        ref = offer.shown.split(",")[0]
        end = offer.ends[offer.refs.index(ref)]
        seen = {"code": offer.shown, "ref": ref, "expires_at": end, "page": offer.connection.page}
        if offer.typed and offer.typed_ends > now_ms():
            return seen | {"link_code": offer.typed, "number": offer.typed_for}
        return seen if end > now_ms() else None

    def take(self, code: str, number: str) -> tuple[Offer, str]:
        """The offer behind a scanned code, or behind the letters typed into the phone, with the whole code."""
        code = code.strip()
        if "," not in code:
            return self._take_typed(code.replace("-", "").upper(), number)
        ref = code.split(",")[0]
        for offer in self._offers:
            if ref in offer.refs:
                end = offer.ends[offer.refs.index(ref)]
                self._check(offer, end)
                return offer, code
        raise Unknown("unknown_code", "no page was given this code")

    def _take_typed(self, typed: str, number: str) -> tuple[Offer, str]:
        for offer in self._offers:
            if offer.typed and offer.typed == typed and offer.typed_for == number:
                self._check(offer, offer.typed_ends)
                return offer, offer.shown
        raise Unknown("unknown_code", "no page shows this code for this number")

    def _check(self, offer: Offer, end: int) -> None:
        if offer.used:
            raise Conflict("code_used", "this code was used already")
        if offer.withdrawn or end <= now_ms():
            raise Gone("code_expired", "this code is no longer valid, take the one on the screen")
