"""Pictures: scenes with detail, so that sizes are those of photographs, with cameras' metadata where it matters."""

import io
import struct
import zlib

from PIL import Image, ImageDraw, ImageFilter
from PIL.TiffImagePlugin import IFDRational

PLACE = "52.5163N 13.3777E"  # what the location tests look for, in clear and as numbers
PLACE_ISO6709 = "+52.5163+013.3777/"
_GPS = {1: "N", 2: (IFDRational(52), IFDRational(30), IFDRational(587, 10)), 3: "E", 4: (13, 22, IFDRational(397, 10))}


def scene(width: int, height: int, mode: str = "RGB", noise: int = 8) -> Image.Image:
    """A landscape of gradients, shapes and grain; its left upper corner is red, so that turns can be seen."""
    sky = Image.linear_gradient("L").resize((width, height))
    waves = Image.radial_gradient("L").resize((width, height))
    grain = Image.effect_noise((width, height), noise)
    picture = Image.merge("RGB", (sky, waves, grain)).filter(ImageFilter.SMOOTH)
    draw = ImageDraw.Draw(picture)
    for step in range(12):
        left, top = width * step // 12, height * ((step * 5) % 12) // 12
        draw.ellipse((left, top, left + width // 9, top + height // 9), fill=(20 * step, 255 - 20 * step, 90))
    draw.rectangle((0, 0, width // 4, height // 4), fill=(230, 20, 20))
    return picture.convert(mode)


def saved(picture: Image.Image, form: str, **how: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **how)
    return out.getvalue()


def exif(*, orientation: int = 1, place: bool = True) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "Camera Works"
    tags[0x010E] = PLACE
    if place:
        tags._ifds[0x8825] = _GPS
    return tags.tobytes()


def jpeg(width: int = 640, height: int = 480, *, quality: int = 88, **how: object) -> bytes:
    return saved(scene(width, height), "JPEG", quality=quality, **how)


def photo(width: int = 640, height: int = 480, *, orientation: int = 1, quality: int = 88) -> bytes:
    """A camera's: Exif with the place, an XMP packet with it again, a comment."""
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><p>{PLACE}</p></x:xmpmeta>'.encode()
    how = {"exif": exif(orientation=orientation), "xmp": xmp, "comment": PLACE.encode()}
    return jpeg(width, height, quality=quality, **how)


def png(width: int = 320, height: int = 240, mode: str = "RGB", **how: object) -> bytes:
    return saved(scene(width, height, mode), "PNG", **how)


def see_through(width: int = 320, height: int = 240) -> Image.Image:
    picture = scene(width, height, "RGBA")
    picture.putalpha(Image.radial_gradient("L").resize((width, height)))
    return picture


def grain(width: int, height: int) -> Image.Image:
    """Nothing but noise: the worst that a compressor can meet."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 60) for _ in range(3)])


def frames(count: int = 8, width: int = 160, height: int = 120) -> list[Image.Image]:
    pictures = []
    for index in range(count):
        picture = scene(width, height, noise=2)
        spot = width * index // count
        ImageDraw.Draw(picture).rectangle((spot, height // 2, spot + 20, height // 2 + 20), fill=(255, 255, 255))
        pictures.append(picture)
    return pictures


def moving(form: str, count: int = 8, *, milliseconds: int = 100, size: tuple[int, int] = (160, 120)) -> bytes:
    first, *others = frames(count, *size)
    return saved(first, form, save_all=True, append_images=others, duration=milliseconds, loop=0)


def cmyk_jpeg() -> bytes:
    return saved(scene(320, 240).convert("CMYK"), "JPEG", quality=90)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def swelling_png(edge: int = 40_000) -> bytes:
    """One colour: 1.6 gigapixels in a few hundred kilobytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + edge // 8)
    body = b"".join(packer.compress(row * 100) for _ in range(edge // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def png_with_place() -> bytes:
    """As text and as Exif, both before the picture."""
    plain = png()
    place = png_chunk(b"tEXt", b"Comment\0" + PLACE.encode()) + png_chunk(b"eXIf", exif()[6:])
    return plain[:33] + place + plain[33:]


def camera_pair() -> bytes:
    """A phone's picture with a second one behind it, as its index (MPF) says: gain maps and portraits come so."""
    first, second = scene(640, 480), scene(320, 240)
    return saved(first, "MPO", save_all=True, append_images=[second], exif=exif())


def vast_gif() -> bytes:
    plain = bytearray(saved(scene(16, 16), "GIF"))
    struct.pack_into("<HH", plain, 6, 65_000, 65_000)
    return bytes(plain)


def page_in_comment() -> bytes:
    return jpeg(comment=b"<html><script>alert(1)</script></html>")


def scrambled_jpeg() -> bytes:
    """Its tables of codes are noise: nothing can be decoded with them."""
    plain = bytearray(jpeg())
    at = plain.find(b"\xff\xc4")
    plain[at + 5 : at + 21] = b"\xfe" * 16
    return bytes(plain)


def broken_png() -> bytes:
    plain = bytearray(png())
    plain[len(plain) // 2] ^= 0xFF
    return bytes(plain)
