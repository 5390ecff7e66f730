"""How WhatsApp encrypts files: one media key, stretched by HKDF, then AES-CBC with a shortened HMAC behind it."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from containers.simulator.errors import BadRequest

# What the keys are stretched for; voice notes share it with other sounds, stickers with pictures.
USES = {
    **dict.fromkeys(("image", "sticker"), b"WhatsApp Image Keys"),
    **dict.fromkeys(("video", "gif", "ptv"), b"WhatsApp Video Keys"),
    **dict.fromkeys(("audio", "ptt"), b"WhatsApp Audio Keys"),
    "document": b"WhatsApp Document Keys",
}
RETRY_USE = b"WhatsApp Media Retry Notification"
MAC_BYTES = 10


@dataclass(frozen=True, slots=True)
class Keys:
    iv: bytes
    cipher: bytes
    mac: bytes


def new_key() -> bytes:
    return secrets.token_bytes(32)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _stretched(media_key: bytes, use: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=None, info=use).derive(media_key)


def keys(media_key: bytes, kind: str) -> Keys:
    stretched = _stretched(media_key, USES[kind], 112)
    return Keys(stretched[:16], stretched[16:48], stretched[48:80])


def seal(plain: bytes, media_key: bytes, kind: str) -> bytes:
    key = keys(media_key, kind)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key.cipher), modes.CBC(key.iv)).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    return sealed + hmac.digest(key.mac, key.iv + sealed, hashlib.sha256)[:MAC_BYTES]


def unseal(sealed: bytes, media_key: bytes, kind: str) -> bytes:
    """The plaintext; `media_undecryptable` when it was not sealed with this key for this kind."""
    key = keys(media_key, kind)
    body, mac = sealed[:-MAC_BYTES], sealed[-MAC_BYTES:]
    if not hmac.compare_digest(hmac.digest(key.mac, key.iv + body, hashlib.sha256)[:MAC_BYTES], mac):
        raise BadRequest("media_undecryptable", "the file was not sealed with the key that the message names")
    decryptor = Cipher(algorithms.AES(key.cipher), modes.CBC(key.iv)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()


def is_retry_proof(media_key: bytes, message_id: str, iv: bytes, proof: bytes) -> bool:
    """Whether whoever asks for a file again holds its key: only sender and recipients do."""
    name = message_id.encode()
    # A ServerErrorReceipt: the id as field 1 of a protocol buffer.
    receipt = bytes([0x0A, len(name)]) + name
    return hmac.compare_digest(AESGCM(_stretched(media_key, RETRY_USE, 32)).encrypt(iv, receipt, name), proof)
