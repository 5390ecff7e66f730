"""Moving pictures as WhatsApp plays them: short films without sound, encoded from the pictures that Pillow decodes."""

import os
from collections.abc import Iterator

from PIL import Image

from media import ffmpeg, probing, thumbnails
from media.fitting import film_plan
from media.videos import video_encoder
from media.work import Outcome, Work
from waypost.domain.media_refusals import refusal

_RATE = 25  # a grid in time onto which pictures of any duration are put
_DEFAULT_MS, _LEAST_MS = 100, 20  # browsers show what says less than 20 ms for 100
_MAX_SECONDS = 60


def as_film(work: Work) -> Outcome:
    """Raises MediaRefused."""
    limit, path = work.ask.max_prepared_bytes, work.path("prepared")
    with Image.open(work.source) as opened:
        thumbnails.write(opened, work.thumbnail)
        seconds = _length(opened)
        plan = film_plan(*opened.size, _RATE, seconds, sound=False, limit=limit)
        if plan is None or seconds > _MAX_SECONDS:
            raise refusal("media_cannot_fit", seconds=round(seconds), limit=limit, fitting=_MAX_SECONDS)
        raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{opened.width}x{opened.height}", "-r", str(_RATE))
        encoding = ("-vf", f"scale={plan.width}:{plan.height}", *video_encoder(plan.video_bits), "-an", *ffmpeg.MP4)

        def feed(descriptor: int) -> None:
            for picture, count in _on_grid(opened):
                pixels = thumbnails.flattened(picture).tobytes()
                for _ in range(count):
                    _write(descriptor, pixels)

        ffmpeg.run([*raw, "-i", "pipe:0", *encoding], path, length=seconds, progress=work.progress, feed=feed)
    work.note("animation_as_video")
    film = probing.probe(path, "video/mp4")
    return Outcome(path, "video/mp4", ".mp4", film.width, film.height, round(film.length * 1000))


def _durations(opened: Image.Image) -> Iterator[int]:
    for index in range(getattr(opened, "n_frames", 1)):
        opened.seek(index)
        shown = int(opened.info.get("duration") or 0)
        yield shown if shown >= _LEAST_MS else _DEFAULT_MS


def _length(opened: Image.Image) -> float:
    return sum(_durations(opened)) / 1000


def _on_grid(opened: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """Each picture and for how many ticks it is shown; what falls between two ticks is left out."""
    shown_ms, ticks = 0, 0
    for duration in _durations(opened):
        shown_ms += duration
        until = max(ticks, round(shown_ms * _RATE / 1000))
        if until > ticks:
            yield opened, until - ticks
        ticks = until


def _write(descriptor: int, pixels: bytes) -> None:
    left = memoryview(pixels)
    while left:
        left = left[os.write(descriptor, left) :]
