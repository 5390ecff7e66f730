"""`waypost link`: finish a login in a window of the real browser on this machine, then hand the session to a worker.

    WAYPOST_API_KEY=… python -m containers.operator SESSION --url URL [--browser PATH] [--headless] [--ca-file FILE]

Exit code 0 when a worker runs the session, 1 with the reason when not.
"""

import argparse
import asyncio
import os
import platform
import sys
from pathlib import Path

import httpx

from containers.operator.api import Api
from containers.operator.browsers import find_browser
from containers.operator.linking import Tools, link
from waypost.errors import WaypostError

_OTHER_SYSTEM = (
    "Warning: this is {system}, and workers run on Linux. WhatsApp sees another device from the first hour on than the "
    "one that was linked, which may end the link. This is experimental; link on Linux where you can."
)


def main() -> int:
    asked = _arguments()
    if platform.system() != "Linux":
        _say(_OTHER_SYSTEM.format(system=platform.system()))
    key = os.environ.get("WAYPOST_API_KEY")
    if not key:
        _say("There is no API key: set WAYPOST_API_KEY.")
        return 1
    try:
        tools = Tools(find_browser(asked.browser, headless=asked.headless), headless=asked.headless, say=_say)
        verify = str(asked.ca_file) if asked.ca_file else True
        with httpx.Client(base_url=asked.url, headers={"x-api-key": key}, timeout=30, verify=verify) as http:
            asyncio.run(link(asked.session, Api(http, asked.session), tools))
    except WaypostError as error:
        _say(" ".join(part for part in (error.message, error.mend) if part))
        return 1
    except httpx.HTTPError as error:
        _say(f"Waypost does not answer at {asked.url} ({type(error).__name__}).")
        return 1
    except KeyboardInterrupt:
        _say("Given up; nothing was handed over.")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="waypost link", description=__doc__)
    parser.add_argument("session")
    parser.add_argument("--url", required=True)
    parser.add_argument("--browser", type=Path)
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--ca-file", type=Path)
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
