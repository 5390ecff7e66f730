"""The embedded engine in bad weather: what the cloud may do and SQLite never does, by a seed. See `engine.py`."""

from waypost.engines.harsh.engine import HarshEngine, build_harsh_engine, open_harsh_engine
from waypost.engines.harsh.weather import CALM, CLOUDY, ROUGH, STORM, Chance, Weather

__all__ = [
    "CALM",
    "CLOUDY",
    "ROUGH",
    "STORM",
    "Chance",
    "HarshEngine",
    "Weather",
    "build_harsh_engine",
    "open_harsh_engine",
]
