"""Serves the gateway: one worker, or several that share PostgreSQL and Redis."""

from __future__ import annotations

import os

# Before NumPy is loaded: threads of small matrix products only get in each other's way.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402

from gateway import logs  # noqa: E402
from gateway.app import create_app  # noqa: E402
from gateway.settings import Settings  # noqa: E402


def app() -> FastAPI:
    """Makes the application of one worker; uvicorn calls it in each."""
    settings = Settings()
    logs.set_up(production=settings.environment == "production")
    return create_app(settings)


def serve(settings: Settings) -> None:
    """Serves until interrupted."""
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
        proxy_headers=False,
    )


if __name__ == "__main__":
    serve(Settings())
