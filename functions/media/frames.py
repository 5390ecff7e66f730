"""Sound files by their frames: mp3, amr and ogg, whether they are whole and hold nothing else."""

import struct

from waypost.domain.media_refusals import refusal

# Kilobits a second, by the header's four bits: MPEG 1 layer III and II, MPEG 2 (and 2.5) layers III and II.
_RATES = {
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_HERTZ = (44100, 48000, 32000)
_AMR_SIZES = {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1}
_AMR_WIDE_SIZES = {0: 18, 1: 24, 2: 33, 3: 37, 4: 41, 5: 47, 6: 51, 7: 59, 8: 61, 9: 6, 14: 1, 15: 1}
_AMR, _AMR_WIDE = b"#!AMR\n", b"#!AMR-WB\n"
_TAIL_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
_MIN_FRAMES = 3  # fewer may be chance
_NOT_ONLY_SOUND = "behind the sound there is something that is not part of it"


def check_mp3(data: bytes) -> None:
    """Raises MediaRefused."""
    at, count = _after_id3(data), 0
    while at < len(data):
        size = _mp3_frame(data, at)
        if not size:
            break
        if at + size > len(data):
            raise refusal("media_truncated", what="its last part is cut off")
        at, count = at + size, count + 1
    if count < _MIN_FRAMES:
        raise refusal("media_type_unsupported", found="not sound, though it begins like it")
    _check_tail(data[at:])


def _after_id3(data: bytes) -> int:
    """A tag says its own length in four bytes of seven bits; after it there may be zeros."""
    at = 0
    while data.startswith(b"ID3", at):
        a, b, c, d = data[at + 6 : at + 10].ljust(4, b"\0")
        at += 10 + (a << 21 | b << 14 | c << 7 | d)
        while data[at : at + 1] == b"\0":
            at += 1
    return at


def _mp3_frame(data: bytes, at: int) -> int:
    """Its size in bytes, zero when none begins here."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return 0
    version, layer = (data[at + 1] >> 3) & 3, 4 - ((data[at + 1] >> 1) & 3)
    rate, hertz, padding = data[at + 2] >> 4, (data[at + 2] >> 2) & 3, (data[at + 2] >> 1) & 1
    if version == 1 or layer not in (2, 3) or rate in (0, 15) or hertz == 3:
        return 0
    family = 1 if version == 3 else 2
    frequency = _HERTZ[hertz] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 72 if family == 2 and layer == 3 else 144
    return samples * _RATES[family, layer][rate] * 1000 // frequency + padding


def _check_tail(rest: bytes) -> None:
    if rest.strip(b"\0") and not rest.startswith(_TAIL_TAGS):
        raise refusal("media_polyglot", what=_NOT_ONLY_SOUND)


def check_amr(data: bytes) -> None:
    """Raises MediaRefused."""
    wide = is_wide_amr(data)
    sizes, at, count = (_AMR_WIDE_SIZES, len(_AMR_WIDE), 0) if wide else (_AMR_SIZES, len(_AMR), 0)
    while at < len(data):
        size = sizes.get((data[at] >> 3) & 15)
        if size is None or data[at] & 0x83:
            raise refusal("media_polyglot", what=_NOT_ONLY_SOUND)
        if at + size > len(data):
            raise refusal("media_truncated", what="its last part is cut off")
        at, count = at + size, count + 1
    if not count:
        raise refusal("media_truncated", what="there is a beginning and no sound")


def is_wide_amr(data: bytes) -> bool:
    return data.startswith(_AMR_WIDE)


def check_ogg(data: bytes) -> None:
    """Raises MediaRefused."""
    at = 0
    while at < len(data):
        head = data[at : at + 27]
        if not head.startswith(b"OggS"[: len(head)]):
            raise refusal("media_polyglot", what=_NOT_ONLY_SOUND)
        count = head[26] if len(head) == 27 else 0
        size = 27 + count + sum(data[at + 27 : at + 27 + count])
        if len(head) < 27 or at + size > len(data):
            raise refusal("media_truncated", what="its last part is cut off")
        at += size


def ogg_is_voice(data: bytes) -> bool:
    """Whether the first stream is Opus with one channel, as voice notes are."""
    body = data[27 + data[26] :]
    return body.startswith(b"OpusHead") and len(body) > 9 and struct.unpack_from("B", body, 9)[0] == 1
