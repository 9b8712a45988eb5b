"""The broker: the only authority on who may speak in a conversation.

Every change is compare-and-set on the conversation's row, with its event in the same transaction; what is said is stored
before anybody is told of it. Citizens come in here; staff come in through :mod:`handoff.desk`.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.assistant.ports import Assistant
from handoff.attachments.service import Attachments
from handoff.cases import service as cases
from handoff.channels import repository as platforms
from handoff.channels.outbox import Outbox
from handoff.channels.rules import Place
from handoff.channels.schemas import DIRECT, Mode
from handoff.citizens.service import Citizens
from handoff.conversations import repository
from handoff.conversations.events import EventLog
from handoff.conversations.facts import facts
from handoff.conversations.models import Conversation, Message
from handoff.conversations.schemas import WEBCHAT, Contact, Inbound, Receipt, Utterance
from handoff.level2.service import Level2
from handoff.notices.live import LiveNotices
from handoff.queue import repository as queue_rows
from handoff.queue import service as queue
from handoff.queue.placing import place_anew, placement
from handoff.search import index as search_index
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.service import ServiceLevel
from handoff.service_level.targets import LiveTargets, usual
from handoff.sites.live import LiveSites
from handoff.state_machine import ENDED, WAITING, Actor, State, Trigger, allowed, lacks_operator
from kit.bus import Bus
from kit.clock import Clock
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, Forbidden, PieturaError
from kit.i18n import Catalogue
from kit.language import detect
from kit.masking import mask
from kit.metrics import BROKER_SECONDS, timed
from kit.textual import clean, shorten
from kit.tracing import bound

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Policy:
    """Limits and targets of the service. Of the targets those that hold first: administrators set others
    (:mod:`handoff.service_level.targets`).

    Attributes:
        chat_target: working time in which an operator should begin (R13); the card's ``due_at``.
        comment_target: working time in which comments and messages on platforms should be answered (R13), from the
            platform's own time.
        level2_target: working time in which an institution's specialist should have answered (R4): one working day.
        turn_lease: after this an assistant's turn counts as orphaned and another worker takes it.
        idle_bot: a conversation with the assistant ends after this silence.
        abandon_after: a waiting citizen who is gone for so long and left no contact has abandoned.
        offer_timeout: an offer nobody accepts goes back.
        holder_gone: an operator of whose console nothing was heard for so long loses his conversations to the queue.
        wrap_up_timeout: an operator who does not classify in this time has it done for him.
        text_limit: characters in one message.
    """

    chat_target: timedelta = timedelta(seconds=30)
    comment_target: timedelta = timedelta(hours=1)
    level2_target: timedelta = timedelta(hours=10)
    turn_lease: timedelta = timedelta(seconds=10)
    idle_bot: timedelta = timedelta(minutes=30)
    abandon_after: timedelta = timedelta(minutes=10)
    offer_timeout: timedelta = timedelta(seconds=60)
    holder_gone: timedelta = timedelta(seconds=60)
    wrap_up_timeout: timedelta = timedelta(minutes=15)
    text_limit: int = 4000


#: Notes that matter to somebody on a platform: who answers, when, and what became of his data. The rest he would only
#: be disturbed by: there each note is a message of its own. Never told under a comment.
TOLD_ON_PLATFORMS: Final = frozenset(
    {
        "broker.queued",
        "broker.assistant_down",
        "broker.joined",
        "broker.specialist_joined",
        "broker.level2",
        "broker.on_hold",
        "broker.returned",
        "broker.requeued",
        "broker.to_queue",
        "broker.masked_on_platform",
    }
)


class Names(Protocol):
    """Names of services and institutions in a language, for summaries and notes."""

    def service(self, service_id: str, lang: str) -> str:
        """The service's title."""
        ...

    def institution(self, institution_id: str, lang: str) -> str:
        """The institution's name."""
        ...


@dataclass
class Change:
    """Who changes a conversation, and why.

    Attributes:
        actor_id: the member of staff, if it is one.
        version: the version the actor saw; None when he need not have seen one.
        values: columns to set together with the state.
        at: when, if the values go by the same instant; else the present.
    """

    trigger: Trigger
    actor: Actor
    actor_id: str | None = None
    cause: str | None = None
    version: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True)
class PendingTurn:
    """A message that the assistant is to answer, and the conversation as it stood when the message was stored."""

    message: Message
    standing: repository.Standing


