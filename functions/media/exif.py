"""The one thing of Exif that a picture needs: which way up it is shown."""

import struct

ORIENTATION = 0x0112


def tiff_of_orientation(orientation: int) -> bytes:
    """A TIFF header with a directory of one entry, as Exif wants it."""
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)
