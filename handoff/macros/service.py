"""Macros: who writes them, what one would do in a conversation, and doing it through the desk's acts, step by step.

What can be foreseen to be refused is refused before the first step; what only turns out on the way stops the run there, and
the person is told which steps were done. No step is a way around a rule: each goes through the same act as its button.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.answering import repository as answers
from handoff.answering.service import Answering, writers_only
from handoff.broker import Broker
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.desk import OUTCOMES, TOPICS, Desk, refuse_unread
from handoff.macros import repository
from handoff.macros.models import Macro, MacroRun
from handoff.macros.schemas import (
    LEAVING,
    TRIGGERS,
    AnswerStep,
    CloseStep,
    HoldStep,
    Level2Step,
    NoteStep,
    ReturnStep,
    RunMacro,
    Step,
    ToQueueStep,
    TransferStep,
    WriteMacro,
    steps_of,
)
from handoff.notes.service import Notes
from handoff.queue import repository as queues
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import STAFF_SPEAKS, Actor, State, allowed
from kit.clock import iso
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

#: Enough for anybody; more could no longer be found.
_OWN: Final = 50


class Macros:
    """Macros; permission is checked here, from the session's viewer."""

    def __init__(self, broker: Broker, desk: Desk, notes: Notes, answering: Answering) -> None:
        self._broker = broker
        self._desk = desk
        self._notes = notes
        self._answering = answering

    # --- writing them ---------------------------------------------------------------------------------------------------

    async def all(self, viewer: Viewer) -> dict[str, Any]:
        """The macros that the viewer may use or write, and the canned answers that steps can name.

        Raises:
            Forbidden: he neither serves citizens nor writes for those who do.
        """
        _users_only(viewer)
        async with self._broker.db.read() as session:
            rows = await repository.of(session, viewer.id)
            names = await _Names.of(session, self._broker, viewer)
        return {
            "macros": [self._view(viewer, row, names) for row in rows],
            "canned": [{"id": key, "title": title} for key, title in names.canned.items()],
            "queues": [{"id": key, "title": title} for key, title in names.queues.items()],
            "may_share": _may_share(viewer),
        }

    async def add(self, viewer: Viewer, wanted: WriteMacro) -> dict[str, Any]:
        """A new macro, for everybody or the viewer's own.

        Raises:
            Forbidden: the viewer writes none for everybody.
            PieturaError: see :meth:`_checked`; ``too_many_macros``.
        """
        _writes(viewer, personal=wanted.personal)
        async with self._broker.db.unit() as unit:
            session = unit.session
            if wanted.personal:
                own = await session.scalar(select(func.count()).where(Macro.owner_id == viewer.id))
                if (own or 0) >= _OWN:
                    raise PieturaError("too_many_macros", limit=_OWN)
            names = await _Names.of(session, self._broker, viewer)
            values = await self._checked(session, viewer, wanted, names, None)
            owner = viewer.id if wanted.personal else None
            row = Macro(id=str(uuid.uuid4()), version=1, owner_id=owner, **values)
            session.add(row)
            self._audit(session, viewer, "macro_added", row, None)
        return self._view(viewer, row, names)

    async def change(self, viewer: Viewer, macro_id: str, wanted: WriteMacro) -> dict[str, Any]:
        """Changes a macro. Whether it is personal stays as it was made.

        Raises:
            Forbidden, PieturaError: as for :meth:`add`; ``version_missing``.
            NotFound: it is gone, or another person's.
            Conflict: ``macro_edited_meanwhile`` with ``who``.
        """
        if wanted.version is None:
            raise PieturaError("version_missing")
        async with self._broker.db.unit() as unit:
            session = unit.session
            row = await self._there(session, viewer, macro_id)
            before = repository.audit_view(row)
            names = await _Names.of(session, self._broker, viewer)
            values = await self._checked(session, viewer, wanted, names, row)
            if not await repository.change(session, macro_id, wanted.version, values):
                raise await self._edited(session, row)
            await session.refresh(row)
            self._audit(session, viewer, "macro_changed", row, before)
        return self._view(viewer, row, names)

    async def drop(self, viewer: Viewer, macro_id: str, version: int) -> None:
        """Deletes a macro; the trail keeps its steps without their texts.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`change`.
        """
        async with self._broker.db.unit() as unit:
            row = await self._there(unit.session, viewer, macro_id)
            if not await repository.drop(unit.session, macro_id, version):
                raise await self._edited(unit.session, row)
            self._audit(unit.session, viewer, "macro_deleted", row, repository.audit_view(row))

    async def _there(self, session: AsyncSession, viewer: Viewer, macro_id: str) -> Macro:
        _users_only(viewer)
        row = await repository.one(session, macro_id, viewer.id)
        if row is None:
            raise NotFound()
        _writes(viewer, personal=row.owner_id is not None)
        return row

    async def _edited(self, session: AsyncSession, row: Macro) -> Conflict:
        await session.refresh(row)
        who = await session.get(Staff, row.changed_by) if row.changed_by else None
        return Conflict("macro_edited_meanwhile", who=who.name if who else "–")

    async def _checked(
        self, session: AsyncSession, viewer: Viewer, wanted: WriteMacro, names: _Names, row: Macro | None
    ) -> dict[str, Any]:
        """The columns that a wish sets.

        Raises:
            PieturaError: ``title_taken``; ``macro_step`` with the ``step``'s number and ``why`` it cannot follow.
        """
        title = clean(wanted.title)
        if not title:
            raise PieturaError("text_empty")
        owner = row.owner_id if row is not None else (viewer.id if wanted.personal else None)
        for other in await repository.of(session, viewer.id):
            if other.owner_id == owner and other.title.lower() == title.lower() and (row is None or other.id != row.id):
                raise PieturaError("title_taken", title=title)
        for number, code in enumerate(_refusals(wanted.steps, State.ACTIVE, names), 1):
            if code is not None:
                raise PieturaError("macro_step", step=number, why=self._say(viewer, code))
        return {
            "title": title,
            "steps": [step.model_dump() for step in wanted.steps],
            "changed_by": viewer.id,
            "changed_at": self._broker.clock.now(),
        }

    def _audit(
        self, session: AsyncSession, viewer: Viewer, action: str, row: Macro, before: dict[str, Any] | None
    ) -> None:
        after = None if action == "macro_deleted" else repository.audit_view(row)
        people.audit(session, self._broker.clock.now(), viewer.id, action, row.id, before=before, after=after)

    def _view(self, viewer: Viewer, row: Macro, names: _Names) -> dict[str, Any]:
        return {
            "id": row.id,
            "version": row.version,
            "title": row.title,
            "personal": row.owner_id is not None,
            "steps": [self._step(step, names, viewer.lang) for step in steps_of(row.steps)],
            "may_change": row.owner_id is not None or _may_share(viewer),
            "changed_by": names.staff.get(row.changed_by or ""),
            "changed_at": iso(row.changed_at),
        }

    def _step(self, step: Step, names: _Names, lang: str) -> dict[str, Any]:
        """A step with the names of what it refers to; ``name`` is None when that is gone."""
        found = step.model_dump()
        match step:
            case AnswerStep():
                found["name"] = names.canned.get(step.canned_id)
            case Level2Step():
                found["name"] = names.institutions.get(step.institution_id)
            case TransferStep():
                found["name"] = names.takers.get(step.to_user)
            case ToQueueStep():
                found["name"] = names.queues.get(step.queue_id)
            case CloseStep():
                text = self._broker.texts.text
                found["name"] = f"{text(lang, f'topic.{step.topic}')} · {text(lang, f'outcome.{step.outcome}')}"
            case _:
                found["name"] = None
        return found

    # --- running them ---------------------------------------------------------------------------------------------------

    async def preview(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """What each macro would do in this conversation: the texts filled in, and for each step why it would be refused.

        Raises:
            NotFound: there is no such conversation for the viewer.
            Forbidden: he serves nobody.
        """
        if not viewer.serves:
            raise Forbidden()
        canned = {one["id"]: one for one in await self._answering.canned_for(viewer, conversation_id)}
        async with self._broker.db.read() as session:
            conversation = await self._conversation(session, viewer, conversation_id)
            place = await self._broker.place(session, conversation)
            rows = await repository.of(session, viewer.id)
            names = await _Names.of(session, self._broker, viewer)
        comment = place is not None and place.is_comment
        return {
            "version": conversation.version,
            "seq": conversation.last_seq,
            "macros": [self._previewed(viewer, row, conversation, canned, names, comment=comment) for row in rows],
        }

    def _previewed(
        self,
        viewer: Viewer,
        row: Macro,
        conversation: Conversation,
        canned: dict[str, dict[str, Any]],
        names: _Names,
        *,
        comment: bool,
    ) -> dict[str, Any]:
        view = self._view(viewer, row, names)
        steps = steps_of(row.steps)
        foreseen = self._foreseen(viewer, steps, conversation, canned, names, comment=comment)
        for shown, step, code in zip(view["steps"], steps, foreseen, strict=True):
            if isinstance(step, AnswerStep) and (answer := canned.get(step.canned_id)) is not None:
                shown |= {"text": answer["text"], "lang": answer["lang"], "gaps": answer["gaps"]}
            shown["stops"] = {"code": code, "title": self._say(viewer, code)} if code else None
        return {**view, "texts": _mark(steps, canned)}

    def _foreseen(
        self,
        viewer: Viewer,
        steps: list[Step],
        conversation: Conversation,
        canned: dict[str, dict[str, Any]],
        names: _Names,
        *,
        comment: bool,
    ) -> list[str | None]:
        if conversation.holder_id != viewer.id:
            return ["macro_not_yours"] * len(steps)
        found = _refusals(steps, State(conversation.state), names)
        for number, step in enumerate(steps):
            if found[number] is not None:
                continue
            if isinstance(step, AnswerStep):
                answer = canned.get(step.canned_id)
                if answer is None:
                    found[number] = "macro_answer_elsewhere"
                elif step.send and answer["gaps"]:
                    found[number] = "macro_gap"
                elif step.send and comment:
                    # Everybody would read it: what is said in public is sent by a hand.
                    found[number] = "macro_comment"
            elif isinstance(step, ReturnStep) and comment:
                found[number] = "macro_comment_return"
            elif isinstance(step, TransferStep) and step.to_user == viewer.id:
                found[number] = "bad_colleague"
        return found

    async def run(self, viewer: Viewer, conversation_id: str, macro_id: str, wanted: RunMacro) -> dict[str, Any]:
        """Runs a macro as it was shown. A repeated ``id`` does nothing and tells what came of the first.

        Raises:
            NotFound: no such conversation or macro for the viewer.
            Conflict: ``changed``, ``macro_edited_meanwhile``, ``macro_texts_changed``: not what was shown;
                ``new_message``: the citizen has written since.
            PieturaError: ``macro_step`` with ``step`` and ``why``: it would be refused; nothing was done.
        """
        if not viewer.serves:
            raise Forbidden()
        run_id = str(wanted.id)
        async with self._broker.db.read() as session:
            before = await repository.run(session, run_id)
        if before is not None:
            return await self._repeated(viewer, before, conversation_id, wanted)
        canned = {one["id"]: one for one in await self._answering.canned_for(viewer, conversation_id)}
        try:
            async with self._broker.db.unit() as unit:
                steps = await self._begun(unit.session, viewer, conversation_id, macro_id, wanted, canned)
        except IntegrityError:
            async with self._broker.db.read() as session:
                before = await repository.run(session, run_id)
            if before is None:
                raise
            return await self._repeated(viewer, before, conversation_id, wanted)
        return await self._do(viewer, conversation_id, steps, wanted, canned)

    async def _begun(
        self,
        session: AsyncSession,
        viewer: Viewer,
        conversation_id: str,
        macro_id: str,
        wanted: RunMacro,
        canned: dict[str, dict[str, Any]],
    ) -> list[Step]:
        conversation = await self._conversation(session, viewer, conversation_id)
        row = await repository.one(session, macro_id, viewer.id)
        if row is None:
            raise NotFound()
        if row.version != wanted.macro_version:
            raise await self._edited(session, row)
        if conversation.version != wanted.version:
            raise Conflict("changed", state=conversation.state, version=conversation.version)
        # A note of the system's may stand after his words: the last author alone tells too little.
        if conversation.last_seq > wanted.seq:
            await refuse_unread(session, conversation, wanted.seq)
        place = await self._broker.place(session, conversation)
        names = await _Names.of(session, self._broker, viewer)
        steps = steps_of(row.steps)
        comment = place is not None and place.is_comment
        foreseen = self._foreseen(viewer, steps, conversation, canned, names, comment=comment)
        for number, code in enumerate(foreseen, 1):
            if code is not None:
                raise PieturaError("macro_step", step=number, why=self._say(viewer, code))
        if _mark(steps, canned) != wanted.texts:
            # Somebody has changed an answer since: what would be said has not been read by the person.
            raise Conflict("macro_texts_changed", state=conversation.state, version=conversation.version)
        session.add(
            MacroRun(
                id=str(wanted.id),
                macro_id=row.id,
                title=row.title,
                conversation_id=conversation_id,
                staff_id=viewer.id,
                done=[],
                refused=None,
                finished=False,
                at=self._broker.clock.now(),
            )
        )
        await session.flush()
        return steps

    async def _do(
        self,
        viewer: Viewer,
        conversation_id: str,
        steps: list[Step],
        wanted: RunMacro,
        canned: dict[str, dict[str, Any]],
    ) -> dict[str, Any]:
        version = wanted.version
        done: list[str] = []
        inserted: str | None = None
        refused: dict[str, Any] | None = None
        for number, step in enumerate(steps):
            try:
                if isinstance(step, AnswerStep) and not step.send:
                    inserted = canned[step.canned_id]["text"]
                else:
                    name = f"{wanted.id}/{number}"
                    await self._step_done(viewer, conversation_id, step, version, wanted.seq, name, canned)
                    version += step.kind in TRIGGERS
            except PieturaError as error:
                refused = {
                    "step": number + 1,
                    "kind": step.kind,
                    "code": error.code,
                    "title": self._say(viewer, error.code, **error.details),
                }
                break
            done.append(step.kind)
            await self._noted(str(wanted.id), done, None, finished=False)
        await self._noted(str(wanted.id), done, refused, finished=True)
        return {"done": done, "inserted": inserted, "refused": refused, "repeated": False}

    async def _step_done(
        self,
        viewer: Viewer,
        conversation_id: str,
        step: Step,
        version: int,
        seq: int,
        name: str,
        canned: dict[str, dict[str, Any]],
    ) -> None:
        desk = self._desk
        # Made from run and number: what a retry would say or note is what is there already.
        made = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
        match step:
            case AnswerStep():
                await self._still(viewer, conversation_id, version)
                await desk.reply(viewer, conversation_id, made, canned[step.canned_id]["text"])
            case NoteStep():
                await self._notes.add(viewer, conversation_id, made, step.text, [])
            case HoldStep():
                await desk.hold(viewer, conversation_id, version, step.note or None)
            case Level2Step():
                await desk.level2(viewer, conversation_id, version, step.institution_id, step.note)
            case ReturnStep():
                await desk.return_to_bot(viewer, conversation_id, version, step.note or None)
            case TransferStep():
                await desk.transfer(viewer, conversation_id, version, step.to_user, step.note or None)
            case ToQueueStep():
                await desk.to_queue(viewer, conversation_id, version, step.queue_id, step.note)
            case CloseStep():
                comment = step.comment or None
                await desk.close(viewer, conversation_id, version, step.topic, step.outcome, comment, seq=seq)

    async def _still(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        async with self._broker.db.read() as session:
            conversation = await self._conversation(session, viewer, conversation_id)
        if conversation.version != version:
            raise Conflict("changed", state=conversation.state, version=conversation.version)

    async def _noted(self, run_id: str, done: list[str], refused: dict[str, Any] | None, *, finished: bool) -> None:
        async with self._broker.db.unit() as unit:
            await repository.note_run(
                unit.session, run_id, {"done": list(done), "refused": refused, "finished": finished}
            )

    async def _repeated(self, viewer: Viewer, run: MacroRun, conversation_id: str, wanted: RunMacro) -> dict[str, Any]:
        if (run.staff_id, run.conversation_id) != (viewer.id, conversation_id):
            raise Forbidden()
        refused = run.refused
        if not run.finished:
            # Cut off on the way, or still under way in another request: what is certain is what is written down.
            step = len(run.done) + 1
            refused = {"step": step, "kind": None, "code": "macro_cut_off", "title": self._say(viewer, "macro_cut_off")}
        inserted = await self._inserted_before(viewer, run, conversation_id, wanted)
        return {"done": run.done, "inserted": inserted, "refused": refused, "repeated": True}

    async def _inserted_before(
        self, viewer: Viewer, run: MacroRun, conversation_id: str, wanted: RunMacro
    ) -> str | None:
        """The text for the composer, whose answer was lost on the way. It is made anew, for a run keeps no words that may be a
        citizen's; None when it would be another by now."""
        async with self._broker.db.read() as session:
            row = await repository.one(session, run.macro_id, viewer.id)
        steps = steps_of(row.steps) if row is not None and row.version == wanted.macro_version else []
        put = [step for step in steps[: len(run.done)] if isinstance(step, AnswerStep) and not step.send]
        if not put:
            return None
        canned = {one["id"]: one for one in await self._answering.canned_for(viewer, conversation_id)}
        return str(canned[put[-1].canned_id]["text"]) if _mark(steps, canned) == wanted.texts else None

    async def _conversation(self, session: AsyncSession, viewer: Viewer, conversation_id: str) -> Conversation:
        conversation = await conversations.visible(session, viewer, conversation_id)
        if conversation is None:
            raise NotFound()
        return conversation

    def _say(self, viewer: Viewer, code: str, **details: object) -> str:
        texts = self._broker.texts
        key = f"error.{code}"
        return texts.text(viewer.lang, key, **details) if texts.has(key) else texts.text(viewer.lang, "error.changed")


def _mark(steps: Sequence[Step], canned: Mapping[str, dict[str, Any]]) -> str:
    """A mark of what a macro would say or put into the composer: another one when any of it is another."""
    said = [canned.get(step.canned_id, {}).get("text") for step in steps if isinstance(step, AnswerStep)]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=12).hexdigest()


class _Names:
    """What steps refer to, by id: canned answers, institutions with specialists, colleagues, queues that are on."""

    def __init__(self) -> None:
        self.canned: dict[str, str] = {}
        self.institutions: dict[str, str] = {}
        self.staff: dict[str, str] = {}
        self.takers: dict[str, str] = {}
        self.queues: dict[str, str] = {}

    @classmethod
    async def of(cls, session: AsyncSession, broker: Broker, viewer: Viewer) -> _Names:
        """As they are now."""
        found = cls()
        found.canned = {row.id: row.title for row in await answers.canned(session)}
        having = await people.with_specialists(session)
        found.institutions = {one.id: broker.names.institution(one.id, viewer.lang) for one in having}
        everybody = await people.everybody(session)
        found.staff = {one.id: one.name for one in everybody}
        found.takers = {one.id: one.name for one in everybody if one.role in ("operator", "supervisor")}
        found.queues = {one.id: one.name(viewer.lang) for one in await queues.queues(session) if one.enabled}
        return found


def _refusals(steps: list[Step], state: State, names: _Names) -> list[str | None]:
    """For each step why it could not be done after those before it, by the table of the state machine; None if it could."""
    found: list[str | None] = []
    waits = gone = False
    for step in steps:
        code: str | None = None
        trigger = TRIGGERS.get(step.kind)
        if gone:
            # It is the assistant's, or whoever's takes it: he who had it does nothing there any more.
            code = "macro_cannot_follow"
        elif waits and step.kind in LEAVING | {"answer"}:
            # The text would lie in a composer that is no longer there, or two texts would be one.
            code = "macro_text_waits"
        elif trigger is not None:
            rule = allowed(state, trigger)
            if rule is None or Actor.STAFF not in rule.actors:
                code = "macro_cannot_follow"
            else:
                state = rule.to
        gone = gone or step.kind in ("return", "to_queue")
        match step:
            case AnswerStep():
                if code is None and state not in STAFF_SPEAKS:
                    code = "macro_cannot_speak"
                elif code is None and step.canned_id not in names.canned:
                    code = "macro_answer_gone"
                waits = waits or not step.send
            case Level2Step() if step.institution_id not in names.institutions:
                code = code or "bad_institution"
            case TransferStep() if step.to_user not in names.takers:
                code = code or "bad_colleague"
            case ToQueueStep() if step.queue_id not in names.queues:
                code = code or "queue_off"
            case CloseStep() if step.topic not in TOPICS:
                code = code or "bad_topic"
            case CloseStep() if step.outcome not in OUTCOMES:
                code = code or "bad_outcome"
        found.append(code)
    return found


def _may_share(viewer: Viewer) -> bool:
    return viewer.role == "editor" or viewer.supervises


def _users_only(viewer: Viewer) -> None:
    if not viewer.serves and viewer.role != "editor":
        raise Forbidden()


def _writes(viewer: Viewer, *, personal: bool) -> None:
    if personal:
        _users_only(viewer)
    else:
        writers_only(viewer)