#: What else happens when a citizen leaves a contact, in the same transaction.
OnContact = Callable[[UnitOfWork, Conversation, Contact], Awaitable[None]]


#: What else happens when the citizen presses a plan's button while a person holds the conversation, or he waits for one.
OnPress = Callable[[UnitOfWork, EventLog, Message, repository.Standing], Awaitable[None]]
_PLAN_BUTTON: Final = "plan:"


@dataclass(frozen=True)
class Inside:
    """What a platform's inbox does in the transaction that stores a message.

    Attributes:
        opening: once a new conversation is there, before anything is said in it; what the event of its opening is to hold
            besides the number of the case.
        storing: once the message is there, with the conversation as it stands; what it raises undoes everything. Tells
            whether the message is settled by that, so that there is nothing for the assistant to answer.
    """

    opening: Callable[[UnitOfWork, Conversation], Awaitable[dict[str, Any]]]
    storing: Callable[[UnitOfWork, EventLog, Message, repository.Standing], Awaitable[bool]]


class Broker:
    """Conversations, from the first message to the settled case."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        clock: Clock,
        assistant: Assistant,
        calendar: Callable[[], WorkingCalendar],
        texts: Catalogue,
        names: Names,
        policy: Policy,
        outbox: Outbox | None = None,
    ) -> None:
        """``outbox``: where what is said on platforms goes; None when only the web chat is served."""
        self.db = db
        self.bus = bus
        self.clock = clock
        self.assistant = assistant
        self.calendar = calendar
        self.texts = texts
        self.names = names
        self.policy = policy
        self.outbox = outbox
        #: Knows citizens again across channels; set by the gateway, for it needs the channels.
        self.citizens: Citizens | None = None
        #: Files in the web chat; set by the gateway, which knows where they lie.
        self.attachments: Attachments | None = None
        self.notices: LiveNotices | None = None
        self.sites: LiveSites | None = None
        #: The specialists' clock, and who is told of it; set by the gateway, which knows whether mails are sent.
        self.level2 = Level2(clock, calendar, policy.level2_target)
        #: What is promised, as it is set; until a worker has looked, and where nobody sets anything, the policy's.
        first = usual(policy.chat_target, policy.comment_target, policy.level2_target)
        self.targets = LiveTargets(db, clock, first, self._targets_changed)
        self.service_level = ServiceLevel(clock, calendar, self.targets.span, lambda: self.level2.target)
        if outbox is not None:
            outbox.on_change = self.service_level.on_platform
        self.on_turn: Callable[[PendingTurn], None] = _nobody_listens
        #: In the transaction in which a citizen leaves where he can be reached; set by the gateway.
        self.on_contact: OnContact | None = None
        #: In the transaction that stores a plan's button, when it is not the assistant who answers; set by the gateway.
        self.on_press: OnPress | None = None

    def _targets_changed(self, targets: LiveTargets) -> None:
        kept = self.policy
        self.policy = replace(
            kept,
            chat_target=targets.span("chat_begun") or kept.chat_target,
            comment_target=targets.span("social_answered") or kept.comment_target,
            level2_target=targets.span("level2_answered") or kept.level2_target,
        )
        self.level2.target = self.policy.level2_target

    # --- what citizens do -------------------------------------------------------------------------------------------

    @timed(BROKER_SECONDS, "receive")
    async def receive(self, inbound: Inbound, inside: Inside | None = None) -> Receipt:
        """Stores a citizen's message, once, and sets the assistant to work if it is the one to answer.

        ``inside`` runs in the same transaction: so a platform's inbox marks its event as done if and only if the message is
        stored. It knows what it has stored before, and cuts texts to length itself.

        Raises:
            PieturaError: ``text_empty``, ``text_too_long``, ``ended``: the conversation is over, begin a new one; or what
                :meth:`handoff.attachments.service.Attachments.chosen` refuses.
        """
        with bound(conversation=inbound.conversation_id):
            return await self._receive(inbound, inside)

    async def _receive(self, inbound: Inbound, inside: Inside | None) -> Receipt:
        if inside is None and len(inbound.text) > self.policy.text_limit:
            raise PieturaError("text_too_long", limit=self.policy.text_limit)
        masked = mask(clean(inbound.text))
        if not masked.text and not inbound.attachments:
            raise PieturaError("text_empty")
        if inside is not None:
            return await self._store_inbound(inbound, masked.text, masked.kinds, inside)
        try:
            return await self._store_inbound(inbound, masked.text, masked.kinds)
        except IntegrityError:
            # Sent before, or two tabs opened the conversation in the same instant: the second finds what is stored.
            async with self.db.read() as session:
                stored = await repository.message_by_client_id(session, inbound.conversation_id, inbound.client_id)
            if stored is not None:
                return Receipt(stored.seq, stored.at, repeated=True, opened=False)
            return await self._store_inbound(inbound, masked.text, masked.kinds)

    async def _store_inbound(
        self, inbound: Inbound, text: str, masked: tuple[str, ...], inside: Inside | None = None
    ) -> Receipt:
        pending: PendingTurn | None = None
        opened = False
        now = self.clock.now()
        typed, extras = text, inbound.extras
        async with self.db.unit() as unit:
            if inbound.attachments:
                text, extras = await self._with_files(unit.session, inbound, text)
            values = {"last_at": now, "last_author": "citizen", "last_text": shorten(text, 200)}
            if inbound.channel == WEBCHAT:
                # On a platform nobody is seen to be there or gone.
                values["citizen_seen_at"] = now
            events = self.events(unit)
            standing = await repository.advance(unit.session, inbound.conversation_id, values, says=1, unread=1)
            if standing is None:
                conversation = await repository.get(unit.session, inbound.conversation_id)
                if conversation is not None:
                    stored = await repository.message_by_client_id(unit.session, conversation.id, inbound.client_id)
                    if stored is None:
                        raise PieturaError("ended")
                    return Receipt(stored.seq, stored.at, repeated=True, opened=False)
                await self._open(unit, events, inbound, inside)
                opened = True
                standing = await repository.advance(unit.session, inbound.conversation_id, values, says=1, unread=1)
                if standing is None:
                    raise PieturaError("unavailable")
            # A button's title or the mark for a picture tells nothing of the language he writes.
            tells_language = bool(typed) and not inbound.payload and "placeholder" not in inbound.extras
            message = Message(
                id=str(uuid.uuid4()),
                conversation_id=standing.id,
                seq=standing.last_seq,
                client_id=inbound.client_id,
                author_kind="citizen",
                author_id=None,
                author_name=None,
                lang=detect(typed, standing.lang) if tells_language else standing.lang,
                text=text,
                payload=inbound.payload,
                extras={**extras, **({"masked": list(masked)} if masked else {})},
                at=inbound.at or now,
            )
            await repository.store_message(unit.session, message)
            if inbound.attachments and self.attachments is not None:
                await self.attachments.bind(unit.session, inbound.attachments, standing.id, message.id)
            data = {"seq": message.seq}
            events.add("message", standing.id, actor_kind="citizen", data=data, message=message, at=now)
            await self.service_level.citizen_wrote(unit, standing, now)
            if inside is not None:
                settled = await inside.storing(unit, events, message, standing)
            else:
                settled = await self._recognise(unit, events, inbound, standing)
            if standing.state == State.BOT and not settled:
                await repository.store_turn(unit.session, message, now + self.policy.turn_lease)
                pending = PendingTurn(message, standing)
            elif masked:
                await self._masked_note(unit, events, standing)
            elif self.on_press is not None and (message.payload or "").startswith(_PLAN_BUTTON):
                await self.on_press(unit, events, message, standing)
        if pending is not None:
            self.on_turn(pending)
        return Receipt(message.seq, message.at, repeated=False, opened=opened)

    async def _with_files(self, session: AsyncSession, inbound: Inbound, text: str) -> tuple[str, dict[str, Any]]:
        """Text and extras of a message with files: a mark stands for them in the text, as for what comes from platforms."""
        if self.attachments is None:
            raise PieturaError("attachment_gone")
        owners = [one for one in (inbound.conversation_id, inbound.previous_id) if one is not None]
        files = await self.attachments.chosen(session, inbound.attachments, owners, None)
        mark = self.attachments.mark(files)
        marked = "\n".join(part for part in (text, mark) if part)
        return marked, {**inbound.extras, "attachments": files, "placeholder": mark}

    async def _recognise(
        self, unit: UnitOfWork, events: EventLog, inbound: Inbound, standing: repository.Standing
    ) -> bool:
        """Whether a code that proves who writes was all that a message in the web chat was about (R11)."""
        return self.citizens is not None and await self.citizens.recognise(
            unit, events, self.say, standing, channel=inbound.channel, account_id=inbound.site, text=inbound.text
        )

    async def _masked_note(self, unit: UnitOfWork, events: EventLog, standing: repository.Standing) -> None:
        conversation = await repository.get(unit.session, standing.id)
        if conversation is not None:
            await self.system_note(unit, events, conversation, masked_key(standing.channel))

    async def _open(self, unit: UnitOfWork, events: EventLog, inbound: Inbound, inside: Inside | None) -> None:
        now = self.clock.now()
        conversation = Conversation(
            id=inbound.conversation_id,
            version=1,
            state=State.BOT.value,
            channel=inbound.channel,
            site=inbound.site,
            page=inbound.page[:500] if inbound.page else None,
            lang=inbound.lang,
            previous_id=inbound.previous_id,
            context={},
            level=0,
            opened_at=inbound.at or now,
            last_at=now,
            citizen_seen_at=now if inbound.channel == WEBCHAT else None,
            last_seq=0,
            unread=0,
            staff_read_seq=0,
            citizen_read_seq=0,
        )
        unit.session.add(conversation)
        await unit.session.flush()
        case = await cases.open_case(unit.session, conversation)
        told = await inside.opening(unit, conversation) if inside is not None else {}
        events.add(
            "opened",
            conversation.id,
            actor_kind=Actor.CITIZEN,
            to_state=State.BOT,
            version=1,
            data={"case_no": case.no, **told, **facts(conversation)},
        )
        if self.citizens is not None:
            await self.citizens.wrote_on(unit.session, events, conversation)
        await self.service_level.opened(unit, conversation)
        if inbound.greets:
            greeting = self.first_words(inbound.lang, inbound.site)
            await self.say(unit, events, conversation.id, greeting, author_kind="assistant", greeting=True)

    def first_words(self, lang: str, site: str | None) -> Utterance:
        """The assistant's greeting, with what everybody shall hear now. ``site``: None outside the web chat."""
        greeting = self.assistant.greeting(lang)
        own = self.sites.greeting(site, lang) if self.sites is not None else None
        if own:
            greeting = replace(greeting, text=own)
        told = self.notices.said(site, lang) if self.notices is not None else []
        if not told:
            return greeting
        said = (self.texts.text(lang, "broker.notice", text=one) for one in told)
        return replace(greeting, text="\n\n".join([*said, greeting.text]))

    async def end_by_citizen(self, conversation_id: str) -> None:
        """The citizen closes the conversation. One that is over already stays as it is."""
        async with self.db.unit() as unit:
            conversation = await repository.get(unit.session, conversation_id)
            if conversation is None or conversation.state in ENDED or conversation.state == State.WRAP_UP:
                return
            await self.citizen_leaves(unit, conversation, Actor.CITIZEN, cause="citizen_ended")

    async def citizen_leaves(self, unit: UnitOfWork, conversation: Conversation, actor: Actor, *, cause: str) -> None:
        """Ends a conversation from the citizen's side, in the way that its state asks for."""
        events = self.events(unit)
        now = self.clock.now()
        state = State(conversation.state)
        note = "broker.closed_idle" if cause == "idle" else "broker.closed"
        if state == State.BOT:
            outcome = await self._outcome_without_a_person(unit.session, conversation)
            await self.system_note(unit, events, conversation, note)
            await self.end(unit, events, conversation, Change(Trigger.CLOSE, actor, cause=cause), outcome)
        elif state in WAITING and conversation.holder_id is None:
            # Somebody who left his details still gets his answer: the conversation goes on waiting without him.
            if conversation.contact:
                return
            await self.system_note(unit, events, conversation, note)
            await self.end(unit, events, conversation, Change(Trigger.ABANDON, actor, cause=cause), "abandoned")
        else:
            await self.system_note(unit, events, conversation, note)
            await self.change(
                unit,
                events,
                conversation,
                Change(Trigger.CITIZEN_LEFT, actor, cause=cause, values={"wrap_up_at": now, "offered_to_id": None}),
            )

    async def _outcome_without_a_person(self, session: AsyncSession, conversation: Conversation) -> str:
        context = conversation.context
        if context.get("helped"):
            return "resolved"
        answered = bool(context.get("answers"))
        place = await self.place(session, conversation)
        if place is not None:
            # There an answer is one once the platform has it.
            went_out = answered and await platforms.has_sends(session, conversation.id, platforms.WENT_OUT)
            answered = went_out or place.thread.answered_outside_at is not None
            if not answered and place.thread.deleted_at is not None:
                return "no_reply"
        return "answered" if answered else "unanswered"

    async def rate(self, conversation_id: str, score: int, comment: str | None) -> None:
        """Stores the citizen's rating, once, after the end (R23).

        Raises:
            PieturaError: ``bad_frame`` for a score out of range, ``not_ended`` too early.
        """
        if not 1 <= score <= 5:
            raise PieturaError("bad_frame")
        async with self.db.unit() as unit:
            conversation = await repository.get(unit.session, conversation_id)
            if conversation is None or State(conversation.state) not in {State.WRAP_UP, *ENDED}:
                raise PieturaError("not_ended")
            if conversation.rating is not None:
                return
            conversation.rating = score
            conversation.rating_comment = mask(clean(comment or "")).text[:500] or None
            conversation.rated_at = self.clock.now()
            self.events(unit).add("rated", conversation.id, actor_kind=Actor.CITIZEN, data={"score": score})

    async def leave_contact(self, conversation_id: str, contact: Contact) -> None:
        """Keeps where to answer the citizen, so that he need not wait in the chat (R14).

        Raises:
            PieturaError: ``not_yours`` when there is no such conversation yet.
        """
        async with self.db.unit() as unit:
            conversation = await repository.get(unit.session, conversation_id)
            if conversation is None:
                raise PieturaError("not_yours")
            conversation.contact = {"name": contact.name, "email": contact.email, "phone": contact.phone}
            await search_index.name(unit.session, conversation_id, "contact", [contact.name])
            events = self.events(unit)
            events.add("contact", conversation.id, actor_kind=Actor.CITIZEN)
            if self.on_contact is not None:
                await self.on_contact(unit, conversation, contact)
            wait = await self.wait_text(unit.session, conversation)
            await self.system_note(unit, events, conversation, "broker.contact_saved", wait=wait)

    async def set_language(self, conversation_id: str, lang: str) -> None:
        """The citizen chose another language; nothing happens before his first message. Whoever waits is placed anew: there may
        be a queue for his language."""
        async with self.db.unit() as unit:
            conversation = await repository.get(unit.session, conversation_id)
            if conversation is not None and conversation.lang != lang and conversation.state not in ENDED:
                conversation.lang = lang
                events = self.events(unit)
                events.add("language", conversation.id, actor_kind=Actor.CITIZEN, data={"lang": lang})
                if conversation.state == State.QUEUED:
                    queues = await queue_rows.queues(unit.session)
                    await place_anew(unit.session, events, queues, conversation, Actor.CITIZEN)

    async def citizen_read(self, conversation_id: str, seq: int) -> None:
        """The citizen has seen messages up to ``seq``."""
        async with self.db.unit() as unit:
            changed = await repository.set_where(
                unit.session,
                conversation_id,
                (Conversation.citizen_read_seq < seq) & (Conversation.last_seq >= seq),
                {"citizen_read_seq": seq},
            )
        if changed is not None:
            await self.bus.publish({"kind": "seen", "by": "citizen", "conversation": conversation_id, "seq": seq})

    async def citizen_seen(self, conversation_id: str) -> None:
        """The citizen's socket is open, or closed just now."""
        async with self.db.unit() as unit:
            await repository.set_where(
                unit.session,
                conversation_id,
                Conversation.state.not_in([*ENDED]),
                {"citizen_seen_at": self.clock.now()},
            )

    # --- what everything is made of ---------------------------------------------------------------------------------

    def events(self, unit: UnitOfWork) -> EventLog:
        """The event log of a unit of work."""
        return EventLog(unit, self.bus, self.clock)

    async def say(
        self,
        unit: UnitOfWork,
        events: EventLog,
        conversation_id: str,
        *utterances: Utterance,
        author_kind: str,
        author_id: str | None = None,
        author_name: str | None = None,
        client_id: str | None = None,
        greeting: bool = False,
        mode: Mode = DIRECT,
        values: dict[str, Any] | None = None,
        version: int | None = None,
        state: State | None = None,
        at: datetime | None = None,
    ) -> list[Message]:
        """Stores what is said to a citizen, with the next numbers of the conversation; on a platform it is owed to the
        platform in the same transaction.

        ``values`` are columns to set in the same statement; ``version`` and ``state`` must be the conversation's when it
        is written, if they are given. ``mode`` is how a comment is answered: ``public`` or ``private``. ``at``: when, if the
        caller goes by the same instant.

        Raises:
            Conflict: it has changed meanwhile (``changed``), or the conversation has ended (``ended``).
            PieturaError: ``mode_not_allowed``: a comment is not answered as a talk is, nor the other way round;
                ``private_reply_used``.
        """
        now = at or self.clock.now()
        last = utterances[-1]
        said = {
            "last_at": now,
            "last_author": author_kind,
            "last_text": shorten(last.text, 200),
        }
        standing = await repository.advance(
            unit.session,
            conversation_id,
            {**said, **(values or {})},
            says=len(utterances),
            version=version,
            state=state,
        )
        if standing is None:
            raise Conflict("ended" if version is None else "changed")
        place = await self._place_by_id(unit.session, standing)
        if (mode != DIRECT) != (place is not None and place.is_comment):
            raise PieturaError("mode_not_allowed")
        messages = []
        for number, utterance in enumerate(utterances):
            message = Message(
                id=greeting_id(conversation_id) if greeting else str(uuid.uuid4()),
                conversation_id=conversation_id,
                seq=standing.last_seq - len(utterances) + 1 + number,
                client_id=client_id,
                author_kind=author_kind,
                author_id=author_id,
                author_name=author_name,
                lang=utterance.lang,
                text=utterance.text,
                payload=None,
                extras=utterance.extras() | ({"mode": mode} if mode != DIRECT else {}),
                at=now,
                delivery="queued" if place is not None else None,
            )
            await repository.store_message(unit.session, message)
            if place is not None and self.outbox is not None:
                await self.outbox.enqueue(unit, place, message, utterance, mode, greeting=greeting)
            events.add(
                "message",
                conversation_id,
                actor_kind=author_kind,
                actor_id=author_id,
                data={"seq": message.seq},
                message=message,
                at=now,
            )
            messages.append(message)
        await self.service_level.said(unit, events, standing, author_kind, now)
        return messages

    async def system_note(
        self, unit: UnitOfWork, events: EventLog, conversation: Conversation, key: str, **values: object
    ) -> None:
        """Says one of the catalogue's sentences to the citizen, in his language; on a platform only if it matters to him
        there."""
        if not await self._tells(unit.session, conversation, key):
            return
        text = self.texts.text(conversation.lang, key, **values)
        await self.say(unit, events, conversation.id, Utterance(text, conversation.lang), author_kind="system")

    async def _tells(self, session: AsyncSession, conversation: Conversation, key: str) -> bool:
        """Whether a note is said in this conversation at all."""
        place = await self.place(session, conversation)
        if place is None:
            return True
        if place.is_comment or key not in TOLD_ON_PLATFORMS:
            return False
        # Once only a person may write there, a note would be refused.
        closes_at = place.closes_at(DIRECT, by_person=False)
        return closes_at is None or closes_at > self.clock.now()

    async def place(self, session: AsyncSession, conversation: Conversation) -> Place | None:
        """Where a conversation lives on its platform; None for the web chat."""
        return await self._place_by_id(session, repository.Standing.of(conversation))

    async def _place_by_id(self, session: AsyncSession, standing: repository.Standing) -> Place | None:
        # The hot path of the web chat is spared the question.
        if standing.channel == WEBCHAT or self.outbox is None:
            return None
        return await self.outbox.place(session, standing.id)

    @timed(BROKER_SECONDS, "change")
    async def change(
        self, unit: UnitOfWork, events: EventLog, conversation: Conversation, wanted: Change
    ) -> Conversation:
        """Moves a conversation along one rule of the state machine, or refuses.

        Raises:
            Conflict: it has changed meanwhile (``taken`` names the winner), or the rule does not exist for its state.
            Forbidden: the actor may not do this.
        """
        state = State(conversation.state)
        rule = allowed(state, wanted.trigger)
        if rule is None:
            raise await self._conflict(unit.session, conversation)
        if wanted.actor not in rule.actors:
            raise Forbidden()
        version = conversation.version if wanted.version is None else wanted.version
        condition = (Conversation.version == version) & (Conversation.state == state.value)
        if rule.held is not None:
            if not rule.fits(conversation.holder_id):
                raise await self._conflict(unit.session, conversation)
            held = Conversation.holder_id.is_not(None) if rule.held else Conversation.holder_id.is_(None)
            condition &= held
        changed = await repository.set_where(
            unit.session,
            conversation.id,
            condition,
            {"state": rule.to.value, "version": version + 1, **wanted.values},
        )
        if changed is None:
            raise await self._conflict(unit.session, conversation)
        now = wanted.at or self.clock.now()
        events.add(
            "state",
            conversation.id,
            actor_kind=wanted.actor,
            actor_id=wanted.actor_id,
            cause=wanted.cause or wanted.trigger,
            from_state=state,
            to_state=rule.to,
            version=version + 1,
            data={**wanted.data, **facts(changed)},
            at=now,
        )
        await self.level2.follow(unit, events, changed, state, wanted.trigger)
        await self.service_level.follow(unit, events, changed, state, now)
        return changed

    async def _conflict(self, session: AsyncSession, conversation: Conversation) -> Conflict:
        await session.refresh(conversation)
        holder = await repository.staff_name(session, conversation.holder_id)
        if holder is not None and conversation.state not in ENDED:
            return Conflict("taken", winner=holder, state=conversation.state, version=conversation.version)
        return Conflict("changed", state=conversation.state, version=conversation.version)

    async def end(
        self, unit: UnitOfWork, events: EventLog, conversation: Conversation, wanted: Change, outcome: str
    ) -> Conversation:
        """Ends a conversation and settles its case, in one transaction and by one instant."""
        now = wanted.at or self.clock.now()
        wanted.values |= {
            "outcome": outcome,
            "closed_at": now,
            "waiting_since": None,
            "offered_to_id": None,
            "due_at": None,
        }
        changed = await self.change(unit, events, conversation, replace(wanted, at=now))
        await cases.settle(unit.session, changed, now)
        return changed

    async def queue_for_person(
        self,
        unit: UnitOfWork,
        events: EventLog,
        conversation: Conversation,
        *,
        actor: Actor,
        reason: str,
        note: str | None = "broker.queued",
        topic: str | None = None,
        told: str | None = None,
    ) -> Conversation:
        """Puts a conversation into the queue and tells the citizen when a person will answer (R3, R10, R14).

        Whoever commented in public is told nothing: everybody would read it. Nor is anybody when ``note`` is None. ``told``:
        what he has told the assistant, for the summary: he does not say it again.
        """
        now = self.clock.now()
        values: dict[str, Any] = {
            "reason": reason,
            "waiting_since": now,
            "queued_at": conversation.queued_at or now,
            "due_at": await self._due(unit.session, conversation, now),
            "summary": " ".join(filter(None, (await self.summary(unit.session, conversation, reason), told))),
            "holder_id": None,
            "offered_to_id": None,
            **await placement(unit.session, conversation, await self.place(unit.session, conversation), topic),
        }
        if topic:
            values["topic"] = topic
        queued = await self.change(
            unit, events, conversation, Change(Trigger.REQUEST_PERSON, actor, cause=reason, values=values, at=now)
        )
        if note is not None:
            await self.tell_wait(unit, events, queued, note, now)
        return queued

    async def tell_wait(
        self, unit: UnitOfWork, events: EventLog, queued: Conversation, note: str, now: datetime
    ) -> None:
        """Tells the citizen that he waits for a person, and until when: ``note`` is a key of the catalogue. Where nobody is there
        he may leave where he can be reached."""
        if not await self._tells(unit.session, queued, note):
            return
        calendar = self.calendar()
        wait = await queue.estimate(unit.session, calendar, now, now, chat=queued.channel == WEBCHAT)
        text = self.texts.text(queued.lang, note) + " " + queue.wording(self.texts, queued.lang, wait, now, calendar)
        if queued.channel == WEBCHAT and queued.contact is None and (not wait.is_open or wait.operators == 0):
            # On a platform he is written to where he wrote: there is nothing to leave.
            text += " " + self.texts.text(queued.lang, "broker.ask_contact")
        await self.say(unit, events, queued.id, Utterance(text, queued.lang), author_kind="system")

    async def _due(self, session: AsyncSession, conversation: Conversation, now: datetime) -> datetime:
        """When a person should have begun (web chat), or have answered (platforms: from the platform's own time)."""
        place = await self.place(session, conversation)
        if place is None:
            return self.calendar().add_working(now, self.policy.chat_target)
        return self.due_on_platform(place.thread.last_inbound_at)

    def due_on_platform(self, written_at: datetime) -> datetime:
        """When what was written at ``written_at``, by the platform's clock, should be answered (R13)."""
        return self.calendar().add_working(written_at, self.policy.comment_target)

    def marks_on_platform(self, written_at: datetime) -> tuple[datetime, datetime]:
        """When half and four fifths of the time until :meth:`due_on_platform` have gone: in working time, as that is."""
        calendar, target = self.calendar(), self.policy.comment_target
        return calendar.add_working(written_at, target * 0.5), calendar.add_working(written_at, target * 0.8)

    async def requeue(self, unit: UnitOfWork, conversation: Conversation, cause: str) -> None:
        """The holder is gone: the conversation waits again, first in time, and the citizen is told. At level 2 it stays there
        with the specialist, and waits for another operator."""
        now = self.clock.now()
        events = self.events(unit)
        values: dict[str, Any] = {"holder_id": None, "waiting_since": now, "due_at": now, "reason": "operator_gone"}
        if conversation.channel != WEBCHAT:
            # There the answer is due, not its beginning: who owes it changes nothing.
            del values["due_at"]
        place = await self.place(unit.session, conversation)
        values |= await placement(unit.session, conversation, place, conversation.topic, anew=False)
        queued = await self.change(
            unit, events, conversation, Change(Trigger.REQUEUE, Actor.SYSTEM, cause=cause, values=values, at=now)
        )
        await self.system_note(unit, events, queued, "broker.requeued", wait=await self.wait_text(unit.session, queued))

    async def summary(self, session: AsyncSession, conversation: Conversation, reason: str) -> str:
        """Why a person is needed and what was asked, for the operator; in Latvian, the working language."""
        parts = []
        if self.texts.has(f"summary.{reason}"):
            parts.append(self.texts.text("lv", f"summary.{reason}"))
        if conversation.service_id:
            title = self.names.service(conversation.service_id, "lv")
            parts.append(self.texts.text("lv", "summary.about", service=title))
        asked = await repository.last_citizen_questions(session, conversation.id, 2)
        if asked:
            parts.append(self.texts.text("lv", "summary.said", text=" / ".join(f"„{shorten(t, 120)}”" for t in asked)))
        return " ".join(parts)

    async def wait_text(self, session: AsyncSession, conversation: Conversation) -> str:
        """When a person will answer, in the citizen's language."""
        now, calendar = self.clock.now(), self.calendar()
        since = conversation.waiting_since or now
        wait = await queue.estimate(session, calendar, now, since, chat=conversation.channel == WEBCHAT)
        return queue.wording(self.texts, conversation.lang, wait, now, calendar)

    async def view_for_citizen(self, session: AsyncSession, conversation: Conversation) -> dict[str, Any]:
        """The ``state`` object of the widget (docs/protocol.md)."""
        state = State(conversation.state)
        phase = _PHASES[state]
        name = None
        wait_text = None
        asks_contact = False
        if state == State.LEVEL2 and conversation.specialist_id:
            name = await repository.staff_name(session, conversation.specialist_id)
        elif conversation.holder_id and state not in ENDED:
            name = await repository.staff_name(session, conversation.holder_id)
            phase = "operator" if state in (State.OFFERED, State.LEVEL2) else phase
        if lacks_operator(state, conversation.holder_id) and name is None:
            phase = "waiting"
        if phase == "waiting":
            wait_text = await self.wait_text(session, conversation)
            asks_contact = conversation.contact is None
        return {
            "phase": phase,
            "name": name,
            "wait_text": wait_text,
            "asks_contact": asks_contact,
            "may_rate": phase == "ended" and conversation.rating is None,
            "rated": conversation.rating,
        }


def greeting_id(conversation_id: str) -> str:
    """The id of a conversation's first words: the same however often they are shown before they are stored."""
    return str(uuid.uuid5(uuid.UUID(conversation_id), "greeting"))


def masked_key(channel: str) -> str:
    """The note about personal data: on a platform the citizen's own words stay where he wrote them."""
    return "broker.masked" if channel == WEBCHAT else "broker.masked_on_platform"


def _nobody_listens(turn: PendingTurn) -> None:
    """Before the turns are put together with the broker, the sweep alone takes them up."""
    log.warning("no turns are running", message=turn.message.id)


_PHASES = {
    State.BOT: "assistant",
    State.QUEUED: "waiting",
    State.OFFERED: "waiting",
    State.ACTIVE: "operator",
    State.ON_HOLD: "on_hold",
    State.LEVEL2: "specialist",
    State.WRAP_UP: "ended",
    State.CLOSED: "ended",
    State.ABANDONED: "ended",
}
