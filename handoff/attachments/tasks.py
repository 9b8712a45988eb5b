"""What time brings for files: the scanner is back, what was never sent is swept."""

from __future__ import annotations

import asyncio

import structlog

from handoff.attachments.service import Attachments

log = structlog.get_logger(__name__)
_FOLDER_EVERY = 240


class AttachmentWatch:
    """Looks every ``every`` seconds; every worker does, and two that look at once do nothing twice."""

    def __init__(self, attachments: Attachments, every: float = 15.0) -> None:
        self._attachments = attachments
        self._every = every

    async def run(self) -> None:
        """Looks until cancelled; a failure is logged and the next round tried."""
        rounds = 0
        while True:
            try:
                await self._attachments.check_waiting()
                await self._attachments.sweep()
                if rounds % _FOLDER_EVERY == 0:
                    await self._attachments.sweep_folder()
            except Exception:
                log.exception("attachments could not be looked after")
            rounds += 1
            await asyncio.sleep(self._every)
