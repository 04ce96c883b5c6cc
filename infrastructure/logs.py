"""Structured logs: one JSON object a line on stderr, no secrets, session ids cut short."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

SHORT_ID: Final = 8
_SECRET_WORDS: Final = (
    "token",
    "secret",
    "password",
    "totp",
    "authorization",
    "api_key",
    "checksum",
    "credential",
)
_QUIET: Final = ("urllib3", "kiteconnect", "psycopg", "httpx2", "httpcore2", "mcp", "alembic")


def configure(level: str) -> None:
    """Call once, before anything logs. Libraries that are talkative, or that log whole requests,
    are held at WARNING whatever the level."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_secrets(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Values under a name that sounds secret are dropped; session ids are cut to eight digits."""
    for name in list(entry):
        lowered = name.lower()
        if any(word in lowered for word in _SECRET_WORDS):
            entry[name] = "[hidden]"
        elif lowered in ("session", "session_id"):
            entry[name] = str(entry[name])[:SHORT_ID]
    return entry
