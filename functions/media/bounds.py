"""Every preparation in a process of its own, bounded in time, memory and disk: a poisoned file kills only its own job.

this process ── job and a descriptor ──► zygote ── fork ──► child ── perhaps ──► ffmpeg
     ▲ lines: process id, progress, outcome ─────────────────┘
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from waypost.domain.media import Ask, Prepared
from waypost.domain.media_refusals import refusal
from waypost.errors import MediaRefused
from waypost.observability import logger
from waypost.services.media_preparing import MachineAtFault

_ROOT = Path(__file__).parents[1]
_TRIES = 3
_PIECE = 4096


class _NotBegun(Exception):
    """The zygote died before it forked: that says nothing about the file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`memory_bytes` is address space, of the child and again of ffmpeg: a quarter of it is libraries."""

    seconds: float = 600
    memory_bytes: int = 3 * 1024**3
    file_bytes: int = 256 * 1024 * 1024


class Preparer:
    """Hands jobs to one zygote, which it starts when the first comes, and again when it has died. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def prepare(
        self, source: Path, folder: Path, ask: Ask, *, bounds: Bounds, progress: Callable[[float], None]
    ) -> tuple[Prepared, Path]:
        """What became of the file and where it lies: below `folder`, or the source itself. A thumbnail is in
        `folder/thumbnail.jpg`. `progress` hears shares from 0 to 1. Raises MediaRefused."""
        limits = {
            "cpu_seconds": int(bounds.seconds * 2) + 1,  # of all its threads; the clock below is what counts
            "memory_bytes": bounds.memory_bytes,
            "file_bytes": bounds.file_bytes,
        }
        job = {"source": str(source), "folder": str(folder), "ask": asdict(ask), "limits": limits}
        for _ in range(_TRIES):
            ours, theirs = socket.socketpair()
            with ours:
                with theirs:
                    self._send(json.dumps(job).encode(), theirs.fileno())
                try:
                    return _followed(ours, time.monotonic() + bounds.seconds, progress)
                except _NotBegun:
                    self.close()
        raise refusal("media_broke_reader")

    @property
    def process_id(self) -> int | None:
        """The zygote's, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Let the zygote end; jobs that run are not waited for."""
        with self._lock:
            self._forget()

    def _send(self, job: bytes, descriptor: int) -> None:
        with self._lock:
            try:
                socket.send_fds(self._started(), [job], [descriptor])
            except OSError:
                self._forget()
                socket.send_fds(self._started(), [job], [descriptor])

    def _started(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "media.zygote", str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    env=_environment(),
                )
        return self._control

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._control = self._process = None


def _environment() -> dict[str, str]:
    """Nothing of ours that a decoder could give away: no names of tables, no credentials."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": str(_ROOT)}


def _followed(line: socket.socket, ends: float, progress: Callable[[float], None]) -> tuple[Prepared, Path]:
    child = None
    try:
        for said in _lines(line, ends):
            match said:
                case {"pid": int(pid)}:
                    child = pid
                case {"progress": float(share) | int(share)}:
                    progress(float(share))
                case _:
                    return _outcome(said)
    except TimeoutError:
        raise refusal("media_too_costly", what="time") from None
    finally:
        _end(child)
    if child is None:
        raise _NotBegun
    raise refusal("media_broke_reader")


def _lines(line: socket.socket, ends: float) -> Iterator[dict[str, Any]]:
    """Raises TimeoutError at `ends`."""
    left = b""
    while True:
        remaining = ends - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        line.settimeout(remaining)
        piece = line.recv(_PIECE)
        if not piece:
            return
        *whole, left = (left + piece).split(b"\n")
        yield from (json.loads(one) for one in whole)


def _outcome(said: dict[str, Any]) -> tuple[Prepared, Path]:
    match said:
        case {"prepared": prepared, "path": path}:
            return Prepared.from_json(prepared), Path(path)
        case {"refused": facts}:
            raise MediaRefused(facts["message"], field="media", mend=facts["mend"], code=facts["code"])
        case {"costly": what}:
            raise refusal("media_too_costly", what=what)
        case {"missing": where}:
            raise MachineAtFault(where)
        case _:
            logger("media").error("a reader broke down", extra={"where": said.get("broke")})
            raise refusal("media_broke_reader")


def _end(child: int | None) -> None:
    """The child leads a process group of its own, with whatever it has started."""
    if child is not None:
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            return
