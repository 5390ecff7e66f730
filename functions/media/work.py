"""What one preparation has at hand: the file, how it was judged, where results go, and what is noted on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from media.judging import Judged
from waypost.domain.media import Ask, Note

NOTES = {
    "metadata_removed": "What the file told of place, time and device was removed; its content is the same bit by bit.",
    "appendix_removed": "A second picture or short film that the camera had put behind the picture was removed.",
    "turned": "The picture was turned the way it is to be shown.",
    "resized": "Resized from {before} to {after}.",
    "recompressed": "Compressed anew, from {before} to {after} bytes.",
    "converted": "Converted from {before} to {after}.",
    "flattened": "What was transparent is white now: WhatsApp shows no transparent pictures.",
    "animation_lost": "The animation is lost: only the first picture is sent.",
    "animation_as_video": "The animation is sent as a short film that repeats by itself, as WhatsApp does.",
    "colours_converted": "The colours were converted to sRGB, which every screen shows.",
    "sound_removed": "The sound was removed: WhatsApp plays such a film without.",
    "frame_rate_lowered": "Shown with {after} pictures a second instead of {before}.",
    "repacked": "The same picture and sound were put into a container that plays while it loads.",
    "locked": "A password guards the content; it is sent as it is, without a preview.",
    "no_preview": "There is no preview of this type.",
}


def note(code: str, **facts: object) -> Note:
    return Note(code, NOTES[code].format(**facts))


@dataclass
class Work:
    """`out` is the prepared file; it is the source itself when nothing had to change."""

    source: Path
    folder: Path
    ask: Ask
    judged: Judged
    progress: Callable[[float], None] = lambda _share: None
    notes: list[Note] = field(default_factory=list)

    def note(self, code: str, **facts: object) -> None:
        self.notes.append(note(code, **facts))

    def path(self, name: str) -> Path:
        return self.folder / name

    @property
    def thumbnail(self) -> Path:
        return self.folder / "thumbnail.jpg"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One maker's result; `path` may be the source."""

    path: Path
    mime: str
    extension: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    waveform: tuple[int, ...] | None = None
