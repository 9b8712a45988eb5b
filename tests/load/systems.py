"""The two systems that are measured: the whole of Pietura, and the project that ``rasa init`` makes, untouched."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from gateway.run import Child, bot_python, children, train
from gateway.settings import ROOT, Settings
from gateway.setup import set_up

Say = Callable[[str], None]

_CACHE = ROOT / ".cache" / "vanilla_rasa"
_CREDENTIALS = "# The plain REST channel and nothing else.\nrest:\n"
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


class System(Protocol):
    """Something that answers citizens, in processes of its own."""

    name: str
    title: str
    url: str
    ready_after_s: float

    async def start(self) -> None:
        """Prepares it and starts it; returns when it answers.

        Raises:
            RuntimeError: it could not be prepared or started; the end of its output is in the message.
        """

    async def stop(self) -> None:
        """Ends every process."""

    def roots(self) -> dict[str, int]:
        """The process id of each part, by the part's name; what a part starts itself belongs to it."""

    def turns(self) -> dict[str, int]:
        """How the turns worked on so far ended, by outcome; empty where that is not kept."""


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def _start_quietly(child: Child, logs: Path) -> None:
    """Starts ``child`` like its own ``start`` does, but writes what it says to a file: the table is to stay readable."""
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{child.name.lower().replace(' ', '-')}.log").open("wb") as log:
        child.process = await asyncio.create_subprocess_exec(
            *child.arguments, cwd=child.cwd, env=child.environment, start_new_session=True, stdout=log, stderr=log
        )


async def _serve(parts: list[Child], logs: Path) -> float:
    """Starts all parts at once; the seconds until the last of them answered.

    Raises:
        RuntimeError: one did not come up; the end of its output is in the message.
    """
    started = time.monotonic()
    for part in parts:
        await _start_quietly(part, logs)
    try:
        await asyncio.gather(*(_wait_patiently(part) for part in parts))
    except RuntimeError as error:
        tails = "\n".join(f"--- {log.name}\n{_tail(log)}" for log in sorted(logs.glob("*.log")))
        raise RuntimeError(f"{error}\n{tails}") from error
    return time.monotonic() - started


async def _wait_patiently(part: Child) -> None:
    """Waits until ``part`` answers, a few times longer than in service: on a busy machine TensorFlow takes minutes to load.

    Raises:
        RuntimeError: it ended, or did not answer in time.
    """
    for _ in range(2):
        try:
            return await part.wait_ready()
        except RuntimeError:
            if part.process is None or part.process.returncode is not None:
                raise
    await part.wait_ready()


def _tail(log: Path) -> str:
    return log.read_bytes()[-2000:].decode(errors="replace")


def _running(parts: list[Child]) -> dict[str, int]:
    return {
        part.name: part.process.pid for part in parts if part.process is not None and part.process.returncode is None
    }


class Pietura:
    """The whole product: gateway, broker, assistant, knowledge base and Rasa, on a fresh SQLite database of its own."""

    name = "pietura"
    title = "Pietura"

    def __init__(self, folder: Path, logs: Path, say: Say) -> None:
        self.url = ""
        self.ready_after_s = 0.0
        self._folder = folder
        self._logs = logs
        self._say = say
        self._parts: list[Child] = []

    async def start(self) -> None:
        """Sets a database up, trains if needed, serves."""
        settings = self._settings()
        await set_up(settings, self._say)
        await train(settings)
        self._parts = children(settings)
        self.url = f"http://{settings.host}:{settings.port}"
        self.ready_after_s = await _serve(self._parts, self._logs)

    def _settings(self) -> Settings:
        """Settings by way of the environment, because the gateway reads them there itself."""
        for name in [
            name for name in os.environ if name.startswith("PIETURA_") or name in ("DATABASE_URL", "REDIS_URL")
        ]:
            del os.environ[name]
        os.environ.update(
            {
                "PIETURA_DATA_DIR": str(self._folder),
                "PIETURA_HOST": "127.0.0.1",
                "PIETURA_PORT": str(free_port()),
                "PIETURA_BOT_URL": f"http://127.0.0.1:{free_port()}",
                # One address plays hundreds of citizens here: the limits meant for a single one are out of the way.
                "PIETURA_CHAT_MESSAGES_PER_S": "10000",
                "PIETURA_CHAT_BURST": "10000",
                "PIETURA_CHAT_CONNECTS": "1000000/minute",
            }
        )
        return Settings()

    async def stop(self) -> None:
        """Ends the gateway and Rasa."""
        await asyncio.gather(*(part.stop() for part in self._parts))

    def roots(self) -> dict[str, int]:
        """Rasa and the gateway."""
        return _running(self._parts)

    def turns(self) -> dict[str, int]:
        """From the product's own books: a turn that the assistant could not take is an answer by nobody."""
        file = self._folder / "pietura.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
            rows = database.execute("SELECT coalesce(outcome, 'open'), count(*) FROM turn GROUP BY 1").fetchall()
        return {str(outcome): int(count) for outcome, count in rows}


