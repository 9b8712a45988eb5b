"""What time brings for files: the scanner is back, what was never sent is swept."""

from __future__ import annotations

from handoff.attachments.service import Attachments
from kit.rounds import Rounds

_FOLDER_EVERY = 240


class AttachmentWatch:
    """Looks every ``every`` seconds; every worker does, and two that look at once do nothing twice."""

    def __init__(self, attachments: Attachments, every: float = 15.0) -> None:
        self._attachments = attachments
        self.rounds = Rounds(self.once, every, "attachments could not be looked after")
        self._count = 0

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look; now and then the folder is swept as well."""
        number = self._count
        self._count += 1
        await self._attachments.check_waiting()
        await self._attachments.sweep()
        if number % _FOLDER_EVERY == 0:
            await self._attachments.sweep_folder()
