"""The stamp beside a profile: under which epoch a browser last ran on it. Who kept its disk knows by it whether its own
profile is newer than every backup, or stale because another worker ran the session since."""

import contextlib
import json
import os
from pathlib import Path


def read_stamp(profile: Path) -> int:
    """The epoch; 0 without a stamp that can be read."""
    try:
        epoch = json.loads(_stamp_of(profile).read_text("utf-8"))["epoch"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return epoch if isinstance(epoch, int) else 0


def write_stamp(profile: Path, epoch: int) -> None:
    """Durably: a profile that outlives a power cut is not newer than its stamp says."""
    stamp = _stamp_of(profile)
    stamp.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = stamp.with_suffix(".fresh")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump({"epoch": epoch}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(stamp)


def remove_stamp(profile: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        _stamp_of(profile).unlink()


def _stamp_of(profile: Path) -> Path:
    return profile.with_name(profile.name + ".stamp")
