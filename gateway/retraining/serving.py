"""What the gateway and the keeper of Rasa tell each other: two small files where the data lie.

``models/wanted.json`` is the gateway's: which model shall serve. ``models/serving.json`` is the keeper's (``pietura run``): which
one does, and where. They are written whole or not at all, so whoever reads sees the one or the other.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.retraining.work import put
from kit.rounds import Rounds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall serve.

    Attributes:
        generation: counts the switches; see :class:`gateway.retraining.models.ModelServed`.
        model: the file; None: the product's own model.
        base: of which product it was made: with another one it is not served.
    """

    generation: int
    model: str | None
    base: str


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves.

    Attributes:
        generation: of the last wish that was looked at.
        model: the file; None: the product's own model.
        url: where.
        problem: why it is not what was wanted: ``missing``, ``outdated`` (made of another version of the product) or
            ``would_not_start``.
    """

    generation: int
    model: str | None
    url: str
    problem: str | None = None


class ServingFiles:
    """Both files."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "models"
        self._wanted = self.folder / "wanted.json"
        self._serving = self.folder / "serving.json"

    def wanted(self) -> Wanted | None:
        """What shall serve; None: nobody has ever said."""
        found = _read(self._wanted)
        return Wanted(**found) if found is not None else None

    def serving(self) -> Serving | None:
        """What serves; None while nothing does."""
        found = _read(self._serving)
        return Serving(**found) if found is not None else None

    def want(self, wanted: Wanted) -> None:
        """Says what shall serve."""
        self._put(self._wanted, wanted)

    def serve(self, serving: Serving) -> None:
        """Says what serves."""
        self._put(self._serving, serving)

    def gone(self) -> None:
        """Nothing serves any more."""
        self._serving.unlink(missing_ok=True)

    def url(self) -> str | None:
        """Where Rasa is."""
        found = self.serving()
        return found.url if found is not None else None

    def _put(self, path: Path, content: Wanted | Serving) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        put(path, asdict(content))


class ServingWatch:
    """One a worker: asks the Rasa that serves, a second at most after another one does."""

    def __init__(self, files: ServingFiles, use: Any, every: float = 1.0) -> None:
        """``use``: called with the address."""
        self._files = files
        self._use = use
        self.rounds = Rounds(self.once, every, "where Rasa is could not be read")

    async def once(self) -> None:
        """One look."""
        url = await asyncio.to_thread(self._files.url)
        if url is not None:
            self._use(url)

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return found
