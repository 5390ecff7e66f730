"""The wave that WhatsApp draws for a voice note: 64 loudnesses from 0 to 100."""

import array
import math
from pathlib import Path

import av
import av.error

from waypost.domain.media import WAVEFORM_VALUES
from waypost.domain.media_refusals import refusal

_HERTZ = 8_000
_BLOCK = 160  # samples: 20 ms, short enough to tell syllables apart


def drawn(path: Path) -> tuple[int, ...]:
    """Raises MediaRefused."""
    loud = _loudness(path)
    if not loud:
        return (0,) * WAVEFORM_VALUES
    bars = [_mean(loud, index) for index in range(WAVEFORM_VALUES)]
    most = max(bars) or 1.0
    return tuple(round(100 * bar / most) for bar in bars)


def _mean(loud: list[float], index: int) -> float:
    start = index * len(loud) // WAVEFORM_VALUES
    share = loud[start : max(start + 1, (index + 1) * len(loud) // WAVEFORM_VALUES)]
    return sum(share) / len(share)


def _loudness(path: Path) -> list[float]:
    """The root of the mean square of each block of samples."""
    found: list[float] = []
    left = array.array("h")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_HERTZ)
    try:
        with av.open(str(path), format="ogg") as container:
            for frame in container.decode(audio=0):
                for heard in resampler.resample(frame):
                    left.frombytes(bytes(heard.planes[0])[: heard.samples * 2])
                    full = len(left) // _BLOCK * _BLOCK
                    found += [_rms(left[at : at + _BLOCK]) for at in range(0, full, _BLOCK)]
                    left = left[full:]
    except av.error.FFmpegError:
        raise refusal("media_damaged", what="its sound cannot be decoded") from None
    return found


def _rms(block: array.array[int]) -> float:
    return math.sqrt(sum(sample * sample for sample in block) / len(block))
