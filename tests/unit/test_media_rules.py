"""The rules of media: what a sender may call a type, what fits where, which words a refusal has, what is stripped."""

import io
import json
import re
import string
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from media import gif, jpeg, png, webp
from media.fitting import FLOOR, film_plan, fitted, longest_film, sound_bits
from media.probing import tells_place
from media.work import NOTES
from tests.corpus import pictures
from waypost.domain.media import ACCEPTED, BY_MIME, MAX_PREPARED_BYTES, Prepared, declares
from waypost.domain.media_refusals import REFUSALS, refusal

ROOT = Path(__file__).parents[2]
SECONDS = st.floats(0.1, 100_000)
EDGES = st.integers(2, 8192)


@pytest.mark.parametrize(
    ("declared", "mime", "may"),
    [
        ("", "image/jpeg", True),
        ("application/octet-stream", "application/pdf", True),
        ("image/jpg", "image/jpeg", True),
        ("Audio/OGG; codecs=opus", "audio/ogg", True),
        ("video/mp4", "audio/mp4", True),
        ("image/png", "image/jpeg", False),
        ("text/plain", "application/zip", False),
    ],
)
def test_a_sender_may_call_a_type_by_its_usual_names(declared: str, mime: str, may: bool) -> None:
    assert declares(declared, BY_MIME[mime]) is may


def test_every_refusal_has_words_and_a_way_to_mend_it() -> None:
    for code, both in REFUSALS.items():
        names = {name for text in both for _, name, _, _ in string.Formatter().parse(text) if name}
        error = refusal(code, **dict.fromkeys(names, "x"))
        assert error.code == code
        assert error.message.endswith(".")
        assert error.mend
        assert error.mend.endswith(".")


def test_every_code_that_is_used_has_words_and_the_other_way_round() -> None:
    waypost = ROOT / "functions/waypost"
    beside = (
        "services/fetching.py", "services/media_urls.py", "services/media_choice.py", "services/media_preparing.py",
        "domain/contents.py",
    )  # fmt: skip
    files = [*(ROOT / "functions/media").glob("*.py"), *(waypost / name for name in beside)]
    files.append(ROOT / "containers/worker/handing.py")
    source = "".join(path.read_text() for path in files)
    assert set(re.findall(r'"((?:media|url|upload)_[a-z_]+)"', source)) == set(REFUSALS)
    used = {code for code in NOTES if f'"{code}"' in source.replace(f'"{code}":', "")}
    assert used == set(NOTES)


@given(EDGES, EDGES, st.floats(1, 120), SECONDS, st.booleans(), st.integers(100_000, MAX_PREPARED_BYTES))
def test_a_film_plan_stays_below_the_limit_and_above_the_floor(
    width: int, height: int, rate: float, seconds: float, sound: bool, limit: int
) -> None:
    plan = film_plan(width, height, rate, seconds, sound=sound, limit=limit)
    if plan is None:
        assert seconds >= longest_film(width, height, rate, sound=sound, limit=limit) - 1
        return
    assert (plan.video_bits + plan.audio_bits) * seconds / 8 <= limit or seconds < 0.2
    assert plan.video_bits + 1 >= FLOOR * plan.width * plan.height * plan.rate  # whole bits
    assert (plan.width % 2, plan.height % 2) == (0, 0)
    assert plan.rate <= 30
    assert bool(plan.audio_bits) == sound


@given(EDGES, EDGES, st.integers(16, 4096))
def test_what_is_fitted_keeps_its_shape(width: int, height: int, edge: int) -> None:
    small = fitted(width, height, edge)
    assert max(small) <= max(edge, 2)
    assert small[0] <= max(2, width)
    assert small[1] <= max(2, height)


def test_a_minute_of_sound_fits_and_a_day_does_not() -> None:
    assert sound_bits(60, limit=MAX_PREPARED_BYTES, floor=32_000, wanted=128_000) == 128_000
    assert sound_bits(86_400, limit=MAX_PREPARED_BYTES, floor=32_000, wanted=128_000) is None


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_stripped_photo_is_the_same_picture_and_the_same_way_up(turn: int) -> None:
    photo = pictures.photo(orientation=turn)
    stripped = jpeg.stripped(photo, turn)
    assert same(photo, stripped)
    assert not jpeg.has_metadata(jpeg.stripped(photo))
    with Image.open(io.BytesIO(stripped)) as picture:
        assert dict(picture.getexif()) == ({} if turn == 1 else {0x0112: turn})
    assert pictures.PLACE.encode() not in stripped


@pytest.mark.parametrize(
    ("walk", "data"),
    [
        (png, pictures.png_with_place()),
        (webp, pictures.saved(pictures.scene(90, 60), "WEBP", exif=pictures.exif(), xmp=pictures.PLACE.encode())),
        (gif, pictures.saved(pictures.scene(90, 60), "GIF", comment=pictures.PLACE.encode())),
    ],
    ids=["png", "webp", "gif"],
)
@pytest.mark.parametrize("turn", [1, 6])
def test_other_pictures_are_stripped_bit_by_bit_too(walk: object, data: bytes, turn: int) -> None:
    assert walk.has_metadata(data)  # type: ignore[attr-defined]  # one of our modules
    stripped = walk.stripped(data, turn)  # type: ignore[attr-defined]
    assert same(data, stripped)
    assert pictures.PLACE.encode() not in stripped
    assert walk.end(stripped) == len(stripped)  # type: ignore[attr-defined]
    with Image.open(io.BytesIO(stripped)) as picture:
        assert picture.getexif().get(0x0112, 1) == (1 if walk is gif else turn)


def same(before: bytes, after: bytes) -> bool:
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        return ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox() is None


def test_what_was_prepared_survives_a_journey_as_json() -> None:
    prepared = Prepared("voice", "audio/ogg", ".ogg", 1, "00", False, waveform=(1, 2), notes=())
    assert Prepared.from_json(json.loads(json.dumps(asdict(prepared)))) == prepared


@pytest.mark.parametrize(
    ("tags", "tells"),
    [
        ({"encoder": "Lavf", "title": "Song"}, False),
        ({"comment": "at home in Main Street"}, True),
        ({"title": "+52.5163+013.3777/"}, True),
    ],
)
def test_tags_that_may_tell_the_place_are_found(tags: dict[str, str], tells: bool) -> None:
    assert tells_place(tags) is tells


def test_every_type_has_a_name_of_its_own() -> None:
    assert len(BY_MIME) == len(ACCEPTED) == 15
