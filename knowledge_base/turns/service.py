"""Examples of kinds of turn: a draft, a second person's word, and from then on they are learnt with the next training.

The examples of the product are seen and not touched: among them are those of emergencies and of the wish for a person.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from kit import language
from kit.clock import Clock
from kit.db import Database, UnitOfWork
from kit.errors import PieturaError
from kit.i18n import LANGUAGES
from kit.masking import mask
from kit.textual import clean
from knowledge_base import wish
from knowledge_base.editor.schemas import Person
from knowledge_base.editor.service import editors_only
from knowledge_base.repository import KnowledgeRepository
from knowledge_base.service import KnowledgeBase
from knowledge_base.turns import repository
from knowledge_base.turns.base import BaseExamples, base_examples, folded, key_of
from knowledge_base.turns.models import TurnChange, TurnExample
from knowledge_base.turns.ports import Guard
from knowledge_base.turns.schemas import Rewrite, Search, Wanted, change_view, example_view
from knowledge_base.wording import repository as wording
from knowledge_base.wording.ports import Trail
from knowledge_base.wording.question_set import combined
from knowledge_base.wording.service import meeting

ADD: Final = "add"
REMOVE: Final = "remove"
_LONGEST: Final = 300
_MOST: Final = 200
_PAGE: Final = 50
_QUESTION: Final = "ask_"


class TurnsDesk:
    """What editors do with examples of kinds of turn. Permission is checked here."""

    def __init__(self, db: Database, clock: Clock, knowledge: KnowledgeBase, guard: Guard, trail: Trail) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._guard = guard
        self._trail = trail
        self._spoken: tuple[int, Mapping[str, set[str]]] | None = None

    # --- looking --------------------------------------------------------------------------------------------------------

    async def overview(self, person: Person) -> dict[str, Any]:
        """Every kind of turn with how many examples it has by language, and the wishes that are open.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        base = await self._base()
        shipped = base.counts()
        async with self._db.read() as session:
            own = await repository.counts(session)
            rows = await repository.changes(session, wish.OPEN)
            changes = await self._told(session, person, rows)
        return {
            "kinds": [
                {
                    "intent": intent,
                    "counts": {
                        lang: {"data": shipped[intent, lang], "editor": own.get((intent, lang), 0)}
                        for lang in LANGUAGES
                    },
                }
                for intent in base.intents
            ],
            "changes": changes,
        }

    async def examples(self, person: Person, wanted: Search) -> dict[str, Any]:
        """Examples page by page, editors' own first; ``search`` looks for parts of words, whatever the accents.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            own = await repository.examples(session)
            leaving = {
                key_of(row.lang, text)
                for row in await repository.changes(session, wish.OPEN)
                if row.verb == REMOVE
                for text in row.texts
            }
        part = folded(wanted.search)
        base = await self._base()

        def fits(intent: str, lang: str, same: str) -> bool:
            return wanted.intent in ("", intent) and wanted.lang in ("", lang) and part in same

        rows: list[dict[str, Any]] = [
            {**example_view(one), "leaving": one.key in leaving}
            for one in own
            if fits(one.intent, one.lang, folded(one.text))
        ]
        rows += [
            {
                "text": one.text,
                "intent": one.intent,
                "lang": one.lang,
                "origin": "data",
                "by": None,
                "at": None,
                "leaving": False,
            }
            for examples in base.of.values()
            for one in examples
            if fits(one.intent, one.lang, one.folded)
        ]
        pages = max(1, -(-len(rows) // _PAGE))
        page = min(wanted.page, pages)
        return {"examples": rows[(page - 1) * _PAGE : page * _PAGE], "total": len(rows), "page": page, "pages": pages}

    async def learnt(self, session: AsyncSession) -> list[dict[str, str]]:
        """What a training learns besides the product's examples: ``intent``, ``lang``, ``text``, always in the same order."""
        rows = await repository.examples(session)
        return [
            {"intent": row.intent, "lang": row.lang, "text": row.text} for row in sorted(rows, key=lambda one: one.key)
        ]

    # --- wishing --------------------------------------------------------------------------------------------------------

    async def draft(self, person: Person, wanted: Wanted) -> dict[str, Any]:
        """A new wish.

        Raises:
            Forbidden: the person does not edit.
            PieturaError: what :meth:`_checked` refuses; ``kind_unknown``; ``nothing_changed``: nothing was written.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            return await self._draft(unit, person, wanted, None)

    async def from_life(
        self, unit: UnitOfWork, person: Person, intent: str, lang: str, texts: Sequence[str], group_id: str
    ) -> dict[str, Any]:
        """A new wish out of questions from life, with the transaction of ``unit``.

        Raises:
            PieturaError: as for :meth:`draft`.
        """
        wanted = Wanted.model_validate({"intent": intent, "lang": lang, "texts": list(texts)})
        return await self._draft(unit, person, wanted, group_id)

    async def _draft(self, unit: UnitOfWork, person: Person, wanted: Wanted, group_id: str | None) -> dict[str, Any]:
        now = self._clock.now()
        row = TurnChange(
            id=str(uuid.uuid4()),
            state="draft",
            decision="",
            author_id=person.id,
            author_name=person.name,
            created_at=now,
            changed_at=now,
            version=1,
            group_id=group_id,
            **await self._values(unit.session, wanted),
        )
        unit.session.add(row)
        await unit.session.flush()
        return (await self._told(unit.session, person, [row]))[0]

    async def rewrite(self, person: Person, change_id: str, wanted: Rewrite) -> dict[str, Any]:
        """Changes a wish. What was proposed is a draft again.

        Raises:
            Forbidden: the person does not edit, or the wish is another's.
            NotFound: there is no such wish.
            Conflict: ``edited_elsewhere``, ``decided_already``.
            PieturaError: as for :meth:`draft`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, TurnChange, change_id, ("draft", "proposed"))
            wish.by_author(row, person)
            values = await self._values(unit.session, wanted)
            values |= {"state": "draft", "changed_at": self._clock.now()}
            await wish.put(unit.session, row, wanted.version, values)
            return (await self._told(unit.session, person, [row]))[0]

    async def propose(self, person: Person, change_id: str, version: int) -> dict[str, Any]:
        """Asks for a second person's word.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`rewrite`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, TurnChange, change_id, ("draft",))
            wish.by_author(row, person)
            await wish.put(unit.session, row, version, {"state": "proposed", "changed_at": self._clock.now()})
            return (await self._told(unit.session, person, [row]))[0]

    async def approve(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person agrees: the examples are learnt with the next training.

        Raises:
            Forbidden: the person does not edit, or is its author.
            NotFound: there is no such wish.
            Conflict: ``edited_elsewhere``, ``decided_already``; ``turns_changed``: somebody added the same meanwhile.
            PieturaError: ``conflict_needs_reason``: a text is an example of another kind or service as well, and nobody says
                why that is right; what :meth:`_checked` refuses by now.
        """
        editors_only(person)
        async with meeting("turns_changed"), self._db.unit() as unit:
            session, now = unit.session, self._clock.now()
            row = await wish.opened(session, TurnChange, change_id, ("proposed",))
            wish.by_second(row, person)
            if row.verb == ADD:
                await self._checked(session, row.intent, row.lang, row.texts)
                (told,) = await self._conflicts(session, row)
                if any(one["what"] != "language" for one in told) and not clean(note):
                    raise PieturaError("conflict_needs_reason")
            values = {"state": "published", "published_at": now, **wish.decided(person, note, now)}
            await wish.put(session, row, version, values)
            keys = [key_of(row.lang, text) for text in row.texts]
            if row.verb == REMOVE:
                await repository.remove(session, keys, row.intent)
            else:
                session.add_all(
                    TurnExample(
                        id=str(uuid.uuid4()),
                        key=key,
                        intent=row.intent,
                        lang=row.lang,
                        text=text,
                        change_id=row.id,
                        by_name=row.author_name,
                        at=now,
                    )
                    for key, text in zip(keys, row.texts, strict=True)
                )
                await session.flush()
            shown = (await self._told(session, person, [row]))[0]
        detail = {"kind": row.intent, "changes": len(row.texts), "before": "proposed", "after": row.verb}
        await self._trail.note(person.id, "turns_approved", change_id, **detail)
        return shown

    async def send_back(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person wants it otherwise, and says how; it is a draft again.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`approve`.
            PieturaError: ``reason_needed``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, TurnChange, change_id, ("proposed",))
            await wish.send_back(unit.session, row, person, version, note, self._clock.now())
            return (await self._told(unit.session, person, [row]))[0]

    async def drop(self, person: Person, change_id: str, version: int) -> None:
        """Gives a wish up; it stays on record, and the questions from life that it came from are open again.

        Raises:
            Forbidden: the person does not edit, or it is another's and he does not supervise.
            NotFound, Conflict: as for :meth:`rewrite`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, TurnChange, change_id, wish.OPEN)
            await wish.drop(unit.session, row, person, version, self._clock.now())
            if row.group_id is not None:
                await repository.reopen_group(unit.session, row.group_id, row.id, self._clock.now())

    # --- checking -------------------------------------------------------------------------------------------------------

    async def _values(self, session: AsyncSession, wanted: Wanted) -> dict[str, Any]:
        if wanted.intent not in (await self._base()).intents:
            raise PieturaError("kind_unknown")
        if wanted.verb == ADD:
            texts = await self._checked(session, wanted.intent, wanted.lang, wanted.texts)
        else:
            there = {
                row.key: row.text
                for row in await repository.with_keys(session, [key_of(wanted.lang, text) for text in wanted.texts])
                if row.intent == wanted.intent
            }
            texts = list(there.values())
        if not texts:
            raise PieturaError("nothing_changed")
        return {
            "verb": wanted.verb,
            "intent": wanted.intent,
            "lang": wanted.lang,
            "texts": texts,
            "note": clean(wanted.note),
        }

    async def _checked(self, session: AsyncSession, intent: str, lang: str, texts: Sequence[str]) -> list[str]:
        """Lines as they may be learnt: cleaned, on one line each, without empty ones and repeats.

        Raises:
            PieturaError: with ``line``, counted from 1: ``line_long``; ``line_personal``; ``turn_measured``: it is among the
                questions by which we tune or measure; ``turn_rule`` with ``kind``: the rules take it for danger or for the wish
                for a person, and what is learnt may not say otherwise; ``turn_there``: it is an example of this kind already.
                ``lines_many``.
        """
        found: dict[str, str] = {}
        base = await self._base()
        kept = {folded(one.text) for one in combined(await wording.set_questions(session))[0]}
        for at, text in enumerate(texts, 1):
            # A bracket would be read as the mark of an entity, a slash in front as a command.
            line = " ".join(clean(text).split()).replace("[", "(").replace("]", ")").lstrip("/").strip()
            if not line:
                continue
            if len(line) > _LONGEST:
                raise PieturaError("line_long", line=at, most=_LONGEST)
            if mask(line).kinds:
                raise PieturaError("line_personal", line=at)
            if any(one.intent == intent and one.lang == lang for one in base.by_folded.get(folded(line), ())):
                raise PieturaError("turn_there", line=at)
            if folded(line) in kept or await asyncio.to_thread(self._guard.measured, line):
                raise PieturaError("turn_measured", line=at)
            rule = self._guard.rule(line)
            if rule is not None and rule != intent:
                raise PieturaError("turn_rule", line=at, kind=rule)
            found.setdefault(key_of(lang, line), line)
        if len(found) > _MOST:
            raise PieturaError("lines_many", most=_MOST)
        there = {row.key for row in await repository.with_keys(session, list(found)) if row.intent == intent}
        for at, text in enumerate(texts, 1):
            if key_of(lang, text) in there:
                raise PieturaError("turn_there", line=at)
        return list(found.values())

    async def _base(self) -> BaseExamples:
        # Read once, which takes a second: not on the loop that serves citizens.
        return await asyncio.to_thread(base_examples)

    async def _services(self, session: AsyncSession) -> Mapping[str, set[str]]:
        """Folded example → services that it finds; read once for each publication."""
        revision = await KnowledgeRepository(session).revision()
        if self._spoken is None or self._spoken[0] != revision:
            rows = await wording.spoken(session)
            self._spoken = (revision, await asyncio.to_thread(_by_folded, rows))
        return self._spoken[1]

    async def _conflicts(self, session: AsyncSession, *rows: TurnChange) -> list[list[dict[str, Any]]]:
        """Of each wish, what the second person must know: a text that is an example of another kind (``kind``) or of a service
        (``service``), or that is written in another language (``language``)."""
        if not rows:
            return []
        base, services = await self._base(), await self._services(session)
        own: dict[str, list[TurnExample]] = {}
        for example in await repository.examples(session):
            own.setdefault(folded(example.text), []).append(example)
        return [self._conflicts_of(row, base, own, services) for row in rows]

    def _conflicts_of(
        self,
        row: TurnChange,
        base: BaseExamples,
        own: Mapping[str, list[TurnExample]],
        services: Mapping[str, set[str]],
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for text in row.texts if row.verb == ADD else ():
            same = folded(text)
            kinds = {(one.intent, one.lang) for one in base.by_folded.get(same, ()) if one.intent != row.intent}
            kinds |= {(one.intent, one.lang) for one in own.get(same, ()) if one.intent != row.intent}
            found += [{"text": text, "what": "kind", "intent": kind, "lang": lang} for kind, lang in sorted(kinds)]
            # A question about a service may well be an example of that service, too.
            for service_id in () if row.intent.startswith(_QUESTION) else sorted(services.get(same, ())):
                known = self._knowledge.known(service_id)
                title = self._knowledge.title(service_id, row.lang) if known else service_id
                found.append({"text": text, "what": "service", "service": {"id": service_id, "title": title}})
            spoken = language.detect(text, row.lang)
            if spoken != row.lang:
                found.append({"text": text, "what": "language", "lang": spoken})
        return found

    async def _told(self, session: AsyncSession, person: Person, rows: Sequence[TurnChange]) -> list[dict[str, Any]]:
        waiting = [row for row in rows if row.state in wish.OPEN]
        conflicts = dict(zip((row.id for row in waiting), await self._conflicts(session, *waiting), strict=True))
        return [change_view(row, conflicts.get(row.id, []), wish.may(person, row)) for row in rows]


def _by_folded(rows: Sequence[tuple[str, str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for service_id, _, text in rows:
        found.setdefault(folded(text), set()).add(service_id)
    return found
