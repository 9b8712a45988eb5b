"""What staff do about who is who: look, link, unlink, hand out codes and links, decide about double contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker, Change
from handoff.channels.models import ChannelAccount
from handoff.channels.rules import refusal
from handoff.channels.schemas import DIRECT
from handoff.citizens import repository
from handoff.citizens.models import ChannelIdentity
from handoff.citizens.service import Basis, Citizens, Given
from handoff.citizens.suggestions import Suggestion, same_question
from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT, Utterance
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from handoff.state_machine import HELD, Actor, State, Trigger
from kit.db import UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

#: What a case comes to whose question is answered in another one.
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Handed:
    """A code or link with the sentence that takes it to the citizen, in his language."""

    given: Given
    say: str


class CitizenDesk:
    """Staff's side of :class:`handoff.citizens.service.Citizens`. Permission is checked here, from the session's viewer."""

    def __init__(self, broker: Broker, citizens: Citizens) -> None:
        self.broker = broker
        self.citizens = citizens

    # --- linking --------------------------------------------------------------------------------------------------------

    async def link(self, viewer: Viewer, conversation_id: str, other_id: str, reason: str) -> None:
        """The citizens of two conversations are one, says the person, and why.

        Raises:
            NotFound: he may not see one of the two.
            Forbidden: he serves neither this conversation nor supervises.
            PieturaError: ``reason_needed``, ``identity_unknown``, ``same_identity``.
        """
        reason = _reason(reason)
        async with self.broker.db.unit() as unit:
            mine = await self._served(unit.session, viewer, conversation_id)
            other = await _visible(unit.session, viewer, other_id)
            events = self.broker.events(unit)
            await self._link(unit.session, events, mine, other, Basis("staff", viewer.id, reason))

    async def _link(
        self, session: AsyncSession, events: EventLog, mine: Conversation, other: Conversation, basis: Basis
    ) -> None:
        one = await self.citizens.identity_of(session, mine)
        two = await self.citizens.identity_of(session, other)
        if one is None or two is None:
            raise PieturaError("identity_unknown")
        await self.citizens.link(session, events, one, two, basis, (mine.id, other.id))

    async def unlink(self, viewer: Viewer, conversation_id: str, identity_id: str, reason: str) -> None:
        """An identity on the card is not this citizen's, says the person, and why.

        Raises:
            NotFound: no such conversation for him, or no such identity on its card.
            Forbidden: as for :meth:`link`.
            PieturaError: ``reason_needed``.
            Conflict: ``not_linked``.
        """
        reason = _reason(reason)
        async with self.broker.db.unit() as unit:
            session = unit.session
            mine = await self._served(session, viewer, conversation_id)
            who = await self.citizens.identity_of(session, mine)
            wrong = next((one for one in await self.identities(session, who) if one.id == identity_id), None)
            if wrong is None:
                raise NotFound()
            await self.citizens.unlink(
                session,
                self.broker.events(unit),
                wrong,
                by=viewer.id,
                reason=reason,
                conversation_id=conversation_id,
            )

    async def identities(self, session: AsyncSession, who: ChannelIdentity | None) -> list[ChannelIdentity]:
        """All identities of the same citizen; the one alone while it is nobody's."""
        if who is None:
            return []
        line = await repository.link_in_force(session, who.id)
        if line is None:
            return [who]
        return [one for one, _ in await repository.identities_with_links(session, line.citizen_id)]

    # --- codes and links ------------------------------------------------------------------------------------------------

    async def code(self, viewer: Viewer, conversation_id: str, *, by_email: bool) -> Handed:
        """A code that the citizen is to write on another channel.

        Raises:
            NotFound, Forbidden: as for :meth:`link`.
            PieturaError: ``identity_unknown``, ``no_email``.
        """
        async with self.broker.db.unit() as unit:
            mine = await self._served(unit.session, viewer, conversation_id)
            events = self.broker.events(unit)
            given = await self.citizens.new_code(unit.session, events, mine, made_by=viewer.id, by_email=by_email)
            now = self.broker.clock.now()
            people.audit(unit.session, now, viewer.id, "citizen_code", conversation_id, by_email=by_email)
        return Handed(given, self.broker.texts.text(mine.lang, "citizens.code.ask", code=given.shown))

    async def deep_link(self, viewer: Viewer, conversation_id: str, account_id: str | None) -> Handed:
        """A link by which the citizen goes on in a messenger.

        Raises:
            NotFound, Forbidden: as for :meth:`link`.
            PieturaError: ``no_deep_link``: there is no such account; ``account_needed``: there are several;
                ``identity_unknown``.
        """
        async with self.broker.db.unit() as unit:
            mine = await self._served(unit.session, viewer, conversation_id)
            account = await self._account(unit.session, mine, account_id)
            events = self.broker.events(unit)
            given = await self.citizens.deep_link(unit.session, events, mine, account, made_by=viewer.id)
            now = self.broker.clock.now()
            people.audit(unit.session, now, viewer.id, "citizen_deep_link", conversation_id, account=account.id)
        return Handed(given, self.broker.texts.text(mine.lang, "citizens.link.ask", url=given.shown))

    async def _account(
        self, session: AsyncSession, conversation: Conversation, account_id: str | None
    ) -> ChannelAccount:
        found = await self.citizens.linkable(session, conversation)
        if account_id is not None:
            found = [row for row in found if row.id == account_id]
        own = [row for row in found if row.institution_id == conversation.institution_id]
        fitting = own if len(own) == 1 else found
        if not fitting:
            raise PieturaError("no_deep_link")
        if len(fitting) > 1:
            raise PieturaError("account_needed")
        return fitting[0]

    # --- double contacts ------------------------------------------------------------------------------------------------

    async def suggestions(self, session: AsyncSession, viewer: Viewer, mine: Conversation) -> list[Suggestion]:
        """Open conversations that ask the same. Who serves citizens hears of those of colleagues too, without what was said
        there (docs/citizens.md); a specialist only of what he may see."""
        who = await self.citizens.identity_of(session, mine)
        found = await same_question(session, mine, who)
        if viewer.serves:
            return found
        seen = [await conversations.visible(session, viewer, one.other.id) for one in found]
        return [one for one, visible in zip(found, seen, strict=True) if visible is not None]

    def closes(self, viewer: Viewer, suggestion: Suggestion) -> bool:
        """Whether ``viewer`` may accept it: then the second conversation is his to close, or waits for somebody."""
        second = suggestion.second
        held = second.state in HELD and second.holder_id == viewer.id
        return viewer.serves and (second.state == State.QUEUED or held)

    async def accept(self, viewer: Viewer, conversation_id: str, other_id: str, version: int) -> None:
        """It is the same: both are one citizen's, and the second conversation ends as a duplicate that names the first one's
        case. Both cases stay in the ledger.

        Args:
            version: of the conversation that will be closed.

        Raises:
            NotFound: he may not see the conversation.
            Conflict: ``suggestion_gone``: one of them is over, or somebody decided; ``changed``, ``taken``.
            Forbidden: ``not_closable``: a colleague or the assistant has the second one.
        """
        async with self.broker.db.unit() as unit:
            mine, suggestion = await self._suggested(unit.session, viewer, conversation_id, other_id)
            if not self.closes(viewer, suggestion):
                raise Forbidden("not_closable")
            if suggestion.second.version != version:
                raise Conflict("changed", state=suggestion.second.state, version=suggestion.second.version)
            events = self.broker.events(unit)
            await self._decide(unit, events, viewer, mine, suggestion, "accepted")
            # First the conversation's row, then the lock of links: in this order everywhere.
            await self._close(unit, events, viewer, suggestion)
            if await self._identities_known(unit.session, mine, suggestion.other):
                reason = self.broker.texts.text("lv", "citizens.duplicate.reason")
                await self._link(unit.session, events, mine, suggestion.other, Basis("staff", viewer.id, reason))

    async def dismiss(self, viewer: Viewer, conversation_id: str, other_id: str) -> None:
        """It is not the same; that is remembered, and nobody is asked again.

        Raises:
            NotFound: he may not see the conversation.
            Conflict: ``suggestion_gone``.
        """
        async with self.broker.db.unit() as unit:
            mine, suggestion = await self._suggested(unit.session, viewer, conversation_id, other_id)
            await self._decide(unit, self.broker.events(unit), viewer, mine, suggestion, "dismissed")

    async def _suggested(
        self, session: AsyncSession, viewer: Viewer, conversation_id: str, other_id: str
    ) -> tuple[Conversation, Suggestion]:
        mine = await _visible(session, viewer, conversation_id)
        for suggestion in await self.suggestions(session, viewer, mine):
            if suggestion.other.id == other_id:
                return mine, suggestion
        raise Conflict("suggestion_gone")

    async def _identities_known(self, session: AsyncSession, *both: Conversation) -> bool:
        return all([await self.citizens.identity_of(session, one) is not None for one in both])

    async def _decide(
        self,
        unit: UnitOfWork,
        events: EventLog,
        viewer: Viewer,
        mine: Conversation,
        suggestion: Suggestion,
        decision: str,
    ) -> None:
        now = self.broker.clock.now()
        decided = {
            "first_id": suggestion.first.id,
            "second_id": suggestion.second.id,
            "decision": decision,
            "decided_by": viewer.id,
            "decided_at": now,
        }
        if not await repository.decide(unit.session, decided):
            raise Conflict("suggestion_gone")
        other = suggestion.other.id
        people.audit(unit.session, now, viewer.id, f"suggestion_{decision}", mine.id, other=other)
        data = {"conversation": other, "because": list(suggestion.because), "about": suggestion.about}
        events.add(f"suggestion_{decision}", mine.id, actor_kind=Actor.STAFF, actor_id=viewer.id, data=data)

    async def _close(self, unit: UnitOfWork, events: EventLog, viewer: Viewer, suggestion: Suggestion) -> None:
        broker, session = self.broker, unit.session
        first, second = suggestion.first, suggestion.second
        numbers = await repository.case_numbers(session, [first.id])
        reference = str(numbers[first.id])
        if second.state == State.QUEUED:
            second = await self._take(unit, events, viewer, second)
        await self._say_why(unit, events, second)
        comment = broker.texts.text("lv", "citizens.duplicate.comment", no=reference)
        change = Change(
            Trigger.CLOSE,
            Actor.STAFF,
            viewer.id,
            cause=DUPLICATE,
            version=second.version,
            values={"topic": second.topic or first.topic, "closing_comment": comment},
            data={"duplicate_of": first.id, "to": reference},
        )
        await broker.end(unit, events, second, change, DUPLICATE)

    async def _take(self, unit: UnitOfWork, events: EventLog, viewer: Viewer, second: Conversation) -> Conversation:
        """Whoever closes it serves it: so that the case has an operator and a centre."""
        values: dict[str, Any] = {
            "holder_id": viewer.id,
            "centre_id": viewer.centre_id,
            "taken_at": second.taken_at or self.broker.clock.now(),
            "waiting_since": None,
            "level": max(1, second.level),
        }
        change = Change(Trigger.TAKE, Actor.STAFF, viewer.id, cause="take", version=second.version, values=values)
        return await self.broker.change(unit, events, second, change)

    async def _say_why(self, unit: UnitOfWork, events: EventLog, second: Conversation) -> None:
        """He would wait in vain for an answer here. Under a comment nothing is said: everybody would read it."""
        broker = self.broker
        text = broker.texts.text(second.lang, "citizens.duplicate.note")
        place = await broker.place(unit.session, second)
        if place is not None:
            now = broker.clock.now()
            if place.is_comment or refusal(place, DIRECT, text, now, by_person=False) is not None:
                return
        elif second.channel != WEBCHAT:
            return
        await broker.say(unit, events, second.id, Utterance(text, second.lang), author_kind="system")

    # --- who may --------------------------------------------------------------------------------------------------------

    def may(self, viewer: Viewer, conversation: Conversation) -> list[str]:
        """What ``viewer`` may do about the citizen of a conversation that he may see."""
        return ["link", "unlink", "code", "deep_link"] if _serves(viewer, conversation) else []

    async def _served(self, session: AsyncSession, viewer: Viewer, conversation_id: str) -> Conversation:
        found = await _visible(session, viewer, conversation_id)
        if not _serves(viewer, found):
            raise Forbidden()
        return found


def _serves(viewer: Viewer, conversation: Conversation) -> bool:
    """Linking is for whoever has served the citizen, and for supervisors."""
    return viewer.supervises or (viewer.serves and conversation.holder_id == viewer.id)


async def _visible(session: AsyncSession, viewer: Viewer, conversation_id: str) -> Conversation:
    found = await conversations.visible(session, viewer, conversation_id)
    if found is None:
        raise NotFound()
    return found


def _reason(text: str) -> str:
    text = clean(text)[:1000]
    if not text:
        raise PieturaError("reason_needed")
    return text
