"""A file that is sent as it is, to one address: taken in as the JSON that its route takes.

`text/csv` is the file itself, with the other fields in the query; `multipart/form-data` has the file as one part and
each other field as another. A part of a media file is bytes, and stays so: its route reads it with `part_of`.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from waypost.errors import TooLarge, ValidationError, WaypostError

PATH = "/v1/bulk"
MAX_UPLOAD_BYTES = 4 * 1024 * 1024  # Lambda takes an event of 6 MB, in which a form is written in base64
PART_TYPE = "application/octet-stream"
_PARTS = re.compile(r"/v1/media/[^/]+/parts/[^/]+/?\Z")
_LOST = "\ufffd"
_FLAGS = ("dry_run", "all_or_nothing")
_TEMPLATE = {"template": "name", "language": "language", "version": "version"}


def takes_files(event: Mapping[str, Any]) -> bool:
    return str(event.get("path", "")).rstrip("/") == PATH and event.get("httpMethod") == "POST"


def takes_parts(event: Mapping[str, Any]) -> bool:
    return event.get("httpMethod") == "PUT" and _PARTS.match(str(event.get("path", ""))) is not None


def part_of(event: Mapping[str, Any]) -> bytes:
    """The body as it was sent. API Gateway hands bytes on in base64."""
    body = str(event.get("body") or "")
    try:
        return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, ValueError):
        raise ValidationError("This is not base64.", field="body", code="not_base64") from None


def taken_in(event: Mapping[str, Any]) -> tuple[Mapping[str, Any], WaypostError | None]:
    """The event as its route takes it, and what is wrong with the upload, if anything is."""
    kind = _header(event, "content-type").partition(";")[0].strip().lower()
    if kind not in ("text/csv", "multipart/form-data") or not takes_files(event):
        return event, None
    try:
        fields = _csv(event) if kind == "text/csv" else _form(event)
        return _as_json(event, fields), None
    except WaypostError as error:
        return _as_json(event, {}), error


def _csv(event: Mapping[str, Any]) -> dict[str, Any]:
    return {**_typed(event.get("queryStringParameters") or {}), "csv": _text(_body(event))}


def _form(event: Mapping[str, Any]) -> dict[str, Any]:
    head = f"Content-Type: {_header(event, 'content-type')}\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + _body(event))
    found: dict[str, str] = {}
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found["csv" if part.get_filename() or name == "file" else name] = _text(payload)
    if "csv" not in found:
        raise ValidationError(
            "The form holds no file.", field="csv", mend="Send the file as the part `file`.", code="file_missing"
        )
    return _typed(found)


def _typed(fields: Mapping[str, str]) -> dict[str, Any]:
    """A form and a query know text only."""
    typed: dict[str, Any] = {name: value for name, value in fields.items() if name not in _TEMPLATE}
    for flag in _FLAGS:
        if flag in typed:
            typed[flag] = {"true": True, "1": True, "false": False, "0": False}.get(typed[flag].lower(), typed[flag])
    template: dict[str, Any] = {inner: fields[name] for name, inner in _TEMPLATE.items() if name in fields}
    if str(template.get("version", "")).isdecimal():
        template["version"] = int(template["version"])
    return {**typed, "template": template} if template else typed


def _as_json(event: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    names = {name: value for name, value in (event.get("headers") or {}).items() if name.lower() != "content-type"}
    many = {
        name: value for name, value in (event.get("multiValueHeaders") or {}).items() if name.lower() != "content-type"
    }
    return {
        **event,
        "headers": {**names, "content-type": "application/json"},
        "multiValueHeaders": {**many, "content-type": ["application/json"]},
        "body": json.dumps(fields),
        "isBase64Encoded": False,
    }


def _body(event: Mapping[str, Any]) -> bytes:
    body = str(event.get("body") or "")
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="replace")
    if len(raw) > MAX_UPLOAD_BYTES:
        raise TooLarge(
            f"The file has {len(raw)} bytes; at most {MAX_UPLOAD_BYTES} are allowed.",
            field="csv",
            mend="Send it as several files.",
            code="body_too_large",
        )
    return raw


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _LOST
    # A gateway that takes the file for text has put this sign for what was none: people would be sent it in a name.
    if _LOST in text:
        raise ValidationError(
            "The file is not in UTF-8.", field="csv", mend="Save it as CSV UTF-8.", code="csv_not_utf8"
        )
    return text


def _header(event: Mapping[str, Any], wanted: str) -> str:
    headers = event.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), "")
