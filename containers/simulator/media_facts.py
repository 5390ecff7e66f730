"""What a file is, by its own bytes: what a phone finds out before it can show it."""

import io
from dataclasses import dataclass
from typing import Any

import av
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError

PICTURES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "ogg": "ogg", "mp3": "mpeg", "amr": "amr", "aac": "aac", "wav": "wav"}
BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
)
THUMBNAIL_EDGE = 100
GPS = 0x8825


@dataclass(frozen=True, slots=True)
class Facts:
    """`family` is image, video, audio or other; sizes in pixels, as shown; `duration` in seconds."""

    family: str
    mime: str
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    codecs: tuple[str, ...] = ()
    frames: int = 1
    has_place: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "mime": self.mime,
            "codecs": list(self.codecs),
            "frames": self.frames,
            "has_place": self.has_place,
        }


def look(data: bytes) -> Facts:
    return _picture(data) or _recording(data) or _other(data)


def _picture(data: bytes) -> Facts | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            mime = PICTURES.get(image.format or "")
            if mime is None:
                return None
            image.load()
            exif = image.getexif()
            width, height = image.size
            if exif.get(0x0112, 1) > 4:  # shown on its side
                width, height = height, width
            return Facts("image", mime, width, height, frames=getattr(image, "n_frames", 1), has_place=GPS in exif)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None


def _size(container: Any, video: Any) -> tuple[int, int]:
    """As it is shown: in square pixels, and turned as the camera was held."""
    aspect, (width, height) = video.sample_aspect_ratio or 1, (video.width, video.height)
    width, height = (int(width * aspect), height) if aspect > 1 else (width, int(height / aspect))
    frame = next(container.decode(video), None)
    return (height, width) if frame is not None and round(frame.rotation) % 180 else (width, height)


def _recording(data: bytes) -> Facts | None:
    try:
        with av.open(io.BytesIO(data), "r") as container:
            name = CONTAINERS.get(container.format.name)
            if name is None:
                return None
            codecs = tuple(stream.codec_context.name for stream in container.streams if stream.codec_context)
            duration = container.duration / av.time_base if container.duration else None
            if not container.streams.video:
                return Facts("audio", f"audio/{name}", duration=duration, codecs=codecs)
            video = container.streams.video[0]
            mime = f"video/{name}" if data[4:11] != b"ftyp3gp" else "video/3gpp"
            return Facts("video", mime, *_size(container, video), duration, codecs)
    except (FFmpegError, ValueError, IndexError):
        return None


def _other(data: bytes) -> Facts:
    for beginning, mime in BEGINNINGS:
        if data.startswith(beginning):
            return Facts("other", mime)
    try:
        data.decode()
    except UnicodeDecodeError:
        return Facts("other", "application/octet-stream")
    return Facts("other", "text/plain")


def thumbnail(data: bytes) -> bytes | None:
    """A small JPEG, as the one that travels inside a message; None for what has no picture."""
    picture = _first_picture(data)
    if picture is None:
        return None
    picture.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
    small = io.BytesIO()
    picture.convert("RGB").save(small, "JPEG", quality=60)
    return small.getvalue()


def _first_picture(data: bytes) -> Image.Image | None:
    facts = look(data)
    if facts.family == "image":
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return image.copy()
    if facts.family == "video":
        with av.open(io.BytesIO(data), "r") as container:
            for frame in container.decode(video=0):
                picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # av has no type for it
                return picture
    return None
