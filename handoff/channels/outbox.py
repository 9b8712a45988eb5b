"""What we owe platforms: put into the outbox with what it says, and what follows from a send that went out or did not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels import repository, wording
from handoff.channels.models import ChannelThread, OutboxRow, PlatformMessage
from handoff.channels.rules import Place
from handoff.channels.schemas import DIRECT, Mode
from handoff.channels.service import KINDS, Channels
from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation, Message
from handoff.conversations.schemas import Utterance
from handoff.state_machine import State
from kit.clock import Clock, iso
from kit.db import UnitOfWork
from kit.errors import Conflict, PieturaError
from kit.i18n import Catalogue

#: States of a message of several parts, worst first: what the writer must know wins.
_WORST_FIRST: Final = ("failed", "unknown", "cancelled", "queued", "sending", "sent", "delivered", "read")
_EARLIER_PART: Final = "earlier_part_failed"
_AUTHORS_WHO_ANSWER: Final = frozenset({"assistant", "operator", "specialist"})


OnChange = Callable[[UnitOfWork, EventLog, str, datetime | None], Awaitable[None]]


class Outbox:
    """The outbox's side of the broker: everything here happens in the caller's transaction."""

    def __init__(self, channels: Channels, texts: Catalogue, clock: Clock) -> None:
        self.channels = channels
        self._texts = texts
        self._clock = clock
        #: Set whenever something was queued, so that the delivery worker of this process need not wait for its next look.
        self.wake = asyncio.Event()
        #: In the transaction in which something becomes known of a conversation: an answer went out, or a comment is gone.
        #: With the instant of the answer, should it be a person's. Set by the broker.
        self.on_change: OnChange | None = None

    async def place(self, session: AsyncSession, conversation_id: str) -> Place | None:
        """See :meth:`handoff.channels.service.Channels.place`."""
        return await self.channels.place(session, conversation_id)

    # --- putting in -----------------------------------------------------------------------------------------------------

    async def enqueue(
        self, unit: UnitOfWork, place: Place, message: Message, utterance: Utterance, mode: Mode, *, greeting: bool
    ) -> None:
        """Owes the platform a message that has just been stored; long direct messages in parts.

        Raises:
            PieturaError: ``private_reply_used``: somebody else used the one private reply a moment ago.
        """
        now = self._clock.now()
        if mode == "private":
            await self._reserve_private_reply(unit, place.thread.conversation_id, now)
        common = {
            "by_person": message.author_kind in ("operator", "specialist"),
            "answers": message.author_kind in _AUTHORS_WHO_ANSWER and not greeting,
        }
        for payload in self._payloads(place, utterance, mode):
            self._add(unit, place, KINDS[mode], now, payload | common, message)
        unit.after_commit(self._wake)

    def _payloads(self, place: Place, utterance: Utterance, mode: Mode) -> list[dict[str, Any]]:
        if mode == "public":
            return [{"text": utterance.text}]
        text = wording.full_text(self._texts, utterance)
        shows_buttons = place.carries is not None and place.carries.buttons
        if not shows_buttons and mode == DIRECT:
            text = wording.numbered(self._texts, utterance.lang, text, utterance.buttons)
        if mode == "private":
            # One private reply a comment: it cannot be sent in parts. A source that does not fit is left out.
            return [{"text": text if len(text) <= place.limit(mode) else utterance.text}]
        found = wording.parts(text, place.limit(mode) or len(text))
        payloads: list[dict[str, Any]] = [
            {"text": part, "part": number, "parts": len(found)} for number, part in enumerate(found, 1)
        ]
        if shows_buttons and utterance.buttons:
            payloads[-1]["buttons"] = [[button.title, button.payload] for button in utterance.buttons]
        return payloads

    async def act(
        self, unit: UnitOfWork, place: Place, kind: str, now: datetime, *, by: str, reason: str | None = None
    ) -> None:
        """Owes the platform a deed: ``hide`` or ``unhide``.

        Raises:
            Conflict: ``already_asked``: the same is under way.
        """
        thread = place.thread
        pending = await repository.rows_in(unit.session, thread.account_id, thread.thread, repository.PENDING)
        if any(row.kind == kind for row in pending):
            raise Conflict("already_asked")
        self._add(unit, place, kind, now, {"by": by, "reason": reason, "by_person": True}, None)
        unit.after_commit(self._wake)

    def _add(
        self, unit: UnitOfWork, place: Place, kind: str, now: datetime, payload: dict[str, Any], message: Message | None
    ) -> None:
        unit.session.add(
            OutboxRow(
                account_id=place.account.id,
                thread=place.thread.thread,
                kind=kind,
                conversation_id=place.thread.conversation_id,
                message_id=message.id if message is not None else None,
                payload=payload,
                state="queued",
                attempts=0,
                next_at=now,
                created_at=now,
            )
        )

    async def _reserve_private_reply(self, unit: UnitOfWork, conversation_id: str, now: datetime) -> None:
        free = ChannelThread.private_reply_at.is_(None)
        if not await repository.set_thread(unit.session, conversation_id, free, private_reply_at=now):
            raise PieturaError("private_reply_used")

    async def _wake(self) -> None:
        self.wake.set()

    async def changed(
        self, unit: UnitOfWork, events: EventLog, conversation_id: str, answered_at: datetime | None = None
    ) -> None:
        """Tells whoever follows conversations; see ``on_change``."""
        if self.on_change is not None:
            await self.on_change(unit, events, conversation_id, answered_at)

    # --- what became of it ----------------------------------------------------------------------------------------------

    async def went_out(self, unit: UnitOfWork, events: EventLog, row: OutboxRow, at: datetime) -> None:
        """What follows when ``row`` has been set to ``sent``: the message can be found again, the clock stops."""
        session = unit.session
        if row.ref and row.message_id and row.conversation_id:
            await repository.insert_new(
                unit,
                PlatformMessage,
                [
                    {
                        "account_id": row.account_id,
                        "ref": row.ref,
                        "conversation_id": row.conversation_id,
                        "message_id": row.message_id,
                        "direction": "out",
                    }
                ],
            )
        await repository.set_account(session, row.account_id, last_sent_at=at)
        if row.conversation_id is not None:
            if row.kind in ("hide", "unhide"):
                await self._hidden(unit, events, row, at)
            elif row.payload.get("answers"):
                by_person = row.payload["by_person"]
                await self.stop_clock(session, row.conversation_id, at, row.created_at, by_person)
                await self.changed(unit, events, row.conversation_id, at if by_person else None)
        await self.tell(unit, events, row.message_id, at)

    async def _hidden(self, unit: UnitOfWork, events: EventLog, row: OutboxRow, at: datetime) -> None:
        hides = row.kind == "hide"
        by, reason = row.payload.get("by"), row.payload.get("reason")
        conversation_id = str(row.conversation_id)
        await repository.set_thread(
            unit.session,
            conversation_id,
            hidden_at=at if hides else None,
            hidden_by=by if hides else None,
            hidden_reason=reason if hides else None,
        )
        data = {"note": reason} if reason else {}
        events.add("hidden" if hides else "unhidden", conversation_id, actor_kind="staff", actor_id=by, data=data)

    async def stop_clock(
        self, session: AsyncSession, conversation_id: str, at: datetime, written_at: datetime, by_person: bool
    ) -> None:
        """The citizen has an answer: the first one is on record, and nothing is due until he writes again (R13).

        First is what went out first, not what we heard of first: an answer from outside may be told late, and of an unknown
        one a person may say later that it had arrived. An assistant's words do not answer a conversation that waits for a
        person.
        """
        first = or_(Conversation.first_reply_at.is_(None), Conversation.first_reply_at > at)
        await conversations.set_where(session, conversation_id, first, {"first_reply_at": at})
        thread = await repository.thread(session, conversation_id)
        if thread is None or thread.last_inbound_at > written_at:
            return
        due = Conversation.due_at.is_not(None)
        answered = due if by_person else and_(due, Conversation.state == State.BOT)
        await conversations.set_where(session, conversation_id, answered, {"due_at": None})

    async def did_not_go(self, unit: UnitOfWork, events: EventLog, row: OutboxRow) -> None:
        """What follows when ``row`` has been set to ``failed``, ``unknown`` or ``cancelled``."""
        session, now = unit.session, self._clock.now()
        if row.state != "unknown":
            if row.kind == "private_reply" and row.conversation_id and row.reason != "private_reply_used":
                await repository.set_thread(session, row.conversation_id, private_reply_at=None)
            if row.message_id is not None:
                await self._cancel(unit, events, await self._rest_of(session, row), _EARLIER_PART, told=False)
        if row.kind in ("hide", "unhide") and row.conversation_id is not None:
            # No message shows it: whoever asked for it learns it from the timeline, and his page looks again.
            events.add(f"{row.kind}_failed", row.conversation_id, actor_kind="system", data={"state": row.state})
        if row.reason == "deleted" and row.conversation_id is not None and row.kind != DIRECT:
            gone = ChannelThread.deleted_at.is_(None)
            await repository.set_thread(session, row.conversation_id, gone, deleted_at=now)
            await self.changed(unit, events, row.conversation_id)
        if row.reason == "blocked" and row.conversation_id is not None:
            await repository.set_thread(session, row.conversation_id, blocked_at=now)
            events.add("blocked", row.conversation_id, actor_kind="citizen")
            await self.cancel_queued(unit, events, row.account_id, row.thread, "blocked")
        await self.tell(unit, events, row.message_id, now)

    async def _rest_of(self, session: AsyncSession, row: OutboxRow) -> list[OutboxRow]:
        parts = await repository.rows_of_message(session, str(row.message_id))
        return [part for part in parts if part.id > row.id and part.state == "queued"]

    async def cancel_queued(
        self, unit: UnitOfWork, events: EventLog, account_id: str, thread: str, reason: str
    ) -> None:
        """What is still queued for a thread is not sent any more."""
        await unit.session.flush()
        await self._cancel(
            unit, events, await repository.rows_in(unit.session, account_id, thread, ["queued"]), reason, told=True
        )

    async def _cancel(
        self, unit: UnitOfWork, events: EventLog, rows: Iterable[OutboxRow], reason: str, *, told: bool
    ) -> None:
        messages: dict[str, None] = {}
        for row in rows:
            still = OutboxRow.state == "queued"
            if await repository.set_row(unit.session, row.id, still, state="cancelled", reason=reason) is None:
                continue
            if row.kind == "private_reply" and row.conversation_id:
                await repository.set_thread(unit.session, row.conversation_id, private_reply_at=None)
            if row.message_id is not None:
                messages[row.message_id] = None
        if told:
            for message_id in messages:
                await self.tell(unit, events, message_id, self._clock.now())

    async def tell(self, unit: UnitOfWork, events: EventLog, message_id: str | None, at: datetime) -> None:
        """Brings the message's state of delivery up to that of its rows, and tells whoever looks."""
        if message_id is None:
            return
        session = unit.session
        await session.flush()
        message = await session.get(Message, message_id, populate_existing=True)
        rows = await repository.rows_of_message(session, message_id)
        if message is None or not rows:
            return
        state, reason = _together(rows)
        if (message.delivery, message.delivery_reason) == (state, reason):
            return
        message.delivery, message.delivery_reason = state, reason
        await session.flush()
        events.add(
            "delivery",
            message.conversation_id,
            actor_kind="system",
            data={"seq": message.seq, "delivery": state, "reason": reason, "at": iso(at)},
            message=message,
        )

    # --- what staff decide ----------------------------------------------------------------------------------------------

    async def send_again(self, unit: UnitOfWork, events: EventLog, row: OutboxRow) -> None:
        """A person wants something sent again that failed, or of which nobody knows whether it arrived.

        Raises:
            Conflict: ``changed``: it is under way, or it went out after all.
            PieturaError: ``private_reply_used``.
        """
        now = self._clock.now()
        stopped = OutboxRow.state.in_(["failed", "unknown", "cancelled"])
        fresh = {
            "state": "queued",
            "attempts": 0,
            "next_at": now,
            "reason": None,
            "detail": None,
            "lease_until": None,
            "claimed_at": None,
        }
        known = row.state
        if await repository.set_row(unit.session, row.id, stopped, **fresh) is None:
            raise Conflict("changed")
        if row.kind == "private_reply" and row.conversation_id and known != "unknown":
            await self._reserve_private_reply(unit, row.conversation_id, now)
        if row.message_id is not None:
            for part in await repository.rows_of_message(unit.session, row.message_id):
                if part.id > row.id and part.reason == _EARLIER_PART:
                    await repository.set_row(unit.session, part.id, stopped, **fresh)
        await self.tell(unit, events, row.message_id, now)
        unit.after_commit(self._wake)

    async def mark_sent(self, unit: UnitOfWork, events: EventLog, row: OutboxRow) -> None:
        """A person has seen on the platform that it arrived.

        Raises:
            Conflict: ``changed``.
        """
        at = row.claimed_at or self._clock.now()
        troubled = OutboxRow.state.in_(list(repository.TROUBLED))
        done = await repository.set_row(
            unit.session, row.id, troubled, state="sent", sent_at=at, reason=None, lease_until=None
        )
        if done is None:
            raise Conflict("changed")
        await self.went_out(unit, events, done, at)


def _together(rows: Sequence[OutboxRow]) -> tuple[str, str | None]:
    """State and reason of a message from those of its parts."""
    worst = min(rows, key=lambda row: _WORST_FIRST.index(row.state))
    # To the writer "under way" is the same as "queued": it is not there yet.
    return ("queued" if worst.state == "sending" else worst.state), worst.reason
