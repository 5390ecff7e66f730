"""Zip archives: honest ones, and each way to build a bomb or a trap."""

import io
import struct
import zipfile
import zlib

TEXT = b"The quick brown fox jumps over the lazy dog. " * 40


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, compress_type=method, compresslevel=9)
    return out.getvalue()


def honest() -> bytes:
    return archive({"readme.txt": TEXT, "folder/more.txt": TEXT[::-1]})


def nested() -> bytes:
    return archive({"inner.zip": honest(), "readme.txt": TEXT})


def bomb(megabytes: int = 64) -> bytes:
    return archive({"zeros.bin": bytes(megabytes << 20)})


def nested_bomb() -> bytes:
    return archive({f"{n}.zip": bomb(8) for n in range(6)}, zipfile.ZIP_STORED)


def onion(layers: int = 8) -> bytes:
    inner = honest()
    for _ in range(layers):
        inner = archive({"inner.zip": inner})
    return inner


def crowded(entries: int = 70_000) -> bytes:
    return archive({f"{n}": b"" for n in range(entries)}, zipfile.ZIP_STORED)


def overlapping(copies: int = 200) -> bytes:
    """Many names for the same compressed bytes: the central directory points at one body again and again."""
    body = bytes(1 << 16)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(body) + packer.flush()
    facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x5C21, zlib.crc32(body), len(packed), len(body), 1, 0)
    facts = facts[:-4] + struct.pack("<HH", 4, 0)
    local = b"PK\x03\x04" + facts + b"0000" + packed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0)
    central = b"".join(entry + f"{n:04}".encode() for n in range(copies))
    end = struct.pack("<HHHHIIH", 0, 0, copies, copies, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end


def lying_about_size() -> bytes:
    """The directory says 10 bytes; 64 MB come out."""
    made = bytearray(bomb())
    size = struct.pack("<I", 64 << 20)
    at = made.find(size)
    while at >= 0:
        made[at : at + 4] = struct.pack("<I", 10)
        at = made.find(size)
    return bytes(made)


def escaping() -> bytes:
    return archive({"../../etc/cron.d/job": TEXT})


def locked() -> bytes:
    """With the flag of encryption; the bytes behind it are of no matter."""
    made = bytearray(archive({"secret.txt": bytes(range(256))}, zipfile.ZIP_STORED))
    made[6] |= 1
    made[made.find(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def workbook() -> bytes:
    kinds = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    return archive({"[Content_Types].xml": kinds, "xl/workbook.xml": b"<workbook/>"})


def program() -> bytes:
    return archive({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n", "Main.class": b"\xca\xfe\xba\xbe"})
