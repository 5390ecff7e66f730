"""What a phone has of a file that Waypost sent, against what the corpus says of it and what Waypost prepared."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from tests.corpus.checks import check
from tests.corpus.files import Honest
from tests.corpus.pictures import PLACE, PLACE_ISO6709
from waypost.domain.media import Prepared

TYPES = {
    "image": "image", "gif": "video", "video": "video", "audio": "audio", "voice": "ptt", "document": "document",
    "sticker": "sticker",
}  # fmt: skip
JPEG = "image/jpeg"
HD_EDGE = 1600  # a picture beyond is sent as one in high definition, or WhatsApp's page would make it smaller


def check_arrival(
    file: Honest, source: bytes, prepared: Prepared, small: bytes | None, has: dict[str, Any], data: bytes, folder: Path
) -> None:
    """`prepared` and `small`, its thumbnail, are Waypost's word; `has` is what the phone says of the message, `data`
    are the bytes that it has decrypted. Raises AssertionError."""
    media = has["media"]
    place = (PLACE.encode(), PLACE_ISO6709.encode(), b"loci\0\0\0\0", b"\xa9xyz")
    assert not media["facts"]["has_place"]
    assert not any(one in data for one in place)
    assert has["type"] == TYPES[file.kind]
    assert media["gif"] == (file.kind == "gif")
    thumbnail = folder / "thumbnail.jpg"
    if small is not None:
        thumbnail.write_bytes(small)
    if _is_drawn_anew(file):
        _check_likeness(file, media, data)
        return
    path = folder / "arrived"
    path.write_bytes(data)
    waveform = tuple(media["waveform"]) if media["waveform"] else None
    check(file, source, replace(prepared, waveform=waveform), path, thumbnail)
    # WhatsApp's page writes the type of voice notes its own way; the codec is what `check` has found.
    assert media["mime"].partition(";")[0] == file.mime.partition(";")[0]
    assert media["size"] == prepared.size
    if file.seconds is not None and file.kind != "document":
        assert abs(float(media["duration"]) - file.seconds) < 1.0
    if file.size is not None and file.kind in ("image", "video", "gif"):
        assert {media["width"], media["height"]} == set(file.size)


def _is_drawn_anew(file: Honest) -> bool:
    """WhatsApp's page makes a JPEG of every picture that is none, and draws stickers into their square."""
    return file.kind == "sticker" or (file.kind == "image" and file.mime != JPEG)


def _check_likeness(file: Honest, media: dict[str, Any], data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.size == file.size == (media["width"], media["height"])
        assert picture.format == ("WEBP" if file.kind == "sticker" else "JPEG")
        if file.kind == "image" and file.mime == "image/png":
            with Image.open(io.BytesIO(file.make())) as before:
                apart = ImageChops.difference(before.convert("L"), picture.convert("L"))
            assert ImageStat.Stat(apart).mean[0] < 12
