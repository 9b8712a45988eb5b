"""The catalogue in the database and in memory."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.migrate import migrate
from kit.db import Database
from knowledge_base.catalogue.store import load_catalogue, read_unified, read_variants
from knowledge_base.catalogue.unify import CATALOGUE_FILE, DECISIONS_FILE, UnifiedService
from knowledge_base.importer import DATA_DIR, Importer, Tally
from knowledge_base.models import Service, ServiceVariant
from knowledge_base.models import UnifiedService as UnifiedRow
from knowledge_base.service import KnowledgeBase

HEAD = "row,table,organisation,service,status\n"


@pytest.fixture
def with_catalogue(small_data: Path) -> Path:
    """The small data with a catalogue of four rows."""
    for name in ("municipalities.jsonl", "institutions.jsonl"):
        shutil.copy(DATA_DIR / name, small_data)
    (small_data / CATALOGUE_FILE).write_text(
        HEAD
        + "1,54,Alojas novada dome,NĪN (Alojas novada dome),not_started_or_no_data\n"
        + "2,54,Aglonas novada dome,Nekustamā īpašuma nodoklis,not_started_or_no_data\n"
        + "3,54,Saldus novada dome,Burvju licence,not_started_or_no_data\n"
        + "4,55,Alojas novada dome,Burvju licence,started_never_completed\n",
        "utf-8",
    )
    (small_data / DECISIONS_FILE).write_text('{"version": 1}', "utf-8")
    return small_data


async def test_a_second_import_changes_nothing(session: AsyncSession, with_catalogue: Path) -> None:
    first = await Importer(session).load(with_catalogue)
    assert not first.problems
    assert (first.unified.added, first.variants.added) == (2, 4)
    assert first.touched
    second = await Importer(session).load(with_catalogue)
    assert not second.touched
    assert (second.unified.unchanged, second.variants.unchanged) == (2, 4)
    assert "catalogue: services: 0 added, 0 changed, 2 unchanged" in str(second)


async def test_a_row_that_moves_or_goes_is_followed(session: AsyncSession, with_catalogue: Path) -> None:
    await Importer(session).load(with_catalogue)
    join = {"service": "kat-burvji", "rows": [3], "title": "Burvji", "note": "renamed"}
    (with_catalogue / DECISIONS_FILE).write_text(json.dumps({"version": 1, "join": [join]}), "utf-8")
    lines = (with_catalogue / CATALOGUE_FILE).read_text("utf-8").splitlines(keepends=True)
    (with_catalogue / CATALOGUE_FILE).write_text("".join(lines[:-1]), "utf-8")
    report = await Importer(session).load(with_catalogue)
    assert not report.problems
    assert (report.unified.added, report.unified.changed) == (1, 1)
    assert (report.variants.changed, report.variants.unchanged) == (2, 2)
    assert [(s.id, s.title, [v.row for v in s.variants]) for s in await read_unified(session)] == [
        ("kat-burvji", "Burvji", [3]),
        ("pasv-nin", "Nekustamā īpašuma nodoklis", [1, 2]),
    ]


async def test_a_broken_catalogue_leaves_what_is_stored(session: AsyncSession, with_catalogue: Path) -> None:
    await Importer(session).load(with_catalogue)
    (with_catalogue / DECISIONS_FILE).write_text(
        '{"version": 1, "join": [{"service": "pasv-nav", "rows": [1], "note": "gone"}]}', "utf-8"
    )
    report = await Importer(session).load(with_catalogue)
    assert [problem.file for problem in report.problems] == [CATALOGUE_FILE]
    assert CATALOGUE_FILE in report.skipped_files
    assert await session.scalar(select(func.count()).select_from(ServiceVariant)) == 4


async def test_without_a_catalogue_there_are_no_variants(session: AsyncSession, small_data: Path) -> None:
    report = await Importer(session).load(small_data)
    assert not report.problems
    knowledge = await KnowledgeBase.load(session)
    assert knowledge.variants("pasv-nin") == ()
    assert not knowledge.has_variant("pasv-nin", "limbazu-novads")


async def test_variants_from_memory(session: AsyncSession, with_catalogue: Path) -> None:
    await Importer(session).load(with_catalogue)
    knowledge = await KnowledgeBase.load(session)
    assert [(v.row, v.municipality_id, v.former) for v in knowledge.variants("pasv-nin")] == [
        (1, "limbazu-novads", "Alojas novads"),
        (2, "preilu-novads", "Aglonas novads"),
    ]
    assert knowledge.has_variant("pasv-nin", "limbazu-novads")
    assert knowledge.has_variant("pasv-nin", "kraslavas-novads"), "Aglona was divided"
    assert not knowledge.has_variant("pasv-nin", "saldus-novads")
    assert knowledge.has_variant("kat-burvju-licence", "saldus-novads")
    assert knowledge.variants("vsaa-slimibas-pabalsts") == ()
    assert knowledge.variants("there-is-none") == ()


async def test_what_is_read_is_what_was_stored(session: AsyncSession, unified: list[UnifiedService]) -> None:
    await load_catalogue(session, unified, Tally(), Tally())
    wanted = {service.id: service for service in unified if service.variants}
    # No service is in this database, so none can be pointed to.
    assert {service.id: service for service in await read_unified(session)} == {
        key: replace(service, service_id=None) for key, service in wanted.items()
    }


async def _figures(url: str) -> tuple[int, int, int, int]:
    db = Database(url)
    async with db.unit() as unit:
        second = await Importer(unit.session).load()
    async with db.read() as session:
        services = await session.scalar(select(func.count()).select_from(UnifiedRow))
        variants = await session.scalar(select(func.count()).select_from(ServiceVariant))
        described = await session.scalar(select(func.count(UnifiedRow.service_id)))
        knowledge = await read_variants(session)
    assert knowledge["pasv-adopcija"][0].row == 10
    async with db.unit() as unit:
        # A service that goes leaves its rows in the catalogue behind; a unified service takes its variants along.
        await unit.session.execute(text("DELETE FROM kb_service WHERE id = 'pasv-adopcija'"))
        await unit.session.execute(text("DELETE FROM kb_unified_service WHERE id = 'pasv-aizbildniba'"))
    async with db.read() as session:
        row = await session.get(UnifiedRow, "pasv-adopcija")
        left = select(func.count()).select_from(ServiceVariant).where(ServiceVariant.unified_id == "pasv-aizbildniba")
        assert row is not None
        assert row.service_id is None
        assert await session.scalar(left) == 0
    await db.close()
    assert not second.touched
    return services or 0, variants or 0, described or 0, second.variants.unchanged


async def test_the_whole_catalogue_on_sqlite(sqlite_url: str) -> None:
    assert await _figures(sqlite_url) == (319, 626, 44, 626)


async def test_the_whole_catalogue_on_postgresql(postgres_url: str) -> None:
    await migrate(postgres_url)
    assert await _figures(postgres_url) == (319, 626, 44, 626)


async def test_services_are_there_before_they_are_pointed_to(session: AsyncSession, with_catalogue: Path) -> None:
    await Importer(session).load(with_catalogue)
    row = await session.get(UnifiedRow, "pasv-nin")
    assert row is not None
    assert row.service_id == "pasv-nin"
    assert await session.get(Service, "pasv-nin") is not None
