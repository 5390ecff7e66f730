"""What a person's phone makes of what it is given to send: a file is sealed and uploaded, a card is written.

A phone may send what other phones cannot show: nothing is checked here, whoever receives has to bear it.
"""

import array
import base64
import binascii
import functools
import io
import itertools
from typing import Any

import av
from av.error import FFmpegError

from containers.simulator import media_crypto, media_facts, media_files, media_trouble
from containers.simulator.contents import MEDIA, OTHERS, Content
from containers.simulator.control_input import field
from containers.simulator.errors import BadRequest
from containers.simulator.journal import now_ms
from containers.simulator.network import Network

# What people call it, and what WhatsApp does.
CALLED = {
    "voice": "ptt",
    "video_note": "ptv",
    "gif": "video",
    "poll": "poll_creation",
    "live_location": "location",
    "contact": "vcard",
    "contacts": "multi_vcard",
}
WAVES = 64
PLAIN = functools.partial(av.AudioResampler, format="s16", layout="mono", rate=8000)
TAKEN_AS_SAID = ("filename", "pages", "duration", "width", "height", "album")


def content_of(network: Network, body: dict[str, Any]) -> Content:
    """The content that the body of a call describes; empty for a text."""
    said = str(body.get("type") or "chat")
    kind = CALLED.get(said, said)
    if kind == "chat":
        return {}
    if kind in MEDIA:
        return _file(network, {**body, "type": kind, "gif": body.get("gif") or said == "gif"})
    if kind not in OTHERS:
        raise BadRequest("unknown_type", f"a message of the type {said!r} is not known")
    if said == "live_location":
        body = {"live": 3600, **body}
    return {"type": kind, **OTHERS[kind](body)}


def _file(network: Network, body: dict[str, Any]) -> Content:
    data = _bytes(body)
    facts = media_facts.look(data)
    content: Content = {
        "type": body["type"],
        "mime": str(body.get("mime") or _mime(body["type"], facts)),
        "size": len(data),
        "width": facts.width,
        "height": facts.height,
        "duration": facts.duration,
        "gif": bool(body["gif"]),
        "view_once": bool(body.get("view_once")),
        "unavailable": bool(body.get("unavailable")),
        "thumbnail": _small(data),
        "waveform": _waveform(data) if body["type"] == "ptt" else None,
        **{name: body[name] for name in TAKEN_AS_SAID if body.get(name) is not None},
    }
    content = {name: value for name, value in content.items() if value not in (None, False)}
    uploaded = _upload(network, content, data)
    media_files.change_faults(network, uploaded["direct_path"], media_trouble.checked(body.get("trouble") or {}))
    return content | uploaded | {"facts": facts.as_json()}


def _bytes(body: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(field(body, "data"), validate=True)
    except binascii.Error as problem:
        raise BadRequest("bad_data", "data must be the file in base64") from problem


def _mime(kind: str, facts: media_facts.Facts) -> str:
    return "audio/ogg; codecs=opus" if kind == "ptt" and facts.mime == "audio/ogg" else facts.mime


def _small(data: bytes) -> str | None:
    small = media_facts.thumbnail(data)
    return media_crypto.b64(small) if small else None


def _upload(network: Network, content: Content, data: bytes) -> Content:
    kind, key = ("gif" if content.get("gif") else content["type"]), media_crypto.new_key()
    sealed = media_crypto.seal(data, key, kind)
    return {
        "sha256": media_crypto.b64(media_crypto.sha256(data)),
        "enc_sha256": media_crypto.b64(media_crypto.sha256(sealed)),
        "media_key": media_crypto.b64(key),
        "media_key_at": now_ms() // 1000,
        "direct_path": media_files.keep(network, kind, sealed),
    }


def _loudness(samples: bytes) -> float:
    values = array.array("h", samples)
    return sum(map(abs, values)) / max(1, len(values))


def _waveform(data: bytes) -> str | None:
    """Sixty-four loudnesses from 0 to 100, as they are drawn under a voice note."""
    try:
        with av.open(io.BytesIO(data), "r") as container:
            frames = itertools.chain.from_iterable(map(PLAIN().resample, container.decode(audio=0)))
            loud = [_loudness(bytes(frame.planes[0])[: frame.samples * 2]) for frame in frames]
    except (FFmpegError, ValueError, IndexError):
        return None
    if not loud:
        return None
    groups = itertools.batched(loud, max(1, -(-len(loud) // WAVES)), strict=False)
    heard = [sum(group) / len(group) for group in groups]
    most = max(heard) or 1.0
    values = [int(100 * one / most) for one in heard]
    return media_crypto.b64(bytes(values + [0] * (WAVES - len(values))))
