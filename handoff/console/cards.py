"""Conversations as the console shows them, for one viewer: names instead of ids, and what he may do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Names
from handoff.cases.models import Case
from handoff.channels import repository as platforms
from handoff.channels.models import SocialPost
from handoff.channels.rules import Place, composer
from handoff.channels.service import Channels
from handoff.channels.thread_view import post_address, posts_of, stands_under_a_post
from handoff.conversations.models import Conversation, Event
from handoff.conversations.schemas import WEBCHAT
from handoff.desk import may, may_on_platform
from handoff.guides.schemas import progress
from handoff.level2.service import Level2
from handoff.notes import repository as notes
from handoff.queue import repository as queues
from handoff.queue.matching import UNIT
from handoff.queue.models import COMMON, Queue
from handoff.queue.service import PRESENT
from handoff.service_level import repository as clocks
from handoff.service_level import service as service_level
from handoff.service_level.models import LevelClock
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import HELD, State
from kit.clock import Clock, iso
from kit.i18n import Catalogue
from kit.textual import shorten

#: Of a post a card shows how it begins.
_POST_LENGTH = 140
#: From when on the answer to what was written at an instant is pressing, and very pressing.
Marks = Callable[[datetime], tuple[datetime, datetime]]


class Cards:
    """Makes cards. Names of staff are read with each batch; they are few."""

    def __init__(
        self,
        names: Names,
        municipality: Any,
        texts: Catalogue,
        clock: Clock,
        channels: Channels | None = None,
        marks: Marks | None = None,
        level2: Level2 | None = None,
    ) -> None:
        """``municipality``: function from (id, lang) to a name; ``channels``: the platforms, where any are served; ``marks``:
        :meth:`handoff.broker.Broker.marks_on_platform`; ``level2``: the specialists' clock."""
        self._names = names
        self._municipality = municipality
        self._texts = texts
        self._clock = clock
        self._channels = channels
        self._marks = marks
        self._level2 = level2

    async def facts(self, session: AsyncSession, conversations: Sequence[Conversation]) -> CardFacts:
        """What cards of these conversations need to know besides their rows."""
        staff = {one.id: one for one in (await session.scalars(select(Staff))).all()}
        ids = [conversation.id for conversation in conversations]
        rows = (
            await session.execute(select(Case.conversation_id, Case.no).where(Case.conversation_id.in_(ids)))
        ).tuples()
        elsewhere = [conversation.id for conversation in conversations if conversation.channel != WEBCHAT]
        places, sends = await self._places(session, elsewhere)
        posts = await posts_of(session, [place.thread for place in places.values()])
        counted, called = await notes.counts(session, ids), await notes.unseen(session, ids)
        lines = {one.id: one for one in await queues.queues(session)}
        running = await clocks.of_conversations(session, ids)
        return CardFacts(staff, dict(rows.all()), places, sends, posts, counted, called, lines, running)

    async def _places(
        self, session: AsyncSession, ids: list[str]
    ) -> tuple[dict[str, Place], dict[str, dict[str, int]]]:
        """Where conversations live on platforms, and what became of what was said in them."""
        if not ids or self._channels is None:
            return {}, {}
        threads = await platforms.threads(session, ids)
        wanted = {thread.account_id for thread in threads.values()}
        accounts = {row.id: row for row in await platforms.accounts(session, wanted)}
        # Once an account, not once a card: it has to be decrypted.
        carries = {key: self._channels.carries(row) for key, row in accounts.items()}
        places = {
            key: Place(accounts[thread.account_id], thread, carries[thread.account_id])
            for key, thread in threads.items()
        }
        return places, await platforms.sends_of(session, ids)

    def card(self, viewer: Viewer, conversation: Conversation, facts: CardFacts) -> dict[str, Any]:
        """A ``Card`` of docs/protocol.md."""
        c, lang = conversation, viewer.lang
        return {
            "id": c.id,
            "version": c.version,
            "state": c.state,
            "channel": c.channel,
            "site": c.site,
            "lang": c.lang,
            "institution": self._institution(c.institution_id, lang),
            "service": {"id": c.service_id, "title": self._names.service(c.service_id, lang)} if c.service_id else None,
            "topic": c.topic,
            "municipality": (
                {"id": c.municipality_id, "name": self._municipality(c.municipality_id, lang)}
                if c.municipality_id
                else None
            ),
            "summary": c.summary,
            "reason": c.reason,
            "waiting_since": iso(c.waiting_since),
            "opened_at": iso(c.opened_at),
            "closed_at": iso(c.closed_at),
            "due_at": iso(c.due_at),
            "last": {"ts": iso(c.last_at), "author": c.last_author, "text": c.last_text},
            "seq": c.last_seq,
            "holder": facts.person(c.holder_id),
            "offered_to": facts.person(c.offered_to_id),
            "offer": self._offer(c),
            "queue": self._queue(c, facts, lang),
            "waits_for": self._waits_for(c, lang),
            "weight": c.weight,
            "specialist": facts.person(c.specialist_id),
            "level2_institution": self._institution(c.level2_institution_id, lang),
            "unread": c.unread,
            "contact": c.contact,
            "rating": {"score": c.rating, "comment": c.rating_comment} if c.rating is not None else None,
            "case_no": facts.case_no.get(c.id),
            "notes": facts.notes.get(c.id, 0),
            "mentioned": (c.id, viewer.id) in facts.mentioned,
            "may": self._may(viewer, c, facts),
            "author": self._author(facts.places.get(c.id)),
            "post": self._post(facts.places.get(c.id), facts.posts.get(c.id)),
            "clock": self._answer_clock(c, facts.places.get(c.id)),
            "composer": self._composer(c, facts),
            "level2_clock": self._level2.clock_of(c) if self._level2 is not None else None,
            "service_clock": service_level.shown(facts.clocks.get(c.id, [])),
            "plan": progress(c.context),
        }

    def _may(self, viewer: Viewer, c: Conversation, facts: CardFacts) -> list[str]:
        place = facts.places.get(c.id)
        acts = may(viewer, c)
        return acts if place is None else may_on_platform(viewer, c, place, acts)

    def _author(self, place: Place | None) -> dict[str, str | None] | None:
        """Who wrote, as the platform tells; None in the web chat, where nobody is known."""
        if place is None:
            return None
        thread = place.thread
        return {"id": thread.author_id, "name": thread.author_name, "handle": thread.author_handle}

    def _post(self, place: Place | None, post: SocialPost | None) -> dict[str, str | None] | None:
        """The post that a comment stands under, as far as we have heard of it."""
        if place is None or not stands_under_a_post(place.thread):
            return None
        return {
            "ref": place.thread.post_ref,
            "text": shorten(post.text, _POST_LENGTH) if post is not None else "",
            "url": post_address(place.account.channel, place.thread.post_ref),
        }

    def _answer_clock(self, c: Conversation, place: Place | None) -> dict[str, str | None] | None:
        """When the answer that ``due_at`` asks for becomes pressing: in working time, as ``due_at`` itself (R13, R14)."""
        if place is None or self._marks is None or c.due_at is None:
            return None
        since = place.thread.last_inbound_at
        soon, late = self._marks(since)
        return {"since": iso(since), "soon_at": iso(soon), "late_at": iso(late)}

    def _composer(self, c: Conversation, facts: CardFacts) -> dict[str, Any] | None:
        place = facts.places.get(c.id)
        if place is None or self._channels is None:
            return None
        return composer(place, self._clock.now(), cost=self._channels.prices(place), sends=facts.sends.get(c.id, {}))

    def _offer(self, c: Conversation) -> dict[str, Any] | None:
        """Until when it is offered, since when, and whether by the router; None when it is not."""
        if c.state != State.OFFERED:
            return None
        return {"since": iso(c.offered_at), "until": iso(c.offer_until), "routed": c.holder_id is None}

    def _queue(self, c: Conversation, facts: CardFacts, lang: str) -> dict[str, str] | None:
        found = facts.queues.get(c.queue_id or COMMON)
        if found is None or c.waiting_since is None:
            return None
        return {"id": found.id, "name": found.name(lang), "mode": found.mode}

    def _waits_for(self, c: Conversation, lang: str) -> dict[str, str] | None:
        """Why nobody has been asked yet, in words."""
        if c.waits_for is None or c.state != State.QUEUED:
            return None
        return {"code": str(c.waits_for.get("code")), "text": self.why_nobody(c.waits_for, lang)}

    def why_nobody(self, told: dict[str, Any], lang: str) -> str:
        """The sentence for what the router found (:class:`handoff.queue.matching.Nobody`)."""
        spoken = told.get("lang")
        values = {name: value for name, value in told.items() if name not in ("code", "lang")}
        values |= {"language": self._texts.text(lang, f"waits.in.{spoken}") if spoken else ""}
        return self._texts.text(lang, f"waits.{told['code']}", **values)

    def _institution(self, institution_id: str | None, lang: str) -> dict[str, str] | None:
        if institution_id is None:
            return None
        return {"id": institution_id, "name": self._names.institution(institution_id, lang)}

    async def colleagues(self, session: AsyncSession) -> list[dict[str, Any]]:
        """Everybody who serves, with presence (a console is open), availability (his choice) and load (what he holds)."""
        now = self._clock.now()
        held = (await session.scalars(select(Conversation.holder_id).where(Conversation.state.in_([*HELD])))).all()
        carried = await queues.loads(session)
        return [
            {
                "id": one.id,
                "name": one.name,
                "role": one.role,
                "availability": one.availability,
                "online": one.seen_at is not None and one.seen_at >= now - PRESENT,
                "load": sum(holder == one.id for holder in held),
                "carries": carried.get(one.id, 0),
                "capacity": one.capacity,
                "away_reason": one.away_reason,
            }
            for one in await people.everybody(session)
            if one.role in ("operator", "specialist", "supervisor")
        ]

    def moment(self, event: Event, facts: CardFacts, lang: str) -> dict[str, Any]:
        """A line of a conversation's timeline, in words."""
        actor = facts.person(event.actor_id)
        key = f"event.{event.kind}.{event.cause}"
        if not self._texts.has(key):
            key = f"event.{event.kind}.{event.to_state}"
        if not self._texts.has(key):
            key = f"event.{event.kind}"
        text = self._texts.text(lang, key) if self._texts.has(key) else event.kind
        if event.kind == "waits":
            text = self.why_nobody({"code": event.cause, **event.data}, lang)
        to = event.data.get("to") or event.data.get("institution")
        queue = facts.queues.get(event.data.get("to_queue", ""))
        if queue is not None:
            to = queue.name(lang)
        if to:
            text = f"{text} → {to}"
        note = event.data.get("note") or self._why_him(event.data.get("why"), lang)
        return {
            "ts": iso(event.at),
            "kind": event.kind,
            "actor": actor["name"] if actor else self._texts.text(lang, f"actor.{event.actor_kind}"),
            "text": f"{text}: {note}" if note else text,
        }

    def _why_him(self, why: dict[str, Any] | None, lang: str) -> str:
        """Why the router chose this person: what he carries of what he can, what he knows of what is asked for."""
        if why is None:
            return ""
        parts = [self._texts.text(lang, "why.load", load=units(why["load"]), capacity=units(why["capacity"]))]
        if why["level"]:
            parts.append(self._texts.text(lang, "why.level", level=why["level"]))
        if why["overflow"]:
            parts.append(self._texts.text(lang, "why.overflow"))
        if why["again"]:
            parts.append(self._texts.text(lang, "why.again"))
        return ", ".join(parts)


def units(hundredths: int) -> str:
    """Hundredths of a unit as a number with a comma, as it is written in Latvian and Russian: 150 is 1,5."""
    return f"{hundredths / UNIT:.2f}".rstrip("0").rstrip(".").replace(".", ",")


class CardFacts:
    """Names, case numbers and places on platforms for a batch of cards."""

    def __init__(
        self,
        staff: dict[str, Staff],
        case_no: dict[str, int],
        places: dict[str, Place],
        sends: dict[str, dict[str, int]],
        posts: dict[str, SocialPost],
        notes: dict[str, int],
        mentioned: set[tuple[str, str]],
        queues: dict[str, Queue],
        clocks: dict[str, list[LevelClock]],
    ) -> None:
        """``mentioned``: (conversation, member of staff) whom a note calls that he has not seen."""
        self._staff = staff
        self.case_no = case_no
        self.places = places
        self.sends = sends
        self.posts = posts
        self.notes = notes
        self.mentioned = mentioned
        self.queues = queues
        self.clocks = clocks

    def person(self, staff_id: str | None) -> dict[str, str] | None:
        """A member of staff by name."""
        if staff_id is None:
            return None
        found = self._staff.get(staff_id)
        return {"id": staff_id, "name": found.name if found else "–"}
