"""Changing by which words a service is found: a draft, the question set run over it, a second person's word, its day.

What is agreed on is published only if the question set was run over exactly that: the knowledge base as it is, and this change.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, cast

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError
from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES
from kit.masking import mask
from kit.textual import clean
from knowledge_base import text as txt
from knowledge_base import wish
from knowledge_base.editor import repository as editors
from knowledge_base.editor.schemas import Lang, Person, later
from knowledge_base.editor.service import check as check_answer
from knowledge_base.editor.service import editors_only
from knowledge_base.models import Service, ServiceAnswer, ServiceExample
from knowledge_base.repository import KnowledgeRepository
from knowledge_base.service import GENERAL, Content, KnowledgeBase
from knowledge_base.wording import judged, question_set, repository
from knowledge_base.wording.judged import Trial, mark
from knowledge_base.wording.models import SetQuestion, WordingChange
from knowledge_base.wording.ports import Trail
from knowledge_base.wording.question_set import Question
from knowledge_base.wording.schemas import Ask, New, NewService, Out, Withdraw, Write, change_view, version_view
from knowledge_base.wording.wished import EXAMPLES, NAMES, SERVICE, WITHDRAWAL, with_change

#: Characters of a line: an example question, a title, an everyday name.
_BOUNDS: Final = {EXAMPLES: (3, 300), "title": (3, 160), NAMES: (2, 80)}
_MOST: Final = {EXAMPLES: 200, NAMES: 60}
_WORD = re.compile(r"[a-z0-9]+")
#: A service that editors have made is looked at again after so many days.
_REVIEW = timedelta(days=365)
Announce = Callable[[], Awaitable[None]]
log = structlog.get_logger(__name__)


class Wording:
    """What editors do with example questions, names, whole services and the question set. Permission is checked here."""

    judges = WordingChange

    def __init__(self, db: Database, clock: Clock, knowledge: KnowledgeBase, announce: Announce, trail: Trail) -> None:
        """``announce``: called once a publication is stored. ``trail``: who did what with the question set, and who
        published what."""
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._announce = announce
        self._trail = trail
        self._spoken: tuple[int, Mapping[str, set[tuple[str, str]]]] | None = None
        #: Called when a run of the question set waits.
        self.check_asked: Callable[[], None] = lambda: None

    # --- looking --------------------------------------------------------------------------------------------------------

    async def service(self, person: Person, service_id: str) -> dict[str, Any]:
        """By which words a service is found, by language, with what is wished.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
        """
        editors_only(person)
        async with self._db.read() as session:
            service = await session.get(Service, service_id)
            if service is None:
                raise NotFound()
            found: dict[str, Any] = {}
            for lang in LANGUAGES:
                names = _names_of(service, lang)
                examples = await _examples_of(session, service_id, lang)
                found[lang] = {NAMES: {**names, "base": mark(names)}, EXAMPLES: {**examples, "base": mark(examples)}}
            wishes = await repository.changes(session, states=wish.OPEN, service_id=service_id)
            return {
                "id": service_id,
                "wording": found,
                "changes": await self._told(session, person, *wishes),
            }

    async def changes(self, person: Person, states: Sequence[str]) -> list[dict[str, Any]]:
        """Wishes in some states, or all; the latest two hundred, the latest first.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            return await self._told(session, person, *await repository.changes(session, states=states))

    async def change(self, person: Person, change_id: str) -> dict[str, Any]:
        """One wish, with how far the run of the question set is.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such wish.
        """
        editors_only(person)
        async with self._db.read() as session:
            row = await repository.change(session, change_id)
            if row is None:
                raise NotFound()
            return (await self._told(session, person, row))[0]

    async def history(self, person: Person, service_id: str, kind: str, lang: str) -> list[dict[str, Any]]:
        """What was published of names or examples in one language, the latest fifty, the latest first, with what there was before
        each: back to that is a new wish.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            return [version_view(row) for row in await repository.published(session, service_id, kind, lang)]

    # --- wishing --------------------------------------------------------------------------------------------------------

    async def draft(self, person: Person, wanted: New) -> dict[str, Any]:
        """A new wish for examples or names.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
            Conflict: ``wording_open`` with ``who``; ``wording_changed``: they are others by now.
            PieturaError: what :func:`checked` refuses; ``nothing_changed``; ``ends_before_it_begins``.
        """
        editors_only(person)
        async with meeting(), self._db.unit() as unit:
            return await self._draft(unit, person, wanted, None)

    async def _draft(self, unit: UnitOfWork, person: Person, wanted: New, group_id: str | None) -> dict[str, Any]:
        session = unit.session
        before = await self._now(session, wanted.service_id, wanted.kind, wanted.lang)
        await self._free(session, wanted.service_id, wanted.kind, wanted.lang)
        values = self._values(wanted, wanted.kind, before)
        row = await self._begin(
            session,
            person,
            kind=wanted.kind,
            service_id=wanted.service_id,
            lang=wanted.lang,
            before=before,
            group_id=group_id,
            **values,
        )
        return (await self._told(session, person, row))[0]

    async def add_examples(
        self, unit: UnitOfWork, person: Person, service_id: str, lang: str, texts: Sequence[str], group_id: str
    ) -> dict[str, Any]:
        """A new wish that adds questions from life to the examples of a service, with the transaction of ``unit``;
        ``group_id``: where they come from.

        Raises:
            NotFound, Conflict, PieturaError: as for :meth:`draft`; call it within :func:`meeting`.
        """
        there = await self._now(unit.session, service_id, EXAMPLES, lang)
        wanted = New(
            kind="examples",
            service_id=service_id,
            lang=cast("Lang", lang),
            texts=[*there["texts"], *texts],
            base=mark(there),
        )
        return await self._draft(unit, person, wanted, group_id)

    async def draft_service(self, person: Person, wanted: NewService) -> dict[str, Any]:
        """A new service, wished; it is nowhere until a second person has approved it.

        Raises:
            Forbidden: the person does not edit.
            Conflict: ``wording_open``: one of this name is wished already.
            PieturaError: what :func:`checked` refuses; ``service_exists``; ``institution_unknown``.
        """
        editors_only(person)
        async with meeting(), self._db.unit() as unit:
            return await self.add_service(unit, person, wanted, None)

    async def add_service(
        self, unit: UnitOfWork, person: Person, wanted: NewService, group_id: str | None
    ) -> dict[str, Any]:
        """:meth:`draft_service` with the transaction of ``unit``; ``group_id``: the questions from life it comes from."""
        session = unit.session
        after = self._service_as_wished(wanted)
        service_id = _id_for(after["institution"], after["title"][DEFAULT_LANGUAGE])
        if await session.get(Service, service_id) is not None:
            raise PieturaError("service_exists", title=after["title"][DEFAULT_LANGUAGE])
        await self._free(session, service_id, SERVICE, DEFAULT_LANGUAGE)
        row = await self._begin(
            session,
            person,
            kind=SERVICE,
            service_id=service_id,
            lang=DEFAULT_LANGUAGE,
            before={},
            after=after,
            group_id=group_id,
            note=clean(wanted.note),
            valid_from=None,
            valid_to=None,
        )
        return (await self._told(session, person, row))[0]

    async def draft_withdrawal(self, person: Person, service_id: str, wanted: Withdraw) -> dict[str, Any]:
        """A new wish to withdraw a service, or to offer it again: search leaves it out, and whoever asks for it by its name is
        told that it is not provided any more. All that is known of it stays.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
            Conflict: ``wording_open`` with ``who``.
            PieturaError: ``reason_needed``; ``nothing_changed``; ``ends_before_it_begins``.
        """
        editors_only(person)
        note = clean(wanted.note)
        if not note:
            raise PieturaError("reason_needed")
        async with meeting(), self._db.unit() as unit:
            session = unit.session
            before = await self._now(session, service_id, WITHDRAWAL, DEFAULT_LANGUAGE)
            await self._free(session, service_id, WITHDRAWAL, DEFAULT_LANGUAGE)
            after = {"withdrawn": wanted.withdrawn}
            if after == before:
                raise PieturaError("nothing_changed")
            self._in_time(wanted)
            row = await self._begin(
                session,
                person,
                kind=WITHDRAWAL,
                service_id=service_id,
                lang=DEFAULT_LANGUAGE,
                before=before,
                after=after,
                group_id=None,
                note=note,
                valid_from=wanted.valid_from,
                valid_to=wanted.valid_to,
            )
            return (await self._told(session, person, row))[0]

    async def rewrite(self, person: Person, change_id: str, wanted: Write | NewService) -> dict[str, Any]:
        """Changes a draft. What was proposed is a draft again.

        Raises:
            Forbidden: the person does not edit, or the wish is another's.
            NotFound, PieturaError: as for :meth:`draft`; ``version_missing``.
            Conflict: ``edited_elsewhere``, ``wording_changed``, ``decided_already``.
        """
        editors_only(person)
        if wanted.version is None:
            raise PieturaError("version_missing")
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, WordingChange, change_id, ("draft", "proposed"))
            wish.by_author(row, person)
            if isinstance(wanted, NewService) is not (row.kind == SERVICE) or row.kind == WITHDRAWAL:
                raise NotFound()
            if isinstance(wanted, NewService):
                values: dict[str, Any] = {"after": self._service_as_wished(wanted), "note": clean(wanted.note)}
            else:
                before = await self._now(unit.session, row.service_id, row.kind, row.lang)
                values = {"before": before, **self._values(wanted, row.kind, before)}
            values |= {"state": "draft", "changed_at": self._clock.now(), **wish.UNJUDGED}
            await wish.put(unit.session, row, wanted.version, values)
            return (await self._told(unit.session, person, row))[0]

    async def propose(self, person: Person, change_id: str, version: int) -> dict[str, Any]:
        """Asks for a second person's word; the question set is run meanwhile.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`rewrite`.
            PieturaError: ``general_needed``: a new service without an answer has nothing to say.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, WordingChange, change_id, ("draft",))
            wish.by_author(row, person)
            if row.kind == SERVICE and not row.after["answer"].get(DEFAULT_LANGUAGE):
                raise PieturaError("general_needed")
            await wish.put(unit.session, row, version, {"state": "proposed", "changed_at": self._clock.now()})
            await judged.ask_check(unit, row, self)
            return (await self._told(unit.session, person, row))[0]

    async def run_set(self, person: Person, change_id: str) -> dict[str, Any]:
        """Runs the question set over a wish, in the background.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such wish.
            Conflict: ``decided_already``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, WordingChange, change_id, wish.OPEN)
            await judged.ask_check(unit, row, self)
            return (await self._told(unit.session, person, row))[0]

    async def approve(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person agrees, with the run of the question set before his eyes.

        Raises:
            Forbidden: the person does not edit, or is its author.
            NotFound: there is no such wish.
            Conflict: ``edited_elsewhere``, ``decided_already``, ``wording_changed``; ``set_not_run``: the set was not run over
                what would be published now; it is being run from now on.
            PieturaError: ``worse_needs_reason``: more questions would be answered wrongly, and nobody says why that is right.
        """
        editors_only(person)
        try:
            async with self._db.unit() as unit:
                await editors.publishing(unit.session)
                done = await self._approve(unit, person, change_id, version, note)
        except IntegrityError as error:
            # A file brought the same service, or example, in the same instant.
            raise Conflict("wording_changed") from error
        if done is None:
            # Only now: that it is being run is stored.
            raise Conflict("set_not_run")
        return done

    async def _approve(
        self, unit: UnitOfWork, person: Person, change_id: str, version: int, note: str
    ) -> dict[str, Any] | None:
        """None: the set was not run over what would be published now."""
        session, now = unit.session, self._clock.now()
        row = await wish.opened(session, WordingChange, change_id, ("proposed",))
        wish.by_second(row, person)
        if later(now, row.valid_to):
            raise PieturaError("ends_before_it_begins")
        trial = await self.trial(session, row)
        if not judged.is_fresh(row, trial):
            await judged.ask_check(unit, row, self)
            return None
        decided = {**wish.decided(person, note, now), **judged.weighed(row, trial, note)}
        await wish.put(session, row, version, {"state": "approved", **decided})
        if row.valid_from is None or row.valid_from <= now:
            await self._publish(unit, row, now)
        waits = {"starts_at": iso(row.valid_from)} if row.state == "approved" and row.valid_from else {}
        self._trail.note_with(unit, person.id, "wording_approved", row.service_id, **_noted(row), **waits)
        return (await self._told(session, person, row))[0]

    async def send_back(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person wants it otherwise, and says how; it is a draft again.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`approve`.
            PieturaError: ``reason_needed``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, WordingChange, change_id, ("proposed", "approved"))
            await wish.send_back(unit.session, row, person, version, note, self._clock.now())
            return (await self._told(unit.session, person, row))[0]

    async def drop(self, person: Person, change_id: str, version: int) -> None:
        """Gives a wish up; it stays on record.

        Raises:
            Forbidden: the person does not edit, or it is another's and he does not supervise.
            NotFound, Conflict: as for :meth:`rewrite`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, WordingChange, change_id, wish.OPEN)
            await wish.drop(unit.session, row, person, version, self._clock.now())

    # --- the question set ----------------------------------------------------------------------------------------------

    async def questions(self, session: AsyncSession) -> list[Question]:
        """The questions that count."""
        return await judged.questions(session)

    async def the_set(self, person: Person) -> dict[str, Any]:
        """All questions of the set, and those that were taken out.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            kept, gone = question_set.combined(await repository.set_questions(session))

        def view(one: Question, removed: bool) -> dict[str, Any]:
            expected = (
                {"id": one.service_id, "title": self._title(one.service_id, person.lang)} if one.service_id else None
            )
            return {
                "key": one.key,
                "text": one.text,
                "lang": one.lang,
                "expected": expected,
                "origin": one.origin,
                "by": one.by,
                "removed": removed,
            }

        # An editor's own first: they are the ones looked for.
        kept.sort(key=lambda one: one.origin != "editor")
        return {"questions": [*(view(one, False) for one in kept), *(view(one, True) for one in gone)]}

    async def add_question(self, person: Person, wanted: Ask) -> dict[str, Any]:
        """Puts a question into the set.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
            Conflict: ``in_set_already``.
            PieturaError: what :func:`checked` refuses.
        """
        editors_only(person)
        (text,) = checked([wanted.text], EXAMPLES) or [""]
        if not text:
            raise PieturaError("line_short", line=1, least=_BOUNDS[EXAMPLES][0])
        key = question_set.key_of(wanted.lang, text)
        async with meeting("in_set_already"), self._db.unit() as unit:
            session = unit.session
            if wanted.service_id is not None and await session.get(Service, wanted.service_id) is None:
                raise NotFound()
            kept, gone = question_set.combined(await repository.set_questions(session))
            if any(one.key == key for one in (*kept, *gone)):
                raise Conflict("in_set_already")
            session.add(
                SetQuestion(
                    id=str(uuid.uuid4()),
                    key=key,
                    text=text,
                    lang=wanted.lang,
                    service_id=wanted.service_id,
                    removed=False,
                    by_id=person.id,
                    by_name=person.name,
                    at=self._clock.now(),
                )
            )
        await self._trail.note(person.id, "set_question_added", key, text=text, service=wanted.service_id)
        return {"key": key}

    async def take_out(self, person: Person, wanted: Out) -> None:
        """Takes a question out of the set, or brings it back.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such question.
            Conflict: ``edited_elsewhere``: somebody did so in the same instant.
        """
        editors_only(person)
        async with meeting("edited_elsewhere"), self._db.unit() as unit:
            session = unit.session
            row = await repository.set_question(session, wanted.key)
            if row is None:
                shipped = next((one for one in question_set.shipped() if one.key == wanted.key), None)
                if shipped is None:
                    raise NotFound()
                row = SetQuestion(
                    id=str(uuid.uuid4()),
                    key=shipped.key,
                    text=shipped.text,
                    lang=shipped.lang,
                    service_id=shipped.service_id,
                    by_id=person.id,
                    by_name=person.name,
                    removed=wanted.removed,
                    at=self._clock.now(),
                )
                session.add(row)
            row.removed = wanted.removed
        action = "set_question_removed" if wanted.removed else "set_question_back"
        await self._trail.note(person.id, action, wanted.key, before=not wanted.removed, after=wanted.removed)

    async def asked_of(self, person: Person, service_id: str, lang: str) -> list[dict[str, Any]]:
        """The questions of the set that a service answers: to whom a changed answer will be told.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            kept = await self.questions(session)
        return [{"text": one.text, "key": one.key} for one in kept if one.service_id == service_id and one.lang == lang]

    async def trial(self, session: AsyncSession, row: WordingChange) -> Trial:
        """See :meth:`knowledge_base.wording.judged.Judging.trial`: what is published, the set, and the wish itself."""
        questions = await self.questions(session)
        return Trial(await judged.base_key(session, questions) + mark(row.after), questions)

    async def with_wish(self, _session: AsyncSession, content: Content, row: WordingChange) -> Content:
        """See :meth:`knowledge_base.wording.judged.Judging.with_wish`."""
        return with_change(content, row)

    # --- what time brings -------------------------------------------------------------------------------------------------

    async def settle_due(self) -> None:
        """Publishes what waits for its day, once the set has been run over it as things are by then; ends what has had it."""
        now = self._clock.now()
        async with self._db.read() as session:
            ids = await repository.due(session, now)
        for change_id in ids:
            try:
                async with self._db.unit() as unit:
                    await editors.publishing(unit.session)
                    row = await repository.change(unit.session, change_id)
                    if row is not None and row.state == "approved":
                        await self._settle(unit, row, now)
                    elif row is not None and row.state == "published":
                        await self._end(unit, row, now)
            except (PieturaError, IntegrityError) as error:
                log.info("a wish met a change", change=change_id, error=type(error).__name__)

    async def _settle(self, unit: UnitOfWork, row: WordingChange, now: datetime) -> None:
        if not judged.is_fresh(row, await self.trial(unit.session, row)):
            await judged.ask_check(unit, row, self)
        elif not judged.is_accepted(row):
            # This is not what was agreed on, nor what a reason was given for: somebody has to look at it again.
            await wish.put(unit.session, row, row.version, {"state": "proposed", "changed_at": now})
        else:
            await self._publish(unit, row, now, waited=True)

    # --- publishing -------------------------------------------------------------------------------------------------------

    async def _publish(self, unit: UnitOfWork, row: WordingChange, now: datetime, *, waited: bool = False) -> None:
        session = unit.session
        if row.kind == SERVICE:
            changed = await session.get(Service, row.service_id) is not None
        else:
            changed = await self._now(session, row.service_id, row.kind, row.lang) != row.before
        if changed:
            if not waited:
                raise Conflict("wording_changed")
            await wish.changed(session, row, row.version, {"state": "overtaken", "changed_at": now})
            return
        values = {"state": "published", "published_at": now, "changed_at": now}
        # The wish first: of two workers one goes on from here.
        if not await wish.changed(session, row, row.version, values):
            raise Conflict("edited_elsewhere")
        await self._show(session, row, row.after, now)
        if waited:
            self._trail.note_with(unit, None, "wording_published", row.service_id, **_noted(row))
        unit.after_commit(self._announce)

    async def _end(self, unit: UnitOfWork, row: WordingChange, now: datetime) -> None:
        """``valid_to`` has passed: what there was before is there again, unless somebody has changed it since."""
        session = unit.session
        if not await wish.changed(session, row, row.version, {"state": "ended", "changed_at": now}):
            return
        now_there = await self._now(session, row.service_id, row.kind, row.lang)
        if _in_order(row.kind, now_there) == _in_order(row.kind, row.after):
            await self._show(session, row, row.before, now)
            self._trail.note_with(unit, None, "wording_ended", row.service_id, **_noted(row))
            unit.after_commit(self._announce)

    async def _show(self, session: AsyncSession, row: WordingChange, wanted: Mapping[str, Any], now: datetime) -> None:
        if row.kind == EXAMPLES:
            await _store_examples(session, row.service_id, row.lang, wanted["texts"])
        elif row.kind == NAMES:
            service = await session.get(Service, row.service_id)
            if service is None:
                raise Conflict("wording_changed")
            setattr(service, f"title_{row.lang}", wanted["title"])
            service.aliases = {**service.aliases, row.lang: list(wanted["texts"])}
            service.named_by_editor = sorted({*(service.named_by_editor or []), row.lang})
        elif row.kind == WITHDRAWAL:
            service = await session.get(Service, row.service_id)
            if service is None:
                raise Conflict("wording_changed")
            service.withdrawn = bool(wanted["withdrawn"])
        else:
            await self._store_service(session, row, wanted, now)
        await session.flush()
        await editors.next_revision(session)

    async def _store_service(
        self, session: AsyncSession, row: WordingChange, wanted: Mapping[str, Any], now: datetime
    ) -> None:
        titles = {lang: wanted["title"].get(lang) or wanted["title"][DEFAULT_LANGUAGE] for lang in LANGUAGES}
        session.add(
            Service(
                id=row.service_id,
                **{f"title_{lang}": title for lang, title in titles.items()},
                institution_code=wanted["institution"],
                institution_name=self._knowledge.institution_name(wanted["institution"], DEFAULT_LANGUAGE),
                kind="state",
                audience=["person"],
                life_events=[],
                aliases={lang: [] for lang in LANGUAGES},
                facts={},
                sources=[],
                confidence="medium",
                review_due=(now + _REVIEW).astimezone(RIGA).date(),
                checked_on=now.astimezone(RIGA).date(),
                # No file has it: the importer leaves services alone that it does not know.
                content_hash="",
                named_by_editor=list(LANGUAGES),
            )
        )
        await session.flush()
        for lang in LANGUAGES:
            await _store_examples(session, row.service_id, lang, wanted["examples"].get(lang, []))
            text = wanted["answer"].get(lang)
            if text:
                session.add(
                    ServiceAnswer(
                        service_id=row.service_id,
                        lang=lang,
                        aspect=GENERAL,
                        text=text,
                        version=1,
                        current=True,
                        origin="editor",
                        source_date=wanted["source_date"] or None,
                        created_at=now,
                    )
                )

    # --- what everything is made of ---------------------------------------------------------------------------------------

    async def _now(self, session: AsyncSession, service_id: str, kind: str, lang: str) -> dict[str, Any]:
        """What there is now.

        Raises:
            NotFound: there is no such service.
        """
        service = await session.get(Service, service_id)
        if service is None:
            raise NotFound()
        if kind == WITHDRAWAL:
            return {"withdrawn": service.withdrawn}
        return _names_of(service, lang) if kind == NAMES else await _examples_of(session, service_id, lang)

    async def _free(self, session: AsyncSession, service_id: str, kind: str, lang: str) -> None:
        there = await repository.open_change(session, service_id, kind, lang)
        if there is not None:
            raise Conflict("wording_open", who=there.author_name, change=there.id)

    async def _begin(self, session: AsyncSession, person: Person, **values: Any) -> WordingChange:
        now = self._clock.now()
        row = WordingChange(
            id=str(uuid.uuid4()),
            state="draft",
            decision="",
            author_id=person.id,
            author_name=person.name,
            created_at=now,
            changed_at=now,
            check_state="none",
            check_done=0,
            check_total=0,
            version=1,
            **values,
        )
        session.add(row)
        await session.flush()
        return row

    def _values(self, wanted: Write, kind: str, before: Mapping[str, Any]) -> dict[str, Any]:
        if mark(before) != wanted.base:
            raise Conflict("wording_changed")
        after: dict[str, Any] = {"texts": checked(wanted.texts, kind, set(before["texts"]))}
        if kind == NAMES:
            titles = checked([wanted.title], "title")
            if not titles:
                raise PieturaError("title_needed")
            after["title"] = titles[0]
        if after == before:
            raise PieturaError("nothing_changed")
        self._in_time(wanted)
        return {
            "after": after,
            "note": clean(wanted.note),
            "valid_from": wanted.valid_from,
            "valid_to": wanted.valid_to,
        }

    def _in_time(self, wanted: Write | Withdraw) -> None:
        if later(wanted.valid_from, wanted.valid_to) or later(self._clock.now(), wanted.valid_to):
            raise PieturaError("ends_before_it_begins")

    def _service_as_wished(self, wanted: NewService) -> dict[str, Any]:
        titles = {lang: checked([text], "title") for lang, text in wanted.title.items()}
        if not titles.get(DEFAULT_LANGUAGE):
            raise PieturaError("title_needed")
        if wanted.institution not in {row.id for row in self._knowledge.institutions()}:
            raise PieturaError("institution_unknown")
        answers = {lang: check_answer(text, "how", wanted.source_date) for lang, text in wanted.answer.items()}
        return {
            "title": {lang: found[0] for lang, found in titles.items() if found},
            "institution": wanted.institution,
            "examples": {lang: checked(texts, EXAMPLES) for lang, texts in wanted.examples.items()},
            "answer": {lang: text for lang, text in answers.items() if text},
            "source_date": wanted.source_date,
        }

    def _title(self, service_id: str, lang: str) -> str:
        return self._knowledge.title(service_id, lang) if self._knowledge.known(service_id) else service_id

    async def _words(self, session: AsyncSession) -> Mapping[str, set[tuple[str, str]]]:
        """By which words each service is called, read once for each publication."""
        revision = await KnowledgeRepository(session).revision()
        if self._spoken is None or self._spoken[0] != revision:
            self._spoken = (revision, await _spoken(session))
        return self._spoken[1]

    async def _told(self, session: AsyncSession, person: Person, *rows: WordingChange) -> list[dict[str, Any]]:
        if not rows:
            return []
        spoken = await self._words(session) if any(row.state in wish.OPEN for row in rows) else {}
        questions = await self.questions(session)
        measured = {one.key for one in questions}
        base = await judged.base_key(session, questions)
        wished = {row.service_id: row.after["title"] for row in rows if row.kind == SERVICE}

        def name(service_id: str) -> str:
            own = wished.get(service_id)
            return (own.get(person.lang) or own["lv"]) if own else self._title(service_id, person.lang)

        found = []
        for row in rows:
            is_open = row.state in wish.OPEN
            clashes = _clashes(row, spoken, measured, name) if is_open else []
            fresh = is_open and row.check_state == "done" and row.check_key == base + mark(row.after)
            found.append(change_view(row, name(row.service_id), fresh, clashes, _may(person, row), name))
        return found


@asynccontextmanager
async def meeting(code: str = "wording_open") -> AsyncIterator[None]:
    """Two began the same in the same instant: the second is told so. Stands around the unit of work, which stores at its end.

    Raises:
        Conflict: ``code``.
    """
    try:
        yield
    except IntegrityError as error:
        raise Conflict(code, who="–") from error


def checked(texts: Sequence[str], kind: str, there: Collection[str] = ()) -> list[str]:
    """Lines as they may be stored: cleaned, on one line each, without empty ones and repeats. Those that are ``there`` already
    are not judged again.

    Raises:
        PieturaError: ``line_short``, ``line_long``, ``line_personal`` with ``line`` (counted from 1); ``lines_many``.
    """
    least, most = _BOUNDS[kind]
    found: dict[str, str] = {}
    for at, text in enumerate(texts, 1):
        line = " ".join(clean(text).split())
        if not line:
            continue
        if text in there:
            found.setdefault(text.casefold(), text)
            continue
        if len(line) < least:
            raise PieturaError("line_short", line=at, least=least)
        if len(line) > most:
            raise PieturaError("line_long", line=at, most=most)
        if mask(line).kinds:
            raise PieturaError("line_personal", line=at)
        found.setdefault(line.casefold(), line)
    limit = _MOST.get(kind, 1)
    if len(found) > limit:
        raise PieturaError("lines_many", most=limit)
    return list(found.values())


def _names_of(service: Service, lang: str) -> dict[str, Any]:
    return {"title": service.titles()[lang], "texts": list(service.aliases.get(lang, []))}


async def _examples_of(session: AsyncSession, service_id: str, lang: str) -> dict[str, Any]:
    rows = await repository.examples(session, service_id, lang)
    return {"texts": [row.text for row in rows if not row.withdrawn]}


async def _store_examples(session: AsyncSession, service_id: str, lang: str, wanted: Sequence[str]) -> None:
    """Makes ``wanted`` the examples. What the files brought is marked as withdrawn, or they would bring it again."""
    there = {row.text: row for row in await repository.examples(session, service_id, lang)}
    for text in wanted:
        row = there.pop(text, None)
        if row is None:
            session.add(ServiceExample(service_id=service_id, lang=lang, text=text, origin="editor", withdrawn=False))
        elif row.withdrawn:
            row.withdrawn = False
    for row in there.values():
        row.withdrawn, row.origin = True, "editor"
    await session.flush()


async def _spoken(session: AsyncSession) -> dict[str, set[tuple[str, str]]]:
    """Folded words → (service, ``example``, ``name`` or ``title``): by which words each service is called."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for service_id, _, text in await repository.spoken(session):
        found[txt.fold(text)].add((service_id, "example"))
    for service in await repository.services(session):
        for title in service.titles().values():
            found[txt.fold(title)].add((service.id, "title"))
        for texts in service.aliases.values():
            for text in texts:
                found[txt.fold(text)].add((service.id, "name"))
    return found


