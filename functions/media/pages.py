"""A page drawn of a document's text, as a picture: what a preview of Word or plain text shows."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_WIDTH, _HEIGHT, _MARGIN, _SIZE, _LEAD = 640, 905, 48, 17, 23  # A4 in proportion
MAX_CHARACTERS = 4000  # more does not fit on it
# Where Debian keeps them. Pillow's own font has Latin letters only.
_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"),
    Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"),
)
_WIDE_FONTS = (
    Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
)
_FIRST_WIDE = "\u2e80"


def drawn(text: str) -> Image.Image:
    """The first page of it."""
    page = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw, font = ImageDraw.Draw(page), _font(text)
    top = _MARGIN
    for line in _lines(text[:MAX_CHARACTERS], draw, font):
        if top + _LEAD > _HEIGHT - _MARGIN:
            break
        draw.text((_MARGIN, top), line, fill=(30, 30, 30), font=font)
        top += _LEAD
    return page


def _font(text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    fonts = _WIDE_FONTS if any(letter >= _FIRST_WIDE for letter in text) else _FONTS
    found = next((path for path in fonts if path.exists()), None)
    return ImageFont.truetype(found, _SIZE) if found else ImageFont.load_default(_SIZE)


def _lines(text: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> list[str]:
    """Broken where the width ends, between words where that is possible."""
    lines: list[str] = []
    for paragraph in text.expandtabs(4).splitlines():
        rest = paragraph
        while rest:
            count = _that_fit(rest, draw, font)
            cut = rest.rfind(" ", 0, count + 1) if count < len(rest) else len(rest)
            cut = cut if cut > 0 else count
            lines.append(rest[:cut])
            rest = rest[cut:].lstrip()
        if not paragraph:
            lines.append("")
        if len(lines) * _LEAD > _HEIGHT:
            break
    return lines


def _that_fit(line: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> int:
    low, high = 1, min(len(line), 200)
    while low < high:
        middle = (low + high + 1) // 2
        if draw.textlength(line[:middle], font=font) <= _WIDTH - 2 * _MARGIN:
            low = middle
        else:
            high = middle - 1
    return low
