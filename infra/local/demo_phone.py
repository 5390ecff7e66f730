"""A simulated phone, as far as the demo uses one."""

from dataclasses import dataclass

import httpx

from infra.local.people import Person


@dataclass(frozen=True, slots=True)
class Phone:
    person: Person
    simulator: httpx.AsyncClient

    async def scan(self, code: str) -> bool:
        """Whether the code was good: it may have been replaced by the next one meanwhile."""
        answer = await self.simulator.post(f"{self._path}/scan", json={"code": code})
        return answer.is_success

    async def read_chat(self, writer: Person) -> None:
        answer = await self.simulator.post(f"{self._path}/read", json={"with": writer.number})
        answer.raise_for_status()

    async def write(self, to: Person, text: str) -> None:
        answer = await self.simulator.post(f"{self._path}/messages", json={"to": to.number, "text": text})
        answer.raise_for_status()

    @property
    def _path(self) -> str:
        return f"/control/accounts/{self.person.number}"
