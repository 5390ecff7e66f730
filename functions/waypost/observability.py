"""Logs as JSON lines: what happened to which opaque id. Never a body, a number, a secret or a query string (P6)."""

from aws_lambda_powertools import Logger


def logger(service: str) -> Logger:
    """The structured logger of one function or process."""
    return Logger(service=service, level="INFO", log_uncaught_exceptions=False)
