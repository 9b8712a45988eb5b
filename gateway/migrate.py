"""Brings the database to the present schema."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config

_HERE = Path(__file__).parent / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for a database."""
    found = Config()
    found.set_main_option("script_location", str(_HERE))
    found.attributes["url"] = url
    return found


async def migrate(url: str) -> None:
    """Runs every migration that has not run yet. Safe to call by several workers at once."""
    if url.startswith("sqlite"):
        Path(url.split("///", 1)[1]).parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(command.upgrade, config(url), "head")
