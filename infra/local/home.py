"""The folder that one machine's Waypost lives in, and the files of it that the command line reads and writes.

home/
├── state.json     what runs: addresses, parts, pids (written by `waypost up`)
├── ports.json     the ports of the last run, taken again by the next
├── running.lock   held by `waypost up` as long as it runs
├── gateway.json   where to push frames to, and the token for it (written by the gateway)
├── api-key        the first API key, kept because `waypost status` shows it
├── tls/           certificate of the HTTPS address; clients trust ca.pem
├── logs/          one file a part
├── drop/          files to be sent, as {session}/{chat}/{name}: people put them there
├── rejected/      those that could not be, with the reason
├── simulator/     accounts and messages of the simulated WhatsApp
└── …              the embedded engine's own
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Home:
    path: Path

    def make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)

    @property
    def tls(self) -> Path:
        return self.path / "tls"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def simulator(self) -> Path:
        return self.path / "simulator"

    @property
    def drop(self) -> Path:
        return self.path / "drop"

    @property
    def rejected(self) -> Path:
        return self.path / "rejected"

    @property
    def lock(self) -> Path:
        return self.path / "running.lock"

    @property
    def api_key(self) -> str | None:
        """The key that was made at the first start, if it still lies there."""
        try:
            return (self.path / "api-key").read_text().strip()
        except FileNotFoundError:
            return None

    def keep_api_key(self, key: str) -> None:
        self._replace("api-key", f"{key}\n")

    def write_private(self, name: str, document: Mapping[str, Any]) -> None:
        """A JSON file for the owner's eyes only, replaced whole."""
        self._replace(name, json.dumps(document, indent=2) + "\n")

    def read(self, name: str) -> dict[str, Any] | None:
        """None when it is missing or was never finished."""
        try:
            document = json.loads((self.path / name).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def forget(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def _replace(self, name: str, text: str) -> None:
        target = self.path / name
        draft = target.with_name(f".{name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(target)
