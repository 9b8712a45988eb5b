"""Loads the data files into the database: idempotent, honest about what it refuses.

A file is loaded whole or not at all: half a catalogue looks complete and is not. `allow_partial` loads the good rows
of a broken file for an editor who knows what he does. What an editor has written is never overwritten.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from kit.i18n import LANGUAGES
from knowledge_base.catalogue.store import load_catalogue, read_catalogue
from knowledge_base.catalogue.unify import CATALOGUE_FILE, BrokenCatalogue
from knowledge_base.models import Service, ServiceAnswer, ServiceExample
from knowledge_base.plans.store import load_plan, read_plans
from knowledge_base.records import (
    FACTS_OF_ASPECT,
    AnswerRecord,
    ExampleQuestions,
    LangLists,
    ServiceRecord,
    compose_lv,
    content_hash,
    review_due,
)
from knowledge_base.sources import best_source, gathered_on
from knowledge_base.unification.repository import rulings

DATA_DIR = Path(__file__).parent / "data"
LOCALES_DIR = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was refused: where it stands and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(slots=True)
class Tally:
    """How many rows of one kind were added, changed, and found as they were."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    """Left alone because an editor wrote them."""

    def __str__(self) -> str:
        kept = f", {self.kept} edited by hand kept" if self.kept else ""
        return f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged{kept}"


@dataclass(slots=True)
class ImportReport:
    """What an import did."""

    services: Tally = field(default_factory=Tally)
    answers: Tally = field(default_factory=Tally)
    examples: Tally = field(default_factory=Tally)
    unified: Tally = field(default_factory=Tally)
    """Services of the old catalogue, once each."""
    variants: Tally = field(default_factory=Tally)
    """Rows of the old catalogue."""
    plans: Tally = field(default_factory=Tally)
    problems: list[Problem] = field(default_factory=list)
    skipped_files: list[str] = field(default_factory=list)

    @property
    def touched(self) -> bool:
        """True when the database was changed, so that the index must be built anew."""
        tallies = (self.services, self.answers, self.examples, self.unified, self.variants)
        return any(tally.added or tally.changed for tally in tallies)

    def __str__(self) -> str:
        lines = [f"services: {self.services}; answers: {self.answers}; examples: {self.examples}"]
        lines += [f"catalogue: services: {self.unified}; variants: {self.variants}"]
        lines += [f"refused {problem}" for problem in self.problems]
        lines += [f"not loaded: {name}" for name in self.skipped_files]
        return "\n".join(lines)


@dataclass(slots=True)
class DataSet:
    """The data files, read and checked."""

    gathered: date
    services: dict[str, ServiceRecord] = field(default_factory=dict)
    aliases: dict[str, LangLists] = field(default_factory=dict)
    answers: dict[str, AnswerRecord] = field(default_factory=dict)
    examples: dict[str, ExampleQuestions] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    skipped_files: list[str] = field(default_factory=list)


def read_data(data_dir: Path = DATA_DIR, *, allow_partial: bool = False) -> DataSet:
    """Reads and checks every data file below ``data_dir``.

    Args:
        data_dir: folder with ``manifest.json``, ``services/``, ``answers/``, ``examples/``, ``aliases_extra.json``.
        allow_partial: load the good rows of a file that has broken ones.

    Raises:
        OSError, ValueError, KeyError: the manifest is missing or unreadable.
    """
    data = DataSet(gathered=gathered_on(data_dir))
    for path in sorted((data_dir / "services").glob("*.jsonl")):
        _read_services(path, data_dir, data, allow_partial)
    extra = data_dir / "aliases_extra.json"
    if extra.exists():
        _read_aliases(extra, data_dir, data, allow_partial)
    for path in sorted((data_dir / "answers").glob("*.json")):
        record = _read_one(path, AnswerRecord, data_dir, data)
        if record is not None and _known(record.id, path, data_dir, data):
            if record.id != path.stem:
                data.problems.append(Problem(_name(path, data_dir), 1, f"the file is named otherwise than {record.id}"))
            else:
                data.answers[record.id] = record
    for path in sorted((data_dir / "examples").glob("*.json")):
        lists = _read_one(path, ExampleQuestions, data_dir, data)
        if lists is not None and _known(path.stem, path, data_dir, data):
            data.examples[path.stem] = lists
    return data


def _name(path: Path, data_dir: Path) -> str:
    return path.relative_to(data_dir).as_posix()


def _reason(error: ValidationError | ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return str(error)


def _read_services(path: Path, data_dir: Path, data: DataSet, allow_partial: bool) -> None:
    name = _name(path, data_dir)
    good: dict[str, ServiceRecord] = {}
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = ServiceRecord.model_validate_json(line)
        except ValidationError as error:
            problems.append(Problem(name, number, _reason(error)))
            continue
        if record.id in data.services or record.id in good:
            problems.append(Problem(name, number, f"the id {record.id} is there already"))
            continue
        good[record.id] = record
    data.problems += problems
    if problems and not allow_partial:
        data.skipped_files.append(name)
        return
    data.services.update(good)


def _read_aliases(path: Path, data_dir: Path, data: DataSet, allow_partial: bool) -> None:
    name = _name(path, data_dir)
    try:
        raw = json.loads(path.read_text("utf-8"))
        if not isinstance(raw, dict):
            raise ValueError("an object from service id to names is expected")
    except ValueError as error:
        data.problems.append(Problem(name, getattr(error, "lineno", 1), str(error)))
        data.skipped_files.append(name)
        return
    good: dict[str, LangLists] = {}
    problems: list[Problem] = []
    lines = path.read_text("utf-8").splitlines()
    for service_id, value in raw.items():
        line = next((n for n, text in enumerate(lines, start=1) if f'"{service_id}"' in text), 1)
        try:
            good[service_id] = LangLists.model_validate(value)
        except ValidationError as error:
            problems.append(Problem(name, line, f"{service_id}: {_reason(error)}"))
            continue
        if service_id not in data.services and not data.skipped_files:
            problems.append(Problem(name, line, f"no service has the id {service_id}"))
    data.problems += problems
    if problems and not allow_partial:
        data.skipped_files.append(name)
        return
    data.aliases.update(good)


def _read_one[T: BaseModel](path: Path, model: type[T], data_dir: Path, data: DataSet) -> T | None:
    name = _name(path, data_dir)
    try:
        return model.model_validate(json.loads(path.read_text("utf-8")))
    except json.JSONDecodeError as error:
        data.problems.append(Problem(name, error.lineno, str(error)))
    except (ValidationError, UnicodeDecodeError) as error:
        data.problems.append(Problem(name, 1, _reason(error)))
    data.skipped_files.append(name)
    return None


def _known(service_id: str, path: Path, data_dir: Path, data: DataSet) -> bool:
    if service_id in data.services:
        return True
    name = _name(path, data_dir)
    data.problems.append(Problem(name, 1, f"no service has the id {service_id}"))
    data.skipped_files.append(name)
    return False


@cache
def _labels() -> dict[str, str]:
    labels: dict[str, str] = json.loads((LOCALES_DIR / "lv.json").read_text("utf-8"))
    return labels


def compose_texts(record: ServiceRecord, written: AnswerRecord | None) -> dict[tuple[str, str], str]:
    """(language, aspect) → text: the written answers, or Latvian ones composed from the facts."""
    if written is None:
        return {("lv", aspect): body for aspect, body in compose_lv(record, _labels()).items()}
    return {(lang, aspect): body for lang in LANGUAGES for aspect, body in written.texts(lang).aspects.items()}


class Importer:
    """Brings the database into the state of the data files, touching only what differs."""

    def __init__(self, session: AsyncSession) -> None:
        """``session``: an open session; the caller commits."""
        self._session = session

    async def load(self, data_dir: Path = DATA_DIR, *, allow_partial: bool = False) -> ImportReport:
        """Loads all files of ``data_dir``; a second call changes nothing.

        Services that are in the database but not in the files stay: editors add services of their own.
        """
        data = read_data(data_dir, allow_partial=allow_partial)
        report = ImportReport(problems=data.problems, skipped_files=data.skipped_files)
        await self._load_services(data, report.services)
        await self._load_answers(data, report.answers)
        await self._load_examples(data, report.examples)
        await self._load_catalogue(data_dir, data, report)
        await self._load_plans(data_dir, report)
        await self._session.flush()
        return report

    async def _load_catalogue(self, data_dir: Path, data: DataSet, report: ImportReport) -> None:
        if not (data_dir / CATALOGUE_FILE).exists():
            return
        ruled = await rulings(self._session)
        try:
            unified = read_catalogue(data_dir, data.services, ruled)
        except (BrokenCatalogue, OSError, KeyError, ValueError) as error:
            report.problems.append(Problem(CATALOGUE_FILE, 1, str(error)))
            report.skipped_files.append(CATALOGUE_FILE)
            return
        await load_catalogue(self._session, unified, report.unified, report.variants)

    async def _load_plans(self, data_dir: Path, report: ImportReport) -> None:
        services = frozenset((await self._session.scalars(select(Service.id))).all())
        for plan_id, plan in read_plans(data_dir, services):
            if isinstance(plan, str):
                report.problems.append(Problem(f"plans/{plan_id}.json", 1, plan))
                report.skipped_files.append(f"plans/{plan_id}.json")
                continue
            what = await load_plan(self._session, plan_id, plan)
            setattr(report.plans, what, getattr(report.plans, what) + 1)

    async def _load_services(self, data: DataSet, tally: Tally) -> None:
        stored = {row.id: row for row in await self._session.scalars(select(Service))}
        for service_id, record in data.services.items():
            values = _service_values(record, data.aliases.get(service_id), data.gathered)
            digest = content_hash(values)
            row = stored.get(service_id)
            if row is None:
                self._session.add(Service(id=service_id, content_hash=digest, **values))
                tally.added += 1
            elif row.content_hash == digest:
                tally.unchanged += 1
            else:
                for name, value in _unless_edited(row, values).items():
                    setattr(row, name, value)
                row.content_hash = digest
                tally.changed += 1
        await self._session.flush()

    async def _load_answers(self, data: DataSet, tally: Tally) -> None:
        stored = {
            (row.service_id, row.lang, row.aspect): row
            for row in await self._session.scalars(select(ServiceAnswer).where(ServiceAnswer.current))
        }
        edited = {key[0:2] for key, row in stored.items() if row.origin == "editor"}
        # Of every version, in force or not: an aspect that comes back goes on counting.
        counted = select(
            ServiceAnswer.service_id, ServiceAnswer.lang, ServiceAnswer.aspect, func.max(ServiceAnswer.version)
        ).group_by(ServiceAnswer.service_id, ServiceAnswer.lang, ServiceAnswer.aspect)
        highest = {(r[0], r[1], r[2]): int(r[3]) for r in (await self._session.execute(counted)).tuples()}
        fresh: list[ServiceAnswer] = []
        for service_id, record in data.services.items():
            written = data.answers.get(service_id)
            wanted = compose_texts(record, written)
            origin = "written" if written else "composed"
            for (lang, aspect), body in wanted.items():
                row = stored.pop((service_id, lang, aspect), None)
                if row is not None and row.origin == "editor":
                    tally.kept += 1
                    continue
                dated = _source_date(record, aspect)
                if row is not None and (row.text, row.origin, row.source_date) == (body, origin, dated):
                    tally.unchanged += 1
                    continue
                version = 1 + highest.get((service_id, lang, aspect), 0)
                if row is None:
                    tally.added += 1
                else:
                    row.current = False
                    tally.changed += 1
                fresh.append(
                    ServiceAnswer(
                        service_id=service_id,
                        lang=lang,
                        aspect=aspect,
                        text=body,
                        version=version,
                        current=True,
                        origin=origin,
                        source_date=dated,
                    )
                )
        # Aspects that the files no longer have are withdrawn, unless an editor works on that service and language.
        for (service_id, lang, _aspect), row in stored.items():
            if service_id in data.services and row.origin != "editor" and (service_id, lang) not in edited:
                row.current = False
                tally.changed += 1
        # The old version must be marked before the new one is stored: only one may be current.
        await self._session.flush()
        self._session.add_all(fresh)
        await self._session.flush()

    async def _load_examples(self, data: DataSet, tally: Tally) -> None:
        stored: dict[str, dict[tuple[str, str], ServiceExample]] = defaultdict(dict)
        for row in await self._session.scalars(select(ServiceExample)):
            stored[row.service_id][row.lang, row.text] = row
        for service_id, lists in data.examples.items():
            have = stored[service_id]
            for lang, texts in lists.as_dict().items():
                for example in texts:
                    if have.pop((lang, example), None) is None:
                        self._session.add(ServiceExample(service_id=service_id, lang=lang, text=example, origin="data"))
                        tally.added += 1
                    else:
                        tally.unchanged += 1
            for row in have.values():
                if row.origin == "data":
                    await self._session.delete(row)
                    tally.changed += 1
                else:
                    tally.kept += 1


async def import_all(session: AsyncSession, *, allow_partial: bool = False) -> ImportReport:
    """Loads the data files that come with the package; see :meth:`Importer.load`. The caller commits."""
    return await Importer(session).load(allow_partial=allow_partial)


def _service_values(record: ServiceRecord, extra: LangLists | None, gathered: date) -> dict[str, Any]:
    aliases = extra.as_dict() if extra else {lang: [] for lang in LANGUAGES}
    aliases["lv"] = list(dict.fromkeys([*record.aliases_lv, *aliases["lv"]]))
    return {
        "title_lv": record.title_lv,
        "title_ru": record.title_ru,
        "title_en": record.title_en,
        "institution_code": record.institution,
        "institution_name": record.institution_name,
        "kind": record.kind,
        "audience": list(record.audience),
        "life_events": list(record.life_events),
        "aliases": aliases,
        "facts": record.facts.model_dump(mode="json"),
        "sources": [source.model_dump(mode="json") for source in record.sources],
        "confidence": record.confidence,
        "review_due": review_due(record, gathered),
        "checked_on": record.checked,
    }


def _unless_edited(row: Service, values: dict[str, Any]) -> dict[str, Any]:
    """``values`` without the names that an editor has changed, and without the review that he has made since."""
    edited = row.named_by_editor or []
    own = {f"title_{lang}" for lang in edited}
    if row.checked_on is not None and (values["checked_on"] is None or row.checked_on > values["checked_on"]):
        own.add("checked_on")
        values = {**values, "review_due": max(values["review_due"], row.review_due or values["review_due"])}
    kept = {name: value for name, value in values.items() if name not in own}
    kept["aliases"] = values["aliases"] | {lang: row.aliases.get(lang, []) for lang in edited}
    return kept


def _source_date(record: ServiceRecord, aspect: str) -> str | None:
    source = best_source([source.model_dump() for source in record.sources], FACTS_OF_ASPECT[aspect])
    if source is not None and source["as_of"]:
        return str(source["as_of"])[:10]
    return record.checked.isoformat() if record.checked else None
