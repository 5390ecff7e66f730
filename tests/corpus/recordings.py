"""Video and sound, made by ffmpeg itself from its test sources."""

import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg

from tests.corpus.pictures import PLACE_ISO6709

_PICTURE = "testsrc2=size={size}:rate={rate}:duration={seconds}"
_SOUND = "aevalsrc='0.6*sin(2*PI*(220+110*t)*t)*(0.2+0.8*abs(sin(3*t)))':s=48000:d={seconds}"
LOCATION = ("-metadata", f"location={PLACE_ISO6709}", "-metadata", f"location-eng={PLACE_ISO6709}")


def ffmpeg(*arguments: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="waypost-corpus-") as folder:
        out = Path(folder, name)
        line = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments, str(out)]
        subprocess.run(line, check=True, timeout=120)
        return out.read_bytes()


def video(
    name: str = "v.mp4",
    *how: str,
    size: str = "320x240",
    rate: int = 25,
    seconds: float = 2,
    sound: bool = True,
    codec: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    audio: tuple[str, ...] = ("-c:a", "aac", "-b:a", "64k"),
) -> bytes:
    picture = _PICTURE.format(size=size, rate=rate, seconds=seconds)
    inputs = ["-f", "lavfi", "-i", picture]
    if sound:
        inputs += ["-f", "lavfi", "-i", _SOUND.format(seconds=seconds), *audio, "-shortest"]
    return ffmpeg(*inputs, *codec, *how, name=name)


def ready_video(**how: object) -> bytes:
    """As WhatsApp plays it, index in front, nothing told about place or time."""
    return video("v.mp4", "-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact", **how)  # type: ignore[arg-type]


def old_phone_video() -> bytes:
    codec = ("-c:v", "h263", "-b:v", "200k")
    return video(
        "v.3gp", size="352x288", rate=15, codec=codec, audio=("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1")
    )


def turned_video() -> bytes:
    """Filmed upright: the pictures lie, and a matrix says so."""
    plain = video(size="320x180", seconds=1)
    with tempfile.TemporaryDirectory(prefix="waypost-corpus-") as folder:
        source = Path(folder, "plain.mp4")
        source.write_bytes(plain)
        return ffmpeg("-display_rotation", "90", "-i", str(source), "-c", "copy", *LOCATION, name="turned.mp4")


def sound(name: str, *how: str, seconds: float = 3) -> bytes:
    return ffmpeg("-f", "lavfi", "-i", _SOUND.format(seconds=seconds), *how, name=name)


def vorbis() -> bytes:
    return sound("v.ogg", "-c:a", "vorbis", "-strict", "-2", "-ac", "2")


def odd_video() -> bytes:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")
    return video("v.mp4", "-vf", "scale=319:179", seconds=1, codec=codec)


def fast_video() -> bytes:
    codec = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1")
    return video(size="1920x1080", rate=60, codec=codec)


def scrambled_video() -> bytes:
    """The index is whole, what it points to is not."""
    made = bytearray(ready_video())
    at = made.find(b"mdat") + 4
    made[at:] = b"\xa5" * (len(made) - at)
    return bytes(made)
