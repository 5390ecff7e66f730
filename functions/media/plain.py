"""Plain text: whether bytes are text at all, in which encoding, and not the source of something that is run."""

import codecs

from waypost.domain.media_refusals import refusal

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b\b")
_HEAD = 2048
_RUN = (
    ((b"<!doctype html", b"<html", b"<script", b"<head", b"<body", b"<iframe"), "a web page"),
    ((b"<svg",), "a drawing for web pages"),
    ((b"{\\rtf",), "a document in rich text"),
    ((b"%!ps",), "a program for printers"),
    ((b"#!", b"@echo off", b"<?php"), "a script"),
)


def decoded(data: bytes) -> str:
    """The text. Raises MediaRefused."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    if _CONTROLS.intersection(data):
        raise refusal("media_type_unsupported", found="of a type that is not known")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.start > 0 and error.reason == "unexpected end of data":
            raise refusal("media_truncated", what="its last letter is cut in two") from None
        text = data.decode("cp1252", "replace")
        if text.count("\ufffd") * 20 > len(text):
            raise refusal("media_type_unsupported", found="of a type that is not known") from None
    return text


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        code = "media_truncated" if error.start >= len(data) - 4 else "media_damaged"
        raise refusal(code, what="its letters make no sense in the encoding that it declares") from None


def check(data: bytes) -> None:
    """Raises MediaRefused, also for text that is a page, a drawing or a program by what it begins with."""
    head = decoded(data).lstrip().encode("utf-8", "replace")[:_HEAD].lower()
    for marks, found in _RUN:
        if head.startswith(marks) or (head.startswith(b"<?xml") and any(mark in head for mark in marks)):
            raise refusal("media_type_unsupported", found=found)
