"""The steps of the demo with the milliseconds that each of them took."""

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(slots=True)
class Timeline:
    console: Console
    began: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, float, float]] = field(default_factory=list)  # what, seconds since start, seconds it took
    current: str = "start"

    def begin(self, what: str) -> None:
        """Name the step that is under way, so that a failure can say where it happened."""
        self.current = what

    def done(self, what: str, at: float | None = None, since: float | None = None) -> None:
        """A step is over, at `at` by the monotonic clock. It took the time from `since`, or from the step before."""
        moment = time.monotonic() if at is None else at
        last = self.began + self.steps[-1][1] if self.steps else self.began
        self.steps.append((what, moment - self.began, moment - (last if since is None else since)))
        self.say(f"✓ {what}")

    def say(self, sentence: str) -> None:
        """Print it as it is: a long path or an address must not be broken into lines."""
        self.console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def show(self) -> None:
        table = Table(title="Timeline")
        table.add_column("step")
        table.add_column("took ms", justify="right")
        table.add_column("at ms", justify="right")
        for what, at, took in sorted(self.steps, key=lambda step: step[1]):
            table.add_row(what, f"{took * 1000:,.0f}", f"{at * 1000:,.0f}")
        self.console.print(table)
