"""The process that trains, as whoever watches it sees it: started, found again by its folder, ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

from gateway.retraining.work import put
from gateway.settings import ROOT
from kit.masking import mask

#: Of the log, so much is shown: the end says what went wrong.
_TAIL: Final = 4000
#: What the process needs of our environment; secrets and addresses of the service are none of its business.
_NOT_FOR_IT: Final = ("PIETURA_", "DATABASE_URL", "REDIS_URL", "PROMETHEUS_MULTIPROC_DIR")


class Work:
    """One training's process and its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "model.tar.gz"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, command: tuple[str, ...], job: dict[str, Any]) -> None:
        """Starts it anew, in a process group of its own; it outlives us, so that it can be found again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("progress.json", "result.json", "model.tar.gz"):
            (self.folder / name).unlink(missing_ok=True)
        put(self.folder / "job.json", job)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_IT)}
        with (self.folder / "log.txt").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(command or (sys.executable, "-m", "gateway.retraining.work")),
                str(self.folder),
                cwd=ROOT,
                env=environment,
                start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        put(self.folder / "pid.json", self._process.pid)

    def alive(self) -> bool:
        """Whether it runs, whoever started it."""
        if self._process is not None:
            return self._process.returncode is None
        pid = self._pid()
        if pid is None:
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            # Somebody else's by now.
            return False
        command = Path(f"/proc/{pid}/cmdline")
        # The number may have been given to another process meanwhile.
        return not command.parent.parent.is_dir() or self.folder.name.encode() in _bytes_of(command)

    async def end(self) -> None:
        """Ends it with all that it has started."""
        pid = self._pid()
        if pid is None or not self.alive():
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, sign)
            for _ in range(50):
                if not self.alive():
                    return
                await asyncio.sleep(0.1)

    def progress(self) -> dict[str, Any]:
        """``step`` and ``percent``, as it said last; empty before it has said anything."""
        return _json_of(self.folder / "progress.json") or {}

    def result(self) -> dict[str, Any] | None:
        """What came of it; None: nothing, or not yet."""
        return _json_of(self.folder / "result.json") if self.model.is_file() else None

    def log(self) -> str:
        """The end of what it wrote, without personal data."""
        return mask(_bytes_of(self.folder / "log.txt")[-_TAIL:].decode(errors="replace")).text

    def _pid(self) -> int | None:
        found = _json_of(self.folder / "pid.json")
        return found if isinstance(found, int) else None


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _json_of(path: Path) -> Any:
    raw = _bytes_of(path)
    return json.loads(raw) if raw else None
