"""What a message carries besides its text: checked when it is handed in, the same whoever hands it in.

| type                                          | content                                                           |
|-----------------------------------------------|-------------------------------------------------------------------|
| chat                                          | nothing, the text is all                                          |
| image, video, ptv, audio, ptt, document, sticker | mime, size, sha256, enc_sha256, media_key (base64), direct_path,  |
|                                               | width, height, duration (s), waveform, thumbnail (base64),        |
|                                               | filename, pages, gif, view_once, album                            |
| location                                      | latitude, longitude, name, address, url, live (s it is shared)    |
| vcard, multi_vcard                            | contacts: [{name, vcard}]                                         |
| poll_creation                                 | question, options, selectable (0: as many as one likes)           |
| album                                         | images, videos: how many follow                                   |
"""

import base64
from collections.abc import Callable
from typing import Any

from containers.simulator import media_checks, media_crypto, media_facts, media_files
from containers.simulator.errors import BadRequest
from containers.simulator.network import Network

Content = dict[str, Any]
MEDIA = tuple(media_checks.CHECKS)
LONGEST_CAPTION = 65_536
MOST_OPTIONS = 12
MOST_CONTACTS = 257


def checked(network: Network, said: Content) -> Content:
    """The content of a message of a device, with what its file turned out to be."""
    kind = str(said.get("type"))
    if kind in MEDIA:
        return _with_file(network, {**said, "type": kind})
    if kind not in OTHERS:
        raise BadRequest("unknown_type", f"a message of the type {kind!r} is not known")
    return {"type": kind, **OTHERS[kind](said)}


def _with_file(network: Network, said: Content) -> Content:
    for name in ("mime", "sha256", "enc_sha256", "media_key", "direct_path"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise BadRequest("media_incomplete", f"the message does not say its file's {name}")
    data = open_file(network, said)
    facts = media_facts.look(data)
    media_checks.check(said, data, facts)
    return {**said, "facts": facts.as_json()}


def open_file(network: Network, content: Content) -> bytes:
    """The plaintext, as a phone gets it: fetched, proved and decrypted."""
    sealed = media_files.sealed_bytes(network, content["direct_path"])
    if media_crypto.b64(media_crypto.sha256(sealed)) != content["enc_sha256"]:
        raise BadRequest("media_hash_wrong", "the uploaded file is not the one that the message names")
    plain = media_crypto.unseal(sealed, base64.b64decode(content["media_key"]), key_kind(content))
    if media_crypto.b64(media_crypto.sha256(plain)) != content["sha256"]:
        raise BadRequest("media_hash_wrong", "the decrypted file is not the one that the message names")
    return plain


def key_kind(content: Content) -> str:
    return "gif" if content.get("gif") else str(content["type"])


def _number(said: Content, name: str, least: float, most: float) -> float:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRequest("bad_content", f"{name} must be a number from {least} to {most}")
    return value


def _text(said: Content, name: str, most: int = 1000) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise BadRequest("bad_content", f"{name} must be a text of 1 to {most} characters")
    return value


def _location(said: Content) -> Content:
    place: Content = {
        "latitude": _number(said, "latitude", -90, 90),
        "longitude": _number(said, "longitude", -180, 180),
    }
    place |= {name: _text(said, name) for name in ("name", "address", "url") if said.get(name)}
    if said.get("thumbnail"):
        place["thumbnail"] = _text(said, "thumbnail", 65_536)
    if said.get("live"):
        place["live"] = _number(said, "live", 1, 28_800)
    return place


def _contacts(said: Content) -> Content:
    contacts = said.get("contacts")
    if not isinstance(contacts, list) or not 1 <= len(contacts) <= MOST_CONTACTS:
        raise BadRequest("bad_content", f"contacts must be a list of 1 to {MOST_CONTACTS}")
    kept = [{"name": _text(one, "name"), "vcard": _text(one, "vcard", 65_536)} for one in contacts]
    for one in kept:
        card = one["vcard"].strip()
        if not card.startswith("BEGIN:VCARD") or not card.endswith("END:VCARD"):
            raise BadRequest("bad_vcard", "a contact is a vCard")
    return {"contacts": kept}


def _poll(said: Content) -> Content:
    options = said.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MOST_OPTIONS:
        raise BadRequest("bad_poll", f"a poll has 2 to {MOST_OPTIONS} options")
    names = [_text({"option": one}, "option", 100) for one in options]
    if len(set(names)) != len(names):
        raise BadRequest("bad_poll", "no two options of a poll are the same")
    selectable = int(_number(said, "selectable", 0, len(names)))
    return {"question": _text(said, "question", 255), "options": names, "selectable": selectable}


def _album(said: Content) -> Content:
    counts = {name: int(_number(said, name, 0, 100)) for name in ("images", "videos")}
    if sum(counts.values()) < 2:
        raise BadRequest("bad_album", "an album has at least two files")
    return counts


OTHERS: dict[str, Callable[[Content], Content]] = {
    "location": _location,
    "vcard": _contacts,
    "multi_vcard": _contacts,
    "poll_creation": _poll,
    "album": _album,
}
