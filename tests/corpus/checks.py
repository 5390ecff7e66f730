"""What a prepared file really is, told by programs other than those that judged it, against what the corpus says."""

import hashlib
import io
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageChops

from tests.corpus.files import Honest
from tests.corpus.pictures import PLACE, PLACE_ISO6709
from waypost.domain.media import MAX_IMAGE_EDGE, MAX_PREPARED_BYTES, THUMBNAIL_EDGE, Prepared

_GPS = 0x8825


@dataclass(frozen=True)
class Heard:
    """What ffmpeg, the program, says of a recording after it has decoded all of it without a fault."""

    seconds: float
    codecs: tuple[str, ...]
    size: tuple[int, int] | None
    said: str


def heard(path: Path) -> Heard:
    line = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-xerror", "-i", str(path), "-f", "null", "-"]
    said = subprocess.run(line, check=True, capture_output=True, text=True, timeout=120, errors="replace").stderr
    given, _, _ = said.partition("Stream mapping:")
    hours, minutes, seconds = re.findall(r"Duration: (\d+):(\d+):([\d.]+)", given)[0]
    size = re.findall(r"Video: .*? (\d{2,5})x(\d{2,5})", given)
    codecs = tuple(re.findall(r"(?:Video|Audio): (\w+)", given))
    length = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return Heard(length, codecs, (int(size[0][0]), int(size[0][1])) if size else None, given)


def check(file: Honest, source: bytes, prepared: Prepared, path: Path, thumbnail: Path) -> None:
    data = path.read_bytes()
    assert (prepared.kind, prepared.mime) == (file.kind, file.mime)
    assert tuple(note.code for note in prepared.notes) == file.notes
    assert (prepared.size, prepared.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert len(data) <= MAX_PREPARED_BYTES
    assert prepared.untouched == file.untouched == (data == source)
    assert prepared.has_thumbnail == file.thumbnail == thumbnail.exists()
    _check_silence(file, source, data)
    if file.thumbnail:
        _check_thumbnail(thumbnail)
    if file.mime.startswith("image/"):
        _check_picture(file, source, prepared, data)
    if file.mime.startswith(("video/", "audio/")):
        _check_recording(file, prepared, path)


def _check_silence(file: Honest, source: bytes, data: bytes) -> None:
    # In words; and as 3GPP and QuickTime name the box that has it in numbers.
    place = (PLACE.encode(), PLACE_ISO6709.encode(), b"loci\0\0\0\0", b"\xa9xyz")
    assert any(one in source for one in place) == file.tells_place
    assert not any(one in data for one in place)


def _check_thumbnail(path: Path) -> None:
    with Image.open(path) as small:
        assert small.format == "JPEG"
        assert max(small.size) <= THUMBNAIL_EDGE
        assert not small.getexif()
    assert path.stat().st_size < 40_000


def _check_picture(file: Honest, source: bytes, prepared: Prepared, data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as after:
        after.load()
        turn = after.getexif().get(0x0112, 1)
        size = after.size if turn < 5 else after.size[::-1]
        assert (f"image/{str(after.format).lower()}", size) == (file.mime, file.size)
        assert (prepared.width, prepared.height) == file.size
        assert max(size) <= MAX_IMAGE_EDGE
        assert not after.getexif().get_ifd(_GPS)
        assert "xmp" not in after.info
        if set(file.notes) == {"metadata_removed"}:
            with Image.open(io.BytesIO(source)) as before:
                assert ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox() is None
        if "turned" in file.notes:  # the red corner, which the camera saved on the left, is shown on the right
            red, _, blue = after.convert("RGB").crop((after.width - 20, 20, after.width - 19, 21)).tobytes()
            assert (red > 180, blue < 80) == (True, True)


def _check_recording(file: Honest, prepared: Prepared, path: Path) -> None:
    found = heard(path)
    assert file.seconds is not None
    assert abs(found.seconds - file.seconds) < 0.15
    assert prepared.duration_ms is not None
    assert abs(prepared.duration_ms / 1000 - file.seconds) < 0.1
    assert "location" not in found.said
    if file.mime.startswith("video/") and file.kind != "document":
        _check_film(file, found, path)
    if file.kind == "voice":
        assert found.codecs == ("opus",)
        assert "mono" in found.said
        assert prepared.waveform is not None
        assert (len(prepared.waveform), max(prepared.waveform), min(prepared.waveform) >= 0) == (64, 100, True)


def _check_film(file: Honest, found: Heard, path: Path) -> None:
    assert file.size is not None
    assert found.codecs in (("h264",), ("h264", "aac"))
    assert "yuv420p" in found.said
    turned = "Display Matrix: rotation" in found.said
    assert found.size == (file.size[::-1] if turned else file.size)
    assert (len(found.codecs) == 1) == (file.kind == "gif")
    data = path.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")  # plays while it loads
