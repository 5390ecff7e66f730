"""Runs ffmpeg, the program, on files: what goes in is read as the type it was judged to be, and progress is told."""

import errno
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg

from waypost.domain.media_refusals import refusal

type Progress = Callable[[float], None]

# Nothing is told of time, place and tools; no other file is drawn in; the index comes first.
SILENT = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
MP4 = (*SILENT, "-movflags", "+faststart", "-f", "mp4")
_QUIET = ("-hide_banner", "-nostdin", "-v", "error", "-y", "-progress", "pipe:1", "-stats_period", "0.5")
# A signal's number is negative; ffmpeg ends with its error's number, as far as it goes into a byte.
_COSTLY = {
    -signal.SIGXCPU: "time",
    -signal.SIGXFSZ: "space",
    256 - errno.ENOMEM: "memory",
    256 - errno.EFBIG: "space",
    256 - errno.ENOSPC: "space",
}
_READ_ONLY_FILES = ("-protocol_whitelist", "file,pipe")


def source(path: Path, form: str, *before: str) -> tuple[str, ...]:
    """The arguments that name an input of this format."""
    return (*before, *_READ_ONLY_FILES, "-f", form, "-i", str(path))


def run(
    arguments: Sequence[str], out: Path, *, length: float, progress: Progress, feed: Callable[[int], None] | None = None
) -> None:
    """Write `out`. `length` is that of the result in seconds; `progress` hears its share, 0 to 1. `feed` writes raw
    pictures to the descriptor that it is given. Raises MediaRefused."""
    line = [imageio_ffmpeg.get_ffmpeg_exe(), *_QUIET[:1], *_QUIET[2:], *arguments, str(out)]
    with subprocess.Popen(
        line,
        stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if feed and process.stdin:
            _fed(process, feed)
        for said in process.stdout or ():
            _listen(said, length, progress)
    _check_end(process.returncode)
    if not out.exists() or not out.stat().st_size:
        raise refusal("media_damaged", what="picture or sound cannot be decoded")


def _check_end(code: int) -> None:
    if code in _COSTLY:
        raise refusal("media_too_costly", what=_COSTLY[code])
    if code < 0:
        raise refusal("media_broke_reader")
    if code:
        raise refusal("media_damaged", what="picture or sound cannot be decoded")


def _fed(process: subprocess.Popen[bytes], feed: Callable[[int], None]) -> None:
    assert process.stdin is not None
    with process.stdin:
        try:
            feed(process.stdin.fileno())
        except BrokenPipeError:
            process.kill()


def _listen(said: bytes, length: float, progress: Progress) -> None:
    name, _, value = said.partition(b"=")
    if name == b"out_time_us" and value.strip().isdigit() and length > 0:
        progress(min(1.0, int(value) / 1e6 / length))
