"""A warm process from which each preparation is forked: `python -m media.zygote DESCRIPTOR`.

It has imported the decoders and holds nothing else, so that a fork costs milliseconds, gets no secrets, and takes only
its own job with it when a poisoned file breaks it. A job comes as a JSON text with one descriptor, to which its child
writes lines of JSON: its process id, progress, and then what became of it.
"""

import json
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import imageio_ffmpeg
from PIL import Image

from media.decoding import OURS
from media.preparing import prepare
from waypost.domain.media import Ask
from waypost.errors import MediaRefused

MAX_JOB_BYTES = 64 * 1024
_OPEN_FILES = 256


def serve(control: socket.socket) -> None:
    """Until the other side is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children; the line tells their end
    while True:
        job, descriptors, _, _ = socket.recv_fds(control, MAX_JOB_BYTES, 1)
        if not job:
            return
        if os.fork() == 0:
            control.close()
            _be_child(json.loads(job), descriptors[0])
        os.close(descriptors[0])


def _be_child(job: dict[str, Any], descriptor: int) -> None:
    """Never returns."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _limit(job["limits"])
        with os.fdopen(descriptor, "w", buffering=1) as line:
            _say(line, {"pid": os.getpid()})
            _say(line, _outcome(job, line))
    finally:
        os._exit(0)


def _limit(limits: dict[str, int]) -> None:
    cpu = limits["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    os.nice(5)  # whoever answers callers comes first


def _outcome(job: dict[str, Any], line: TextIO) -> dict[str, Any]:
    try:
        prepared, path = prepare(Path(job["source"]), Path(job["folder"]), Ask(**job["ask"]), _teller(line))
    except MediaRefused as refused:
        return {"refused": {"code": refused.code, "message": refused.message, "mend": refused.mend}}
    except MemoryError:
        return {"costly": "memory"}
    except OSError as error:
        kind = "missing" if error.errno in OURS else "broke"
        return {kind: f"{type(error).__name__} at {_place(error)}"}
    except Exception as error:  # a fault of ours or of a decoder: told where, never with what was in the file
        return {"broke": f"{type(error).__name__} at {_place(error)}"}
    return {"prepared": asdict(prepared), "path": str(path)}


def _teller(line: TextIO) -> Callable[[float], None]:
    def tell(share: float) -> None:
        _say(line, {"progress": round(share, 3)})

    return tell


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"


def _say(line: TextIO, what: dict[str, Any]) -> None:
    line.write(json.dumps(what) + "\n")


def warm() -> None:
    """What every child would otherwise do again: find decoders and programs."""
    warnings.simplefilter("ignore")  # decoders warn of what they mend
    Image.init()
    imageio_ffmpeg.get_ffmpeg_exe()


if __name__ == "__main__":
    warm()
    serve(socket.socket(fileno=int(sys.argv[1])))
