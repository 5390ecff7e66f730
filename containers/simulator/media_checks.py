"""What a recipient's phone could not show is refused when it is sent, so that nobody's test passes on it.

The real server sees ciphertext alone and lets such a message through; the README says which limits are known.
"""

from collections.abc import Callable
from typing import Any

from containers.simulator import media_files
from containers.simulator.errors import BadRequest
from containers.simulator.media_facts import Facts

STICKER_EDGE = 512
MOST_STICKER_BYTES = 1024 * 1024
MOST_IMAGE_EDGE = 4096
PLAYED_VIDEO = {"h264"}
PLAYED_SOUND = {"mp3", "mp3float", "aac", "amrnb", "amr_nb", "amrwb", "amr_wb", "opus", "libopus", "vorbis"}
# What the page counts in whole seconds.
SLACK_S = 1.5
# What is not filmed in square pixels is rounded to them, by everybody as they like.
ROUNDED = 1

Content = dict[str, Any]


def check(content: Content, data: bytes, facts: Facts) -> None:
    """Raises with a reason of its own for each thing that is wrong with a file for what it is sent as."""
    kind = content["type"]
    if not data:
        raise BadRequest("media_empty", "the file is empty")
    if len(data) > media_files.most_bytes(kind):
        raise BadRequest("media_too_large", f"a {kind} has at most {media_files.most_bytes(kind)} bytes")
    if len(data) != content["size"]:
        raise BadRequest("media_size_wrong", f"the message says {content['size']} bytes, the file has {len(data)}")
    CHECKS[kind](content, data, facts)


def _mime(content: Content, facts: Facts) -> None:
    said = str(content["mime"]).partition(";")[0].strip().lower()
    alike = {facts.mime, *ALIKE.get(facts.mime, ())}
    if said not in alike:
        raise BadRequest("media_mime_wrong", f"the message says {said}, the file is {facts.mime}")


ALIKE = {
    "audio/mpeg": ("audio/mp3",),
    "audio/mp4": ("audio/aac", "audio/x-m4a"),
    "video/mp4": ("video/quicktime",),
}


def _size_in_pixels(content: Content, facts: Facts, slack: int = 0) -> None:
    said, found = (content.get("width") or 0, content.get("height") or 0), (facts.width or 0, facts.height or 0)
    if any(abs(one - other) > slack for one, other in zip(said, found, strict=True)):
        raise BadRequest("media_dimensions_wrong", f"the file is {facts.width} by {facts.height} pixels")


def _duration(content: Content, facts: Facts) -> None:
    said = content.get("duration")
    if facts.duration is not None and (said is None or abs(said - facts.duration) > SLACK_S):
        raise BadRequest("media_duration_wrong", f"the recording lasts {facts.duration:.1f} s, not {said}")


def _image(content: Content, _data: bytes, facts: Facts) -> None:
    if facts.mime not in ("image/jpeg", "image/png", "image/webp"):
        raise BadRequest("image_not_shown", f"{facts.mime} is not shown as a picture")
    if max(facts.width or 0, facts.height or 0) > MOST_IMAGE_EDGE:
        raise BadRequest("image_too_large", f"a picture has at most {MOST_IMAGE_EDGE} pixels on a side")
    _mime(content, facts)
    _size_in_pixels(content, facts)


def _video(content: Content, _data: bytes, facts: Facts) -> None:
    if facts.family != "video" or not PLAYED_VIDEO.intersection(facts.codecs):
        raise BadRequest("video_not_played", "a video is H.264 in mp4 or 3gp")
    _mime(content, facts)
    # Of a round one the client says that it is a square of its own size, whatever it was filmed in.
    if content["type"] != "ptv":
        _size_in_pixels(content, facts, ROUNDED)
    _duration(content, facts)


def _audio(content: Content, _data: bytes, facts: Facts) -> None:
    if facts.family != "audio" or not PLAYED_SOUND.intersection(facts.codecs):
        raise BadRequest("audio_not_played", "a sound is mp3, aac, amr, opus or vorbis")
    _mime(content, facts)
    _duration(content, facts)


def _voice(content: Content, _data: bytes, facts: Facts) -> None:
    if facts.mime != "audio/ogg" or not {"opus", "libopus"}.intersection(facts.codecs):
        raise BadRequest("voice_not_opus", "a voice note is opus in ogg: others are silent on many phones")
    _mime(content, facts)
    _duration(content, facts)


def _sticker(content: Content, data: bytes, facts: Facts) -> None:
    if facts.mime != "image/webp" or (facts.width, facts.height) != (STICKER_EDGE, STICKER_EDGE):
        raise BadRequest("sticker_not_fit", f"a sticker is webp of {STICKER_EDGE} by {STICKER_EDGE} pixels")
    if len(data) > MOST_STICKER_BYTES:
        raise BadRequest("sticker_too_large", f"a sticker has at most {MOST_STICKER_BYTES} bytes")
    _mime(content, facts)


def _document(content: Content, _data: bytes, facts: Facts) -> None:
    if not content.get("filename"):
        raise BadRequest("filename_missing", "a document has a name")
    said = str(content["mime"]).lower()
    for claim, mime in CLAIMS.items():
        if said.startswith(claim) and facts.mime != mime:
            raise BadRequest("media_mime_wrong", f"the message says {said}, the file is {facts.mime}")


# Names that promise how a file begins; whoever opens it by its name finds something else, or nothing.
CLAIMS = {
    "application/pdf": "application/pdf",
    "application/msword": "application/msword",
    "application/vnd.openxmlformats": "application/zip",
    "application/zip": "application/zip",
}


CHECKS: dict[str, Callable[[Content, bytes, Facts], None]] = {
    "image": _image,
    "video": _video,
    "ptv": _video,
    "audio": _audio,
    "ptt": _voice,
    "sticker": _sticker,
    "document": _document,
}
