"""Loading a file of services: seen before, approved by a second person, written in one transaction, and taken back.

The file is compared with what stands here when it is read, and again when it is approved: what the second person has not
seen is not written. A file says nothing about a service that is not in it, and an empty cell nothing about a field.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError
from kit.i18n import LANGUAGES, Catalogue
from kit.textual import clean
from knowledge_base import wish
from knowledge_base.catalogue import cpsv, snapshot
from knowledge_base.editor import repository as desk
from knowledge_base.editor.models import AnswerChange
from knowledge_base.editor.schemas import Person
from knowledge_base.editor.service import Announce, check, editors_only
from knowledge_base.exchange import forms
from knowledge_base.exchange.forms import Entry, RowProblem
from knowledge_base.exchange.models import CatalogueImport
from knowledge_base.exchange.schemas import Form, Mode, Part, import_view
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.models import Service, ServiceAnswer, ServiceExample
from knowledge_base.records import EDITORS_NOTE, content_hash
from knowledge_base.repository import KnowledgeRepository, ShownText
from knowledge_base.service import Content
from knowledge_base.wording import judged
from knowledge_base.wording.judged import Trial
from knowledge_base.wording.models import WordingChange
from knowledge_base.wording.ports import Trail
from knowledge_base.wording.wished import with_columns

MOST_IMPORTS: Final = 50
PAGE: Final = 50
#: So many are shown with an import; all of them are in its file of problems.
MOST_PROBLEMS: Final = 100
#: So often what was compared may be overtaken by others' publications, before the editor is told.
_ATTEMPTS: Final = 3
_COLUMNS: Final = tuple(
    column.key for column in Service.__table__.columns if column.key not in ("id", "review_due", "content_hash")
)
_DAYS: Final = ("checked_on", "review_due")
#: What the editors' desk refuses, as problems of a row with their arguments.
_REFUSED: Final[Mapping[str, tuple[str, dict[str, str]]]] = {
    "money_needs_date": ("money", {}),
    "editors_note": ("note", {"mark": EDITORS_NOTE}),
    "general_needed": ("general_needed", {}),
}
#: Beginnings of the fields that search goes by.
_SEARCHED: Final = ("title_", "aliases_", "examples_", "text_", "institution")
_COLUMN_NAMES: Final = {"institution_code": "institution", "checked_on": "checked"}

Known = set[tuple[str, str, str]]


@dataclass(slots=True)
class _Plan:
    """What a file would change now; ``work`` and ``examples`` are what is to be written."""

    work: list[cpsv.Work]
    examples: list[tuple[str, str, str]]
    items: list[dict[str, Any]] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    gone: list[dict[str, str]] = field(default_factory=list)
    unchanged: int = 0

    def digest(self) -> str:
        """Of the changes: the same file over the same knowledge base gives the same."""
        return content_hash({"items": self.items})


@dataclass(frozen=True, slots=True)
class Export:
    """A file to be kept: its name, its kind, and what is in it."""

    name: str
    media_type: str
    body: str


class Exchange:
    """Files out and files in. Permission is checked here, from the signed-in person."""

    judges = CatalogueImport

    def __init__(self, db: Database, clock: Clock, gazetteer: Gazetteer, announce: Announce, trail: Trail) -> None:
        """``announce``: called once what is shown has changed, so that workers need not wait for their next look. ``trail``: who
        loaded what, and took it back."""
        self._db = db
        self._clock = clock
        self._gazetteer = gazetteer
        self._announce = announce
        self._trail = trail
        #: Called when a run of the question set waits.
        self.check_asked: Callable[[], None] = lambda: None

    # --- out --------------------------------------------------------------------------------------------------------

    async def export(self, person: Person, form: Form, variants: bool = False) -> Export:
        """Everything the knowledge base may tell, as one file; its name has the day and the revision.

        Args:
            person: an editor.
            form: ``json`` and ``csv`` can be loaded again whole; ``jsonld`` is CPSV-AP, without example questions.
            variants: the rows of the old catalogue instead (``csv`` only; in ``json`` they are in any case).

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            taken = await snapshot.take(session)
            examples: dict[str, dict[str, list[str]]] = defaultdict(dict)
            for service_id, lang, text in await KnowledgeRepository(session).example_texts():
                examples[service_id].setdefault(lang, []).append(text)
            revision = await KnowledgeRepository(session).revision()
        now = self._clock.now()
        head = {"exported_at": iso(now), "revision": revision}
        name = f"pietura-{now.astimezone(RIGA).date().isoformat()}-r{revision}"
        if form == "csv" and variants:
            body = await asyncio.to_thread(forms.write_variants, taken)
            return Export(f"{name}-variants.csv", "text/csv", body)
        if form == "csv":
            return Export(f"{name}.csv", "text/csv", await asyncio.to_thread(forms.write_csv, taken, examples))
        if form == "json":
            body = await asyncio.to_thread(forms.write_json, taken, examples, head)
            return Export(f"{name}.json", "application/json", body)
        body = await asyncio.to_thread(forms.write_jsonld, taken, self._gazetteer, head)
        return Export(f"{name}.jsonld", "application/ld+json", body)

    async def untranslated(self, person: Person) -> Export:
        """What is there in Latvian and not in Russian or English: answers, everyday names, example questions.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            services = await KnowledgeRepository(session).services()
            answers = await desk.coverage(session)
            asked = {(service_id, lang) for service_id, lang, _ in await KnowledgeRepository(session).example_texts()}
        lines = ["service,title,language,missing"]
        for service in services:
            for lang in LANGUAGES[1:]:
                lacks = [f"text_{lang}_{one}" for one in sorted(answers.get((service.id, "lv"), set()))
                         if one not in answers.get((service.id, lang), set())]  # fmt: skip
                lacks += [] if service.titles()[lang].strip() else [f"title_{lang}"]
                lacks += [f"aliases_{lang}"] if service.aliases.get("lv") and not service.aliases.get(lang) else []
                lacks += [f"examples_{lang}"] if (service.id, "lv") in asked and (service.id, lang) not in asked else []
                title = forms.cell(service.title_lv).replace('"', '""')
                lines += [f'{service.id},"{title}",{lang},{one}' for one in lacks]
        day = self._clock.now().astimezone(RIGA).date().isoformat()
        return Export(f"pietura-{day}-untranslated.csv", "text/csv", "\ufeff" + "\r\n".join(lines) + "\r\n")

    # --- in: looking ------------------------------------------------------------------------------------------------

    async def imports(self, person: Person) -> list[dict[str, Any]]:
        """The latest fifty imports, the latest first.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        heavy = (
            *(CatalogueImport.services, CatalogueImport.preview, CatalogueImport.before),
            CatalogueImport.check_result,
        )
        query = select(CatalogueImport).options(*(defer(column) for column in heavy))
        query = query.order_by(CatalogueImport.created_at.desc(), CatalogueImport.id).limit(MOST_IMPORTS)
        async with self._db.read() as session:
            rows = (await session.scalars(query)).all()
        return [import_view(row, _may(person, row)) for row in rows]

    async def one(self, person: Person, import_id: str, part: Part = "changed", offset: int = 0) -> dict[str, Any]:
        """An import with a page of what it changes, its problems, the services that the file does not have, and what it makes of
        the question set.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such import.
        """
        editors_only(person)
        async with self._db.read() as session:
            row = await session.get(CatalogueImport, import_id)
            if row is None:
                raise NotFound()
            fresh = row.state in wish.OPEN and judged.is_fresh(row, await self.trial(session, row))
            needed = _found_otherwise(row) if row.state in wish.OPEN else row.check_result is not None
            titles = await _titles(session, person.lang) if row.check_result else {}
        titles = {**{item["id"]: item["title"] for item in row.preview["items"]}, **titles}
        items = [item for item in row.preview["items"] if item["kind"] == part]
        return {
            **import_view(row, _may(person, row)),
            "part": part,
            "offset": offset,
            "items": items[offset : offset + PAGE],
            "problems": row.preview["problems"][:MOST_PROBLEMS],
            "gone": row.preview["gone"],
            "check": {
                **judged.check_view(row, fresh, lambda service_id: titles.get(service_id, service_id)),
                "needed": needed,
            },
        }

    async def problems(self, person: Person, import_id: str, texts: Catalogue) -> Export:
        """Everything that is wrong with a file, in the person's language, for a spreadsheet.

        Args:
            person: an editor.
            import_id: which import.
            texts: the console's, for what a problem means.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such import.
        """
        editors_only(person)
        async with self._db.read() as session:
            row = await session.get(CatalogueImport, import_id)
            if row is None:
                raise NotFound()
            problems, day = row.preview["problems"], row.changed_at.astimezone(RIGA).date().isoformat()

        def say(code: str, args: Mapping[str, str]) -> str:
            key = f"console.exchange.problem.{code}"
            return texts.text(person.lang, key, **args) if texts.has(key) else code

        body = await asyncio.to_thread(forms.write_problems, problems, say)
        return Export(f"pietura-{day}-problems.csv", "text/csv", body)

    # --- in: wishing ------------------------------------------------------------------------------------------------

    async def upload(self, person: Person, file: str, body: bytes) -> dict[str, Any]:
        """Reads a file and says what it would change; nothing of it is shown to anybody yet.

        Raises:
            Forbidden: the person does not edit.
            PieturaError: it can be no such file, see :func:`forms.read`.
        """
        editors_only(person)
        reading = await asyncio.to_thread(forms.read, body, self._gazetteer)
        now = self._clock.now()
        async with self._db.read() as session:
            found = await self._plan(session, reading.entries)
        row = CatalogueImport(
            id=str(uuid.uuid4()),
            file=clean(file)[-200:] or "–",
            form=reading.form,
            rows=reading.rows,
            state="draft",
            mode="all",
            services=[entry.stored() for entry in reading.entries],
            author_id=person.id,
            author_name=person.name,
            note="",
            decision="",
            created_at=now,
            changed_at=now,
            version=1,
            **_seen(found, reading.problems, reading.left),
        )
        async with self._db.unit() as unit:
            unit.session.add(row)
        return await self.one(person, row.id, *_first(row))

    async def check(self, person: Person, import_id: str, version: int) -> dict[str, Any]:
        """Compares the file anew with what stands here now; it is a draft again.

        Raises:
            Forbidden: the person does not edit, or the import is another's.
            NotFound: there is no such import.
            Conflict: ``edited_elsewhere``, ``decided_already``.
        """
        editors_only(person)
        async with self._db.read() as session:
            row = await wish.opened(session, CatalogueImport, import_id, wish.OPEN)
            wish.by_author(row, person)
            found = await self._plan(session, [Entry.of(one) for one in row.services])
        # What was wrong with the file itself stays wrong; what was compared is compared anew.
        read = [RowProblem(**one) for one in row.preview["problems"] if not one.get("compared")]
        seen = _seen(found, read, row.counts["left"])
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, CatalogueImport, import_id, wish.OPEN)
            await wish.put(
                unit.session, row, version, {"state": "draft", "changed_at": self._clock.now(), **seen, **wish.UNJUDGED}
            )
        return await self.one(person, import_id, *_first(row))

    async def propose(self, person: Person, import_id: str, version: int, mode: Mode, note: str) -> dict[str, Any]:
        """Asks for a second person's word; the question set is run meanwhile.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`check`.
            PieturaError: ``import_has_problems``: with ``all``, a row is broken; ``nothing_changed``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, CatalogueImport, import_id, ("draft",))
            wish.by_author(row, person)
            if not row.counts["new"] + row.counts["changed"]:
                raise PieturaError("nothing_changed")
            if mode == "all" and row.counts["problems"]:
                raise PieturaError("import_has_problems", count=row.counts["problems"])
            values = {"state": "proposed", "mode": mode, "note": clean(note), "changed_at": self._clock.now()}
            await wish.put(unit.session, row, version, values)
            if (await self.trial(unit.session, row)).questions:
                await judged.ask_check(unit, row, self)
        return await self.one(person, import_id, *_first(row))

    async def drop(self, person: Person, import_id: str, version: int) -> None:
        """Gives an import up; it stays on record.

        Raises:
            Forbidden: the person does not edit, or it is another's and the person does not supervise.
            NotFound, Conflict: as for :meth:`check`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, CatalogueImport, import_id, wish.OPEN)
            await wish.drop(unit.session, row, person, version, self._clock.now())

    # --- in: deciding -----------------------------------------------------------------------------------------------

    async def send_back(self, person: Person, import_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person wants it otherwise, and says how.

        Raises:
            Forbidden: the person does not edit, or is its author.
            NotFound, Conflict: as for :meth:`check`.
            PieturaError: ``reason_needed``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, CatalogueImport, import_id, ("proposed",))
            await wish.send_back(unit.session, row, person, version, note, self._clock.now())
        return await self.one(person, import_id, *_first(row))

    async def approve(self, person: Person, import_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person agrees: all of it is written, in one transaction.

        Raises:
            Forbidden, NotFound: as for :meth:`send_back`.
            Conflict: ``edited_elsewhere``, ``decided_already``; ``import_outdated``: it would change something else by now;
                ``set_not_run``: the set was not run over what would be shown now; it is being run from now on.
            PieturaError: ``worse_needs_reason``: more questions would be answered wrongly, and nobody says why that is right.
        """
        editors_only(person)
        is_run = True
        try:
            for _ in range(_ATTEMPTS):
                # What takes long is done before anybody has to wait for the writing.
                async with self._db.read() as session:
                    row = await wish.opened(session, CatalogueImport, import_id, ("proposed",))
                    wish.by_second(row, person)
                    revision = await KnowledgeRepository(session).revision()
                    found = await self._plan(session, [Entry.of(one) for one in row.services])
                if found.digest() != row.digest:
                    raise Conflict("import_outdated")
                async with self._db.unit() as unit:
                    await desk.publishing(unit.session)
                    if await KnowledgeRepository(unit.session).revision() == revision:
                        row = await wish.opened(unit.session, CatalogueImport, import_id, ("proposed",))
                        is_run = judged.is_fresh(row, await self.trial(unit.session, row))
                        if is_run:
                            await self._apply(unit, row, found, person, version, note)
                        else:
                            await judged.ask_check(unit, row, self)
                        break
            else:
                raise Conflict("import_outdated")
        except IntegrityError as error:
            # An answer was published, or a service made, in the same instant.
            raise Conflict("import_outdated") from error
        if not is_run:
            # Only now: that it is being run is stored.
            raise Conflict("set_not_run")
        return await self.one(person, import_id, *_first(row))

    async def _apply(
        self, unit: UnitOfWork, row: CatalogueImport, found: _Plan, person: Person, version: int, note: str
    ) -> None:
        """Writes ``found``, which was compared with the knowledge base as it still is."""
        session, now = unit.session, self._clock.now()
        reason = judged.weighed(row, await self.trial(session, row), note)
        there, shown = await cpsv.state(session)
        for item in found.work:
            mine = there.get(item.incoming.id)
            if (item.row is None) is not (mine is None) or (mine and item.row and _cells(mine) != _cells(item.row)):
                raise Conflict("import_outdated")
            item.row = mine
        rows = {item.incoming.id: _cells(item.row) if item.row is not None else None for item in found.work}
        texts = {
            (item.incoming.id, *place): shown.get((item.incoming.id, *place))
            for item in found.work
            for place in item.texts
        }
        versions = {place: former.version if former is not None else None for place, former in texts.items()}
        await cpsv.write(session, found.work, shown, now.astimezone(RIGA).date())
        back = await _store_examples(session, found.examples)
        stored, written = await cpsv.state(session)
        before = {
            "rows": rows,
            "after": {service_id: content_hash(_cells(stored[service_id])) for service_id in rows},
            "texts": [[*place, was, written[place].version] for place, was in versions.items()],
            "examples": [list(one) for one in found.examples],
            # Had been taken out by an editor, and are brought back by the file.
            "examples_back": [list(one) for one in back],
        }
        values = {"state": "applied", "before": before, "applied_at": now, **wish.decided(person, note, now)} | reason
        await wish.put(session, row, version, values)
        count = {name: row.counts[name] for name in ("new", "changed")}
        self._trail.note_with(unit, person.id, "import_approved", row.id, file=row.file, **count)
        await desk.next_revision(session)
        unit.after_commit(self._announce)

    async def undo(self, person: Person, import_id: str, version: int) -> dict[str, Any]:
        """Back to what stood here before, at once: that had its second person then. Answers get a new version with the former
        text; services that the import made go.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such import.
            Conflict: ``edited_elsewhere``, ``decided_already``; ``import_changed_since`` with ``service``: somebody has
                changed since then what it wrote.
        """
        editors_only(person)
        try:
            async with self._db.unit() as unit:
                await desk.publishing(unit.session)
                row = await wish.opened(unit.session, CatalogueImport, import_id, ("applied",))
                await desk.next_revision(unit.session)
                await self._take_back(unit.session, dict(row.before or {}))
                now = self._clock.now()
                values = {"undone_by": person.id, "undone_name": person.name, "undone_at": now, "changed_at": now}
                await wish.put(unit.session, row, version, {"state": "undone", **values})
                self._trail.note_with(unit, person.id, "import_undone", row.id, file=row.file)
                unit.after_commit(self._announce)
        except IntegrityError as error:
            raise Conflict("import_changed_since", service="–") from error
        return await self.one(person, import_id, *_first(row))

    async def _take_back(self, session: AsyncSession, before: Mapping[str, Any]) -> None:
        stored, shown = await cpsv.state(session)
        made = {service_id for service_id, cells in before["rows"].items() if cells is None}
        wished = set(await session.scalars(select(AnswerChange.service_id).where(AnswerChange.service_id.in_(made))))
        wished |= set(await session.scalars(select(WordingChange.service_id).where(WordingChange.service_id.in_(made))))
        for service_id, digest in before["after"].items():
            row = stored.get(service_id)
            if row is None or content_hash(_cells(row)) != digest or service_id in wished:
                raise Conflict("import_changed_since", service=service_id)
        fresh: list[ServiceAnswer] = []
        for service_id, lang, aspect, was, version in before["texts"]:
            text = shown.get((service_id, lang, aspect))
            if text is None or text.version != version:
                raise Conflict("import_changed_since", service=service_id)
            text.current = False
            former = await desk.version_of(session, service_id, lang, aspect, was) if was is not None else None
            if former is not None:
                fresh.append(
                    ServiceAnswer(
                        service_id=service_id, lang=lang, aspect=aspect, text=former.text, version=version + 1,
                        current=True, origin=former.origin, source_date=former.source_date,
                    )
                )  # fmt: skip
        for answer in shown.values():
            # Of a service that goes, what others have answered since must not go with it.
            if answer.service_id in made and answer.current:
                raise Conflict("import_changed_since", service=answer.service_id)
        await session.flush()
        session.add_all(fresh)
        asked = {(one.service_id, one.lang, one.text): one for one in await session.scalars(select(ServiceExample))}
        for service_id, lang, text in before["examples"]:
            if (example := asked.get((service_id, lang, text))) is None:
                continue
            if [service_id, lang, text] in before.get("examples_back", []):
                example.withdrawn = True
            else:
                await session.delete(example)
        await session.flush()
        for service_id, cells in before["rows"].items():
            if cells is None:
                await session.delete(stored[service_id])
            else:
                for name, value in cells.items():
                    day = name in _DAYS and value is not None
                    setattr(stored[service_id], name, date.fromisoformat(value) if day else value)
        await session.flush()

    # --- judging ----------------------------------------------------------------------------------------------------

    async def trial(self, session: AsyncSession, row: CatalogueImport) -> Trial:
        """See :meth:`knowledge_base.wording.judged.Judging.trial`: what is published, the set, and what the file changes."""
        questions = await judged.questions(session) if _found_otherwise(row) else []
        return Trial(await judged.base_key(session, questions) + row.digest[:32], questions)

    async def with_wish(self, session: AsyncSession, content: Content, row: CatalogueImport) -> Content:
        """See :meth:`knowledge_base.wording.judged.Judging.with_wish`."""
        found = await self._plan(session, [Entry.of(one) for one in row.services])
        services, texts, examples = dict(content.services), dict(content.texts), dict(content.examples)
        for item in found.work:
            service_id, values = item.incoming.id, cpsv.values_of(item)
            there = services.get(service_id)
            services[service_id] = with_columns(there, values) if there else Service(id=service_id, **values)
            for (lang, aspect), text in item.texts.items():
                shown = {one: said for one, said in texts.get((service_id, lang), {}).items() if one != aspect}
                if text:
                    shown[aspect] = ShownText(service_id, lang, aspect, text, "editor", None)
                texts[service_id, lang] = shown
        for service_id, lang, text in found.examples:
            examples[service_id, lang] = [*examples.get((service_id, lang), ()), text]
        return replace(content, services=services, texts=texts, examples=examples)

    # --- parts ------------------------------------------------------------------------------------------------------

    async def _plan(self, session: AsyncSession, entries: Sequence[Entry]) -> _Plan:
        stored, shown = await cpsv.state(session)
        known = {
            (service_id, lang, text)
            for service_id, lang, text in await KnowledgeRepository(session).example_texts()
        }  # fmt: skip
        # Beside the loop: a citizen's message does not wait for five thousand rows.
        return await asyncio.to_thread(_compare, entries, stored, shown, known, self._gazetteer)


async def _titles(session: AsyncSession, lang: str) -> dict[str, str]:
    return {row.id: row.titles().get(lang) or row.title_lv for row in await KnowledgeRepository(session).services()}


async def _store_examples(session: AsyncSession, wanted: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Adds example questions; those that had been taken out, and are examples again, are told."""
    services = {service_id for service_id, _, _ in wanted}
    rows = await session.scalars(
        select(ServiceExample).where(ServiceExample.withdrawn, ServiceExample.service_id.in_(services))
    )
    out = {(row.service_id, row.lang, row.text): row for row in rows}
    back = []
    for place in dict.fromkeys(wanted):
        if (row := out.get(place)) is not None:
            row.withdrawn = False
            back.append(place)
        else:
            service_id, lang, text = place
            session.add(ServiceExample(service_id=service_id, lang=lang, text=text, origin="editor"))
    await session.flush()
    return back


def _compare(
    entries: Sequence[Entry], stored: cpsv.Stored, shown: cpsv.Shown, known: Known, gazetteer: Gazetteer
) -> _Plan:
    """What the good rows change, and what is wrong with them in the light of what stands here."""
    numbers = {entry.incoming.id: entry.row for entry in entries}
    problems: list[RowProblem] = []
    codes = {service.institution_code for service in stored.values()}
    codes |= {*gazetteer.by_code, *gazetteer.institutions, *gazetteer.municipalities}
    good = []
    for entry in entries:
        bad = list(_lacking(entry, entry.incoming.id in stored, codes))
        problems += bad
        if not bad:
            good.append(entry)
    parsed = cpsv.Parsed(services=[entry.incoming for entry in good])
    outcome, work = cpsv.plan(parsed, stored, shown, gazetteer)
    for problem in outcome.problems:
        number = numbers.get(problem.node.rsplit(":", 1)[-1], 0)
        problems.append(RowProblem(number, problem.where, problem.code, problem.args))
    found = _Plan([], [], problems=problems)
    examples = {entry.incoming.id: entry.examples for entry in good}
    for item in work:
        service_id = item.incoming.id
        wrong = list(_answers_wrong(item, numbers[service_id]))
        if wrong:
            problems += wrong
            continue
        fresh = [(service_id, lang, text) for lang, texts in examples[service_id].items() for text in texts
                 if (service_id, lang, text) not in known]  # fmt: skip
        changes = [*_differences(item, shown), *_new_examples(fresh)]
        if not changes:
            found.unchanged += 1
            continue
        found.work.append(item)
        found.examples += fresh
        kind = "new" if item.row is None else "changed"
        title = item.record.title_lv
        found.items.append(
            {"id": service_id, "row": numbers[service_id], "title": title, "kind": kind, "changes": changes}
        )
    found.gone = [{"id": one.id, "title": one.title_lv} for one in stored.values() if one.id not in numbers]
    return found


def _lacking(entry: Entry, there: bool, codes: set[str]) -> list[RowProblem]:
    said = entry.incoming
    out = []
    if not there:
        out += [
            RowProblem(entry.row, f"title_{lang}", "title_missing", {"service": said.id})
            for lang in LANGUAGES
            if not said.values.get(f"title_{lang}")
        ]
        if not said.values.get("institution") and not said.authority:
            out.append(RowProblem(entry.row, "institution", "institution_missing", {"service": said.id}))
    code = said.values.get("institution")
    if code is not None and code not in codes:
        out.append(RowProblem(entry.row, "institution", "institution_unknown", {"value": str(code)[:80]}))
    return out


def _answers_wrong(item: cpsv.Work, number: int) -> list[RowProblem]:
    """What the editors' desk would refuse as well: above all money of which nobody knows how old it is."""
    out = []
    for (lang, aspect), text in item.texts.items():
        try:
            check(text, aspect, cpsv.dated(item.record, aspect))
        except PieturaError as error:
            code, args = _REFUSED.get(error.code, ("refused", {}))
            out.append(RowProblem(number, f"text_{lang}_{aspect}", code, args))
    return out


def _differences(item: cpsv.Work, shown: cpsv.Shown) -> list[dict[str, str]]:
    """Field by field, by the names of the file's columns; a list has one item a line."""
    before = _columns({name: getattr(item.row, name) for name in _COLUMNS}) if item.row is not None else {}
    after = _columns(cpsv.values_of(item))
    for (lang, aspect), text in item.texts.items():
        former = shown.get((item.incoming.id, lang, aspect))
        before[f"text_{lang}_{aspect}"] = former.text if former is not None else ""
        after[f"text_{lang}_{aspect}"] = text
    return [
        {"field": name, "before": before.get(name, ""), "after": value}
        for name, value in after.items()
        if before.get(name, "") != value
    ]


def _columns(values: Mapping[str, Any]) -> dict[str, str]:
    row: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("aliases", "facts", "sources"):
            row |= forms.flat({name: value})
        else:
            row[_COLUMN_NAMES.get(name, name)] = value
    return {
        name: "\n".join(str(one) for one in value) if isinstance(value, list) else str(value or "")
        for name, value in row.items()
    }


def _new_examples(fresh: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    by_lang: dict[str, list[str]] = defaultdict(list)
    for _, lang, text in fresh:
        by_lang[lang].append(text)
    return [
        {"field": f"examples_{lang}", "before": "", "after": "\n".join(texts)} for lang, texts in by_lang.items()
    ]  # fmt: skip


def _seen(found: _Plan, read: Sequence[RowProblem], left: int) -> dict[str, Any]:
    """The columns that say what a file would change."""
    problems = [asdict(one) for one in read]
    problems += [{**asdict(one), "compared": True} for one in found.problems]
    kinds = [item["kind"] for item in found.items]
    return {
        "preview": {"items": found.items, "problems": problems[: forms.MAX_PROBLEMS], "gone": found.gone},
        "digest": found.digest(),
        "counts": {
            "new": kinds.count("new"),
            "changed": kinds.count("changed"),
            "unchanged": found.unchanged,
            "gone": len(found.gone),
            "problems": len(problems),
            "left": left,
        },
    }


def _first(row: CatalogueImport) -> tuple[Part, int]:
    """Which part is shown first: what is changed, unless there is nothing but new services."""
    return ("changed" if row.counts["changed"] or not row.counts["new"] else "new"), 0


def _found_otherwise(row: CatalogueImport) -> bool:
    """Whether the file changes anything that search goes by: of facts alone the question set knows nothing."""
    return any(
        item["kind"] == "new" or any(one["field"].startswith(_SEARCHED) for one in item["changes"])
        for item in row.preview["items"]
    )


def _cells(row: Service) -> dict[str, Any]:
    """A service's columns as JSON can hold them."""
    return {
        name: value.isoformat() if isinstance(value := getattr(row, name), date) else value
        for name in (*_COLUMNS, "review_due", "content_hash")
    }


def _may(person: Person, row: CatalogueImport) -> list[str]:
    # A file is not rewritten: another is loaded.
    found = [one for one in wish.may(person, row) if one != "rewrite"]
    if row.author_id == person.id and row.state in wish.OPEN:
        found.append("check")
    return [*found, "undo"] if row.state == "applied" else found
