"""What the service measures of itself while it works. Labels are few and bounded, and never tell of a person.

Several workers write beside each other into files in ``PROMETHEUS_MULTIPROC_DIR``, which must be set before this is imported
(``gateway/serve.py`` does); whoever is asked adds them up.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from kit.errors import PieturaError

# When a counter began is told by nobody here: twice the lines for nothing.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY: Final = CollectorRegistry()
_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

HTTP_SECONDS: Final = Histogram(
    "pietura_http_request_seconds",
    "Time to the end of an HTTP answer, by the route's template.",
    ["method", "route", "status"],
    buckets=_FAST,
    registry=REGISTRY,
)
BROKER_SECONDS: Final = Histogram(
    "pietura_broker_seconds",
    "Time of the broker's acts; refused is what its rules do not allow, failed a fault of ours.",
    ["act", "result"],
    buckets=_FAST,
    registry=REGISTRY,
)
RASA_SECONDS: Final = Histogram(
    "pietura_rasa_seconds",
    "Time until Rasa had understood a message, or was given up.",
    ["result"],
    buckets=_FAST,
    registry=REGISTRY,
)
SEARCH_SECONDS: Final = Histogram(
    "pietura_search_seconds",
    "Time of a search, in the knowledge base or in conversations.",
    ["where", "result"],
    buckets=_FAST,
    registry=REGISTRY,
)
TURNS: Final = Counter("pietura_turns", "Turns of the assistant, by what came of them.", ["outcome"], registry=REGISTRY)
EVENTS: Final = Counter("pietura_events", "Events written to the log.", ["kind"], registry=REGISTRY)
CONNECTIONS: Final = Gauge(
    "pietura_database_connections_used",
    "Connections of the pool that somebody works with.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)


def timed[**P, R](
    histogram: Histogram, name: str
) -> Callable[[Callable[P, Coroutine[Any, Any, R]]], Callable[P, Coroutine[Any, Any, R]]]:
    """Measures a coroutine function: ``name`` is the first label, ``ok``, ``refused`` or ``failed`` the second."""

    def around(work: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @wraps(work)
        async def measured(*arguments: P.args, **options: P.kwargs) -> R:
            started, result = time.perf_counter(), "failed"
            try:
                found = await work(*arguments, **options)
                result = "ok"
                return found
            except (PieturaError, asyncio.CancelledError):
                # Neither is a fault: somebody asked for what may not be, or went away.
                result = "refused"
                raise
            finally:
                histogram.labels(name, result).observe(time.perf_counter() - started)

        return measured

    return around


def shared_folder() -> Path | None:
    """Where workers write beside each other; None in one process."""
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(name) if name else None


def collected() -> CollectorRegistry:
    """What is to be told: this process's own, or all workers' added up."""
    folder = shared_folder()
    registry = CollectorRegistry()
    if folder is None:
        registry.register(REGISTRY)
        return registry
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rsplit("_", 1)[1])
        if not _lives(pid):
            # A worker that died holds no connection any more.
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
