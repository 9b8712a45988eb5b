"""Serves the gateway: one worker, or several that share PostgreSQL and Redis."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

# Before NumPy is loaded: threads of small matrix products only get in each other's way.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from gateway import logs  # noqa: E402
from gateway.app import create_app  # noqa: E402
from gateway.settings import KEEP_ALIVE_S, Settings  # noqa: E402


def app() -> FastAPI:
    """Makes the application of one worker; uvicorn calls it in each."""
    settings = Settings()
    logs.set_up(production=settings.environment == "production")
    made = create_app(settings)
    made.router.lifespan_context = _settled(made.router.lifespan_context)
    return made


def _settled(start: Callable[[FastAPI], AbstractAsyncContextManager[Any]]) -> Callable[[FastAPI], Any]:
    """Once everything is loaded, what has been made by then is left alone: to look through the knowledge base for garbage takes
    a third of a second, in which nobody would get an answer."""

    @asynccontextmanager
    async def started(app: FastAPI) -> AsyncIterator[None]:
        async with start(app):
            gc.collect()
            gc.freeze()
            yield

    return started


def serve(settings: Settings) -> None:
    """Serves until interrupted."""
    if settings.workers > 1:
        _share_metrics(settings)
    uvicorn.run(
        "gateway.serve:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        # A frame larger than this closes the socket: nobody types 64 KiB.
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=KEEP_ALIVE_S,
        proxy_headers=False,
    )


def _share_metrics(settings: Settings) -> None:
    """Workers measure beside each other, and whichever is asked adds up; what is left of the last run counts no more."""
    folder = settings.data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


if __name__ == "__main__":
    serve(Settings())
