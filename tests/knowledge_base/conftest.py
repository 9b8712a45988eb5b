"""An empty database of the knowledge base, the data files as read, and a small copy of them to break."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import gateway.tables  # noqa: F401
from kit.db import Base
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.importer import DATA_DIR, DataSet, read_data
from knowledge_base.wording import question_set

SMALL = ("vsaa-slimibas-pabalsts", "pasv-nin", "csdd-tehniska-apskate")


@pytest.fixture
def small_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the question set, with all about passports: a run of all of it is one test's business."""
    every = question_set.shipped()
    some = tuple(one for place, one in enumerate(every) if place % 15 == 0 or one.service_id == "pmlp-pase")
    monkeypatch.setattr(question_set, "shipped", lambda: some)


@pytest.fixture(scope="session")
def data() -> DataSet:
    """The data files that come with the package."""
    return read_data()


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    """The real gazetteer."""
    return Gazetteer()


@pytest.fixture
async def session() -> AsyncIterator[AsyncSession]:
    """A session on an empty database with the knowledge base's tables."""
    engine = create_async_engine("sqlite+aiosqlite://")
    tables = [table for name, table in Base.metadata.tables.items() if name.startswith("kb_")]
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all, tables=tables)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
    await engine.dispose()


@pytest.fixture
def small_data(tmp_path: Path) -> Path:
    """A folder with three services, to be changed and broken by tests."""
    folder = tmp_path / "data"
    for name in ("services", "answers", "examples"):
        (folder / name).mkdir(parents=True)
    shutil.copy(DATA_DIR / "manifest.json", folder)
    rows = [
        line
        for path in sorted((DATA_DIR / "services").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
        if json.loads(line)["id"] in SMALL
    ]
    (folder / "services" / "a.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    for service_id in SMALL:
        shutil.copy(DATA_DIR / "answers" / f"{service_id}.json", folder / "answers")
        shutil.copy(DATA_DIR / "examples" / f"{service_id}.json", folder / "examples")
    return folder
