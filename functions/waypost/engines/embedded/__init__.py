"""One machine's engine: SQLite, a folder, a key file and the local gateway. See `engine.py`."""

from waypost.engines.embedded.declarations import QueueSpec, TableSpec
from waypost.engines.embedded.engine import EmbeddedEngine, build_engine, open_engine

__all__ = ["EmbeddedEngine", "QueueSpec", "TableSpec", "build_engine", "open_engine"]
