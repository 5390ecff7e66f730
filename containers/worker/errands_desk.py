"""What an errand works with, and what it is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from containers.worker.allowance import Allowance
from containers.worker.amendments import Amendments
from containers.worker.announcer import Announcer
from containers.worker.page import Page
from waypost.bootstrap import App
from waypost.entities.session import Session


@dataclass(frozen=True, slots=True)
class Desk:
    """`page` works, but for errands that are done before the login."""

    app: App
    session: Session
    page: Page
    amendments: Amendments
    announcer: Announcer
    allowance: Allowance


type Errand = Callable[[Desk, dict[str, Any]], Awaitable[dict[str, Any]]]
