"""Statements are printed in a process of its own: ten thousand lines are seconds of Python, and no message waits for that.

The process is started for one statement and ends with it. One out of a pool would read the whole gateway in first, since that is
what the main program is.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Final, Literal

import structlog

from handoff.settlement import documents
from handoff.settlement.statement import Statement
from kit.errors import PieturaError
from kit.processes import tail

log = structlog.get_logger(__name__)
_LIMIT_S: Final = 120.0
#: Where the packages lie, wherever the gateway was started.
_ROOT: Final = Path(__file__).resolve().parents[3]

Form = Literal["pdf", "xlsx"]


class Printer:
    """One statement after the other."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def document(self, form: Form, statement: Statement, lang: str) -> bytes:
        """The statement as a file.

        Raises:
            PieturaError: ``document_not_made``: the process died or takes too long.
        """
        content = await asyncio.to_thread(statement.canonical)
        async with self._turn:
            process = self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", __name__, form, lang),
                cwd=_ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            made = said = b""
            try:
                made, said = await asyncio.wait_for(process.communicate(content), _LIMIT_S)
            except TimeoutError:
                log.warning("printing a statement takes too long", number=statement.number, limit_s=_LIMIT_S)
            finally:
                # Also when whoever asked has gone.
                self.close()
                code = await process.wait()
        if code or not made:
            log.warning("a statement was not printed", number=statement.number, code=code, said=tail(said))
            raise PieturaError("document_not_made")
        return made

    def close(self) -> None:
        """Ends the process, if one is at work."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


def main() -> None:
    """Reads a statement, writes the file."""
    form, lang = sys.argv[1:]
    make = documents.pdf if form == "pdf" else documents.xlsx
    sys.stdout.buffer.write(make(Statement.read(sys.stdin.buffer.read()), documents.texts(), lang))


if __name__ == "__main__":
    main()
