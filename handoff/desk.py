"""What staff do with conversations: take, answer, hand on, close. Permission is checked here, from the session's viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker, Change
from handoff.channels import repository as platforms
from handoff.channels.models import OutboxRow
from handoff.channels.rules import Place, refusal
from handoff.channels.schemas import DIRECT, Mode
from handoff.conversations import repository
from handoff.conversations.models import Conversation, Message
from handoff.conversations.schemas import WEBCHAT, Utterance
from handoff.queue import repository as queues
from handoff.queue.router import pass_on
from handoff.queue.transfer import HANDED_ON, hand_on, noted_first
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from handoff.state_machine import ENDED, HELD, STAFF_SPEAKS, Actor, State, Trigger, allowed
from kit.db import UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

OUTCOMES = ("resolved", "resolved_level2", "referred", "answer_later", "unresolved", "no_reply", "duplicate", "spam")
#: What, besides, a conversation that no person closed can come to.
CASE_OUTCOMES = (*OUTCOMES, "answered", "unanswered", "abandoned", "not_classified")
TOPICS = [
    "benefits",
    "pensions",
    "residence",
    "documents",
    "family",
    "health",
    "work",
    "taxes",
    "business",
    "property",
    "transport",
    "education",
    "social",
    "eservices",
    "complaint",
    "suggestion",
    "other",
]

#: What the console offers, and the rule of the state machine behind it.
ACTS: dict[str, Trigger] = {
    "take": Trigger.TAKE,
    "return": Trigger.RETURN_TO_BOT,
    "transfer": Trigger.OFFER,
    "accept": Trigger.ACCEPT,
    "decline": Trigger.DECLINE,
    "level2": Trigger.LEVEL2,
    "level2_done": Trigger.LEVEL2_DONE,
    "hold": Trigger.HOLD,
    "resume": Trigger.RESUME,
    "close": Trigger.CLOSE,
    "assign": Trigger.ASSIGN,
    "to_queue": Trigger.TO_QUEUE,
}


def may(viewer: Viewer, conversation: Conversation) -> list[str]:
    """What ``viewer`` may do with a conversation that he may see."""
    found = [act for act in ACTS if _may(viewer, conversation, act)]
    if _may_reply(viewer, conversation):
        found.append("reply")
    return found


def _may(viewer: Viewer, conversation: Conversation, act: str) -> bool:
    state = State(conversation.state)
    if viewer.role == "specialist":
        ours = state == State.LEVEL2 and conversation.level2_institution_id == viewer.institution_id
        return ours and (
            (act == "take" and conversation.specialist_id is None)
            or (act == "level2_done" and conversation.specialist_id == viewer.id)
        )
    if not viewer.serves:
        return False
    rule = allowed(state, ACTS[act])
    if rule is None or Actor.STAFF not in rule.actors:
        return False
    if act in ("accept", "decline"):
        return conversation.offered_to_id == viewer.id
    if not rule.fits(conversation.holder_id):
        return False
    if act == "assign":
        return viewer.supervises
    if act == "to_queue":
        # What waits is moved, and what others hold is taken from them, by supervisors alone.
        return conversation.holder_id == viewer.id or viewer.supervises
    return conversation.holder_id == viewer.id or not rule.holder_only


def _may_reply(viewer: Viewer, conversation: Conversation) -> bool:
    if conversation.state not in STAFF_SPEAKS:
        return False
    if viewer.role == "specialist":
        return conversation.state == State.LEVEL2 and conversation.specialist_id == viewer.id
    return conversation.holder_id == viewer.id


def may_on_platform(viewer: Viewer, conversation: Conversation, place: Place, allowed_acts: list[str]) -> list[str]:
    """``allowed_acts`` as they are on a platform: no assistant goes on with a comment, and a comment can be hidden."""
    found = [act for act in allowed_acts if not (act == "return" and place.is_comment)]
    if _may_hide(viewer, conversation, place):
        found.append("unhide" if place.thread.hidden_at is not None else "hide")
    return found


def _may_hide(viewer: Viewer, conversation: Conversation, place: Place) -> bool:
    if not place.is_comment or place.carries is None or not place.carries.hide or place.thread.deleted_at is not None:
        return False
    holds = conversation.holder_id == viewer.id and conversation.state in HELD
    return viewer.serves and (holds or viewer.supervises)


#: What is said in a conversation as it stands, and the columns that are set with it.
Composed = Callable[[Conversation], tuple[Utterance, dict[str, Any]]]


class Desk:
    """Staff's side of the broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def _load(self, unit: UnitOfWork, viewer: Viewer, conversation_id: str) -> Conversation:
        conversation = await repository.visible(unit.session, viewer, conversation_id)
        if conversation is not None:
            return conversation
        # A colleague was faster: whoever could have taken it learns by whom; a stranger learns nothing.
        taken = await repository.get(unit.session, conversation_id)
        if viewer.role == "operator" and taken is not None and taken.state not in ENDED and taken.holder_id:
            winner = await repository.staff_name(unit.session, taken.holder_id)
            raise Conflict("taken", winner=winner, state=taken.state, version=taken.version)
        raise NotFound()

    def _check(self, viewer: Viewer, conversation: Conversation, act: str, winner: str | None) -> None:
        if _may(viewer, conversation, act):
            return
        rule = allowed(State(conversation.state), ACTS[act])
        if rule is None or (act == "take" and not rule.fits(conversation.holder_id)):
            if winner and winner != viewer.name:
                raise Conflict("taken", winner=winner, state=conversation.state, version=conversation.version)
            raise Conflict("changed", state=conversation.state, version=conversation.version)
        raise Forbidden()

    async def _act(
        self,
        viewer: Viewer,
        conversation_id: str,
        act: str,
        version: int,
        *,
        values: dict[str, Any],
        note: str | None = None,
        names: str | None = None,
        data: dict[str, Any] | None = None,
        trigger: Trigger | None = None,
        tells: str | None = None,
    ) -> None:
        """``note``: the catalogue's key of what the citizen is told, ``names``: the institution that is named there, in his
        language; ``tells``: the key under which the colleague's note goes before the summary, for whoever is to go on with it."""
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.holder_id)
            self._check(viewer, conversation, act, winner)
            if tells is not None and data is not None and "note" in data:
                summary = noted_first(broker.texts, tells, viewer.name, data["note"], conversation.summary)
                values = {**values, "summary": summary}
            place = await broker.place(unit.session, conversation)
            if act == "return":
                # A guide that is under way goes on in the assistant's hands.
                run = conversation.context.get("plan") or {}
                values = {**values, "context": {"plan": run} if run.get("guide") else {}}
            if act == "return" and place is not None and place.is_comment:
                raise Forbidden()
            events = broker.events(unit)
            changed = await broker.change(
                unit,
                events,
                conversation,
                Change(
                    trigger or ACTS[act],
                    Actor.STAFF,
                    viewer.id,
                    cause=act,
                    version=version,
                    values=_owed(conversation, values),
                    data=data or {},
                ),
            )
            if note is not None:
                named = {"institution": broker.names.institution(names, changed.lang)} if names is not None else {}
                await broker.system_note(unit, events, changed, note, **named)
            if changed.state == State.ACTIVE and changed.holder_id is None:
                # The specialist is done, and the operator is gone: it must not be left with nobody.
                await broker.requeue(unit, changed, "operator_gone")

    async def take(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        """Takes a waiting conversation; a specialist joins one that was brought to his institution.

        Raises:
            Conflict: ``taken`` with ``winner``: a colleague was faster.
        """
        broker = self._broker
        if viewer.role == "specialist":
            await self._join(viewer, conversation_id, version)
            return
        now = broker.clock.now()
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.holder_id)
            self._check(viewer, conversation, "take", winner)
            events = broker.events(unit)
            values = {
                "holder_id": viewer.id,
                "centre_id": viewer.centre_id,
                "taken_at": conversation.taken_at or now,
                "waiting_since": None,
                "waits_for": None,
                "due_at": None,
                "level": max(1, conversation.level),
            }
            changed = await broker.change(
                unit,
                events,
                conversation,
                Change(
                    Trigger.TAKE,
                    Actor.STAFF,
                    viewer.id,
                    cause="take",
                    version=version,
                    values=_owed(conversation, values),
                ),
            )
            await broker.system_note(unit, events, changed, "broker.joined", name=viewer.name)

    async def _join(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.specialist_id)
            if winner is not None and conversation.specialist_id != viewer.id:
                raise Conflict("taken", winner=winner, state=conversation.state, version=conversation.version)
            if winner is not None:
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            self._check(viewer, conversation, "take", winner)
            events = broker.events(unit)
            changed = await broker.change(
                unit,
                events,
                conversation,
                Change(
                    Trigger.JOIN,
                    Actor.STAFF,
                    viewer.id,
                    cause="join",
                    version=version,
                    values={"specialist_id": viewer.id},
                ),
            )
            institution = broker.names.institution(viewer.institution_id or "", changed.lang)
            await broker.system_note(
                unit, events, changed, "broker.specialist_joined", name=viewer.name, institution=institution
            )

    async def reply(
        self,
        viewer: Viewer,
        conversation_id: str,
        client_id: str,
        text: str,
        mode: Mode = DIRECT,
        attachments: Sequence[str] = (),
    ) -> Message:
        """Says something to the citizen; a comment is answered in ``public`` or by a ``private`` reply.

        A repeated ``client_id`` returns what was stored the first time. What the platform would refuse is refused here,
        before anything is stored: see :func:`handoff.channels.rules.refusal` for the codes.

        Raises:
            PieturaError: ``text_empty``, ``text_too_long``, or a refusal of the platform's; ``attachments_not_here``: platforms
                are sent no files; what :meth:`handoff.attachments.service.Attachments.chosen` refuses.
            Conflict: the viewer no longer holds the conversation.
        """
        text = clean(text)
        if not text and not attachments:
            raise PieturaError("text_empty")
        if len(text) > self._broker.policy.text_limit:
            raise PieturaError("text_too_long", limit=self._broker.policy.text_limit)
        try:
            return await self._reply(viewer, conversation_id, client_id, text, mode, attachments)
        except IntegrityError:
            return await self._reply(viewer, conversation_id, client_id, text, mode, attachments)

    async def reply_with(self, viewer: Viewer, conversation_id: str, client_id: str, composed: Composed) -> Message:
        """Says something that is made for the conversation as it stands: with buttons, and with columns to set beside.

        Raises:
            PieturaError, Conflict: as for :meth:`reply`, and what ``composed`` raises.
        """
        try:
            return await self._reply(viewer, conversation_id, client_id, "", DIRECT, (), composed)
        except IntegrityError:
            return await self._reply(viewer, conversation_id, client_id, "", DIRECT, (), composed)

    async def _reply(
        self,
        viewer: Viewer,
        conversation_id: str,
        client_id: str,
        text: str,
        mode: Mode,
        attachments: Sequence[str],
        composed: Composed | None = None,
    ) -> Message:
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            stored = await repository.message_by_client_id(unit.session, conversation.id, client_id)
            if stored is not None:
                if stored.author_id != viewer.id:
                    raise Forbidden()
                return stored
            if not _may_reply(viewer, conversation):
                winner = await repository.staff_name(unit.session, conversation.holder_id)
                raise Conflict("not_holder", winner=winner, state=conversation.state, version=conversation.version)
            now = broker.clock.now()
            values: dict[str, Any] = {"staff_read_seq": conversation.last_seq, "unread": 0}
            utterance = Utterance(text, conversation.lang)
            if composed is not None:
                utterance, beside = composed(conversation)
                text, values = utterance.text, values | beside
            place = await broker.place(unit.session, conversation)
            if place is not None:
                if attachments:
                    raise PieturaError("attachments_not_here")
                refused = refusal(place, mode, text, now, by_person=True)
                if refused is not None:
                    raise refused
            else:
                # On a platform the answer counts once the platform has taken it.
                values["first_reply_at"] = conversation.first_reply_at or now
            if attachments:
                utterance = await self._with_files(unit, viewer, conversation, text, attachments)
            if viewer.role == "specialist":
                values["level2_answered_at"] = conversation.level2_answered_at or now
            events = broker.events(unit)
            said = await broker.say(
                unit,
                events,
                conversation.id,
                utterance,
                author_kind="specialist" if viewer.role == "specialist" else "operator",
                author_id=viewer.id,
                author_name=viewer.name,
                client_id=client_id,
                mode=mode,
                values=values,
                # The holder may lose the conversation between the look and the write: so it is part of the write.
                version=conversation.version,
                at=now,
            )
            if attachments and broker.attachments is not None:
                await broker.attachments.bind(unit.session, attachments, conversation.id, said[0].id)
            return said[0]

    async def _with_files(
        self, unit: UnitOfWork, viewer: Viewer, conversation: Conversation, text: str, attachments: Sequence[str]
    ) -> Utterance:
        if self._broker.attachments is None:
            raise PieturaError("attachment_gone")
        files = await self._broker.attachments.chosen(unit.session, attachments, [conversation.id], viewer.id)
        mark = self._broker.attachments.mark(files)
        marked = "\n".join(part for part in (text, mark) if part)
        return Utterance(marked, conversation.lang, attachments=tuple(files), placeholder=mark)

    async def hide(self, viewer: Viewer, conversation_id: str, version: int, reason: str) -> None:
        """Hides a comment from everybody but its author and his friends; the platform does it, and the reason is on record.

        Raises:
            PieturaError: ``reason_missing``, ``account_disabled``, ``account_paused``.
            Conflict: ``changed``, or ``already_asked``.
        """
        reason = clean(reason)[:1000]
        if not reason:
            raise PieturaError("reason_missing")
        await self._show_or_hide(viewer, conversation_id, version, "hide", reason)

    async def unhide(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        """Shows a hidden comment again; refused as :meth:`hide` is."""
        await self._show_or_hide(viewer, conversation_id, version, "unhide", None)

    async def _show_or_hide(
        self, viewer: Viewer, conversation_id: str, version: int, act: str, reason: str | None
    ) -> None:
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            place = await broker.place(unit.session, conversation)
            if place is None or broker.outbox is None or not _may_hide(viewer, conversation, place):
                raise Forbidden()
            if conversation.version != version:
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            if not place.account.enabled:
                raise PieturaError("account_disabled")
            if place.account.paused_reason is not None:
                raise PieturaError("account_paused", reason=place.account.paused_reason)
            now = broker.clock.now()
            people.audit(unit.session, now, viewer.id, f"comment_{act}", conversation_id, reason=reason)
            await broker.outbox.act(unit, place, act, now, by=viewer.id, reason=reason)
            broker.events(unit).add(
                "hide_asked" if act == "hide" else "unhide_asked",
                conversation_id,
                actor_kind=Actor.STAFF,
                actor_id=viewer.id,
                data=_noted(reason),
            )

    async def send_again(self, viewer: Viewer, conversation_id: str, seq: int) -> Message:
        """Sends a message again that failed, or of which nobody knows whether it arrived; the person decides, on record.

        Raises:
            NotFound: no such message, or it was not to be sent at all.
            Conflict: ``changed``: it is under way, or it has arrived; ``not_holder``.
            PieturaError: a refusal of the platform's, as for :meth:`reply`.
        """
        return await self._decide(viewer, conversation_id, seq, "sent_again")

    async def mark_sent(self, viewer: Viewer, conversation_id: str, seq: int) -> Message:
        """The person has seen on the platform that the message is there.

        Raises:
            NotFound, Conflict: as for :meth:`send_again`.
        """
        return await self._decide(viewer, conversation_id, seq, "marked_sent")

    async def _decide(self, viewer: Viewer, conversation_id: str, seq: int, what: str) -> Message:
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            if viewer.id not in (conversation.holder_id, conversation.specialist_id) and not viewer.supervises:
                raise Conflict("not_holder", state=conversation.state, version=conversation.version)
            message = (await repository.messages_at(unit.session, [(conversation_id, seq)])).get((conversation_id, seq))
            place = await broker.place(unit.session, conversation)
            if message is None or place is None or broker.outbox is None:
                raise NotFound()
            rows = [
                row
                for row in await platforms.rows_of_message(unit.session, message.id)
                if row.state in platforms.TROUBLED or (row.state == "cancelled" and what == "sent_again")
            ]
            if not rows:
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            events = broker.events(unit)
            now = broker.clock.now()
            people.audit(unit.session, now, viewer.id, f"message_{what}", conversation_id, seq=seq)
            events.add(what, conversation_id, actor_kind=Actor.STAFF, actor_id=viewer.id, data={"seq": seq})
            if what == "sent_again":
                self._refuse_what_the_platform_would(place, rows[0])
                await broker.outbox.send_again(unit, events, rows[0])
            else:
                for row in rows:
                    await broker.outbox.mark_sent(unit, events, row)
            return message

    def _refuse_what_the_platform_would(self, place: Place, row: OutboxRow) -> None:
        mode: Mode = "private" if row.kind == "private_reply" else "public" if row.kind == "public_reply" else DIRECT
        refused = refusal(place, mode, "", self._broker.clock.now(), by_person=bool(row.payload.get("by_person")))
        # The one private reply may be this very one.
        if refused is not None and not (refused.code == "private_reply_used" and row.state == "unknown"):
            raise refused

    async def return_to_bot(self, viewer: Viewer, conversation_id: str, version: int, note: str | None) -> None:
        """Gives the conversation back to the assistant."""
        values: dict[str, Any] = {"holder_id": None, "reason": None, "summary": None, "context": {}}
        await self._act(
            viewer,
            conversation_id,
            "return",
            version,
            values=values,
            note="broker.returned",
            data=_noted(note),
        )

    async def transfer(
        self, viewer: Viewer, conversation_id: str, version: int, to_user: str, note: str | None
    ) -> None:
        """Offers the conversation to a colleague; it stays the viewer's until the colleague accepts."""
        broker = self._broker
        async with broker.db.read() as session:
            colleague = await people.active(session, to_user)
        if colleague is None or colleague.role not in ("operator", "supervisor") or colleague.id == viewer.id:
            raise PieturaError("bad_colleague")
        now = broker.clock.now()
        values = {
            "offered_to_id": colleague.id,
            "offered_at": now,
            "offer_until": now + broker.policy.offer_timeout,
        }
        await self._act(
            viewer,
            conversation_id,
            "transfer",
            version,
            values=values,
            data=_noted(note, to=colleague.name),
            tells=HANDED_ON,
        )

    async def accept(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        """Accepts what a colleague or the router offered."""
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.unit() as unit:
            # His row first: the router takes the two in this order as well.
            staff = await queues.locked(unit.session, viewer.id)
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.holder_id)
            self._check(viewer, conversation, "accept", winner)
            values = {
                "holder_id": viewer.id,
                "centre_id": viewer.centre_id,
                "offered_to_id": None,
                "offer_until": None,
                "waiting_since": None,
                "due_at": None,
                "taken_at": now if conversation.holder_id else conversation.taken_at or now,
                "level": max(1, conversation.level),
            }
            cause = "accept" if conversation.holder_id else "accept_offer"
            change = Change(
                Trigger.ACCEPT, Actor.STAFF, viewer.id, cause=cause, version=version, values=_owed(conversation, values)
            )
            events = broker.events(unit)
            changed = await broker.change(unit, events, conversation, change)
            if staff is not None:
                staff.missed_offers = 0
            await broker.system_note(unit, events, changed, "broker.joined", name=viewer.name)

    async def decline(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        """Declines what a colleague offered, which stays with the colleague; or passes on what the router offered, which goes
        on waiting for somebody else."""
        broker = self._broker
        async with broker.db.unit() as unit:
            await queues.locked(unit.session, viewer.id)
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.holder_id)
            self._check(viewer, conversation, "decline", winner)
            if conversation.holder_id is None:
                await pass_on(
                    broker, unit, conversation, Actor.STAFF, cause="decline", actor_id=viewer.id, version=version
                )
                return
            change = Change(
                Trigger.DECLINE,
                Actor.STAFF,
                viewer.id,
                cause="decline",
                version=version,
                values={"offered_to_id": None, "offer_until": None},
            )
            await broker.change(unit, broker.events(unit), conversation, change)

    async def assign(self, viewer: Viewer, conversation_id: str, version: int, to_user: str, reason: str) -> None:
        """A supervisor puts a conversation into a named person's hands, his own included, whatever queue it waits in.

        Raises:
            PieturaError: ``reason_missing``; ``bad_colleague``: he does not serve citizens, or holds it already;
                ``colleague_absent``: his console is not open, so it would come back at once.
        """
        reason = clean(reason)[:1000]
        if not reason:
            raise PieturaError("reason_missing")
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.unit() as unit:
            colleague = await queues.locked(unit.session, to_user)
            conversation = await self._load(unit, viewer, conversation_id)
            self._check(
                viewer, conversation, "assign", await repository.staff_name(unit.session, conversation.holder_id)
            )
            serves = colleague is not None and colleague.role in ("operator", "supervisor", "admin")
            if colleague is None or not serves or colleague.disabled or colleague.id == conversation.holder_id:
                raise PieturaError("bad_colleague")
            if not queues.is_present(colleague, now) and colleague.id != viewer.id:
                raise PieturaError("colleague_absent", name=colleague.name)
            values = {
                "holder_id": colleague.id,
                "centre_id": colleague.centre_id,
                "offered_to_id": None,
                "offer_until": None,
                "waits_for": None,
                "taken_at": conversation.taken_at or now,
                "waiting_since": None,
                "due_at": None,
                "level": max(1, conversation.level),
            }
            before = await repository.staff_name(unit.session, conversation.holder_id)
            data = _noted(reason, to=colleague.name, **({"from": before} if before else {}))
            events = broker.events(unit)
            change = Change(
                Trigger.ASSIGN,
                Actor.STAFF,
                viewer.id,
                cause="assign",
                version=version,
                values=_owed(conversation, values),
                data=data,
            )
            changed = await broker.change(unit, events, conversation, change)
            people.audit(
                unit.session,
                now,
                viewer.id,
                "conversation_assigned",
                conversation_id,
                before=before,
                after=colleague.name,
            )
            await broker.system_note(unit, events, changed, "broker.joined", name=colleague.name)

    async def to_queue(self, viewer: Viewer, conversation_id: str, version: int, queue_id: str, note: str) -> None:
        """Hands the conversation on to a queue, where it waits for whoever that queue is for; of a supervisor also what waits.

        ``note``: what has been done and what is needed, for whoever takes it next: the citizen does not say it again.

        Raises:
            PieturaError: ``reason_missing``; ``queue_off``: no such queue, or it is switched off; ``queue_nobody``: nobody serves
                it in the citizen's language; ``queue_same``: it waits there already.
            Conflict: as for every act.
        """
        note = clean(note)[:1000]
        if not note:
            raise PieturaError("reason_missing")
        async with self._broker.db.unit() as unit:
            queue = await queues.held_queue(unit.session, queue_id)
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.holder_id)
            if conversation.version != version:
                # First of all: whoever has handed it on a moment ago, in another window, has not done what is forbidden.
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            self._check(viewer, conversation, "to_queue", winner)
            own, before = conversation.holder_id == viewer.id, conversation.queue_id
            changed = await hand_on(self._broker, unit, viewer, conversation, queue, version, note)
            if not own:
                now = self._broker.clock.now()
                people.audit(
                    unit.session,
                    now,
                    viewer.id,
                    "conversation_moved",
                    conversation_id,
                    before={"holder": winner, "queue": before},
                    after={"holder": None, "queue": changed.queue_id},
                )

    async def level2(self, viewer: Viewer, conversation_id: str, version: int, institution_id: str, note: str) -> None:
        """Brings in a specialist of an institution (R4); the operator keeps the conversation toward the citizen."""
        broker = self._broker
        async with broker.db.read() as session:
            if await people.institution(session, institution_id) is None:
                raise PieturaError("bad_institution")
        values = {
            "level2_institution_id": institution_id,
            "institution_id": institution_id,
            "specialist_id": None,
            "level": 2,
            **broker.level2.begins(broker.clock.now()),
        }
        await self._act(
            viewer,
            conversation_id,
            "level2",
            version,
            values=values,
            note="broker.level2",
            names=institution_id,
            data=_noted(note, institution=broker.names.institution(institution_id, "lv")),
            tells="summary.level2",
        )

    async def level2_done(self, viewer: Viewer, conversation_id: str, version: int, note: str | None) -> None:
        """The specialist's part is over; the operator goes on. If he has gone meanwhile, it waits for another."""
        await self._act(
            viewer,
            conversation_id,
            "level2_done",
            version,
            values={},
            note="broker.level2_done",
            data=_noted(note),
        )

    async def hold(self, viewer: Viewer, conversation_id: str, version: int, note: str | None) -> None:
        """Puts the conversation on hold while something is found out; the citizen is told."""
        await self._act(viewer, conversation_id, "hold", version, values={}, note="broker.on_hold", data=_noted(note))

    async def resume(self, viewer: Viewer, conversation_id: str, version: int) -> None:
        """Goes on after a hold."""
        await self._act(viewer, conversation_id, "resume", version, values={}, note="broker.resumed")

    async def close(
        self,
        viewer: Viewer,
        conversation_id: str,
        version: int,
        topic: str,
        outcome: str,
        comment: str | None,
        *,
        seq: int | None = None,
    ) -> None:
        """Closes with topic and outcome and settles the case.

        ``seq``: the last message that the viewer saw; None when he need not have seen one.

        Raises:
            PieturaError: ``bad_topic``, ``bad_outcome``.
            Conflict: ``new_message``: the citizen has written since.
        """
        if topic not in TOPICS:
            raise PieturaError("bad_topic")
        if outcome not in OUTCOMES:
            raise PieturaError("bad_outcome")
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            winner = await repository.staff_name(unit.session, conversation.holder_id)
            self._check(viewer, conversation, "close", winner)
            events = broker.events(unit)
            if conversation.version != version:
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            if conversation.state != State.WRAP_UP:
                await broker.system_note(unit, events, conversation, "broker.closed")
            change = Change(
                Trigger.CLOSE,
                Actor.STAFF,
                viewer.id,
                cause="close",
                version=version,
                values={"topic": topic, "closing_comment": clean(comment or "")[:1000] or None},
            )
            await broker.end(unit, events, conversation, change, outcome)
            if seq is not None:
                await refuse_unread(unit.session, conversation, seq)

    async def read_up_to(self, viewer: Viewer, conversation_id: str, seq: int) -> None:
        """The person who serves the conversation has read up to ``seq``; the citizen sees that he has."""
        async with self._broker.db.unit() as unit:
            conversation = await self._load(unit, viewer, conversation_id)
            if not _may_reply(viewer, conversation) and conversation.state not in HELD:
                return
            if viewer.id not in (conversation.holder_id, conversation.specialist_id):
                return
            seq = min(seq, conversation.last_seq)
            changed = await repository.set_where(
                unit.session,
                conversation.id,
                Conversation.staff_read_seq < seq,
                {"staff_read_seq": seq, "unread": 0},
            )
        if changed is not None:
            await self._broker.bus.publish({"kind": "seen", "by": "staff", "conversation": conversation_id, "seq": seq})


async def refuse_unread(session: AsyncSession, conversation: Conversation, seq: int) -> None:
    """Refuses to end a conversation over what the citizen has written after message ``seq``. Asked once it is ended, in the same
    transaction: from then on nothing is stored in it any more.

    Raises:
        Conflict: ``new_message``.
    """
    if await repository.citizen_wrote_since(session, conversation.id, seq):
        raise Conflict("new_message")


def _owed(conversation: Conversation, values: dict[str, Any]) -> dict[str, Any]:
    """On a platform the answer is due, not its beginning: taking a conversation does not stop the clock (R13)."""
    if conversation.channel == WEBCHAT:
        return values
    return {name: value for name, value in values.items() if name != "due_at"}


def _noted(note: str | None, **more: str) -> dict[str, Any]:
    text = clean(note or "")[:1000]
    return {**more, **({"note": text} if text else {})}
