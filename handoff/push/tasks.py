"""Tells browsers what the event log says. Every worker runs one; whoever moves the cursor on tells what lies between.

A notice is a nudge, not the truth: one that is lost with its worker is not sent later. Whoever opens the console sees who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation, Event
from handoff.conversations.scope import sees
from handoff.push import repository
from handoff.push.models import PushSubscription
from handoff.push.service import Push
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from handoff.state_machine import HELD, State, lacks_operator
from kit.rounds import Rounds

log = structlog.get_logger(__name__)
#: A console tells every 20 seconds that it has the focus; one that was not heard of for this long has not.
FOCUSED_FOR: Final = timedelta(seconds=45)
_BATCH: Final = 500
_AT_ONCE: Final = 16
#: Seconds for which a notice is news, by kind; the setting that switches it off is ``push_<kind>``.
_NEWS_S: Final = {"waiting": 60, "offers": 30, "messages": 15 * 60, "level2": 4 * 3600, "mentions": 4 * 3600}


@dataclass(frozen=True)
class _Told:
    """One notice for one browser."""

    staff: Staff
    row: PushSubscription
    kind: str
    conversation: Conversation


class PushWatch:
    """Looks every ``every`` seconds: what is taken at once needs no notice."""

    def __init__(self, push: Push, every: float = 1.0) -> None:
        self._push = push
        self._broker = push.broker
        self.rounds = Rounds(self.once, every, "browsers could not be told")
        self._sends: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Looks until cancelled; where nothing is pushed there is nothing to look for."""
        if self._push.sender is not None:
            await self.rounds.run()

    async def once(self) -> None:
        """One look."""
        now = self._broker.clock.now()
        async with self._broker.db.read() as session:
            before = await repository.cursor(session)
            last = await conversations.last_event_seq(session)
            if before == last:
                return
            events = await conversations.events_after(session, before, _BATCH) if before is not None else []
        after = events[-1].seq if events else last
        async with self._broker.db.unit() as unit:
            if before is None:
                repository.begin(unit.session, last)
                return
            if not await repository.move(unit.session, before, after):
                return
        async with self._broker.db.read() as session:
            told = await self._whom(session, events, now)
        for one in told:
            task = asyncio.create_task(self._send(one))
            self._sends.add(task)
            task.add_done_callback(self._sends.discard)

    async def drain(self, limit_s: float) -> None:
        """Waits for what is on its way."""
        if self._sends:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*self._sends, return_exceptions=True), limit_s)
        for task in list(self._sends):
            task.cancel()

    async def _whom(self, session: AsyncSession, events: Iterable[Event], now: datetime) -> list[_Told]:
        """Each browser once a kind and conversation; of many who wait, the latest. However much has happened, four questions."""
        news = [
            (event, kind)
            for event in events
            if (kind := _kind(event)) is not None and now - event.at <= timedelta(seconds=_NEWS_S[kind])
        ]
        ids = {event.conversation_id for event, _ in news if event.conversation_id is not None}
        if not ids:
            return []
        browsers = [
            (staff, row, viewer_of(staff, ""))
            for staff, row in await repository.reachable(session, now, now - FOCUSED_FOR)
        ]
        if not browsers:
            return []
        rows = {one.id: one for one in await conversations.among(session, list(ids))}
        called = await repository.called(session, [_note(event) for event, kind in news if kind == "mentions"])
        found: dict[tuple[str, str, str], _Told] = {}
        for event, kind in news:
            conversation = rows.get(event.conversation_id or "")
            if conversation is None:
                continue
            for staff, row, viewer in browsers:
                if event.actor_id == staff.id or not (staff.settings or {}).get(f"push_{kind}", True):
                    continue
                if _is_for(viewer, kind, event, conversation, called) and sees(viewer, conversation):
                    place = "" if kind == "waiting" else conversation.id
                    found[row.id, kind, place] = _Told(staff, row, kind, conversation)
        return list(found.values())

    async def _send(self, told: _Told) -> None:
        push, row = self._push, told.row
        subscription = push.opened(row)
        if subscription is None or push.sender is None:
            return
        lang, conversation = told.staff.lang, told.conversation
        texts, names = self._broker.texts, self._broker.names
        place = names.institution(conversation.institution_id, lang) if conversation.institution_id else None
        payload = orjson.dumps(
            {
                "title": texts.text(lang, f"push.{told.kind}"),
                # Never the citizen's words: a notice shows on a locked screen, and passes through another company.
                "body": place or texts.text(lang, "push.no_institution"),
                "tag": f"pietura-{conversation.id}",
                "conversation": conversation.id,
            }
        )
        topic = "waiting" if told.kind == "waiting" else conversation.id.replace("-", "")[:32]
        try:
            async with self._gate:
                sent = await push.sender.send(subscription, payload, ttl_s=_NEWS_S[told.kind], topic=topic)
            await push.note(row, sent)
            if sent.problem:
                log.warning("a browser could not be told", subscription=row.id, problem=sent.problem)
        except Exception:
            log.exception("a browser could not be told", subscription=row.id)


def _kind(event: Event) -> str | None:
    if event.kind == "note":
        return "mentions"
    if event.kind == "state" and event.to_state == State.OFFERED:
        return "offers"
    if event.kind == "state" and event.to_state == State.QUEUED and event.from_state != State.QUEUED:
        return "waiting"
    if event.kind == "state" and event.to_state == State.LEVEL2 and event.cause == "operator_gone":
        return "waiting"
    if event.kind == "state" and event.to_state == State.LEVEL2 and event.from_state != State.LEVEL2:
        return "level2"
    if event.kind == "message" and event.actor_kind == "citizen":
        return "messages"
    return None


def _note(event: Event) -> str:
    return str(event.data.get("note_id", ""))


def _is_for(
    viewer: Viewer, kind: str, event: Event, conversation: Conversation, called: Mapping[str, Collection[str]]
) -> bool:
    """Whether it is for him: whom the note calls, whom it is offered to, who serves it, whose institution it was brought to,
    whoever may take it. What has gone on meanwhile, or was read, is for nobody."""
    match kind:
        case "mentions":
            return viewer.id in called.get(_note(event), ())
        case "offers":
            return conversation.state == State.OFFERED and conversation.offered_to_id == viewer.id
        case "messages":
            joined = conversation.state == State.LEVEL2 and conversation.specialist_id == viewer.id
            serves = conversation.state in HELD and conversation.holder_id == viewer.id
            return conversation.unread > 0 and (joined or serves)
        case "level2":
            asked = conversation.state == State.LEVEL2 and conversation.specialist_id is None
            return asked and viewer.role == "specialist"
        case _:
            waits = conversation.state == State.QUEUED or lacks_operator(conversation.state, conversation.holder_id)
            return waits and viewer.serves
