"""Pictures made to fit: turned upright, told of nothing, small enough; and left alone when they fit already."""

import io
from types import ModuleType
from typing import Any

from PIL import Image, ImageCms, ImageOps, JpegImagePlugin

from media import gif, jpeg, png, thumbnails, webp
from media.work import Outcome, Work
from waypost.domain.media import (
    MAX_IMAGE_BYTES,
    MAX_IMAGE_EDGE,
    MAX_MOVING_STICKER_BYTES,
    MAX_STICKER_BYTES,
    STICKER_EDGE,
)
from waypost.domain.media_refusals import refusal

_WALKS: dict[str, ModuleType] = {"image/jpeg": jpeg, "image/png": png, "image/gif": gif, "image/webp": webp}
_SHOWN = ("image/jpeg", "image/png")  # what WhatsApp takes as a picture
# The first that fits is taken: quality goes before size, and below the last a picture is not worth sending.
_LADDER = ((MAX_IMAGE_EDGE, (90, 82, 74)), (1600, (80, 70, 60)))
_STICKER_QUALITIES = (90, 80, 65, 50, 30)


def bare(work: Work) -> bytes:
    """The source without what it tells beside its picture; the same bytes when it tells nothing."""
    data, walk = work.source.read_bytes(), _WALKS[work.judged.type.mime]
    if work.judged.appendix:
        work.note("appendix_removed")
    if not walk.has_metadata(data):
        return walk.stripped(data) if work.judged.appendix else data
    work.note("metadata_removed")
    stripped: bytes = walk.stripped(data, work.judged.turn)
    return stripped


def as_image(work: Work) -> Outcome:
    """A JPEG or PNG that WhatsApp shows as a picture."""
    judged = work.judged
    if judged.moves:
        work.note("animation_lost")
    fits = (
        judged.type.mime in _SHOWN
        and not judged.moves
        and judged.turn == 1
        and max(judged.width, judged.height) <= MAX_IMAGE_EDGE
        and work.source.stat().st_size <= MAX_IMAGE_BYTES
    )
    return _kept(work) if fits else _made_anew(work)


def _kept(work: Work) -> Outcome:
    with Image.open(work.source) as picture:
        picture.draft("RGB", (640, 640))
        thumbnails.write(ImageOps.exif_transpose(picture), work.thumbnail)
    data = bare(work)
    path = work.source
    if work.notes:
        path = work.path("prepared")
        path.write_bytes(data)
    return Outcome(path, work.judged.type.mime, work.judged.type.extension, work.judged.width, work.judged.height)


def _made_anew(work: Work) -> Outcome:
    before = work.judged.type.mime
    with Image.open(work.source) as opened:
        share = MAX_IMAGE_EDGE / max(opened.size)
        if share <= 1 / 2:  # decoded at a half or less: both sides have to be said, or the shorter one forbids it
            opened.draft("RGB", (round(opened.width * share), round(opened.height * share)))
        tables = _tables(opened)
        picture = _upright(work, opened)
    if picture.has_transparency_data:
        work.note("flattened")
    picture = thumbnails.flattened(picture)
    as_before = _as_before(work, picture, tables)
    data, size = as_before or _smallest_step(work, picture)
    path = work.path("prepared")
    path.write_bytes(data)
    if before != "image/jpeg":
        work.note("converted", before=before, after="image/jpeg")
    elif as_before is None:
        work.note("recompressed", before=work.source.stat().st_size, after=len(data))
    return Outcome(path, "image/jpeg", ".jpg", *size)


def _tables(opened: Image.Image) -> dict[str, Any]:
    """How a JPEG was compressed: saved in the same way, it keeps its quality and about its size."""
    if not isinstance(opened, JpegImagePlugin.JpegImageFile) or opened.mode != "RGB":
        return {}
    return {"qtables": opened.quantization, "subsampling": JpegImagePlugin.get_sampling(opened)}


def _as_before(work: Work, picture: Image.Image, tables: dict[str, Any]) -> tuple[bytes, tuple[int, int]] | None:
    """A turned JPEG that need not become smaller; None when it must, or was none."""
    if not tables or max(picture.size) > MAX_IMAGE_EDGE:
        return None
    out = io.BytesIO()
    picture.save(out, "JPEG", **tables)
    if out.tell() > min(MAX_IMAGE_BYTES, work.ask.max_prepared_bytes):
        return None
    thumbnails.write(picture, work.thumbnail)
    return out.getvalue(), picture.size


