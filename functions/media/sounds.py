"""Sound made to fit: kept when phones play it, otherwise AAC; voice notes as Opus with the wave that is drawn."""

from pathlib import Path

from media import boxes, ffmpeg, frames, probing, waves
from media.fitting import sound_bits
from media.probing import Recording
from media.work import Outcome, Work
from waypost.domain.media_refusals import refusal

VOICE_MIME = "audio/ogg; codecs=opus"
_FORMATS = {"audio/mp4": "mov", "audio/mpeg": "mp3", "audio/amr": "amr", "audio/ogg": "ogg"}
# AMR is not among them: no browser can play it, so WhatsApp's page does not take it.
_PLAYED = {"audio/mpeg": ("mp3", "mp3float"), "audio/mp4": ("aac",), "audio/amr": (), "audio/ogg": ("opus",)}
_WANTED, _FLOOR = 128_000, 32_000  # AAC, bits a second
_VOICE_WANTED, _VOICE_FLOOR = 24_000, 12_000  # Opus, speech
_VOICE_HERTZ = 16_000  # what phones record; iOS does not play notes of 48 kHz


def as_audio(work: Work) -> Outcome:
    recording, mime = _recording(work), work.judged.type.mime
    if recording.audio_codec not in _PLAYED[mime] or work.source.stat().st_size > work.ask.max_prepared_bytes:
        return _as_aac(work, recording)
    path = _untold(work, recording)
    shown = VOICE_MIME if mime == "audio/ogg" else mime
    return Outcome(path, shown, work.judged.type.extension, duration_ms=round(recording.length * 1000))


def as_document(work: Work) -> Outcome:
    recording, type_ = _recording(work), work.judged.type
    return Outcome(_untold(work, recording), type_.mime, type_.extension, duration_ms=round(recording.length * 1000))


def as_voice(work: Work) -> Outcome:
    """Ogg with Opus, one channel."""
    recording, path = _recording(work), work.source
    data = work.source.read_bytes()
    is_note = work.judged.type.mime == "audio/ogg" and frames.ogg_is_voice(data) and not recording.tells_place
    if not is_note or len(data) > work.ask.max_prepared_bytes:
        path = _as_opus(work, recording)
        recording = probing.probe(path, "audio/ogg")
    wave = waves.drawn(path)
    length = round(recording.length * 1000)
    return Outcome(path, VOICE_MIME, ".ogg", duration_ms=length, waveform=wave)


def _recording(work: Work) -> Recording:
    assert work.judged.recording is not None
    return work.judged.recording


def _untold(work: Work, recording: Recording) -> Path:
    """The source, or the same sound bit by bit in a container that does not tell of its place."""
    mime = work.judged.type.mime
    told = recording.tells_place or (mime == "audio/mp4" and boxes.tells(work.source.read_bytes()))
    if not told or mime == "audio/amr":  # amr has no room for it
        return work.source
    work.note("metadata_removed")
    form = {"audio/mp4": "mp4", "audio/mpeg": "mp3", "audio/ogg": "ogg"}[mime]
    copied = ["-map", "0:a:0", "-c", "copy", *ffmpeg.SILENT, "-movflags", "+faststart", "-f", form]
    if form != "mp4":
        copied = [part for part in copied if part not in ("-movflags", "+faststart")]
    return _run(work, recording, copied)


def _as_aac(work: Work, recording: Recording) -> Outcome:
    bits = _bits(work, recording, floor=_FLOOR, wanted=_WANTED)
    path = _run(work, recording, ["-map", "0:a:0", "-c:a", "aac", "-b:a", str(bits), "-ac", "2", *ffmpeg.MP4])
    work.note("converted", before=work.judged.type.mime, after="audio/mp4")
    return Outcome(path, "audio/mp4", ".m4a", duration_ms=round(recording.length * 1000))


def _as_opus(work: Work, recording: Recording) -> Path:
    bits = _bits(work, recording, floor=_VOICE_FLOOR, wanted=_VOICE_WANTED)
    path = _run(
        work,
        recording,
        [
            "-map", "0:a:0", "-c:a", "libopus", "-application", "voip", "-b:a", str(bits), "-ac", "1",
            "-ar", str(_VOICE_HERTZ), *ffmpeg.SILENT, "-f", "ogg",
        ],
    )  # fmt: skip
    work.note("converted", before=work.judged.type.mime, after=VOICE_MIME)
    return path


def _bits(work: Work, recording: Recording, *, floor: int, wanted: int) -> int:
    limit = work.ask.max_prepared_bytes
    bits = sound_bits(recording.length, limit=limit, floor=floor, wanted=wanted)
    if bits is None:
        most = int(limit * 8 / floor)
        raise refusal("media_cannot_fit", seconds=round(recording.length), limit=limit, fitting=most)
    return bits


def _run(work: Work, recording: Recording, arguments: list[str]) -> Path:
    path = work.path("prepared")
    source = ffmpeg.source(work.source, _FORMATS[work.judged.type.mime])
    ffmpeg.run([*source, *arguments], path, length=recording.length, progress=work.progress)
    if path.stat().st_size > work.ask.max_prepared_bytes:
        raise refusal("media_too_large", size=path.stat().st_size, limit=work.ask.max_prepared_bytes)
    return path
