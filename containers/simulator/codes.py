"""QR codes: which refs were handed to a page, which code it shows, and how long each is good."""

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

    def on_screen(self) -> list[dict[str, Any]]:
        seen = []
        for offer in self._offers:
            if offer.withdrawn or offer.used or not offer.shown:
                continue
            ref = offer.shown.split(",")[0]
            end = offer.ends[offer.refs.index(ref)]
            if end > now_ms():
                seen.append({"code": offer.shown, "ref": ref, "expires_at": end, "page": offer.connection.page})
        return seen

    def take(self, code: str) -> tuple[Offer, str, str, str]:
        """The offer behind a scanned code, with its ref, identity key and secret."""
        parts = code.strip().split(",")
        if len(parts) != 4:
            raise Unknown("unknown_code", "this is not a linking code")
        ref, _static, identity, secret = parts
        for offer in self._offers:
            if ref in offer.refs:
                if offer.used:
                    raise Conflict("code_used", "this code was scanned already")
                if offer.withdrawn or offer.ends[offer.refs.index(ref)] <= now_ms():
                    raise Gone("code_expired", "this code is no longer valid, scan the one on the screen")
                return offer, ref, identity, secret
        raise Unknown("unknown_code", "no page was given this code")
