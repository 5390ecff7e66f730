"""DynamoDB's stand-in: `python -m infra.local.aws_moto --port N` serves moto, one request at a time.

moto keeps its tables in plain dicts without a lock: with several requests at once it loses updates and half-applies
transactions. One lock around it all mends that, at no cost in speed.
"""

import argparse
import logging
import threading
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


class OneAtATime:
    """A WSGI application whose answers are whole before the next request begins."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            return list(self._application(environ, start_response))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for every request
    application = OneAtATime(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", parser.parse_args().port, application, threaded=True)


if __name__ == "__main__":
    main()
