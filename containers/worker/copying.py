"""Copies a profile as the user whom it belongs to, for a launcher that may not read it: ready, go, done.

    python -m containers.worker.copying PROFILE FOLDER

It says `ready` when it has started, so that the browser stands still only while files are linked, and `done` when they
are. Then it lets the group read the copy: the worker is the only one in it.
"""

import os
import sys
from pathlib import Path

from containers.worker.vault.links import link_profile


def main(profile: Path, into: Path) -> None:
    os.umask(0o027)
    _say("ready")
    sys.stdin.readline()
    link_profile(profile, into)
    _say("done")
    for folder, _, names in into.walk():
        folder.chmod(0o750)
        for name in names:
            (folder / name).chmod(0o640)


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
