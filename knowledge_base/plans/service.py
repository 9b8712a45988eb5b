"""Changing plans: a draft, a second person's word, its day, and the way back, as with answers (:mod:`knowledge_base.editor`).

Whoever is in the middle of a plan is not touched by any of it: he finishes the version he began.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError
from kit.i18n import DEFAULT_LANGUAGE
from kit.textual import clean
from knowledge_base import wish
from knowledge_base.editor.schemas import Person, later
from knowledge_base.editor.service import editors_only
from knowledge_base.plans import repository
from knowledge_base.plans.content import Plan, Problem, problems, whole
from knowledge_base.plans.models import PlanChange, PlanVersion
from knowledge_base.plans.ports import Invitations
from knowledge_base.plans.schemas import BackTo, NewPlanChange, WritePlan, change_view, version_view
from knowledge_base.service import KnowledgeBase
from knowledge_base.text import fold
from knowledge_base.wording.ports import Trail

_WORD: Final = re.compile(r"[a-z0-9]+")
_ID_WORDS: Final = 6
#: Words of the addresses: no plan is called so.
_ROUTES: Final = ("choices", "check", "talk", "changes")
Announce = Callable[[], Awaitable[None]]
log = structlog.get_logger(__name__)


class PlansDesk:
    """What editors do with plans. Permission is checked here, from the signed-in person."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        knowledge: KnowledgeBase,
        announce: Announce,
        trail: Trail,
        invitations: Invitations,
    ) -> None:
        """``announce``: called once a publication is stored, so that workers need not wait for their next look."""
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._announce = announce
        self._trail = trail
        self._invitations = invitations

    # --- looking --------------------------------------------------------------------------------------------------------

    async def overview(self, person: Person) -> dict[str, Any]:
        """Every plan with whether it is in force, what is open, and when it must be looked at again; open wishes.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        today = self._clock.now().astimezone(RIGA).date().isoformat()
        async with self._db.read() as session:
            newest = await repository.latest(session)
            shown = {row.plan_id: row for row in await repository.in_force(session)}
            wishes = await repository.changes(session, states=wish.OPEN)
            told = [await self._told(session, person, row) for row in wishes]
        open_for = {row.plan_id: row for row in wishes}
        plans = []
        for row in newest:
            content = (shown.get(row.plan_id) or row).content
            review = content.get("review")
            there = open_for.get(row.plan_id)
            plans.append(
                {
                    "id": row.plan_id,
                    "name": content["name"].get(person.lang) or content["name"][DEFAULT_LANGUAGE],
                    "kind": content["kind"],
                    "in_force": row.plan_id in shown,
                    "number": shown[row.plan_id].number if row.plan_id in shown else None,
                    "steps": len(content["steps"]),
                    "triggers": content["triggers"],
                    "review": review,
                    "due": review is not None and review <= today,
                    "changed_at": iso((shown.get(row.plan_id) or row).created_at),
                    "open": there.state if there is not None else None,
                }
            )
        return {"plans": plans, "changes": told}

    async def plan(self, person: Person, plan_id: str) -> dict[str, Any]:
        """One plan: what is in force, every version with what it changed, and the wish that is open.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such plan, nor a wish for one.
        """
        editors_only(person)
        async with self._db.read() as session:
            rows = await repository.history(session, plan_id)
            there = await repository.open_change(session, plan_id)
            if not rows and there is None:
                raise NotFound()
            by_number = {row.number: row for row in rows}
            return {
                "id": plan_id,
                "versions": [version_view(row, by_number.get(row.number - 1)) for row in rows],
                "change": await self._told(session, person, there) if there is not None else None,
            }

    async def check(self, person: Person, plan: Plan) -> list[Problem]:
        """What is wrong with a plan.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            return await self._problems(session, plan)

    async def choices(self, person: Person) -> dict[str, Any]:
        """What a form offers: services, life events, institutions and the sites' invitations by name.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        knowledge, lang = self._knowledge, person.lang
        async with self._db.read() as session:
            invitations = await self._invitations.all(session)
        return {
            "invitations": [
                {"id": one.id, "name": one.name, "site": one.site, "enabled": one.enabled} for one in invitations
            ],
            "services": [{"id": one, "name": knowledge.title(one, lang)} for one in knowledge.service_ids()],
            "life_events": [{"id": event.id, "name": event.called(lang)} for event in knowledge.life_events()],
            "institutions": [
                {"id": row.id, "name": {"ru": row.name_ru, "en": row.name_en}.get(lang) or row.name_lv}
                for row in knowledge.institutions()
                if row.kind != "municipality"
            ],
        }

    # --- wishing --------------------------------------------------------------------------------------------------------

    async def draft(self, person: Person, wanted: NewPlanChange) -> dict[str, Any]:
        """A new wish, for a plan that there is or for a new one. A draft may be incomplete; what is proposed may not.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such plan.
            Conflict: ``plan_open`` with ``who``: somebody works on it; ``plan_changed``: it is another by now.
            PieturaError: ``plan_name_needed``, ``nothing_changed``, ``ends_before_it_begins``.
        """
        editors_only(person)
        try:
            async with self._db.unit() as unit:
                session = unit.session
                plan_id = wanted.plan_id or await self._fresh_id(session, wanted.content)
                there = await repository.open_change(session, plan_id)
                if there is not None:
                    raise Conflict("plan_open", who=there.author_name)
                shown = await repository.current(session, plan_id)
                if wanted.plan_id is not None and not await repository.highest(session, plan_id):
                    raise NotFound()
                if _number(shown) != wanted.base:
                    raise Conflict("plan_changed")
                now = self._clock.now()
                row = PlanChange(
                    id=str(uuid.uuid4()),
                    plan_id=plan_id,
                    state="draft",
                    decision="",
                    author_id=person.id,
                    author_name=person.name,
                    created_at=now,
                    version=1,
                    **self._values(wanted, shown, now),
                )
                session.add(row)
                await session.flush()
                return await self._told(session, person, row)
        except IntegrityError as error:
            # Two began in the same instant.
            raise Conflict("plan_open", who="–") from error

    async def rewrite(self, person: Person, change_id: str, wanted: WritePlan) -> dict[str, Any]:
        """Changes a draft. What was proposed is a draft again: the second person decides on what he has read.

        Raises:
            Forbidden: the person does not edit, or the wish is another's.
            NotFound, PieturaError: as for :meth:`draft`; ``version_missing``.
            Conflict: ``edited_elsewhere``, ``plan_changed``, ``decided_already``.
        """
        editors_only(person)
        if wanted.version is None:
            raise PieturaError("version_missing")
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, PlanChange, change_id, ("draft", "proposed"))
            wish.by_author(row, person)
            shown = await repository.current(unit.session, row.plan_id)
            if _number(shown) != wanted.base:
                raise Conflict("plan_changed")
            values = {"state": "draft", **self._values(wanted, shown, self._clock.now())}
            await wish.put(unit.session, row, wanted.version, values)
            return await self._told(unit.session, person, row)

    async def propose(self, person: Person, change_id: str, version: int) -> dict[str, Any]:
        """Asks for a second person's word.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`rewrite`.
            PieturaError: ``plan_wrong`` with ``problems``: it would fail while a citizen is in it.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, PlanChange, change_id, ("draft",))
            wish.by_author(row, person)
            await self._sound(unit.session, row)
            await wish.put(unit.session, row, version, {"state": "proposed", "changed_at": self._clock.now()})
            return await self._told(unit.session, person, row)

    async def approve(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person agrees; it is published now, or on its day.

        Raises:
            Forbidden: the person does not edit, or is its author (``own_change``).
            NotFound: there is no such wish.
            Conflict: ``edited_elsewhere``, ``decided_already``, ``plan_changed``.
            PieturaError: ``plan_wrong``; ``ends_before_it_begins``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, PlanChange, change_id, ("proposed",))
            wish.by_second(row, person)
            now = self._clock.now()
            if later(now, row.valid_to):
                raise PieturaError("ends_before_it_begins")
            await self._sound(unit.session, row)
            await wish.put(unit.session, row, version, {"state": "approved", **wish.decided(person, note, now)})
            if row.valid_from is None or row.valid_from <= now:
                await self._publish(unit, row, now)
            told = await self._told(unit.session, person, row)
        await self._trail.note(
            person.id, "plan_approved", row.plan_id, before=row.base, after=row.published, change=row.id
        )
        return told

    async def send_back(self, person: Person, change_id: str, version: int, note: str) -> dict[str, Any]:
        """The second person wants it otherwise, and says how; it is a draft again.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`approve`.
            PieturaError: ``reason_needed``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, PlanChange, change_id, ("proposed", "approved"))
            await wish.send_back(unit.session, row, person, version, note, self._clock.now())
            return await self._told(unit.session, person, row)

    async def drop(self, person: Person, change_id: str, version: int) -> None:
        """Gives a wish up; it stays on record.

        Raises:
            Forbidden: the person does not edit, or it is another's and he does not supervise.
            NotFound, Conflict: as for :meth:`rewrite`.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await wish.opened(unit.session, PlanChange, change_id, wish.OPEN)
            await wish.drop(unit.session, row, person, version, self._clock.now())

    async def restore(self, person: Person, plan_id: str, wanted: BackTo) -> dict[str, Any]:
        """Back to a version that was in force before, at once: it had its second person then.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such version.
            Conflict: ``plan_changed``; ``plan_open``: a wish for this plan is open, decide about it first.
            PieturaError: ``shown_already``; ``plan_wrong``: what it names is no longer there.
        """
        editors_only(person)
        try:
            async with self._db.unit() as unit:
                session = unit.session
                former = await repository.version_of(session, plan_id, wanted.to)
                if former is None:
                    raise NotFound()
                there = await repository.open_change(session, plan_id)
                if there is not None:
                    raise Conflict("plan_open", who=there.author_name)
                if former.current:
                    raise PieturaError("shown_already")
                if _number(await repository.current(session, plan_id)) != wanted.base:
                    raise Conflict("plan_changed")
                now = self._clock.now()
                row = PlanChange(
                    id=str(uuid.uuid4()),
                    plan_id=plan_id,
                    content=former.content,
                    base=wanted.base,
                    state="approved",
                    note=f"→ {wanted.to}",
                    decision="",
                    author_id=person.id,
                    author_name=person.name,
                    created_at=now,
                    changed_at=now,
                    version=1,
                )
                await self._sound(session, row)
                session.add(row)
                await session.flush()
                await self._publish(unit, row, now)
        except IntegrityError as error:
            raise Conflict("plan_changed") from error
        await self._trail.note(
            person.id, "plan_restored", plan_id, before=wanted.base, after=row.published, to=wanted.to
        )
        return await self.plan(person, plan_id)

    # --- what time brings -----------------------------------------------------------------------------------------------

    async def settle_due(self) -> None:
        """Publishes what waits for its day, then ends what has had it. Safe in every worker at once."""
        now = self._clock.now()
        async with self._db.read() as session:
            ids = await repository.due(session, now)
        for change_id in ids:
            try:
                async with self._db.unit() as unit:
                    row = await repository.change(unit.session, change_id)
                    if row is not None and row.state == "approved":
                        await self._publish(unit, row, now, waited=True)
                    elif row is not None and row.state == "published":
                        await self._end(unit, row, now)
            except (Conflict, IntegrityError) as error:
                # Another worker, or an editor, was faster; the next look finds what is left.
                log.info("a wish for a plan met a change", change=change_id, error=type(error).__name__)

    async def _holds(self, session: AsyncSession, content: dict[str, Any]) -> bool:
        """Whether what was agreed on some time ago can still be read and run."""
        try:
            return not await self._problems(session, Plan.model_validate(content))
        except ValidationError:
            return False

    async def _publish(self, unit: UnitOfWork, row: PlanChange, now: datetime, *, waited: bool = False) -> None:
        session = unit.session
        shown = await repository.current(session, row.plan_id)
        wrong = waited and row.content is not None and not await self._holds(session, row.content)
        if _number(shown) != row.base or wrong:
            if not waited:
                raise Conflict("plan_changed")
            # Somebody else's came in between, or what it names is gone: what was agreed on is no longer what would begin.
            await wish.changed(session, row, row.version, {"state": "overtaken", "changed_at": now})
            return
        number = 1 + await repository.highest(session, row.plan_id) if row.content is not None else None
        values = {"state": "published", "published_at": now, "published": number, "changed_at": now}
        # The wish first: of two workers one goes on from here.
        await wish.put(session, row, row.version, values)
        await self._show(session, row.plan_id, shown, row.content, number, now, "editor", row.author_name)
        unit.after_commit(self._announce)

    async def _end(self, unit: UnitOfWork, row: PlanChange, now: datetime) -> None:
        """``valid_to`` has passed: what was in force before is so again, unless something newer is."""
        session = unit.session
        shown = await repository.current(session, row.plan_id)
        if not await wish.changed(session, row, row.version, {"state": "ended", "changed_at": now}):
            return
        if _number(shown) != row.published:
            return
        before = await self._before(session, row, now)
        number = 1 + await repository.highest(session, row.plan_id)
        content = before.content if before is not None else None
        await self._show(
            session, row.plan_id, shown, content, number, now, before.origin if before else "", row.author_name
        )
        there = await repository.open_change(session, row.plan_id)
        if there is not None and there.base == row.published:
            # Whoever builds on the temporary plan builds on what runs instead of it now.
            await wish.put(session, there, there.version, {"base": number if content is not None else None})
        unit.after_commit(self._announce)

    async def _before(self, session: AsyncSession, row: PlanChange, now: datetime) -> PlanVersion | None:
        """The latest version before a wish that has not had its day itself."""
        wishes = await repository.published(session, row.plan_id)
        number = row.base
        while number is not None:
            origin = wishes.get(number)
            if origin is None or not (origin.state == "ended" or later(now, origin.valid_to)):
                return await repository.version_of(session, row.plan_id, number)
            number = origin.base
        return None

    async def _show(
        self,
        session: AsyncSession,
        plan_id: str,
        shown: PlanVersion | None,
        content: dict[str, Any] | None,
        number: int | None,
        now: datetime,
        origin: str,
        who: str,
    ) -> None:
        if shown is not None:
            # Before the new one is stored: only one may be current.
            shown.current = False
            await session.flush()
        if content is not None and number is not None:
            session.add(
                PlanVersion(
                    plan_id=plan_id,
                    number=number,
                    content=content,
                    current=True,
                    origin=origin,
                    by_name=who,
                    created_at=now,
                )
            )
            await session.flush()

    # --- what everything is made of -------------------------------------------------------------------------------------

    async def _problems(self, session: AsyncSession, plan: Plan) -> list[Problem]:
        knowledge = self._knowledge
        return problems(
            plan,
            services=frozenset(knowledge.service_ids()),
            events=frozenset(event.id for event in knowledge.life_events()),
            institutions=frozenset(row.id for row in knowledge.institutions()),
            invitations=frozenset(one.id for one in await self._invitations.all(session)),
        )

    async def _sound(self, session: AsyncSession, row: PlanChange) -> None:
        if row.content is None:
            return
        found = await self._problems(session, Plan.model_validate(row.content))
        if found:
            raise PieturaError("plan_wrong", count=len(found), problems=told_problems(found))

    async def _fresh_id(self, session: AsyncSession, content: Plan | None) -> str:
        name = content.name.lv if content is not None else ""
        words = _WORD.findall(fold(name))[:_ID_WORDS]
        if not words:
            raise PieturaError("plan_name_needed")
        base = "-".join(words)[:56].strip("-")
        plan_id, at = base if len(base) > 1 and base not in _ROUTES else f"{base}-1", 1
        while await repository.highest(session, plan_id) or await repository.open_change(session, plan_id):
            at += 1
            plan_id = f"{base}-{at}"
        return plan_id

    def _values(self, wanted: WritePlan, shown: PlanVersion | None, now: datetime) -> dict[str, Any]:
        content = wanted.content.model_dump(mode="json") if wanted.content is not None else None
        before = (
            {**shown.content, "steps": [whole(one) for one in shown.content["steps"]]} if shown is not None else None
        )
        if content == before:
            raise PieturaError("nothing_changed")
        if later(wanted.valid_from, wanted.valid_to) or later(now, wanted.valid_to):
            raise PieturaError("ends_before_it_begins")
        return {
            "content": content,
            "base": wanted.base,
            "note": clean(wanted.note),
            "valid_from": wanted.valid_from,
            "valid_to": wanted.valid_to,
            "changed_at": now,
        }

    async def _told(self, session: AsyncSession, person: Person, row: PlanChange) -> dict[str, Any]:
        if row.state in wish.OPEN:
            before = await repository.current(session, row.plan_id)
        else:
            before = await repository.version_of(session, row.plan_id, row.base) if row.base else None
        return change_view(row, before.content if before is not None else None, wish.may(person, row))


def told_problems(found: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems for a form: a code, the step, and the values of the sentence."""
    return [{"code": one.code, "step": one.step, "values": one.values} for one in found]


def _number(shown: PlanVersion | None) -> int | None:
    return shown.number if shown is not None else None