class VanillaRasa:
    """``rasa init --no-prompt`` as it comes: default pipeline and policies, conversations in memory, REST channel."""

    name = "rasa"
    title = "vanilla Rasa"

    def __init__(self, version: str, folder: Path, logs: Path, say: Say) -> None:
        """``version``: of the installed Rasa; each has a trained project in the cache."""
        self.url = ""
        self.ready_after_s = 0.0
        self._project = _CACHE / version
        self._folder = folder
        self._logs = logs
        self._say = say
        self._parts: list[Child] = []

    async def start(self) -> None:
        """Makes and trains the project unless that was done before; serves it."""
        await self._make()
        credentials = self._folder / "credentials.yml"
        credentials.write_text(_CREDENTIALS)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = ("-m", "rasa", "run", "--model", "models", "--endpoints", "endpoints.yml")
        address = ("--credentials", str(credentials), "-i", "127.0.0.1", "-p", str(port))
        self._parts = [
            Child(
                "vanilla Rasa",
                (str(bot_python()), *arguments, *address),
                self._project,
                _plain_environment(),
                self.url + "/",
            )
        ]
        self.ready_after_s = await _serve(self._parts, self._logs)

    async def _make(self) -> None:
        if any((self._project / "models").glob("*.tar.gz")):
            self._say("vanilla Rasa: trained before")
            return
        self._say("vanilla Rasa: rasa init, with training (some minutes, once) …")
        started = time.monotonic()
        # Made beside its place and moved there when complete: a run that was cut off leaves no half-trained project.
        making = self._project.with_name(self._project.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.rmtree(self._project, ignore_errors=True)
        making.mkdir(parents=True)
        process = await asyncio.create_subprocess_exec(
            str(bot_python()),
            *("-m", "rasa", "init", "--no-prompt", "--init-dir", str(making)),
            cwd=making,
            env=_plain_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0 or not any((making / "models").glob("*.tar.gz")):
            raise RuntimeError("rasa init failed:\n" + output.decode(errors="replace")[-4000:])
        making.rename(self._project)
        self._say(f"vanilla Rasa: trained in {time.monotonic() - started:.0f} s")

    async def stop(self) -> None:
        """Ends the server."""
        await asyncio.gather(*(part.stop() for part in self._parts))

    def roots(self) -> dict[str, int]:
        """One server."""
        return _running(self._parts)

    def turns(self) -> dict[str, int]:
        """Keeps no books."""
        return {}


def _plain_environment() -> dict[str, str]:
    """The environment without anything of ours in it."""
    return {
        key: value for key, value in os.environ.items() if key != "PYTHONPATH" and not key.startswith("PIETURA_")
    } | _QUIET


async def versions_of_bot(*packages: str) -> dict[str, str]:
    """Versions of ``packages`` in the bot's environment.

    Raises:
        RuntimeError: that environment does not work.
    """
    code = "import importlib.metadata as m, sys; print(*(m.version(name) for name in sys.argv[1:]))"
    process = await asyncio.create_subprocess_exec(
        str(bot_python()), "-c", code, *packages, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the environment of Rasa is incomplete:\n" + errors.decode(errors="replace")[-1000:])
    return dict(zip(packages, output.decode().split(), strict=True))
