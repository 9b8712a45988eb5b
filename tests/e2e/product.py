"""The real product for tests: Rasa and the gateway as processes of their own, started, killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from gateway.run import Child, children, train
from gateway.settings import ROOT, Settings
from kit.clock import RIGA
from tests.stage import free_port

_READY_LIMIT_S = 240.0


def until(check: Any, seconds: float = 15.0, what: str = "the condition") -> None:
    """Waits for something that no page shows.

    Raises:
        AssertionError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{what} was not met within {seconds:.0f} s"
        time.sleep(0.05)


@dataclass
class Process:
    """One process of the product. It stays in the group of the tests, so that whatever ends them ends it too."""

    child: Child
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, without waiting."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.child.arguments,
                cwd=self.child.cwd,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        """Waits until it answers.

        Raises:
            AssertionError: it ended or did not answer in time; the end of what it wrote is in the message.
        """
        deadline = time.monotonic() + _READY_LIMIT_S
        while not self._answers():
            ended = self.process is None or self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-3000:]
                raise AssertionError(f"{self.child.name} {'ended' if ended else 'does not answer'}:\n{tail}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urlopen(self.child.ready_url, timeout=2) as answer:
                return bool(answer.status in self.child.ready_status)
        except HTTPError as error:
            return error.code in self.child.ready_status
        except (URLError, OSError):
            return False

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nobody is told."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stands still for a while: takes requests and answers none."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it politely, and then not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Product:
    """Everything that `make run` starts, on ports and a database of its own, and always within working time."""

    folder: Path
    settings: Settings
    rasa: Process
    gateway: Process
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.settings.port}"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "pietura.db"

    @classmethod
    def prepare(cls, folder: Path, template: Path) -> Product:
        """Copies the database, trains the model if its inputs changed; starts nothing yet."""
        settings = Settings(
            data_dir=folder,
            database_url=f"sqlite+aiosqlite:///{folder / 'pietura.db'}",
            redis_url=None,
            port=free_port(),
            bot_url=f"http://127.0.0.1:{free_port()}",
            opens="00:00",
            closes="23:59:59",
        )
        shutil.copy(template, folder / "pietura.db")
        _always_open(folder / "pietura.db")
        # In a thread: the loop of a browser may be running in this one.
        training = threading.Thread(target=lambda: asyncio.run(train(settings)))
        training.start()
        training.join()
        environment = {
            "DATABASE_URL": settings.database_url,
            "PIETURA_DATA_DIR": str(folder),
            "PIETURA_PORT": str(settings.port),
            "PIETURA_BOT_URL": settings.bot_url,
            "PIETURA_OPENS": settings.opens,
            "PIETURA_CLOSES": settings.closes,
            # Many people sign in from one address here.
            "PIETURA_LOGIN_ATTEMPTS_ADDRESS": "200/minute",
            # Nobody listens there: no test writes to a push service outside.
            "PIETURA_PUSH_STAND_IN": "http://127.0.0.1:9",
            "PIETURA_CHAT_CONNECTS": "2000/minute",
            # Quick, and never worse: real training takes minutes.
            "PIETURA_TRAINER": f"{sys.executable} {ROOT / 'tests' / 'fakes' / 'trainer.py'} ready",
        }
        rasa, gateway = (
            Process(
                child,
                {**{key: value for key, value in child.environment.items() if key != "REDIS_URL"}, **environment},
                folder / f"{child.name}.log",
            )
            for child in children(settings)
        )
        return cls(folder, settings, rasa, gateway)

    def start(self) -> None:
        """Starts both and waits for both."""
        for process in (self.rasa, self.gateway):
            process.start()
        for process in (self.gateway, self.rasa):
            process.wait_ready()

    def stop(self) -> None:
        """Stops both."""
        for process in (self.gateway, self.rasa):
            process.stop()

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database holds."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


def _always_open(database: Path) -> None:
    """Makes the days around now working days, whatever the calendar says."""
    today = datetime.now(RIGA).date()
    connection = sqlite3.connect(database)
    with connection:
        connection.executemany(
            "INSERT OR REPLACE INTO calendar_exception (day, working, note) VALUES (?, 1, 'tests')",
            [((today + timedelta(days=days)).isoformat(),) for days in (-1, 0, 1)],
        )
    connection.close()