def _upright(work: Work, opened: Image.Image) -> Image.Image:
    """In sRGB and the right way up."""
    picture = ImageOps.exif_transpose(opened) if work.judged.turn != 1 else opened
    if work.judged.turn != 1:
        work.note("turned")
    profile = opened.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "CMYK", "L") and (converted := _in_srgb(picture, profile)):
        work.note("colours_converted")
        return converted
    if picture.mode.startswith(("I", "F")):
        picture = picture.point(lambda value: value / 256).convert("L")  # 16 bits a pixel
    picture.load()
    return picture


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """None when it is that already, or its profile makes no sense."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(given).lower():
            return None
        return ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _smallest_step(work: Work, picture: Image.Image) -> tuple[bytes, tuple[int, int]]:
    """The first rung of the ladder that is small enough, and its width and height. The thumbnail is made of it."""
    before = picture.size
    limit = min(MAX_IMAGE_BYTES, work.ask.max_prepared_bytes)
    data = b""
    for edge, qualities in _LADDER:
        if max(picture.size) > edge:
            picture.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
        for quality in qualities:
            data = _jpeg(picture, quality)
            if len(data) <= limit:
                thumbnails.write(picture, work.thumbnail)
                if picture.size != before:
                    work.note("resized", before=f"{before[0]}x{before[1]}", after=f"{picture.width}x{picture.height}")
                return data, picture.size
    raise refusal("media_too_large", size=len(data), limit=limit)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling="4:2:0" if quality < 90 else "4:4:4")
    return out.getvalue()


def as_document(work: Work) -> Outcome:
    """The picture as it is, but for what it tells of place and device."""
    return _kept(work)


def as_sticker(work: Work) -> Outcome:
    """A WebP of 512 x 512 pixels with a transparent rim; moving when the picture moves and that stays small."""
    with Image.open(work.source) as opened:
        frames, times = _frames(opened) if work.judged.moves else ([_upright(work, opened)], [0])
        tiles = [_on_tile(frame) for frame in frames]
    thumbnails.write(tiles[0], work.thumbnail)
    data = _webp(tiles, times, MAX_MOVING_STICKER_BYTES) if len(tiles) > 1 else None
    if data is None:
        if len(tiles) > 1:
            work.note("animation_lost")
        data = _webp(tiles[:1], times, MAX_STICKER_BYTES)
    if data is None:
        raise refusal("media_too_large", size=work.source.stat().st_size, limit=MAX_STICKER_BYTES)
    path = work.path("prepared")
    path.write_bytes(data)
    work.note("converted", before=work.judged.type.mime, after="image/webp")
    return Outcome(path, "image/webp", ".webp", STICKER_EDGE, STICKER_EDGE)


def _frames(opened: Image.Image) -> tuple[list[Image.Image], list[int]]:
    """Each picture with the milliseconds that it is shown."""
    frames, times = [], []
    for index in range(getattr(opened, "n_frames", 1)):
        opened.seek(index)
        frames.append(opened.convert("RGBA"))
        times.append(int(opened.info.get("duration") or 100))
    return frames, times


def _on_tile(picture: Image.Image) -> Image.Image:
    fitted = ImageOps.contain(picture.convert("RGBA"), (STICKER_EDGE, STICKER_EDGE))
    tile = Image.new("RGBA", (STICKER_EDGE, STICKER_EDGE))
    tile.paste(fitted, ((STICKER_EDGE - fitted.width) // 2, (STICKER_EDGE - fitted.height) // 2))
    return tile


def _webp(tiles: list[Image.Image], times: list[int], limit: int) -> bytes | None:
    for quality in _STICKER_QUALITIES:
        out = io.BytesIO()
        if len(tiles) == 1:
            tiles[0].save(out, "WEBP", quality=quality, method=4)
        else:
            tiles[0].save(
                out, "WEBP", save_all=True, append_images=tiles[1:], duration=times, loop=0, quality=quality, method=2
            )
        if out.tell() <= limit:
            return out.getvalue()
    return None
