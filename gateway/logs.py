"""Logs: one line of JSON an event in production, readable in development; personal data masked, secrets absent.

Lines of libraries are made alike. What belongs to a request or a conversation carries its id (:mod:`kit.tracing`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from kit.masking import mask

#: Ids and times: a mask would take them for numbers of persons.
_PLAIN = ("timestamp", "level", "conversation", "request", "message")


def _mask_strings(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and key not in _PLAIN:
            event[key] = mask(value).text
    return event


def set_up(*, production: bool, stream: TextIO | None = None) -> None:
    """Configures structlog and the standard library's logging. ``stream``: standard error unless given."""
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[Any] = [
        structlog.processors.format_exc_info,
        _mask_strings,
        structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer(colors=False),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, *written],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
