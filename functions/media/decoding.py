"""Pillow's many ways to say that a picture is broken, as our one."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from waypost.domain.media_refusals import refusal

# No such file, may not be opened, too many open ones, no memory: the bytes are not the reason.
OURS = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


@contextmanager
def decoding() -> Iterator[None]:
    """Raises MediaRefused for what decoders raise over bad bytes. What this machine is to blame for, such as a program
    that is missing, is no refusal."""
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC):
            raise refusal("media_too_costly", what="space") from None
        if isinstance(error, OSError) and error.errno in OURS:
            raise
        if "truncated" in str(error):
            raise refusal("media_truncated", what="the picture has no end") from None
        raise refusal("media_damaged", what="the picture cannot be decoded") from None
