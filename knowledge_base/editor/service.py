"""Changing answers: a draft, a second person's word, its day, and the way back. Whoever asks next is answered by it.

An answer is written over by nobody: each publication is a new version (`ServiceAnswer`), and each names the wish it came from.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.i18n import LANGUAGES
from kit.textual import clean
from knowledge_base import wish
from knowledge_base.editor import repository
from knowledge_base.editor.models import AnswerChange
from knowledge_base.editor.schemas import NewChange, Person, Restore, WriteChange, change_view, later, version_view
from knowledge_base.models import Service, ServiceAnswer
from knowledge_base.records import ASPECTS, EDITORS_NOTE, next_review
from knowledge_base.repository import KnowledgeRepository, ShownText
from knowledge_base.service import GENERAL, Content
from knowledge_base.wording import judged, question_set
from knowledge_base.wording.judged import Trial
from knowledge_base.wording.ports import Trail
from knowledge_base.wording.question_set import Question

EDITORS: Final = ("editor", "supervisor", "admin")
_EDITOR: Final = "editor"
#: Money in a text: a figure before or after the sign or the word. Its year has to be known.
_SIGN = r"(?:€|\beur(?:os?|o)?\b|\beiro\b|\bевро\b)"
MONEY = re.compile(
    rf"{_SIGN}\s*\d|\d[\s\d.,]*(?:(?:tūkst|milj|тыс|млн)\.?|thousand|million)?\s*(?:€|eiro|eur|евро|euro)",
    re.IGNORECASE,
)
Announce = Callable[[], Awaitable[None]]
log = structlog.get_logger(__name__)


class _Shown(NamedTuple):
    """What is to be shown of an answer; fields as in :class:`ServiceAnswer`."""

    text: str
    source_date: str | None
    origin: str


class EditorsDesk:
    """What editors do with answers. Permission is checked here, from the signed-in person."""

    judges = AnswerChange

    def __init__(self, db: Database, clock: Clock, announce: Announce, trail: Trail) -> None:
        """``announce``: called once a publication is stored, so that workers need not wait for their next look. ``trail``: who
        looked at a service again, and who published what."""
        self._db = db
        self._clock = clock
        self._announce = announce
        self._trail = trail
        #: Called when a run of the question set waits.
        self.check_asked: Callable[[], None] = lambda: None

    # --- looking --------------------------------------------------------------------------------------------------------

    async def overview(self, person: Person) -> list[dict[str, Any]]:
        """Every service with what is missing, what is open, and when it must be looked at again.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        today = self._clock.now().astimezone(RIGA).date()
        async with self._db.read() as session:
            found = await repository.services(session)
            has = await repository.coverage(session)
            counts = await repository.open_counts(session)
        rows = []
        for service in found:
            latvian = has.get((service.id, "lv"), set())
            rows.append(
                {
                    "id": service.id,
                    "title": _title(service, person.lang),
                    "institution": service.institution_name,
                    "kind": service.kind,
                    "confidence": service.confidence,
                    "review_due": service.review_due.isoformat() if service.review_due else None,
                    "withdrawn": service.withdrawn,
                    # Of what is not provided any more nothing is due and nothing missing.
                    "due": not service.withdrawn and service.review_due is not None and service.review_due <= today,
                    "aspects": len(latvian),
                    "missing": {
                        lang: 0 if service.withdrawn else len(latvian - has.get((service.id, lang), set()))
                        for lang in LANGUAGES
                        if lang != "lv"
                    },
                    "open": counts.get(service.id, 0),
                }
            )
        return rows

    async def service(self, person: Person, service_id: str) -> dict[str, Any]:
        """All that is known about a service: the facts and their sources, each answer in each language, open wishes.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
        """
        editors_only(person)
        async with self._db.read() as session:
            service = await session.get(Service, service_id)
            if service is None:
                raise NotFound()
            answers = await repository.in_force(session, service_id)
            wishes = await repository.changes(session, states=wish.OPEN, service_id=service_id)
            changes = await self._told(session, person, *wishes)
        shown = {(row.lang, row.aspect): row for row in answers}
        return {
            "id": service.id,
            "titles": service.titles(),
            "title": _title(service, person.lang),
            "institution": service.institution_name,
            "kind": service.kind,
            "withdrawn": service.withdrawn,
            "confidence": service.confidence,
            "review_due": service.review_due.isoformat() if service.review_due else None,
            "checked_on": service.checked_on.isoformat() if service.checked_on else None,
            "facts": {name: value for name, value in service.facts.items() if value},
            "sources": service.sources,
            "answers": {lang: [_answer(aspect, shown.get((lang, aspect))) for aspect in ASPECTS] for lang in LANGUAGES},
            "changes": changes,
        }

    async def history(self, person: Person, service_id: str, lang: str, aspect: str) -> list[dict[str, Any]]:
        """Every version of one answer, newest first, with whose it was.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            rows = await KnowledgeRepository(session).history(service_id, lang, aspect)
            wishes = await repository.published_changes(session, service_id, lang, aspect)
        return [version_view(row, wishes) for row in rows]

    async def changes(self, person: Person, states: list[str]) -> list[dict[str, Any]]:
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

    # --- looking again ----------------------------------------------------------------------------------------------------

    async def reviewed(self, person: Person, service_id: str) -> dict[str, Any]:
        """The person has compared a service with its sources today, and it is as it should be: when it is due next is counted
        from today, and citizens are told today's day where a source has none of its own.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
        """
        editors_only(person)
        today = self._clock.now().astimezone(RIGA).date()
        async with self._db.unit() as unit:
            await repository.publishing(unit.session)
            service = await unit.session.get(Service, service_id)
            if service is None:
                raise NotFound()
            before = _day(service.review_due)
            service.checked_on, service.review_due = today, next_review(service.facts, today)
            after = _day(service.review_due)
            self._trail.note_with(unit, person.id, "service_reviewed", service_id, before=before, after=after)
            await unit.session.flush()
            await repository.next_revision(unit.session)
            unit.after_commit(self._announce)
        return await self.service(person, service_id)

    # --- wishing --------------------------------------------------------------------------------------------------------

    async def draft(self, person: Person, wanted: NewChange) -> dict[str, Any]:
        """A new wish for an answer.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such service.
            Conflict: ``open_already`` with ``who``: somebody works on this answer; ``answer_changed``: it is another by now.
            PieturaError: what :func:`check` refuses.
        """
        editors_only(person)
        try:
            async with self._db.unit() as unit:
                session = unit.session
                if await session.get(Service, wanted.service_id) is None:
                    raise NotFound()
                shown = await self._free(session, wanted)
                now = self._clock.now()
                values = self._values(wanted, wanted.aspect, shown, now)
                row = await self._begin(session, person, wanted, now, state="draft", **values)
                return (await self._told(session, person, row))[0]
        except IntegrityError as error:
            # Two began in the same instant.
            raise Conflict("open_already", who="–") from error

    async def rewrite(self, person: Person, change_id: str, wanted: WriteChange) -> dict[str, Any]:
        """Changes a draft. What was proposed is a draft again: the second person decides on what he has read.

        Raises:
            Forbidden: the person does not edit, or the wish is another's.
            NotFound, PieturaError: as for :meth:`draft`; ``version_missing``.
            Conflict: ``edited_elsewhere``, ``answer_changed``, ``decided_already``.
        """
        editors_only(person)
        if wanted.version is None:
            raise PieturaError("version_missing")
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, AnswerChange, change_id, ("draft", "proposed"))
            wish.by_author(row, person)
            shown = await repository.current(unit.session, row.service_id, row.lang, row.aspect)
            if _version(shown) != wanted.base_version:
                raise Conflict("answer_changed")
            now = self._clock.now()
            values = {"state": "draft", **self._values(wanted, row.aspect, shown, now), **wish.UNJUDGED}
            await wish.put(unit.session, row, wanted.version, values)
            return (await self._told(unit.session, person, row))[0]

    async def propose(self, person: Person, change_id: str, version: int) -> dict[str, Any]:
        """Asks for a second person's word; meanwhile the questions of the set that have a changed word are run.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`rewrite`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, AnswerChange, change_id, ("draft",))
            wish.by_author(row, person)
            await wish.put(unit.session, row, version, {"state": "proposed", "changed_at": self._clock.now()})
            if (await self.trial(unit.session, row)).questions:
                await judged.ask_check(unit, row, self)
            return (await self._told(unit.session, person, row))[0]

    async def approve(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person agrees: it is published, or waits for its day.

        Raises:
            Forbidden: the person does not edit, or is its author.
            NotFound: there is no such wish.
            Conflict: ``edited_elsewhere``, ``decided_already``, ``answer_changed``; ``set_not_run``: the set was not run over
                this change; it is being run from now on.
            PieturaError: ``worse_needs_reason``: more questions would be answered wrongly, and nobody says why that is right.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            done = await self._approve(unit, person, change_id, version, note)
        if done is None:
            # Only now: that it is being run is stored.
            raise Conflict("set_not_run")
        return done

    async def _approve(
        self, unit: UnitOfWork, person: Person, change_id: str, version: int, note: str
    ) -> dict[str, Any] | None:
        """None: the set was not run over this change."""
        session, now = unit.session, self._clock.now()
        await repository.publishing(session)
        row = await wish.opened(session, AnswerChange, change_id, ("proposed",))
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
        self._trail.note_with(unit, person.id, "answer_approved", row.service_id, **_noted(row))
        return (await self._told(session, person, row))[0]

    async def trial(self, session: AsyncSession, row: AnswerChange, counted: Sequence[Question] | None = None) -> Trial:
        """See :meth:`knowledge_base.wording.judged.Judging.trial`: the answer as it is and as it shall be, and the questions that
        have a word of the difference. What else is published meanwhile does not count, or of many small corrections each would
        wait for the one before it.

        Args:
            counted: the whole set, where it is at hand.
        """
        shown = await repository.current(session, row.service_id, row.lang, row.aspect)
        counted = await judged.questions(session) if counted is None else counted
        asked = judged.touched(counted, row.lang, shown.text if shown else "", row.text or "")
        key = f"{question_set.fingerprint(asked)}.{row.base_version or 0}.{judged.mark({'text': row.text})}"
        return Trial(key, asked)

    async def with_wish(self, _session: AsyncSession, content: Content, row: AnswerChange) -> Content:
        """See :meth:`knowledge_base.wording.judged.Judging.with_wish`."""
        place = (row.service_id, row.lang)
        shown = {aspect: said for aspect, said in content.texts.get(place, {}).items() if aspect != row.aspect}
        if row.text:
            shown[row.aspect] = ShownText(*place, row.aspect, row.text, _EDITOR, row.source_date)
        return replace(content, texts={**content.texts, place: shown})

    async def send_back(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person wants it otherwise, and says how; it is a draft again.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`approve`.
            PieturaError: ``reason_needed``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, AnswerChange, change_id, ("proposed", "approved"))
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
            row = await wish.opened(unit.session, AnswerChange, change_id, wish.OPEN)
            await wish.drop(unit.session, row, person, version, self._clock.now())

    async def restore(self, person: Person, wanted: Restore) -> dict[str, Any]:
        """Back to a version that was shown before, at once: it had its second person then.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such version.
            Conflict: ``answer_changed``; ``open_already``: a wish for this answer is open, decide about it first.
            PieturaError: ``shown_already``.
        """
        editors_only(person)
        try:
            return await self._restore(person, wanted)
        except IntegrityError as error:
            # A wish was begun, or an answer published, in the same instant.
            raise Conflict("answer_changed") from error

    async def _restore(self, person: Person, wanted: Restore) -> dict[str, Any]:
        async with self._db.unit() as unit:
            session = unit.session
            await repository.publishing(session)
            former = await repository.version_of(
                session, wanted.service_id, wanted.lang, wanted.aspect, wanted.to_version
            )
            if former is None:
                raise NotFound()
            await self._free(session, wanted)
            if former.current:
                raise PieturaError("shown_already")
            now = self._clock.now()
            row = await self._begin(
                session,
                person,
                wanted,
                now,
                state="approved",
                text=former.text or None,
                source_date=former.source_date,
                base_version=wanted.base_version,
                note=f"→ {wanted.to_version}",
                changed_at=now,
            )
            await self._publish(unit, row, now, origin=former.origin)
            self._trail.note_with(unit, person.id, "answer_restored", row.service_id, **_noted(row), to=former.version)
            return (await self._told(session, person, row))[0]

    # --- what time brings -------------------------------------------------------------------------------------------------

    async def settle_due(self) -> None:
        """Publishes what waits for its day, then ends what has had it. Safe in every worker at once: whoever changes the wish
        first does the rest."""
        now = self._clock.now()
        async with self._db.read() as session:
            ids = await repository.due(session, now)
        for change_id in ids:
            try:
                async with self._db.unit() as unit:
                    await repository.publishing(unit.session)
                    row = await repository.change(unit.session, change_id)
                    if row is not None and row.state == "approved":
                        await self._publish(unit, row, now, waited=True)
                    elif row is not None and row.state == "published":
                        await self._end(unit, row, now)
            except (Conflict, IntegrityError) as error:
                # Another worker, or an editor, was faster; the next look finds what is left.
                log.info("a wish met a change", change=change_id, error=type(error).__name__)

    # --- publishing -------------------------------------------------------------------------------------------------------

    async def _publish(
        self, unit: UnitOfWork, row: AnswerChange, now: datetime, *, waited: bool = False, origin: str = _EDITOR
    ) -> None:
        session = unit.session
        shown = await repository.current(session, row.service_id, row.lang, row.aspect)
        if _version(shown) != row.base_version:
            if not waited:
                raise Conflict("answer_changed")
            # Somebody else's answer came in between: what was agreed on is no longer what would be replaced.
            await wish.changed(session, row, row.version, {"state": "overtaken", "changed_at": now})
            return
        version = 1 + await repository.highest_version(session, row.service_id, row.lang, row.aspect)
        published = {"state": "published", "published_at": now, "published_version": version, "changed_at": now}
        # The wish first: of two workers one goes on from here.
        if not await wish.changed(session, row, row.version, published):
            raise Conflict("edited_elsewhere")
        await self._show(session, row, shown, version, _Shown(row.text or "", row.source_date, origin), now)
        if waited:
            self._trail.note_with(unit, None, "answer_published", row.service_id, **_noted(row))
        unit.after_commit(self._announce)

    async def _end(self, unit: UnitOfWork, row: AnswerChange, now: datetime) -> None:
        """``valid_to`` has passed: what was shown before is shown again, unless something newer is."""
        session = unit.session
        shown = await repository.current(session, row.service_id, row.lang, row.aspect)
        if not await wish.changed(session, row, row.version, {"state": "ended", "changed_at": now}):
            return
        if shown is None or shown.version != row.published_version:
            return
        before = await self._before(session, row, now)
        version = 1 + await repository.highest_version(session, row.service_id, row.lang, row.aspect)
        if before is None:
            # There was nothing: nor is there now, and the files may bring something one day.
            shown.current = False
            await session.flush()
            await repository.next_revision(session)
        else:
            await self._show(session, row, shown, version, _Shown(before.text, before.source_date, before.origin), now)
        # Whoever builds on the temporary answer builds on what is shown instead of it now.
        await repository.rebase(
            session, row.service_id, row.lang, row.aspect, shown.version, version if before is not None else None
        )
        self._trail.note_with(
            unit, None, "answer_ended", row.service_id, lang=row.lang, aspect=row.aspect, change=row.id
        )
        unit.after_commit(self._announce)

    async def _before(self, session: AsyncSession, row: AnswerChange, now: datetime) -> ServiceAnswer | None:
        """The latest version before a wish that has not had its day itself."""
        wishes = await repository.published_changes(session, row.service_id, row.lang, row.aspect)
        version = row.base_version
        while version is not None:
            had = wishes.get(version)
            if had is None or not (had.state == "ended" or later(now, had.valid_to)):
                return await repository.version_of(session, row.service_id, row.lang, row.aspect, version)
            version = had.base_version
        return None

    async def _show(
        self,
        session: AsyncSession,
        row: AnswerChange,
        shown: ServiceAnswer | None,
        version: int,
        wanted: _Shown,
        now: datetime,
    ) -> None:
        """Makes ``wanted`` the answer in force. An empty text stands for none: so the importer knows that an editor has
        withdrawn it."""
        if shown is not None:
            # Before the new one is stored: only one may be current.
            shown.current = False
            await session.flush()
        session.add(
            ServiceAnswer(
                service_id=row.service_id,
                lang=row.lang,
                aspect=row.aspect,
                text=wanted.text,
                version=version,
                current=True,
                origin=wanted.origin,
                source_date=wanted.source_date,
                created_at=now,
            )
        )
        await session.flush()
        await repository.next_revision(session)

    # --- what everything is made of ---------------------------------------------------------------------------------------

    async def _free(self, session: AsyncSession, wanted: NewChange | Restore) -> ServiceAnswer | None:
        """What is shown of an answer that nobody works on, and that is still what the person has seen.

        Raises:
            Conflict: ``open_already``, ``answer_changed``.
        """
        there = await repository.open_change(session, wanted.service_id, wanted.lang, wanted.aspect)
        if there is not None:
            raise Conflict("open_already", who=there.author_name, change=there.id)
        shown = await repository.current(session, wanted.service_id, wanted.lang, wanted.aspect)
        if _version(shown) != wanted.base_version:
            raise Conflict("answer_changed")
        return shown

    async def _begin(
        self, session: AsyncSession, person: Person, wanted: NewChange | Restore, now: datetime, **values: Any
    ) -> AnswerChange:
        """A wish, stored; ``values`` are its columns besides whose it is and what it is about."""
        row = AnswerChange(
            id=str(uuid.uuid4()),
            service_id=wanted.service_id,
            lang=wanted.lang,
            aspect=wanted.aspect,
            decision="",
            author_id=person.id,
            author_name=person.name,
            created_at=now,
            version=1,
            **values,
        )
        session.add(row)
        await session.flush()
        return row

    def _values(self, wanted: WriteChange, aspect: str, shown: ServiceAnswer | None, now: datetime) -> dict[str, Any]:
        text = check(wanted.text, aspect, wanted.source_date)
        stands = (shown.text or None, shown.source_date) if shown is not None else (None, None)
        # The same text, confirmed for another year, is a change as well.
        if text == stands[0] and wanted.source_date in (None, stands[1]):
            raise PieturaError("nothing_changed")
        if later(wanted.valid_from, wanted.valid_to) or later(now, wanted.valid_to):
            raise PieturaError("ends_before_it_begins")
        return {
            "text": text,
            "source_date": wanted.source_date,
            "base_version": wanted.base_version,
            "note": clean(wanted.note),
            "valid_from": wanted.valid_from,
            "valid_to": wanted.valid_to,
            "changed_at": now,
        }

    async def _told(self, session: AsyncSession, person: Person, *rows: AnswerChange) -> list[dict[str, Any]]:
        if not rows:
            return []
        counted = await judged.questions(session) if any(row.state in wish.OPEN for row in rows) else []
        titles = {service.id: _title(service, person.lang) for service in await repository.services(session)}

        def name(service_id: str) -> str:
            return titles.get(service_id, service_id)

        found = []
        for row in rows:
            place = (row.service_id, row.lang, row.aspect)
            if row.state in wish.OPEN:
                before = await repository.current(session, *place)
                trial = await self.trial(session, row, counted)
                fresh, needed = judged.is_fresh(row, trial), bool(trial.questions)
            else:
                # Of what is over it is told what it changed then.
                before = await repository.version_of(session, *place, row.base_version) if row.base_version else None
                fresh, needed = False, row.check_result is not None
            shown = (before.text or None) if before is not None else None
            check = {**judged.check_view(row, fresh, name), "needed": needed}
            found.append(change_view(row, name(row.service_id), shown, check, wish.may(person, row)))
        return found


def editors_only(person: Person) -> None:
    """Refuses whoever does not edit.

    Raises:
        Forbidden: he is neither editor, supervisor nor administrator.
    """
    if person.role not in EDITORS:
        raise Forbidden()


def check(text: str | None, aspect: str, source_date: str | None) -> str | None:
    """The text as it may be stored; None withdraws the answer.

    Raises:
        PieturaError: ``general_needed``: without it a service has nothing to say; ``editors_note``: a mark that is for editors
            stands in it; ``money_needs_date``: it states money, and how old that is is not said.
    """
    text = clean(text or "")
    if not text:
        if aspect == GENERAL:
            raise PieturaError("general_needed")
        return None
    if EDITORS_NOTE in text:
        raise PieturaError("editors_note", mark=EDITORS_NOTE)
    if MONEY.search(text) and not source_date:
        raise PieturaError("money_needs_date")
    return text


def _version(shown: ServiceAnswer | None) -> int | None:
    return shown.version if shown is not None else None


def _noted(row: AnswerChange) -> dict[str, Any]:
    """What the audit trail keeps of a decision about an answer: which answer, and which version came of it, or when it will."""
    place = {"lang": row.lang, "aspect": row.aspect, "change": row.id}
    if row.published_version is None:
        return {**place, "starts_at": iso(row.valid_from)}
    return {**place, "before": {"version": row.base_version}, "after": {"version": row.published_version}}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _title(service: Service, lang: str) -> str:
    titles = service.titles()
    return titles.get(lang) or titles["lv"]


def _answer(aspect: str, row: ServiceAnswer | None) -> dict[str, Any]:
    return {
        "aspect": aspect,
        "text": (row.text or None) if row is not None else None,
        "version": _version(row),
        "origin": row.origin if row is not None else None,
        "source_date": row.source_date if row is not None else None,
    }
