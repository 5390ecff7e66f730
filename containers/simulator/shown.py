"""A message's content as others see it: devices are told how to fetch and open it, observers what it is."""

import base64
import json
import sqlite3
from typing import Any

from containers.simulator.contents import MEDIA, Content

# What only this server and the phone know of a file.
UNTOLD = ("facts", "faults")
SECRETS = ("enc_sha256", "media_key", "direct_path", "thumbnail", "waveform", *UNTOLD)


def told(content: Content) -> Content:
    """As a device hears of it; of some view-once files the linked ones are told only that they cannot show them."""
    if content.get("unavailable"):
        return {"type": "unavailable"}
    return {name: value for name, value in content.items() if name not in UNTOLD}


def content_of(row: sqlite3.Row, number: str, votes: list[sqlite3.Row]) -> dict[str, Any]:
    """As the control API shows it: `type`, and under `media`, `location`, `contacts`, `poll` or `album` the rest."""
    if row["type"] == "chat":
        return {"type": "chat"}
    content: Content = json.loads(row["content"])
    shown = {"type": row["type"]}
    rest = {name: value for name, value in content.items() if name != "type"}
    if row["type"] in MEDIA:
        return shown | {"media": _media(content, rest, row, number)}
    if row["type"] in ("vcard", "multi_vcard"):
        return shown | {"contacts": rest["contacts"]}
    if row["type"] == "poll_creation":
        return shown | {"poll": rest, "votes": {one["voter"]: json.loads(one["options"]) for one in votes}}
    return shown | {row["type"]: rest}


def _media(content: Content, rest: Content, row: sqlite3.Row, number: str) -> dict[str, Any]:
    waveform = content.get("waveform")
    return {
        **{name: value for name, value in rest.items() if name not in SECRETS},
        "sha256": base64.b64decode(content["sha256"]).hex(),
        "gif": bool(content.get("gif")),
        "view_once": bool(content.get("view_once")),
        "waveform": list(base64.b64decode(waveform)) if waveform else None,
        "has_thumbnail": bool(content.get("thumbnail")),
        "facts": content.get("facts"),
        "path": f"/control/accounts/{number}/media/{row['sender']}/{row['chat']}/{row['id']}",
    }


def thumbnail(content: Content) -> bytes:
    return base64.b64decode(content.get("thumbnail") or "")
