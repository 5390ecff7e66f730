"""How a film or a sound is made to fit a size: which picture size, frame rate and bit rates. Arithmetic only.

Quality has a floor: bits a pixel and frame below which H.264 shows blocks instead of pictures (`FLOOR`). From the
largest size down, the first is taken whose share of the bits lies above the floor; when none is, the film is refused.
"""

from dataclasses import dataclass

from waypost.domain.media import MAX_VIDEO_EDGE

FLOOR = 0.035  # bits a pixel and frame; at H.264's usual quality (CRF 23) talking heads take 0.04, sports 0.1
_GOOD = 0.06  # with that, a larger picture is worth more than more bits
_EDGES = (MAX_VIDEO_EDGE, 960, 848, 640, 480)
_MAX_RATE = 30.0
_AUDIO = (96_000, 64_000, 48_000, 32_000)  # bits a second; the last is for films that are long
_CONTAINER_SHARE = 0.02  # index and packet headers
_RESERVE = 0.03  # by how much an encoder may overshoot what it was told


@dataclass(frozen=True, slots=True)
class FilmPlan:
    width: int
    height: int
    rate: float
    video_bits: int  # a second, at most
    audio_bits: int  # a second; zero when there is no sound


def film_plan(
    width: int, height: int, rate: float, seconds: float, *, sound: bool, limit: int, share: float = 1.0
) -> FilmPlan | None:
    """The best that fits into `limit` bytes; None when it would look worse than the floor allows. `share` is how much
    of the limit a second try, after an overshoot, may use."""
    budget = limit * 8 * (1 - _CONTAINER_SHARE - _RESERVE) * share / max(seconds, 0.1)
    shown = min(rate or _MAX_RATE, _MAX_RATE)
    for wanted in (_GOOD, FLOOR):
        for edge in _EDGES:
            size = fitted(width, height, edge)
            for audio in _AUDIO if sound else (0,):
                bits = budget - audio
                if bits >= wanted * size[0] * size[1] * shown and audio <= max(budget * 0.35, _AUDIO[-1]):
                    return FilmPlan(*size, shown, int(bits), audio)
    return None


def longest_film(width: int, height: int, rate: float, *, sound: bool, limit: int) -> int:
    """How many seconds of it fit at the floor."""
    least = fitted(width, height, _EDGES[-1])
    bits = FLOOR * least[0] * least[1] * min(rate or _MAX_RATE, _MAX_RATE) + (_AUDIO[-1] if sound else 0)
    return int(limit * 8 * (1 - _CONTAINER_SHARE - _RESERVE) / bits)


def fitted(width: int, height: int, edge: int) -> tuple[int, int]:
    """Within `edge`, in proportion, both sides even, as H.264 with yuv420p needs them."""
    scale = min(1.0, edge / max(width, height))
    return _even(width * scale), _even(height * scale)


def _even(side: float) -> int:
    return max(2, int(side + 0.001) // 2 * 2)


def sound_bits(seconds: float, *, limit: int, floor: int, wanted: int) -> int | None:
    """Bits a second for a sound of that length; None when it would be less than `floor`."""
    bits = int(limit * 8 * (1 - _CONTAINER_SHARE - _RESERVE) / max(seconds, 0.1))
    return min(bits, wanted) if bits >= floor else None
