"""The worker, whose engine is out of reach while a file named for its process lies in `home/cut`.

The worker's own code knows nothing of it: it meets what a broken network to the table would show it.
"""

import asyncio
import os
import sqlite3
import time
from pathlib import Path

from containers.worker.main import work_and_leave
from waypost.engines.embedded.database import Database
from waypost.errors import StorageError

NO_ANSWER_SECONDS = 0.5


def cut_file(home: Path, pid: int) -> Path:
    return home / "cut" / str(pid)


def make_cuttable() -> None:
    plain, mine = Database.connection, cut_file(Path(os.environ["WAYPOST_HOME"]), os.getpid())

    def connection(self: Database) -> sqlite3.Connection:
        if mine.exists():
            time.sleep(NO_ANSWER_SECONDS)
            raise StorageError("the table did not answer")
        return plain(self)

    Database.connection = connection  # type: ignore[method-assign]  # the fault that this module is for


if __name__ == "__main__":
    make_cuttable()
    asyncio.run(work_and_leave())
