"""What a recording holds, read by libav: streams, sizes, lengths, and what it tells of where it was made."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from PIL import Image

from waypost.domain.media_refusals import refusal

# Which reader takes which type: a file is never asked what it would like to be read as.
_FORMATS = {
    "video/mp4": "mov",
    "video/3gpp": "mov",
    "audio/mp4": "mov",
    "audio/mpeg": "mp3",
    "audio/amr": "amr",
    "audio/ogg": "ogg",
}
_ESTIMATED = ("mp3", "amr")  # they carry no length: libav would guess it from the first frames
_HARMLESS = re.compile(
    r"(major_brand|minor_version|compatible_brands|encoder|handler_name|vendor_id|language|title|artist|album"
    r"|album_artist|track|disc|genre|date|creation_time|composer|duration|tsrc|tlen|tbpm|isrc)$",
    re.IGNORECASE,
)
_COORDINATES = re.compile(r"[+-]\d{1,3}\.\d+.{0,2}[+-]\d{1,3}\.\d+")


@dataclass(frozen=True, slots=True)
class Recording:
    """Width and height are as shown, after the turn (0, 90, 180 or 270 degrees). `length` is in seconds."""

    length: float
    has_video: bool
    width: int = 0
    height: int = 0
    turn: int = 0
    rate: float = 0
    video_codec: str = ""
    pixels: str = ""
    audio_codec: str = ""
    audio_hertz: int = 0
    channels: int = 0
    streams: int = 0
    tells_place: bool = False


def probe(path: Path, mime: str) -> Recording:
    """Raises MediaRefused."""
    try:
        with av.open(str(path), format=_FORMATS[mime], options=_options(mime)) as container:
            return _described(container)
    except av.error.FFmpegError:
        raise refusal("media_damaged", what="picture and sound cannot be told apart") from None


def _options(mime: str) -> dict[str, str]:
    """No other file may be drawn in by what this one says."""
    return {"protocol_whitelist": "file"} | ({"enable_drefs": "0"} if _FORMATS[mime] == "mov" else {})


def _described(container: Any) -> Recording:
    streams = container.streams
    video = next((stream for stream in streams.video if not _is_cover(stream)), None)
    sound = streams.audio[0] if streams.audio else None
    if video is None and sound is None:
        raise refusal("media_damaged", what="it holds neither picture nor sound")
    tells = any(tells_place(holder.metadata) for holder in (container, *streams))
    facts: dict[str, Any] = {
        "length": _length(container, video or sound),
        "has_video": video is not None,
        "streams": len(streams),
        "tells_place": tells,
    }
    if sound is not None:
        facts |= {
            "audio_codec": sound.codec_context.name,
            "audio_hertz": sound.codec_context.sample_rate,
            "channels": sound.codec_context.channels,
        }
    return Recording(**facts, **(_of_pictures(container, video) if video is not None else {}))


def _is_cover(stream: Any) -> bool:
    """The picture of an album is a stream of one frame."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _length(container: Any, stream: Any) -> float:
    if container.duration and container.format.name not in _ESTIMATED:
        return float(container.duration / av.time_base)
    if stream.duration and stream.time_base and container.format.name not in _ESTIMATED:
        return float(stream.duration * stream.time_base)
    ends = (packet.pts + (packet.duration or 0) for packet in container.demux(stream) if packet.pts is not None)
    return float(max(ends, default=0) * (stream.time_base or 0))


def _of_pictures(container: Any, video: Any) -> dict[str, Any]:
    context = video.codec_context
    frame = _first_frame(container, video)
    turn = round(frame.rotation) % 360
    width, height = _square(context.width, context.height, video.sample_aspect_ratio)
    width, height = (height, width) if turn % 180 else (width, height)
    return {
        "width": width,
        "height": height,
        "turn": turn,
        "rate": float(video.average_rate or video.guessed_rate or 0),
        "video_codec": context.name,
        "pixels": context.pix_fmt or "",
    }


def _square(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """In square pixels, as screens have them: old phones filmed in others, and players stretch them."""
    if not aspect or aspect <= 0:
        return width, height
    return (int(width * aspect), height) if aspect > 1 else (width, int(height / aspect))


def _first_frame(container: Any, video: Any) -> Any:
    frame = next(container.decode(video), None)
    if frame is None:
        raise refusal("media_damaged", what="it has no picture that can be shown")
    return frame


def tells_place(metadata: dict[str, str]) -> bool:
    """Whether tags may say where it was made: any that is not known to be harmless, or looks like coordinates."""
    return any(not _HARMLESS.match(key) or _COORDINATES.search(value) for key, value in metadata.items())


def picture_at(path: Path, mime: str, second: float) -> Image.Image:
    """The picture shown near that time, upright. Raises MediaRefused."""
    try:
        with av.open(str(path), format=_FORMATS[mime], options=_options(mime)) as container:
            video = next(stream for stream in container.streams.video if not _is_cover(stream))
            container.seek(int(second * av.time_base))
            frame = _first_frame(container, video)
            picture: Image.Image = frame.to_image()
            return picture.rotate(frame.rotation, expand=True)
    except av.error.FFmpegError:
        raise refusal("media_damaged", what="it has no picture that can be shown") from None