def _clashes(
    row: WordingChange, spoken: Mapping[str, set[tuple[str, str]]], measured: set[str], name: Callable[[str], str]
) -> list[dict[str, Any]]:
    """What an editor is warned of: new words that another service has, and questions by which we measure."""
    before = set(row.before.get("texts", ())) | {row.before.get("title")}
    if row.kind == SERVICE:
        lines = [(lang, text) for lang, texts in row.after["examples"].items() for text in texts]
        lines += list(row.after["title"].items())
    else:
        lines = [(row.lang, text) for text in (*row.after.get("texts", ()), row.after.get("title", ""))]
    found = []
    for lang, text in lines:
        if not text or text in before:
            continue
        others = sorted({one for one in spoken.get(txt.fold(text), ()) if one[0] != row.service_id})
        found += [{"text": text, "what": what, "service": {"id": one, "title": name(one)}} for one, what in others]
        if question_set.key_of(lang, text) in measured:
            found.append({"text": text, "what": "set", "service": None})
    return found


def _id_for(institution: str, title: str) -> str:
    words = _WORD.findall(txt.fold(title))[:6] or [uuid.uuid4().hex[:8]]
    return f"{institution}-{'-'.join(words)}"[:80].strip("-")


def _may(person: Person, row: WordingChange) -> list[str]:
    # Whether a service is withdrawn is a yes or a no: who wishes the other drops the wish.
    found = [one for one in wish.may(person, row) if one != "rewrite" or row.kind != WITHDRAWAL]
    return [*found, *(["run_set"] if row.state in wish.OPEN else [])]


def _noted(row: WordingChange) -> dict[str, Any]:
    """What the audit trail keeps of a decision about wording; the words themselves stand in the wish, which is never deleted."""
    return {"wording": row.kind, "lang": row.lang, "change": row.id}


def _in_order(kind: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Examples are a set: the database gives them in the order in which they came, an editor writes them in another."""
    return {**said, "texts": sorted(said["texts"])} if kind == EXAMPLES else said
