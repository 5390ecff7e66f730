"""The corpus: every accepted type, honest and hostile, each file with what must become of it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tests.corpus import archives, documents, pictures, recordings
from waypost.domain.media import DOCX, Kind

type Make = Callable[[], bytes]

DOC, PDF, ZIP, TEXT = "application/msword", "application/pdf", "application/zip", "text/plain"
JPEG, PNG, WEBP, MP4 = "image/jpeg", "image/png", "image/webp", "video/mp4"
VOICE = "audio/ogg; codecs=opus"


@dataclass(frozen=True)
class Honest:
    """`size` is width and height as shown; `seconds` the length, to a tenth; `notes` are the codes of what was done."""

    name: str
    make: Make
    declared: str
    kind: Kind
    mime: str
    size: tuple[int, int] | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    asked: Kind | None = None
    thumbnail: bool = True
    tells_place: bool = False
    slow: bool = False

    @property
    def untouched(self) -> bool:
        return not set(self.notes) - {"locked", "no_preview"}


@dataclass(frozen=True)
class Hostile:
    name: str
    make: Make
    declared: str
    code: str
    asked: Kind | None = None
    slow: bool = False


@functools.cache
def made(make: Make) -> bytes:
    return make()


def cut(make: Make, share: float = 0.66) -> Make:
    @functools.cache
    def shorter() -> bytes:
        data = made(make)
        return data[: int(len(data) * share)]

    return shorter


def followed(make: Make, more: Make) -> Make:
    return functools.partial(lambda: made(make) + made(more))


def _amr() -> bytes:
    return recordings.sound("a.amr", "-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1")


def _mp3() -> bytes:
    return recordings.sound("a.mp3")


def _m4a() -> bytes:
    return recordings.sound("a.m4a")


def _opus() -> bytes:
    return recordings.sound("a.ogg", "-c:a", "libopus", "-ac", "1")


def _placed_m4a() -> bytes:
    return recordings.sound("a.m4a", *recordings.LOCATION)


def _placed_video() -> bytes:
    return recordings.video("v.mp4", "-movflags", "+faststart", *recordings.LOCATION)


def _apple_video() -> bytes:
    tags = f"com.apple.quicktime.location.ISO6709={pictures.PLACE_ISO6709}"
    return recordings.video("v.mp4", "-movflags", "+faststart+use_metadata_tags", "-metadata", tags)


def _small_gif() -> bytes:
    return pictures.moving("GIF")


def _small_webp() -> bytes:
    return pictures.saved(pictures.scene(200, 160), "WEBP")


def _see_through() -> bytes:
    return pictures.saved(pictures.see_through(), "WEBP")


def _large_jpeg() -> bytes:
    return pictures.jpeg(5200, 3900, quality=85)


def _heavy_png() -> bytes:
    return pictures.saved(pictures.grain(1600, 1200), "PNG", compress_level=1)


HONEST = (
    Honest("jpeg", pictures.jpeg, JPEG, "image", JPEG, (640, 480)),
    Honest("jpeg declared as nothing", pictures.jpeg, "", "image", JPEG, (640, 480)),
    Honest("jpeg under a browser's name", pictures.jpeg, "image/jpg", "image", JPEG, (640, 480)),
    Honest(
        "photo with its place", pictures.photo, JPEG, "image", JPEG, (640, 480), notes=("metadata_removed",),
        tells_place=True,
    ),
    Honest(
        "photo taken upright", functools.partial(pictures.photo, orientation=6), JPEG, "image", JPEG, (480, 640),
        notes=("turned",), tells_place=True,
    ),
    Honest(
        "photo taken upright, as a document", functools.partial(pictures.photo, orientation=6), JPEG, "document", JPEG,
        (480, 640), notes=("metadata_removed",), asked="document", tells_place=True,
    ),
    Honest(
        "two pictures of a phone", pictures.camera_pair, JPEG, "image", JPEG, (640, 480),
        notes=("appendix_removed", "metadata_removed"), tells_place=True,
    ),
    Honest("jpeg for print", pictures.cmyk_jpeg, JPEG, "image", JPEG, (320, 240)),
    Honest(
        "jpeg of 20 megapixels", _large_jpeg, JPEG, "image", JPEG, (2560, 1920), notes=("resized", "recompressed"),
        slow=True,
    ),
    Honest("png", pictures.png, PNG, "image", PNG, (320, 240)),
    Honest(
        "png with its place", pictures.png_with_place, PNG, "image", PNG, (320, 240), notes=("metadata_removed",),
        tells_place=True,
    ),
    Honest("png in grey", functools.partial(pictures.png, mode="L"), PNG, "image", PNG, (320, 240)),
    Honest("png of 7 MB", _heavy_png, PNG, "image", JPEG, (1600, 1200), notes=("converted",), slow=True),
    Honest(
        "animated png", functools.partial(pictures.moving, "PNG"), PNG, "gif", MP4, (160, 120), 0.8,
        ("animation_as_video",),
    ),
    Honest(
        "gif", functools.partial(pictures.saved, pictures.scene(120, 90), "GIF"), "image/gif", "image", JPEG, (120,
        90), notes=("converted",),
    ),
    Honest("moving gif", _small_gif, "image/gif", "gif", MP4, (160, 120), 0.8, ("animation_as_video",)),
    Honest(
        "moving gif as a picture", _small_gif, "image/gif", "image", JPEG, (160, 120),
        notes=("animation_lost", "converted"), asked="image",
    ),
    Honest(
        "moving gif as a sticker", _small_gif, "image/gif", "sticker", WEBP, (512, 512), notes=("converted",),
        asked="sticker",
    ),
    Honest("moving gif as a document", _small_gif, "image/gif", "document", "image/gif", (160, 120), asked="document"),
    Honest("webp", _small_webp, WEBP, "image", JPEG, (200, 160), notes=("converted",)),
    Honest("see-through webp", _see_through, WEBP, "image", JPEG, (320, 240), notes=("flattened", "converted")),
    Honest("webp as a sticker", _see_through, WEBP, "sticker", WEBP, (512, 512), notes=("converted",), asked="sticker"),
    Honest(
        "moving webp", functools.partial(pictures.moving, "WEBP"), WEBP, "gif", MP4, (160, 120), 0.8,
        ("animation_as_video",),
    ),
    Honest("mp4 that fits", recordings.ready_video, MP4, "video", MP4, (320, 240), 2.0),
    Honest(
        "mp4 with its place", _placed_video, MP4, "video", MP4, (320, 240), 2.0, ("metadata_removed",),
        tells_place=True,
    ),
    Honest(
        "mp4 of another phone with its place", _apple_video, MP4, "video", MP4, (320, 240), 2.0, ("metadata_removed",),
        tells_place=True,
    ),
    Honest("mp4 with its index behind", recordings.video, MP4, "video", MP4, (320, 240), 2.0, ("repacked",)),
    Honest(
        "mp4 filmed upright", recordings.turned_video, MP4, "video", MP4, (180, 320), 1.0, ("metadata_removed",),
        tells_place=True,
    ),
    Honest(
        "mp4 with its place, as a document", _placed_video, MP4, "document", MP4, (320, 240), 2.0,
        ("metadata_removed",), asked="document", tells_place=True,
    ),
    Honest(
        "mp4 as a gif", recordings.ready_video, MP4, "gif", MP4, (320, 240), 2.0,
        ("sound_removed", "recompressed"), asked="gif",
    ),
    Honest(
        "mp4 of odd size in 4:4:4", recordings.odd_video, MP4, "video", MP4, (318, 238), 1.0, ("resized",
        "recompressed"),
    ),
    Honest(
        "mp4 of 60 pictures a second in hevc", recordings.fast_video, MP4, "video", MP4, (1280, 720), 2.0,
        ("resized", "frame_rate_lowered", "recompressed"), slow=True,
    ),
    Honest(
        "3gp of an old phone", recordings.old_phone_video, "video/3gpp", "video", MP4, (352, 288), 2.0,
        ("recompressed",),
    ),
    Honest("mp3", _mp3, "audio/mpeg", "audio", "audio/mpeg", seconds=3.0, thumbnail=False),
    Honest("mp3 as a voice note", _mp3, "audio/mpeg", "voice", VOICE, None, 3.0, ("converted",), "voice", False),
    Honest("m4a", _m4a, "audio/mp4", "audio", "audio/mp4", seconds=3.0, thumbnail=False),
    Honest(
        "m4a with its place", _placed_m4a, "audio/mp4", "audio", "audio/mp4", None, 3.0, ("metadata_removed",),
        None, False, True,
    ),
    Honest("amr", _amr, "audio/amr", "audio", "audio/mp4", None, 3.0, ("converted",), None, False),
    Honest("amr as a voice note", _amr, "audio/amr", "voice", VOICE, None, 3.0, ("converted",), "voice", False),
    Honest("ogg", _opus, "audio/ogg", "audio", VOICE, seconds=3.0, thumbnail=False),
    Honest(
        "ogg as a voice note", _opus, "audio/ogg; codecs=opus", "voice", VOICE, seconds=3.0, asked="voice",
        thumbnail=False,
    ),
    Honest(
        "ogg with vorbis", recordings.vorbis, "audio/ogg", "audio", "audio/mp4", None, 3.0, ("converted",), None,
        False,
    ),
    Honest("pdf", documents.pdf, PDF, "document", PDF),
    Honest(
        "locked pdf", functools.partial(documents.pdf, encrypt=True), PDF, "document", PDF, notes=("locked",),
        thumbnail=False,
    ),
    Honest("doc", documents.doc, DOC, "document", DOC),
    Honest("docx", documents.docx, DOCX, "document", DOCX),
    Honest("text", documents.text, TEXT, "document", TEXT),
    Honest("text in utf-16", functools.partial("Grüße, Привет".encode, "utf-16"), TEXT, "document", TEXT),
    Honest("text of western Europe", functools.partial("Grüße aus Köln\r\n".encode, "cp1252"), TEXT, "document", TEXT),
    Honest("table in csv", functools.partial("name,sum\nAda,1\n".encode, "utf-8"), "text/csv", "document", TEXT),
    Honest("zip", archives.honest, ZIP, "document", ZIP, notes=("no_preview",), thumbnail=False),
    Honest("zip in a zip", archives.nested, ZIP, "document", ZIP, notes=("no_preview",), thumbnail=False),
    Honest("locked zip", archives.locked, ZIP, "document", ZIP, notes=("locked",), thumbnail=False),
)  # fmt: skip

HOSTILE = (
    Hostile("nothing", bytes, JPEG, "media_empty"),
    Hostile("zip bomb", archives.bomb, ZIP, "media_zip_bomb"),
    Hostile("zip of zip bombs", archives.nested_bomb, ZIP, "media_zip_bomb"),
    Hostile("zip in zip in zip …", archives.onion, ZIP, "media_zip_bomb"),
    Hostile("zip of 70,000 entries", archives.crowded, ZIP, "media_zip_bomb", slow=True),
    Hostile("zip whose entries overlap", archives.overlapping, ZIP, "media_zip_bomb"),
    Hostile("zip that lies about sizes", archives.lying_about_size, ZIP, "media_zip_bomb"),
    Hostile("zip that leaves its folder", archives.escaping, ZIP, "media_unsafe_names"),
    Hostile(
        "docx bomb", lambda: archives.archive({"[Content_Types].xml": b"x", "word/a": bytes(64 << 20)}), DOCX,
        "media_zip_bomb",
    ),
    Hostile("docx of a billion laughs", documents.laughing_docx, DOCX, "media_markup_bomb"),
    Hostile("docx with macros", functools.partial(documents.docx, macros=True), DOCX, "media_macros"),
    Hostile("doc with macros", documents.doc_with_macros, DOC, "media_macros"),
    Hostile("locked docx", documents.locked_docx, DOCX, "media_encrypted"),
    Hostile("png of 1.6 gigapixels", pictures.swelling_png, PNG, "media_pixel_bomb"),
    Hostile("gif of 65,000 x 65,000", pictures.vast_gif, "image/gif", "media_pixel_bomb"),
    Hostile("gif and script", lambda: made(_small_gif) + b"*/=1;alert(1)//", "image/gif", "media_polyglot"),
    Hostile("jpeg and zip", followed(pictures.jpeg, archives.honest), JPEG, "media_polyglot"),
    Hostile("jpeg with a page in its comment", pictures.page_in_comment, JPEG, "media_polyglot"),
    Hostile("png and zip", followed(pictures.png, archives.honest), PNG, "media_polyglot"),
    Hostile("webp and page", lambda: made(_small_webp) + b"<script>alert(1)</script>", WEBP, "media_polyglot"),
    Hostile("pdf and zip", followed(documents.pdf, archives.honest), PDF, "media_polyglot"),
    Hostile("pdf behind a page", lambda: b"<html>" + documents.pdf(), "", "media_type_unsupported"),
    Hostile("zip and zip", followed(archives.honest, archives.nested), ZIP, "media_polyglot"),
    Hostile("mp4 and zip", followed(recordings.ready_video, archives.honest), MP4, "media_polyglot"),
    Hostile("mp3 and zip", followed(_mp3, archives.honest), "audio/mpeg", "media_polyglot"),
    Hostile("ogg and zip", followed(_opus, archives.honest), "audio/ogg", "media_polyglot"),
    Hostile("amr and pdf", followed(_amr, documents.pdf), "audio/amr", "media_polyglot"),
    Hostile("pdf declared as jpeg", documents.pdf, JPEG, "media_type_mismatch"),
    Hostile("jpeg declared as pdf", pictures.jpeg, PDF, "media_type_mismatch"),
    Hostile("mp4 declared as text", recordings.ready_video, TEXT, "media_type_mismatch"),
    Hostile("mp3 as a picture", _mp3, "audio/mpeg", "media_kind_unfit", asked="image"),
    Hostile("still picture as a gif", pictures.png, PNG, "media_kind_unfit", asked="gif"),
    Hostile("web page", lambda: b"<!DOCTYPE html><html><body>hi</body></html>", TEXT, "media_type_unsupported"),
    Hostile(
        "drawing with script", lambda: b'<?xml version="1.0"?><svg onload="alert(1)"/>', TEXT,
        "media_type_unsupported",
    ),
    Hostile("rich text", lambda: b"{\\rtf1 hello}", TEXT, "media_type_unsupported"),
    Hostile("script", lambda: b"#!/bin/sh\nrm -rf ~\n", TEXT, "media_type_unsupported"),
    Hostile("program", lambda: b"MZ" + bytes(range(256)) * 4, "", "media_type_unsupported"),
    Hostile("program in Java", archives.program, ZIP, "media_type_unsupported"),
    Hostile("workbook", archives.workbook, ZIP, "media_type_unsupported"),
    Hostile("workbook of old", documents.spreadsheet, DOC, "media_type_unsupported"),
    Hostile("bitmap", lambda: pictures.saved(pictures.scene(20, 20), "BMP"), "", "media_type_unsupported"),
    Hostile("avif", lambda: pictures.saved(pictures.scene(40, 40), "AVIF"), "", "media_type_unsupported"),
    Hostile("wav", lambda: recordings.sound("a.wav", seconds=1), "", "media_type_unsupported"),
    Hostile("flac", lambda: recordings.sound("a.flac", seconds=1), "", "media_type_unsupported"),
    Hostile("QuickTime film", lambda: recordings.video("v.mov", seconds=1), "", "media_type_unsupported"),
    Hostile("matroska film", lambda: recordings.video("v.mkv", seconds=1), "", "media_type_unsupported"),
    Hostile("raw aac", lambda: recordings.sound("a.aac", seconds=1), "", "media_type_unsupported"),
    Hostile("noise", lambda: bytes(range(256)) * 64, "", "media_type_unsupported"),
    Hostile("half a jpeg", cut(pictures.jpeg), JPEG, "media_truncated"),
    Hostile("half a png", cut(pictures.png), PNG, "media_truncated"),
    Hostile("half a gif", cut(_small_gif), "image/gif", "media_truncated"),
    Hostile("half a webp", cut(_small_webp), WEBP, "media_truncated"),
    Hostile("half an mp4", cut(recordings.ready_video), MP4, "media_truncated"),
    Hostile("mp4 without its index", cut(recordings.video, 0.5), MP4, "media_truncated"),
    Hostile("half a 3gp", cut(recordings.old_phone_video), "video/3gpp", "media_truncated"),
    Hostile("half an mp3", cut(_mp3), "audio/mpeg", "media_truncated"),
    Hostile("half an m4a", cut(_m4a), "audio/mp4", "media_truncated"),
    Hostile("half an amr", cut(_amr), "audio/amr", "media_truncated"),
    Hostile("half an ogg", cut(_opus), "audio/ogg", "media_truncated"),
    Hostile("half a pdf", cut(documents.pdf), PDF, "media_truncated"),
    Hostile("half a doc", cut(documents.doc), DOC, "media_truncated"),
    Hostile("half a docx", cut(documents.docx), DOCX, "media_truncated"),
    Hostile("half a zip", cut(archives.honest), ZIP, "media_truncated"),
    Hostile("half a letter", lambda: "Grüße für Ö".encode()[:-1], TEXT, "media_truncated"),
    Hostile("jpeg of noise", pictures.scrambled_jpeg, JPEG, "media_damaged"),
    Hostile("png with wrong sums", pictures.broken_png, PNG, "media_damaged"),
    Hostile("mp4 of noise", recordings.scrambled_video, MP4, "media_damaged"),
    Hostile("pdf of noise", lambda: b"%PDF-1.7\n" + bytes(range(33, 127)) * 30 + b"\n%%EOF\n", PDF, "media_damaged"),
    Hostile("doc of noise", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), DOC, "media_damaged"),
    Hostile("docx without text", lambda: documents.docx_without_text(), DOCX, "media_damaged"),
)  # fmt: skip
