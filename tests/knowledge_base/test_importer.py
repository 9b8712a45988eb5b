"""The importer: idempotent, touches only what differs, refuses broken files and says why, spares editors' work."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.importer import Importer
from knowledge_base.models import Service, ServiceAnswer, ServiceExample
from knowledge_base.repository import KnowledgeRepository
from tests.knowledge_base.conftest import SMALL

SICKNESS = "vsaa-slimibas-pabalsts"


async def test_second_import_changes_nothing(session: AsyncSession, small_data: Path) -> None:
    first = await Importer(session).load(small_data)
    assert first.touched
    assert first.services.added == len(SMALL)
    assert not first.problems
    second = await Importer(session).load(small_data)
    assert not second.touched
    assert second.services.unchanged == len(SMALL)
    assert second.answers.unchanged == first.answers.added
    assert second.examples.unchanged == first.examples.added


async def test_changed_record_is_updated_and_the_others_left(session: AsyncSession, small_data: Path) -> None:
    await Importer(session).load(small_data)
    path = small_data / "services" / "a.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    changed = next(row for row in rows if row["id"] == SICKNESS)
    changed["title_en"] = "Sick pay"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    report = await Importer(session).load(small_data)
    assert (report.services.changed, report.services.unchanged) == (1, len(SMALL) - 1)
    service = await KnowledgeRepository(session).service(SICKNESS)
    assert service is not None
    assert service.title_en == "Sick pay"


async def test_changed_answer_becomes_a_new_version_and_the_old_one_stays(
    session: AsyncSession, small_data: Path
) -> None:
    await Importer(session).load(small_data)
    path = small_data / "answers" / f"{SICKNESS}.json"
    answers = json.loads(path.read_text("utf-8"))
    old = answers["lv"]["aspects"]["how"]
    answers["lv"]["aspects"]["how"] = "Jauns teksts."
    path.write_text(json.dumps(answers, ensure_ascii=False), "utf-8")
    report = await Importer(session).load(small_data)
    assert (report.answers.changed, report.answers.added) == (1, 0)
    history = await KnowledgeRepository(session).history(SICKNESS, "lv", "how")
    assert [(row.version, row.current, row.text) for row in history] == [(2, True, "Jauns teksts."), (1, False, old)]


async def test_what_an_editor_wrote_is_never_replaced(session: AsyncSession, small_data: Path) -> None:
    await Importer(session).load(small_data)
    row = (await KnowledgeRepository(session).history(SICKNESS, "lv", "how"))[0]
    row.text, row.origin = "Redaktora teksts.", "editor"
    await session.flush()
    report = await Importer(session).load(small_data)
    assert report.answers.kept == 1
    assert not report.answers.changed
    kept = (await KnowledgeRepository(session).history(SICKNESS, "lv", "how"))[0]
    assert kept.text == "Redaktora teksts."


async def test_broken_row_is_reported_with_its_line_and_none_of_the_file_is_loaded(
    session: AsyncSession, small_data: Path
) -> None:
    path = small_data / "services" / "a.jsonl"
    rows = path.read_text("utf-8").splitlines()
    broken = json.loads(rows[1])
    broken["kind"] = "galactic"
    path.write_text("\n".join([rows[0], json.dumps(broken), rows[2]]), "utf-8")
    report = await Importer(session).load(small_data)
    problem = report.problems[0]
    assert (problem.file, problem.line) == ("services/a.jsonl", 2)
    assert "kind" in problem.reason
    assert "services/a.jsonl" in report.skipped_files
    assert await session.scalar(select(func.count()).select_from(Service)) == 0


async def test_good_rows_of_a_broken_file_are_loaded_when_told_so(session: AsyncSession, small_data: Path) -> None:
    path = small_data / "services" / "a.jsonl"
    path.write_text(path.read_text("utf-8") + "{not json}\n", "utf-8")
    report = await Importer(session).load(small_data, allow_partial=True)
    assert report.services.added == len(SMALL)
    assert report.problems[0].line == len(SMALL) + 1


async def test_repeated_id_is_refused(session: AsyncSession, small_data: Path) -> None:
    path = small_data / "services" / "a.jsonl"
    (small_data / "services" / "b.jsonl").write_text(path.read_text("utf-8").splitlines()[0], "utf-8")
    report = await Importer(session).load(small_data)
    assert [problem.file for problem in report.problems] == ["services/b.jsonl"]
    assert report.services.added == len(SMALL)


async def test_answers_with_an_editors_note_or_uneven_aspects_are_refused(
    session: AsyncSession, small_data: Path
) -> None:
    path = small_data / "answers" / f"{SICKNESS}.json"
    answers = json.loads(path.read_text("utf-8"))
    answers["lv"]["aspects"]["general"] += " [red.] pārbaudīt"
    path.write_text(json.dumps(answers, ensure_ascii=False), "utf-8")
    uneven = small_data / "answers" / "pasv-nin.json"
    answers = json.loads(uneven.read_text("utf-8"))
    del answers["ru"]["aspects"]["cost"]
    uneven.write_text(json.dumps(answers, ensure_ascii=False), "utf-8")
    report = await Importer(session).load(small_data)
    reasons = {problem.file: problem.reason for problem in report.problems}
    assert "editors' note" in reasons[f"answers/{SICKNESS}.json"]
    assert "different aspects" in reasons["answers/pasv-nin.json"]
    # Latvian is then composed from the facts; the other languages have nothing of their own.
    rows = (await session.scalars(select(ServiceAnswer).where(ServiceAnswer.service_id == SICKNESS))).all()
    assert {row.lang for row in rows} == {"lv"}
    assert {row.origin for row in rows} == {"composed"}


async def test_withdrawn_example_disappears(session: AsyncSession, small_data: Path) -> None:
    await Importer(session).load(small_data)
    path = small_data / "examples" / f"{SICKNESS}.json"
    examples = json.loads(path.read_text("utf-8"))
    gone = examples["lv"].pop()["text"]
    path.write_text(json.dumps(examples, ensure_ascii=False), "utf-8")
    await Importer(session).load(small_data)
    left = (await session.scalars(select(ServiceExample.text).where(ServiceExample.service_id == SICKNESS))).all()
    assert gone not in left
    assert {question["text"] for question in examples["lv"]} <= set(left)
