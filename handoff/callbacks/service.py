"""Call-backs and visits (R27): asked for in a conversation, taken by one person, ended with an outcome, and never lost.

They outlive their conversation. What is late stands first and is counted in every console's header until somebody ends it;
one that its taker has left until it is late may be taken by a colleague.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.callbacks import repository
from handoff.callbacks.models import Callback
from handoff.callbacks.schemas import Finish, NewCallback, NotReached
from handoff.cases import repository as ledger
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import Contact
from handoff.queue.service import moment_wording
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import Actor
from kit.clock import iso
from kit.db import UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean
from kit.vault import Vault, VaultError

#: Without a wished time: so much working time until it is late.
SOON: Final = timedelta(hours=1)
#: After a wished time: so long until it is late.
GRACE: Final = timedelta(minutes=30)
#: After an attempt that reached nobody: so much working time until the next.
AGAIN: Final = timedelta(hours=2)
_FARTHEST: Final = timedelta(days=60)
_NOT_DIGITS = re.compile(r"[\s().-]")
#: E.164 has at most 15 digits; Latvia's numbers have eight, and are written without a code.
_PHONE = re.compile(r"\+?\d{8,15}")
_LATVIAN = re.compile(r"\d{8}")


class Callbacks:
    """Call-backs and visits; permission is checked here, from the session's viewer."""

    def __init__(self, broker: Broker, vault: Vault) -> None:
        self._broker = broker
        self._vault = vault

    # --- asking for one -------------------------------------------------------------------------------------------------

    async def wanted_by_citizen(self, unit: UnitOfWork, conversation: Conversation, contact: Contact) -> None:
        """The citizen has left a telephone number: from now on it is a task, whatever becomes of the conversation.

        A number that he mends changes the task. One that is no telephone number stays with the contact only.
        """
        phone = _phone(contact.phone or "")
        if phone is None:
            return
        session, now = unit.session, self._broker.clock.now()
        values = {"name": contact.name[:120], **self._sealed(phone)}
        while (there := await repository.left_by_citizen(session, conversation.id)) is not None:
            if await repository.change(session, there.id, there.version, values):
                self._broker.events(unit).add("callback", conversation.id, actor_kind=Actor.CITIZEN)
                return
            # Somebody took it in this instant: the mended number must not be lost, so it is looked at anew.
        made = await self._row(
            session,
            conversation,
            id_=str(uuid.uuid4()),
            kind="call",
            phone=phone,
            name=contact.name,
            subject=(conversation.summary or conversation.last_text or "")[:500],
            wanted_at=None,
            now=now,
        )
        session.add(made)
        self._broker.events(unit).add("callback", conversation.id, actor_kind=Actor.CITIZEN)

    async def add(self, viewer: Viewer, conversation_id: str, wanted: NewCallback) -> dict[str, Any]:
        """A call-back or visit that the citizen asks for in a conversation; a repeated ``id`` makes no second one.

        Raises:
            NotFound: there is no such conversation for the viewer.
            Forbidden: he serves nobody, or the id is another's.
            PieturaError: ``bad_phone``, ``bad_time``, ``closed_then`` with ``opens``, ``bad_centre``, ``text_empty``.
        """
        _servers_only(viewer)
        try:
            return await self._add(viewer, conversation_id, wanted)
        except IntegrityError:
            # Two retries at once: the second finds the first one's.
            return await self._add(viewer, conversation_id, wanted)

    async def _add(self, viewer: Viewer, conversation_id: str, wanted: NewCallback) -> dict[str, Any]:
        async with self._broker.db.unit() as unit:
            session, now = unit.session, self._broker.clock.now()
            conversation = await conversations.visible(session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
            there = await session.get(Callback, str(wanted.id))
            if there is not None:
                if (there.created_by, there.conversation_id) != (viewer.id, conversation_id):
                    raise Forbidden()
                return (await self._views(session, viewer, [there]))[0]
            phone, subject = _phone(wanted.phone), clean(wanted.subject)
            if phone is None:
                raise PieturaError("bad_phone")
            if not subject:
                raise PieturaError("text_empty")
            if wanted.wanted_at is not None:
                self._check_time(viewer, wanted.wanted_at, now)
            if wanted.kind == "visit" and (
                wanted.centre_id is None or await people.centre(session, wanted.centre_id) is None
            ):
                raise PieturaError("bad_centre")
            row = await self._row(
                session,
                conversation,
                id_=str(wanted.id),
                kind=wanted.kind,
                phone=phone,
                name=clean(wanted.name),
                subject=subject,
                wanted_at=wanted.wanted_at,
                now=now,
            )
            row.created_by = viewer.id
            row.centre_id = wanted.centre_id if wanted.kind == "visit" else None
            session.add(row)
            await session.flush()
            people.audit(session, now, viewer.id, "callback_added", row.id, conversation=conversation_id)
            self._broker.events(unit).add(
                "callback", conversation_id, actor_kind=Actor.STAFF, actor_id=viewer.id, cause=wanted.kind
            )
            return (await self._views(session, viewer, [row]))[0]

    async def _row(
        self,
        session: AsyncSession,
        conversation: Conversation,
        *,
        id_: str,
        kind: str,
        phone: str,
        name: str,
        subject: str,
        wanted_at: datetime | None,
        now: datetime,
    ) -> Callback:
        calendar = self._broker.calendar()
        return Callback(
            id=id_,
            version=1,
            kind=kind,
            state="open",
            conversation_id=conversation.id,
            case_no=await ledger.number_of(session, conversation.id),
            lang=conversation.lang,
            name=name[:120],
            **self._sealed(phone),
            subject=subject,
            wanted_at=wanted_at,
            due_at=wanted_at + GRACE if wanted_at is not None else calendar.add_working(now, SOON),
            attempts=0,
            note="",
            created_at=now,
        )

    def _sealed(self, phone: str) -> dict[str, str]:
        return {"sealed_phone": self._vault.seal({"phone": phone}), "phone_hint": f"••• {phone[-3:]}"}

    def _check_time(self, viewer: Viewer, wanted: datetime, now: datetime) -> None:
        if not now < wanted < now + _FARTHEST:
            raise PieturaError("bad_time", days=_FARTHEST.days)
        calendar = self._broker.calendar()
        if not calendar.is_open(wanted):
            opens = moment_wording(self._broker.texts, viewer.lang, calendar.next_opening(wanted), now, "day.starts")
            raise PieturaError("closed_then", opens=opens)

    # --- the list -------------------------------------------------------------------------------------------------------

    async def all(self, viewer: Viewer) -> dict[str, Any]:
        """What is to be done, the most overdue first; what was done last; and the centres a visit may go to.

        Raises:
            Forbidden: the viewer serves nobody.
        """
        _servers_only(viewer)
        async with self._broker.db.read() as session:
            under_way = await repository.under_way(session, viewer)
            ended = await repository.ended(session, viewer)
            return {
                "under_way": await self._views(session, viewer, under_way),
                "ended": await self._views(session, viewer, ended),
            }

    async def count(self, viewer: Viewer) -> dict[str, int]:
        """How many are under way, and how many of these are late.

        Raises:
            Forbidden: the viewer serves nobody.
        """
        _servers_only(viewer)
        async with self._broker.db.read() as session:
            under_way, late = await repository.counts(session, self._broker.clock.now())
        return {"under_way": under_way, "late": late}

    async def of_conversation(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """What was asked for in a conversation.

        Raises:
            NotFound: there is no such conversation for the viewer.
        """
        async with self._broker.db.read() as session:
            if await conversations.visible(session, viewer, conversation_id) is None:
                raise NotFound()
            rows = await repository.of_conversation(session, conversation_id)
            centres = [{"id": one.id, "name": one.name} for one in await people.centres(session)]
            return {"callbacks": await self._views(session, viewer, rows), "centres": centres}

    async def one(self, viewer: Viewer, callback_id: str) -> dict[str, Any]:
        """One with its telephone number; who has read it is on record.

        Raises:
            Forbidden: the viewer serves nobody.
            NotFound: there is none for him, or a colleague has taken it.
            PieturaError: ``phone_sealed``: the key it was sealed with is not there.
        """
        _servers_only(viewer)
        async with self._broker.db.unit() as unit:
            session = unit.session
            row = await repository.one(session, viewer, callback_id)
            if row is None:
                raise NotFound()
            view = (await self._views(session, viewer, [row]))[0]
            if row.taken_by in (None, viewer.id) or viewer.supervises:
                try:
                    view["phone"] = self._vault.open(row.sealed_phone)["phone"]
                except VaultError:
                    raise PieturaError("phone_sealed") from None
                people.audit(session, self._broker.clock.now(), viewer.id, "read_callback", callback_id)
            return view

    # --- doing it -------------------------------------------------------------------------------------------------------

    async def take(self, viewer: Viewer, callback_id: str, version: int) -> dict[str, Any]:
        """Takes one on oneself.

        Raises:
            Forbidden, NotFound: as for :meth:`one`.
            Conflict: ``callback_changed`` with ``who``: a colleague was faster.
        """
        return await self._change(viewer, callback_id, version, "take", {"state": "taken", "taken_by": viewer.id})

    async def release(self, viewer: Viewer, callback_id: str, version: int) -> dict[str, Any]:
        """Gives it back to everybody; raises as :meth:`take`."""
        return await self._change(viewer, callback_id, version, "release", {"state": "open", "taken_by": None})

    async def not_reached(self, viewer: Viewer, callback_id: str, wanted: NotReached) -> dict[str, Any]:
        """An attempt that reached nobody: it is due again later. Raises as :meth:`take`, and as :meth:`add` for the time."""
        now = self._broker.clock.now()
        if wanted.again_at is not None:
            self._check_time(viewer, wanted.again_at, now)
        due = (
            wanted.again_at + GRACE if wanted.again_at is not None else self._broker.calendar().add_working(now, AGAIN)
        )
        values = {"attempts": Callback.attempts + 1, "due_at": due}
        return await self._change(viewer, callback_id, wanted.version, "not_reached", values, wanted.note)

    async def finish(self, viewer: Viewer, callback_id: str, wanted: Finish) -> dict[str, Any]:
        """Ends it with an outcome. Raises as :meth:`take`."""
        now = self._broker.clock.now()
        values = {"state": "done", "outcome": wanted.outcome, "closed_at": now}
        return await self._change(viewer, callback_id, wanted.version, "finish", values, wanted.note)

    async def _change(
        self, viewer: Viewer, callback_id: str, version: int, act: str, values: dict[str, Any], note: str = ""
    ) -> dict[str, Any]:
        _servers_only(viewer)
        broker = self._broker
        async with broker.db.unit() as unit:
            session, now = unit.session, broker.clock.now()
            row = await repository.one(session, viewer, callback_id)
            if row is None:
                raise NotFound()
            if row.version != version or act not in _may(viewer, row, now):
                raise await self._conflict(session, row)
            text = clean(note)
            if text:
                values["note"] = f"{row.note}\n{text}".strip()
            if not await repository.change(session, callback_id, version, values):
                await session.refresh(row)
                raise await self._conflict(session, row)
            await session.refresh(row)
            people.audit(
                session, now, viewer.id, f"callback_{act}", callback_id, outcome=row.outcome, attempts=row.attempts
            )
            broker.events(unit).add(
                f"callback_{act}",
                row.conversation_id,
                actor_kind=Actor.STAFF,
                actor_id=viewer.id,
                cause=row.outcome,
            )
            return (await self._views(session, viewer, [row]))[0]

    async def _conflict(self, session: AsyncSession, row: Callback) -> Conflict:
        who = await session.get(Staff, row.taken_by) if row.taken_by else None
        return Conflict("callback_changed", who=who.name if who else "–")

    async def _views(self, session: AsyncSession, viewer: Viewer, rows: Any) -> list[dict[str, Any]]:
        staff = {one.id: one.name for one in await people.everybody(session)}
        centres = {one.id: one.name for one in await people.centres(session)}
        now = self._broker.clock.now()
        return [
            {
                "id": row.id,
                "version": row.version,
                "kind": row.kind,
                "state": row.state,
                "conversation": row.conversation_id,
                "case_no": row.case_no,
                "centre": centres.get(row.centre_id or ""),
                "lang": row.lang,
                "name": row.name,
                "phone": None,
                "phone_hint": row.phone_hint,
                "subject": row.subject,
                "wanted_at": iso(row.wanted_at),
                "due_at": iso(row.due_at),
                "late": row.state in repository.UNDER_WAY and row.due_at < now,
                "attempts": row.attempts,
                "taken_by": staff.get(row.taken_by, "–") if row.taken_by else None,
                "mine": row.taken_by == viewer.id,
                "outcome": row.outcome,
                "note": row.note,
                "created_by": staff.get(row.created_by, "–") if row.created_by else None,
                "created_at": iso(row.created_at),
                "closed_at": iso(row.closed_at),
                "may": _may(viewer, row, now),
            }
            for row in rows
        ]


def _may(viewer: Viewer, row: Callback, now: datetime) -> list[str]:
    """What a person may do with one now. What its taker has left until it is late, a colleague may take."""
    if not viewer.serves or row.state == "done":
        return []
    found: list[str] = []
    if row.taken_by != viewer.id and (row.state == "open" or row.due_at < now or viewer.supervises):
        found.append("take")
    if row.taken_by == viewer.id:
        found += ["not_reached", "finish", "release"]
    elif row.taken_by is not None and viewer.supervises:
        found.append("release")
    return found


def _phone(text: str) -> str | None:
    """A telephone number with its country's code; None when it is none."""
    bare = _NOT_DIGITS.sub("", text)
    bare = f"+{bare[2:]}" if bare.startswith("00") else bare
    if _LATVIAN.fullmatch(bare):
        return f"+371{bare}"
    if not _PHONE.fullmatch(bare):
        return None
    return bare if bare.startswith("+") else f"+{bare}"


def _servers_only(viewer: Viewer) -> None:
    if not viewer.serves:
        raise Forbidden()
