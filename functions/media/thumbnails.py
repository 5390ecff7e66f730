"""The small picture that is shown before the whole is there: a JPEG of at most 320 pixels and about 20 KB."""

from pathlib import Path

from PIL import Image

from waypost.domain.media import THUMBNAIL_EDGE

_QUALITY = 70


def write(picture: Image.Image, path: Path) -> None:
    small = flattened(picture)
    small.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    small.save(path, "JPEG", quality=_QUALITY)


def flattened(picture: Image.Image) -> Image.Image:
    """A copy in RGB, on white where it is transparent, without what was told beside it: encoders would tell it on."""
    if not picture.has_transparency_data:
        bare = picture.convert("RGB") if picture.mode != "RGB" else picture.copy()
        bare.info.clear()
        return bare
    layer = picture.convert("RGBA")
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer.getchannel("A"))
    return white
