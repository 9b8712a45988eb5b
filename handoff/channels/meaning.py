"""What each thing that a platform tells means for conversations. Each is done in one transaction with being marked as done."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import or_, true
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker, Change, Inside, PendingTurn
from handoff.channels import repository, wording
from handoff.channels.models import (
    ChannelAccount,
    ChannelThread,
    InboundEventRow,
    OutboxRow,
    PlatformMessage,
    SocialPost,
)
from handoff.channels.outbox import Outbox
from handoff.channels.ports import InboundEvent
from handoff.channels.schemas import COMMENT, DIRECT, LONGEST_TEXT, masked_attachment, settled, unpack
from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation, Message
from handoff.conversations.schemas import Inbound
from handoff.search import index as search_index
from handoff.state_machine import ENDED, Actor, State, Trigger
from kit.clock import as_utc, iso
from kit.db import UnitOfWork
from kit.errors import PieturaError
from kit.language import detect
from kit.masking import mask
from kit.textual import clean, shorten

#: Ids of conversations and messages follow from the platform's, so that doing a thing again makes the same.
_NAMESPACE = uuid.UUID("6b0f3b5e-5a52-4f0e-9f4c-1d9c8a4c7a10")
#: A button that starts a bot; its words are not the citizen's.
_START = "/start"
#: Names of those who answered from outside: a code, the console words it.
OUTSIDE = "outside"


#: By how much the platform's clock may be behind ours.
_SKEW = timedelta(minutes=1)
#: Echoes come in seconds; a webhook that was down for long is caught up within this.
_COMES_BACK = timedelta(days=1)


class NotYet(Exception):
    """What the event is about has not come yet."""


class ClaimLost(Exception):
    """Another worker has taken the event over; what this one did is undone."""


@dataclass(frozen=True)
class Told:
    """An event being acted on.

    Attributes:
        gave_up: it has waited long enough for what it is about.
    """

    row: InboundEventRow
    account: ChannelAccount
    event: InboundEvent
    gave_up: bool

    @property
    def at(self) -> datetime:
        """When it happened, by the platform's clock; never later than when we heard of it."""
        return min(as_utc(self.event.occurred_at), self.row.received_at)

    @property
    def by_account(self) -> bool:
        """Whether the account itself is the author."""
        return self.event.author is not None and self.event.author.id == self.account.platform_id

    def id_of(self, what: str) -> str:
        """An id of ours that follows from the platform's."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.account.id}\n{what}"))


Step = Callable[[UnitOfWork, EventLog, Told], Awaitable[str | None]]


class Meaning:
    """Acts on events. Each method's transaction holds the event's end as well, so a crash leaves both or neither."""

    def __init__(self, broker: Broker, outbox: Outbox, opened: Callable[[str], Awaitable[None]] | None = None) -> None:
        """``opened``: hears of each conversation that began, once it is stored."""
        self._broker = broker
        self._outbox = outbox
        self._opened = opened
        self._steps: dict[str, Step] = {
            "edited": self._edited,
            "deleted": self._deleted,
            "hidden": self._hidden,
            "unhidden": self._hidden,
            "echo": self._echo,
            "delivered": self._receipt,
            "read": self._receipt,
            "blocked": self._blocked,
            "unblocked": self._blocked,
            "post": self._post,
        }

    async def act_on(self, row: InboundEventRow, account: ChannelAccount, *, gave_up: bool) -> None:
        """Does what the event asks for and marks it as done.

        Raises:
            NotYet: it is about something that has not come.
            ClaimLost: somebody else does it.
        """
        event = unpack(row.key, row.kind, row.occurred_at, row.thread, row.event)
        told = Told(row, account, event, gave_up)
        if event.kind == "edited" and gave_up and event.ref and not told.by_account:
            # The message itself never came: what it says now is all there is, and it must not be lost.
            told = replace(told, event=replace(event, kind="comment" if event.post_ref else "message"))
        if told.event.kind in ("message", "comment"):
            if not told.by_account:
                await self._said(told)
                return
            # A connector should have seen it; our own words are never taken for a citizen's.
            told = replace(told, event=replace(told.event, kind="echo"))
        step = self._steps.get(told.event.kind)
        async with self._broker.db.unit() as unit:
            conversation_id = await step(unit, self._broker.events(unit), told) if step is not None else None
            await self._done(unit, told, conversation_id)

    async def _done(self, unit: UnitOfWork, told: Told, conversation_id: str | None) -> None:
        values: dict[str, Any] = {"state": "done", "event": settled(told.row.event), "error": None}
        if conversation_id is not None:
            values["conversation_id"] = conversation_id
        await unit.session.flush()
        if not await repository.finish_event(unit.session, told.row, **values):
            raise ClaimLost

    # --- messages and comments ------------------------------------------------------------------------------------------

    async def _said(self, told: Told) -> None:
        event, session_of = told.event, self._broker.db.read
        async with session_of() as session:
            known = await repository.platform_message(session, told.account.id, event.ref)
            latest = None
            if known is None and event.kind == "message":
                latest = await repository.latest_direct(session, told.account.id, event.thread)
            payload = await self._payload(session, told, latest)
        if known is not None:
            # The same message by another way (asked for besides the webhook), under another key.
            async with self._broker.db.unit() as unit:
                await self._done(unit, told, known.conversation_id)
            return
        if event.kind == "comment":
            # Each one placed is a case of its own, nested ones too (R15); told twice, it is the same one.
            await self._store(told, told.id_of(f"comment {event.ref or event.key}"), None, payload)
        elif latest is not None and repository.goes_on(latest):
            await self._store(told, latest.id, None, payload)
        else:
            # After the end a new conversation begins, which knows the one before.
            previous = latest.id if latest is not None else None
            await self._store(told, told.id_of(f"direct {told.row.key}"), previous, payload)

    async def _payload(self, session: AsyncSession, told: Told, latest: Conversation | None) -> str | None:
        """What was pressed; or chosen by its number, where buttons were written out as a list."""
        event = told.event
        carries = self._outbox.channels.carries(told.account)
        number = event.text.strip().rstrip(".)")
        if event.payload or latest is None or carries is None or carries.buttons or not number.isdecimal():
            return event.payload
        asked = await repository.last_with_buttons(session, latest.id)
        buttons = asked.extras["buttons"] if asked is not None else []
        place = int(number) - 1 if len(number) < 3 else -1
        return str(buttons[place]["payload"]) if 0 <= place < len(buttons) else None

    async def _store(self, told: Told, conversation_id: str, previous_id: str | None, payload: str | None) -> None:
        text, extras = self._text(told.event)
        await self._broker.receive(
            Inbound(
                conversation_id=conversation_id,
                client_id=told.id_of(f"event {told.row.key}"),
                text=text,
                payload=payload,
                lang=detect(text, "lv") if "placeholder" not in extras else "lv",
                channel=told.account.channel,
                site=told.account.id,
                previous_id=previous_id,
                at=told.at,
                extras=extras,
                greets=told.event.kind == "message",
            ),
            Inside(
                opening=lambda unit, conversation: self._opening(unit, conversation, told),
                storing=lambda unit, events, message, standing: self._storing(unit, events, message, standing, told),
            ),
        )

    def _text(self, event: InboundEvent) -> tuple[str, dict[str, Any]]:
        """What is stored as the message's text, and beside it: things that are not text leave a mark that can be seen."""
        typed = clean(event.text)[:LONGEST_TEXT]
        extras: dict[str, Any] = {}
        mark = wording.placeholder(self._broker.texts, event.attachments)
        if typed == _START:
            typed, mark = "", self._broker.texts.text("lv", "channels.attachment.start")
        elif not typed and not mark:
            mark = self._broker.texts.text("lv", "channels.attachment.empty")
        if event.attachments:
            kept = [{"kind": a.kind, "name": a.name, "url": a.url, "size": a.size} for a in event.attachments]
            extras["attachments"] = [masked_attachment(one) for one in kept]
        if mark:
            extras["placeholder"] = mark
        return "\n".join(part for part in (typed, mark) if part), extras

    async def _opening(self, unit: UnitOfWork, conversation: Conversation, told: Told) -> dict[str, Any]:
        """Where it lives on the platform; for the event log, by which clock it was written, reached us and is due."""
        event, account = told.event, told.account
        is_comment = event.kind == "comment"
        conversation.institution_id = account.institution_id
        conversation.municipality_id = account.municipality_id
        if is_comment:
            # Of a comment the answer is due from the moment it was written, whoever gives it (R13).
            conversation.due_at = self._broker.due_on_platform(told.at)
        name = _short(event.author.name if event.author else None)
        if name is None and event.author is not None and not is_comment:
            name = await repository.name_known(unit.session, account.id, event.author.id)
        unit.session.add(
            ChannelThread(
                conversation_id=conversation.id,
                account_id=account.id,
                kind=COMMENT if is_comment else DIRECT,
                thread=event.thread,
                author_id=event.author.id if event.author else None,
                author_name=name,
                author_handle=_short(event.author.handle if event.author else None),
                post_ref=event.post_ref,
                comment_ref=event.ref if is_comment else None,
                parent_ref=event.parent_ref,
                summoned=event.summoned,
                created_at=told.at,
                received_at=told.row.received_at,
                last_inbound_at=told.at,
                hide_proposed=False,
                edits=[],
            )
        )
        if is_comment and event.post_ref and event.post_ref != event.ref:
            stub = {"account_id": account.id, "ref": event.post_ref, "text": "", "ours": False}
            await repository.insert_new(unit, SocialPost, [stub])
        await unit.session.flush()
        if self._opened is not None:
            unit.after_commit(partial(self._opened, conversation.id))
        return {
            "account": account.id,
            "kind": COMMENT if is_comment else DIRECT,
            "written_at": iso(told.at),
            "received_at": iso(told.row.received_at),
            "due_at": iso(conversation.due_at),
        }

    async def _storing(
        self,
        unit: UnitOfWork,
        events: EventLog,
        message: Message,
        standing: conversations.Standing,
        told: Told,
    ) -> bool:
        session, event = unit.session, told.event
        if standing.state == State.WRAP_UP:
            # It came to its end while we looked: begin anew with a conversation of its own.
            raise PieturaError("ended")
        if event.ref is not None:
            await self._remember(unit, told, message, "in")
        thread = await repository.thread(session, standing.id)
        if thread is None:
            raise RuntimeError(f"conversation {standing.id} has no thread")
        values: dict[str, Any] = {"last_inbound_at": max(thread.last_inbound_at, told.at)}
        if event.kind == "message":
            # Whoever writes has not blocked us, or no longer: Facebook and X never tell that a block has ended.
            values["blocked_at"] = None
        if event.author is not None and event.author.name and event.kind == "message":
            values |= {
                "author_name": _short(event.author.name),
                "author_handle": _short(event.author.handle) or thread.author_handle,
            }
        if event.kind == "comment" and message.extras.get("masked"):
            values["hide_proposed"] = True
            events.add("hide_proposed", standing.id, actor_kind=Actor.SYSTEM)
        await repository.set_thread(session, standing.id, **values)
        if event.kind == "message" and standing.state != State.BOT:
            # Whoever serves him owes an answer to the last thing he wrote.
            due = self._broker.due_on_platform(values["last_inbound_at"])
            await conversations.set_where(session, standing.id, true(), {"due_at": due})
        await repository.wake_waiting(session, told.account.id, event.thread, self._broker.clock.now())
        proved = await self._recognise(unit, events, standing, told)
        await self._done(unit, told, standing.id)
        return proved

    async def _recognise(
        self, unit: UnitOfWork, events: EventLog, standing: conversations.Standing, told: Told
    ) -> bool:
        """Who wrote is known from now on (R11). Whether a proof was all the message was about."""
        citizens, event = self._broker.citizens, told.event
        return citizens is not None and await citizens.recognise(
            unit,
            events,
            self._broker.say,
            standing,
            channel=told.account.channel,
            account_id=told.account.id,
            external_id=event.author.id if event.author else None,
            name=event.author.name if event.author else None,
            text=event.text,
            token=event.token,
            public=event.kind == "comment",
        )

    async def _remember(self, unit: UnitOfWork, told: Told, message: Message, direction: str) -> None:
        row = {
            "account_id": told.account.id,
            "ref": told.event.ref,
            "conversation_id": message.conversation_id,
            "message_id": message.id,
            "direction": direction,
        }
        if not await repository.insert_new(unit, PlatformMessage, [row]):
            # Somebody stored it between our look and now; the next attempt finds it.
            raise ClaimLost

    # --- edits and deletions --------------------------------------------------------------------------------------------

    async def _find(self, session: AsyncSession, told: Told) -> tuple[PlatformMessage, Message] | None:
        known = await repository.platform_message(session, told.account.id, told.event.ref)
        if known is None:
            if told.gave_up:
                return None
            raise NotYet
        message = await session.get(Message, known.message_id)
        return (known, message) if message is not None else None

    async def _edited(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        found = await self._find(unit.session, told)
        if found is None:
            return None
        known, message = found
        text, extras = self._text(told.event)
        masked = mask(text)
        if masked.text == message.text or "deleted" in message.extras:
            return known.conversation_id
        old = message.text
        kept = {name: value for name, value in message.extras.items() if name not in ("masked", "placeholder")}
        message.extras = {
            **kept,
            **extras,
            **({"masked": list(masked.kinds)} if masked.kinds else {}),
            "edits": [*message.extras.get("edits", []), {"at": iso(told.at), "text": old}],
        }
        message.text = masked.text
        await search_index.replace(
            unit.session, "message", message.id, message.conversation_id, message.text, message.lang
        )
        await self._keep_history(unit, events, told, known, message, "edited", old)
        if masked.kinds and known.direction == "in":
            await self._propose_hiding(unit, events, known.conversation_id)
        if known.direction == "in":
            await self._answer_anew(unit, message)
        return known.conversation_id

    async def _keep_history(
        self,
        unit: UnitOfWork,
        events: EventLog,
        told: Told,
        known: PlatformMessage,
        message: Message,
        what: str,
        old: str,
    ) -> None:
        """The old text goes into the thread's history; lists and summaries say what the message says now."""
        session, conversation_id = unit.session, known.conversation_id
        thread = await repository.thread(session, conversation_id)
        if thread is not None:
            entry = {"message_id": message.id, "seq": message.seq, "at": iso(told.at), "what": what, "text": old}
            thread.edits = [*thread.edits, entry]
        await session.flush()
        conversation = await conversations.get(session, conversation_id)
        if conversation is not None:
            if conversation.last_text == shorten(old, 200):
                conversation.last_text = shorten(message.text, 200)
            if conversation.summary and conversation.reason:
                conversation.summary = await self._broker.summary(session, conversation, conversation.reason)
            await session.flush()
        actor = Actor.CITIZEN if known.direction == "in" else Actor.SYSTEM
        data = {"seq": message.seq, "at": iso(told.at)}
        events.add(what, conversation_id, actor_kind=actor, data=data, message=message)

    async def _propose_hiding(self, unit: UnitOfWork, events: EventLog, conversation_id: str) -> None:
        changed = await repository.set_thread(
            unit.session,
            conversation_id,
            (ChannelThread.kind == COMMENT) & ChannelThread.hide_proposed.is_(False),
            hide_proposed=True,
        )
        if changed:
            events.add("hide_proposed", conversation_id, actor_kind=Actor.SYSTEM)

    async def _answer_anew(self, unit: UnitOfWork, message: Message) -> None:
        """The assistant answers what the citizen says now, if it is still the one to answer and it is his last word."""
        session, broker = unit.session, self._broker
        conversation = await conversations.get(session, message.conversation_id)
        if conversation is None or conversation.state != State.BOT:
            return
        thread = await repository.thread(session, conversation.id)
        said = await repository.messages_of(session, [conversation.id])
        last = [one for one in said if one.author_kind == "citizen"][-1]
        if thread is None or last.id != message.id:
            return
        if thread.kind == COMMENT and await repository.has_sends(
            session, conversation.id, (*repository.PENDING, *repository.WENT_OUT, "unknown")
        ):
            # What was said in public stays; a second answer under the same comment would look like a machine's fault.
            return
        if await conversations.reopen_turn(session, message.id, broker.clock.now() + broker.policy.turn_lease):
            pending = PendingTurn(message, conversations.Standing.of(conversation))

            async def begin() -> None:
                broker.on_turn(pending)

            unit.after_commit(begin)

    async def _deleted(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        session = unit.session
        found = await self._find(session, told)
        if found is None:
            return None
        known, message = found
        if "deleted" in message.extras:
            return known.conversation_id
        if known.direction == "out":
            # Ours: what it said is no secret, and it must be seen that it is gone.
            message.extras = {**message.extras, "deleted": iso(told.at)}
            await session.flush()
            data = {"seq": message.seq}
            events.add("deleted", known.conversation_id, actor_kind=Actor.SYSTEM, data=data, message=message)
            return known.conversation_id
        await conversations.finish_turn(session, message.id, self._broker.clock.now(), "dropped", 0)
        old = message.text
        message.text = self._broker.texts.text("lv", "channels.deleted")
        await search_index.replace(session, "message", message.id, message.conversation_id, "", message.lang)
        message.extras = {"deleted": iso(told.at), "placeholder": message.text}
        await repository.forget_text(session, told.account.id, told.event.thread, str(told.event.ref))
        await self._keep_history(unit, events, told, known, message, "deleted", old)
        await repository.set_thread(
            session,
            known.conversation_id,
            (ChannelThread.kind == COMMENT) & (ChannelThread.comment_ref == told.event.ref),
            deleted_at=told.at,
        )
        thread = await repository.thread(session, known.conversation_id)
        if thread is not None and thread.deleted_at is not None:
            await self._outbox.changed(unit, events, known.conversation_id)
            await self._nothing_left_to_answer(unit, events, known.conversation_id, thread)
        return known.conversation_id

    async def _nothing_left_to_answer(
        self, unit: UnitOfWork, events: EventLog, conversation_id: str, thread: ChannelThread
    ) -> None:
        """A comment that is gone and was not answered ends as ``no_reply``. Its case stays: it was placed (R15)."""
        session, broker = unit.session, self._broker
        await conversations.drop_turns(session, conversation_id, broker.clock.now())
        answered = await repository.has_sends(session, conversation_id, ("sending", *repository.WENT_OUT, "unknown"))
        await self._outbox.cancel_queued(unit, events, thread.account_id, thread.thread, "deleted")
        conversation = await conversations.get(session, conversation_id)
        if conversation is None or conversation.state in ENDED or answered or thread.answered_outside_at is not None:
            return
        if conversation.holder_id is not None and conversation.state != State.WRAP_UP:
            values = {"wrap_up_at": broker.clock.now(), "offered_to_id": None}
            left = Change(Trigger.CITIZEN_LEFT, Actor.SYSTEM, cause="comment_deleted", values=values)
            conversation = await broker.change(unit, events, conversation, left)
        close = Change(Trigger.CLOSE, Actor.SYSTEM, cause="comment_deleted")
        await broker.end(unit, events, conversation, close, "no_reply")

    async def _hidden(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        found = await self._find(unit.session, told)
        if found is None:
            return None
        conversation_id = found[0].conversation_id
        hides = told.event.kind == "hidden"
        # Our own hiding comes back as well; by whom and why is on record then already.
        unchanged = ChannelThread.hidden_at.is_(None) if hides else ChannelThread.hidden_at.is_not(None)
        values: dict[str, Any] = {"hidden_at": told.at if hides else None}
        if not hides:
            values |= {"hidden_by": None, "hidden_reason": None}
        if await repository.set_thread(unit.session, conversation_id, unchanged, **values):
            events.add(told.event.kind, conversation_id, actor_kind=Actor.SYSTEM, cause=OUTSIDE)
        return conversation_id

    # --- what the account itself wrote ----------------------------------------------------------------------------------

    async def _echo(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        """Our own message comes back, or somebody answered from outside (the platform's own inbox).

        Not every platform tells which: so what we are sending is looked through first.
        """
        session, event = unit.session, told.event
        known = await repository.platform_message(session, told.account.id, event.ref)
        if known is not None:
            return known.conversation_id
        rows = await self._perhaps_ours(session, told)
        mine = _matching(rows, told)
        if mine is not None:
            return await self._confirm(unit, events, told, mine)
        if not told.gave_up and (event.by_us or any(row.state == "sending" for row in rows)):
            # A send is under way whose words may have been changed on the way: its answer will tell.
            raise NotYet
        return await self._answered_outside(unit, events, told)

    async def _perhaps_ours(self, session: AsyncSession, told: Told) -> list[OutboxRow]:
        """Sends of the thread whose fate is open. A public answer may come back under the comment's parent, a private one in
        the person's own thread: those are looked for in the whole account."""
        event = told.event
        states = ("sending", "unknown", *repository.WENT_OUT)
        found = {row.id: row for row in await repository.rows_in(session, told.account.id, event.thread, states)}
        for row in await repository.open_replies(session, told.account.id):
            found[row.id] = row
        return [row for row in found.values() if row.ref is None and _can_be(row, told)]

    async def _confirm(self, unit: UnitOfWork, events: EventLog, told: Told, row: OutboxRow) -> str | None:
        open_ = OutboxRow.ref.is_(None) & or_(
            OutboxRow.state.in_(["sending", "unknown"]), OutboxRow.state.in_(list(repository.WENT_OUT))
        )
        already = row.state in repository.WENT_OUT
        values: dict[str, Any] = {"ref": told.event.ref}
        if not already:
            values |= {"state": "sent", "sent_at": told.at, "reason": None, "detail": None, "lease_until": None}
        done = await repository.set_row(unit.session, row.id, open_, **values)
        if done is None:
            raise ClaimLost
        await self._outbox.went_out(unit, events, done, done.sent_at or told.at)
        return done.conversation_id

    async def _answered_outside(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        """Somebody answered in the platform's own inbox: it is shown, the clock stops, the assistant is silent until the
        citizen writes again."""
        session, event, broker = unit.session, told.event, self._broker
        conversation = await self._addressed(session, told)
        if conversation is None:
            if told.gave_up:
                return None
            raise NotYet
        # Not masked: it is an institution's, and may have to name a number.
        text, extras = self._text(event)
        values = {"last_at": broker.clock.now(), "last_author": "operator", "last_text": shorten(text, 200)}
        standing = await conversations.advance(session, conversation.id, values, says=1)
        if standing is None:
            # It is over: nothing is said in it any more, and nobody waits. But that there is an answer is a fact (R13).
            await self._note_outside(unit, events, conversation.id, told)
            return conversation.id
        message = Message(
            id=str(uuid.uuid4()),
            conversation_id=conversation.id,
            seq=standing.last_seq,
            client_id=told.id_of(f"event {told.row.key}"),
            author_kind="operator",
            author_id=None,
            author_name=OUTSIDE,
            lang=detect(text, standing.lang),
            text=text,
            payload=None,
            extras=extras,
            at=told.at,
            delivery="sent",
        )
        await conversations.store_message(session, message)
        if event.ref is not None:
            await self._remember(unit, told, message, "out")
        await conversations.drop_turns(session, conversation.id, broker.clock.now())
        data = {"seq": message.seq}
        events.add("message", conversation.id, actor_kind="operator", cause=OUTSIDE, data=data, message=message)
        await self._note_outside(unit, events, conversation.id, told)
        return conversation.id

    async def _note_outside(self, unit: UnitOfWork, events: EventLog, conversation_id: str, told: Told) -> None:
        await repository.set_thread(unit.session, conversation_id, answered_outside_at=told.at)
        await self._outbox.stop_clock(unit.session, conversation_id, told.at, told.at, by_person=True)
        await self._outbox.changed(unit, events, conversation_id, told.at)
        events.add("answered_outside", conversation_id, actor_kind="operator", data={"at": iso(told.at)})

    async def _addressed(self, session: AsyncSession, told: Told) -> Conversation | None:
        """The conversation that the account's own words belong to: of the comment they answer, or the person's."""
        event = told.event
        for ref in (event.parent_ref, event.thread):
            known = await repository.platform_message(session, told.account.id, ref)
            if known is not None:
                return await conversations.get(session, known.conversation_id)
        if event.post_ref is not None:
            return None
        latest = await repository.latest_direct(session, told.account.id, event.thread)
        return latest if latest is not None and repository.goes_on(latest) else None

    # --- receipts, blocks, posts ----------------------------------------------------------------------------------------

    async def _receipt(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        """What was sent up to an instant has arrived, or was read."""
        session, event = unit.session, told.event
        until = event.watermark or told.at
        named = await repository.row_by_ref(session, told.account.id, event.thread, event.ref)
        if named is not None and named.claimed_at is not None:
            until = max(until, named.claimed_at)
        states = ("sending", "sent", "delivered") if event.kind == "read" else ("sending", "sent")
        rows = [
            row
            for row in await repository.rows_in(session, told.account.id, event.thread, states)
            if row.kind == "direct" and row.claimed_at is not None and row.claimed_at <= until
        ]
        if any(row.state == "sending" for row in rows) and not told.gave_up:
            raise NotYet
        conversation_id = None
        for row in rows:
            sent = OutboxRow.state.in_(["sent", "delivered"])
            if await repository.set_row(session, row.id, sent, state=event.kind) is not None:
                conversation_id = row.conversation_id
                await self._outbox.tell(unit, events, row.message_id, told.at)
        return conversation_id

    async def _blocked(self, unit: UnitOfWork, events: EventLog, told: Told) -> str | None:
        """The citizen blocked the account, or took that back."""
        session, event = unit.session, told.event
        latest = await repository.latest_direct(session, told.account.id, event.thread)
        blocks = event.kind == "blocked"
        if latest is not None:
            await repository.set_thread(session, latest.id, blocked_at=told.at if blocks else None)
            events.add(event.kind, latest.id, actor_kind=Actor.CITIZEN)
        if blocks:
            await self._outbox.cancel_queued(unit, events, told.account.id, event.thread, "blocked")
        return latest.id if latest is not None else None

    async def _post(self, unit: UnitOfWork, _events: EventLog, told: Told) -> str | None:
        event = told.event
        if event.ref is None:
            return None
        links = [one.url for one in event.attachments if one.kind == "share" and one.url]
        known = await repository.social_post(unit.session, told.account.id, event.ref)
        if known is None:
            known = SocialPost(account_id=told.account.id, ref=event.ref, text="", ours=False)
            unit.session.add(known)
        known.text = clean(event.text)[:LONGEST_TEXT]
        known.link = links[0][:1000] if links else known.link
        known.published_at = known.published_at or told.at
        known.ours = known.ours or event.by_us
        return None


def _can_be(row: OutboxRow, told: Told) -> bool:
    """Whether a send may have been what came back: an answer, and begun before it, not long ago."""
    begun = row.claimed_at
    return row.kind in repository.REPLIES and begun is not None and begun - _SKEW <= told.at <= begun + _COMES_BACK


def _matching(rows: Sequence[OutboxRow], told: Told) -> OutboxRow | None:
    """The send that an echo is the answer to: by its words, or because it is ours and only one is open."""
    same = [row for row in rows if _says(row, told.event.text)]
    unsure = sorted(same, key=lambda row: (row.state in repository.WENT_OUT, row.id))
    if unsure:
        return unsure[0]
    open_here = [row for row in rows if row.state in ("sending", "unknown") and row.thread == told.event.thread]
    return open_here[0] if told.event.by_us and len(open_here) == 1 else None


def _says(row: OutboxRow, heard: str) -> bool:
    """Whether these are a send's words. A connector may have written the buttons out below them."""
    said, heard = _plain(row.payload.get("text")), _plain(heard)
    return heard == said or bool(said and row.payload.get("buttons") and heard.startswith(f"{said} "))


def _plain(text: object) -> str:
    return " ".join(clean(str(text or "")).split())


def _short(name: str | None) -> str | None:
    return clean(name)[:200] or None if name else None
