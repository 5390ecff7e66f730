"""Preparing pictures and films: time a megabyte beside Pillow and ffmpeg at the same work, peak memory, and a page
(`media.html`) that shows what went in beside what came out.
"""

import base64
import functools
import html
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg
from PIL import Image, ImageOps

from media.bounds import Bounds, Preparer
from media.ffmpeg import MP4
from media.fitting import FilmPlan, film_plan
from media.videos import video_encoder
from tests.bench.figures import Figure, tell
from tests.corpus import documents, pictures, recordings
from waypost.domain.media import MAX_IMAGE_EDGE, MAX_PREPARED_BYTES, Ask, Prepared

TIMES = 4
AIM = 1.1
PAGE = Path(__file__).with_name("media.html")
_CAMERA = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "20M")
_SIDE = 300  # of the pictures on the page


def measure() -> list[Figure]:
    with TemporaryDirectory(prefix="waypost-bench-media-") as name:
        folder = Path(name)
        photo = folder / "photo.jpg"
        photo.write_bytes(pictures.photo(5200, 3900, orientation=6, quality=92))
        film = folder / "film.mp4"
        film.write_bytes(recordings.video(size="1920x1080", rate=30, seconds=10, codec=_CAMERA))
        preparer = Preparer()
        try:
            figures = _compared("picture", photo, preparer, plain_pillow)
            figures += _compared("film", film, preparer, plain_ffmpeg)
            PAGE.write_text(_page(preparer, folder))
        finally:
            preparer.close()
    return figures


def _compared(what: str, source: Path, preparer: Preparer, plain: Callable[[Path, Path], None]) -> list[Figure]:
    """Taken in turns, so that both meet the same machine; the best of each, because others work on it too."""
    megabytes = source.stat().st_size / 1e6
    ours, theirs = [], []
    prepare(preparer, source)
    for _ in range(TIMES):
        ours.append(timed(functools.partial(prepare, preparer, source)))
        with TemporaryDirectory(prefix="waypost-bench-media-") as folder:
            theirs.append(timed(functools.partial(plain, source, Path(folder))))
    each = min(ours) / megabytes * 1000
    ratio = min(ours) / min(theirs)
    against = "plain Pillow" if what == "picture" else "plain ffmpeg"
    return [
        Figure(
            f"preparing a {what}, each MB", each, "ms", AIM, aim_of="ratio", ratio=ratio, against=f"plain {against}"
        ),
        Figure(f"preparing a {what}, peak memory", _peak(source) / 1e6, "MB"),
    ]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def prepare(preparer: Preparer, source: Path, ask: Ask | None = None) -> tuple[Prepared, bytes, bytes]:
    """What came of it, its bytes and its thumbnail's."""
    with TemporaryDirectory(prefix="waypost-bench-media-") as name:
        folder = Path(name)
        prepared, path = preparer.prepare(source, folder, ask or Ask(), bounds=Bounds(), progress=lambda _: None)
        small = folder / "thumbnail.jpg"
        return prepared, path.read_bytes(), small.read_bytes() if small.exists() else b""


def plain_pillow(source: Path, folder: Path) -> None:
    """What anybody would write: upright, not too large, saved."""
    with Image.open(source) as opened:
        picture = ImageOps.exif_transpose(opened)
        picture.thumbnail((MAX_IMAGE_EDGE, MAX_IMAGE_EDGE), Image.Resampling.LANCZOS)
        picture.save(folder / "out.jpg", quality=90, subsampling="4:4:4")


def plain_ffmpeg(source: Path, folder: Path) -> None:
    """The same encoding by one call, with nothing looked at before or after."""
    plan = film_plan(1920, 1080, 30, 10, sound=True, limit=MAX_PREPARED_BYTES)
    assert isinstance(plan, FilmPlan)
    line = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(source),
        "-vf", f"scale={plan.width}:{plan.height}:flags=bicubic,format=yuv420p", *video_encoder(plan.video_bits),
        "-c:a", "aac", "-b:a", str(plan.audio_bits), "-ac", "2", *MP4, str(folder / "out.mp4"),
    ]  # fmt: skip
    subprocess.run(line, check=True)


_PEAK = """
import resource, sys
from pathlib import Path
from media.preparing import prepare
from waypost.domain.media import Ask
prepare(Path(sys.argv[1]), Path(sys.argv[2]), Ask(), lambda _: None)
print(sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024)
"""


def _peak(source: Path) -> int:
    """Resident bytes of the process and of the largest that it started, together."""
    with TemporaryDirectory(prefix="waypost-bench-media-") as folder:
        line = [sys.executable, "-c", _PEAK, str(source), folder]
        return int(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────


def _page(preparer: Preparer, folder: Path) -> str:
    shown = {
        "a photo taken upright, with its place": pictures.photo(1200, 900, orientation=6),
        "a picture that shines through": pictures.saved(pictures.see_through(), "WEBP"),
        "a moving GIF (its first picture)": pictures.moving("GIF"),
        "a PNG of 6 MB": pictures.saved(pictures.grain(1600, 1200), "PNG", compress_level=1),
        "a film from an old phone (a picture of it)": recordings.old_phone_video(),
        "a pdf": documents.pdf(),
        "a Word document": documents.docx(),
        "a Word document of old": documents.doc(),
        "plain text": documents.text(),
    }
    rows = "".join(_row(preparer, folder, what, data) for what, data in shown.items())
    return _FRAME.format(rows=rows)


def _row(preparer: Preparer, folder: Path, what: str, data: bytes) -> str:
    source = folder / "shown"
    source.write_bytes(data)
    prepared, after, small = prepare(preparer, source)
    notes = "<br>".join(html.escape(note.words) for note in prepared.notes) or "Its bytes are untouched."
    sizes = f"{len(data):,} → {prepared.size:,} bytes, {html.escape(prepared.mime)}"
    seen_after = _picture(after) if prepared.mime.startswith("image/") else _picture(small)
    return (
        f"<tr><th>{html.escape(what)}<p>{sizes}</p><p>{notes}</p></th>"
        f"<td>{_picture(data)}</td><td>{seen_after}</td></tr>\n"
    )


def _picture(data: bytes) -> str:
    """As a browser shows it: turned as Exif says. What is no picture has none."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            small = ImageOps.exif_transpose(opened).convert("RGBA")
    except OSError:
        return "—"
    small.thumbnail((_SIDE, _SIDE))
    out = io.BytesIO()
    small.save(out, "WEBP", quality=60)
    return f'<img alt="" src="data:image/webp;base64,{base64.b64encode(out.getvalue()).decode()}">'


_FRAME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Media, before and after</title>
<style>
body {{ font: 15px/1.4 sans-serif; margin: 2rem auto; max-width: 62rem; }}
th {{ text-align: left; vertical-align: top; width: 18rem; }}
th p {{ font-weight: normal; color: #555; margin: .3rem 0; overflow-wrap: anywhere; }}
td {{ padding: .6rem; background: repeating-conic-gradient(#ddd 0% 25%, #fff 0% 50%) 50% / 16px 16px; }}
</style>
<h1>Media, before and after</h1>
<p>Written by <code>make bench ARGS=media</code>. Documents are sent as they are: what is shown of them is their
preview.</p>
<table><tr><th></th><th>came in</th><th>goes out, or its preview</th></tr>
{rows}</table>
</html>
"""


if __name__ == "__main__":
    tell(measure())
