"""The two people whom the simulated WhatsApp knows from the start: one links a phone to Waypost, one is written to.

Their numbers are from the range that is kept for fiction.
"""

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Person:
    number: str  # digits
    name: str


OWNER = Person("12015550123", "Harbour Books")
FRIEND = Person("12015550147", "Ada")


async def introduce(simulator_url: str, *people: Person) -> None:
    """Give each an account and a phone; who has one keeps it."""
    async with httpx.AsyncClient(base_url=simulator_url, trust_env=False, timeout=10) as client:
        for person in people:
            answer = await client.post("/control/accounts", json={"number": person.number, "name": person.name})
            answer.raise_for_status()
