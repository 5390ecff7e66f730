"""Films made to fit: H.264 and AAC in an mp4 that plays while it loads; copied, repacked or encoded, in that order."""

from pathlib import Path

from media import boxes, ffmpeg, probing, thumbnails
from media.fitting import FilmPlan, film_plan, longest_film
from media.probing import Recording
from media.work import Outcome, Work
from waypost.domain.media_refusals import refusal

_MP4 = "video/mp4"
_SHARES = (1.0, 0.85, 0.7)  # of the limit, try by try
_PRESET, _QUALITY = "veryfast", "23"
_THUMBNAIL_AT = 0.1  # of the film: the very first picture is often black


def as_video(work: Work, *, silent: bool = False) -> Outcome:
    """`silent` is for films that WhatsApp repeats by themselves, as it does with GIFs."""
    recording = _recording(work)
    _write_thumbnail(work, recording)
    drops_sound = silent and bool(recording.audio_codec)
    if drops_sound:
        work.note("sound_removed")
    if not drops_sound and _fits(work, recording):
        return _outcome(work.source, recording)
    if not drops_sound and _may_be_copied(recording) and work.source.stat().st_size <= work.ask.max_prepared_bytes:
        path = _repacked(work, recording)
        if path.stat().st_size <= work.ask.max_prepared_bytes:
            _note_repacked(work, recording)
            return _outcome(path, recording)
    return _encoded(work, recording, sound=bool(recording.audio_codec) and not silent)


def as_document(work: Work) -> Outcome:
    """The film as it is, but for what it tells of its place."""
    recording = _recording(work)
    _write_thumbnail(work, recording)
    if not (recording.tells_place or boxes.tells(work.source.read_bytes())):
        return _outcome(work.source, recording, work.judged.type.mime, work.judged.type.extension)
    work.note("metadata_removed")
    form = "mp4" if work.judged.type.mime == _MP4 else "3gp"
    path = _repacked(work, recording, form)
    return _outcome(path, recording, work.judged.type.mime, work.judged.type.extension)


def _recording(work: Work) -> Recording:
    assert work.judged.recording is not None
    return work.judged.recording


def _write_thumbnail(work: Work, recording: Recording) -> None:
    thumbnails.write(probing.picture_at(work.source, _MP4, recording.length * _THUMBNAIL_AT), work.thumbnail)


def _fits(work: Work, recording: Recording) -> bool:
    data = work.source.read_bytes()
    return (
        work.judged.type.mime == _MP4
        and _may_be_copied(recording)
        and len(data) <= work.ask.max_prepared_bytes
        and boxes.starts_at_once(data)
        and not recording.tells_place
        and not boxes.tells(data)
    )


def _may_be_copied(recording: Recording) -> bool:
    """Whether phones play its streams as they are: 8 bits, 4:2:0, at most one of each."""
    return (
        recording.video_codec == "h264"
        and recording.pixels in ("yuv420p", "yuvj420p")
        and recording.audio_codec in ("", "aac")
        and recording.streams == 1 + bool(recording.audio_codec)
    )


def _note_repacked(work: Work, recording: Recording) -> None:
    told = recording.tells_place or boxes.tells(work.source.read_bytes())
    work.note("metadata_removed" if told else "repacked")


def _repacked(work: Work, recording: Recording, form: str = "mp4") -> Path:
    """The same streams, bit by bit, in a container that tells nothing and begins with its index."""
    path = work.path("prepared")
    copied = ("-map", "0:V:0", "-map", "0:a:0?", "-c", "copy")
    container = (*ffmpeg.SILENT, "-movflags", "+faststart", "-f", form)
    source = ffmpeg.source(work.source, "mov")
    ffmpeg.run([*source, *copied, *container], path, length=recording.length, progress=work.progress)
    return path


def _encoded(work: Work, recording: Recording, *, sound: bool) -> Outcome:
    limit, path = work.ask.max_prepared_bytes, work.path("prepared")
    for share in _SHARES:
        plan = film_plan(
            recording.width, recording.height, recording.rate, recording.length, sound=sound, limit=limit, share=share
        )
        if plan is None:
            break
        arguments = [*ffmpeg.source(work.source, "mov"), *_encoding(plan, recording)]
        ffmpeg.run(arguments, path, length=recording.length, progress=work.progress)
        if path.stat().st_size <= limit:
            _note_encoded(work, recording, plan, path)
            return _outcome(path, probing.probe(path, _MP4))
    most = longest_film(recording.width, recording.height, recording.rate, sound=sound, limit=limit)
    raise refusal("media_cannot_fit", seconds=round(recording.length), limit=limit, fitting=most)


def _encoding(plan: FilmPlan, recording: Recording) -> list[str]:
    """One pass at constant quality, with a ceiling that keeps it below the limit whatever it shows."""
    filters = [f"scale={plan.width}:{plan.height}:flags=bicubic", "setsar=1", "format=yuv420p"]
    if recording.rate > plan.rate:
        filters.insert(0, f"fps={plan.rate:g}")
    sound = ["-map", "0:a:0", "-c:a", "aac", "-b:a", str(plan.audio_bits), "-ac", "2"] if plan.audio_bits else []
    return [
        "-map", "0:V:0", "-vf", ",".join(filters), *video_encoder(plan.video_bits), *sound, *ffmpeg.MP4,
    ]  # fmt: skip


def video_encoder(bits: int) -> tuple[str, ...]:
    return (
        "-c:v", "libx264", "-preset", _PRESET, "-crf", _QUALITY, "-maxrate", str(bits), "-bufsize", str(bits),
        "-profile:v", "high", "-pix_fmt", "yuv420p",
    )  # fmt: skip


def _note_encoded(work: Work, recording: Recording, plan: FilmPlan, path: Path) -> None:
    before = (recording.width, recording.height)
    if (plan.width, plan.height) != before:
        work.note("resized", before=f"{before[0]}x{before[1]}", after=f"{plan.width}x{plan.height}")
    if recording.rate > plan.rate:
        work.note("frame_rate_lowered", before=f"{recording.rate:g}", after=f"{plan.rate:g}")
    work.note("recompressed", before=work.source.stat().st_size, after=path.stat().st_size)


def _outcome(path: Path, recording: Recording, mime: str = _MP4, extension: str = ".mp4") -> Outcome:
    return Outcome(path, mime, extension, recording.width, recording.height, round(recording.length * 1000))
