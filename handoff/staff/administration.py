"""Accounts as administrators keep them. Every change is on record with before and after, and ends or refreshes sessions."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker, Change
from handoff.console.doors import administrators_only
from handoff.conversations.models import Conversation
from handoff.staff import repository
from handoff.staff.models import Staff
from handoff.staff.passwords import hash_password, initial_password
from handoff.staff.schemas import ChangedAccount, NewAccount, Viewer, WriteAccount
from handoff.state_machine import Actor, State, Trigger
from kit.clock import iso
from kit.db import UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError
from kit.textual import clean

#: How long a password that an administrator handed out opens the account.
INITIAL_FOR: Final = timedelta(days=7)
_FIELDS: Final = ("name", "email", "role", "centre_id", "institution_id")
_SERVING_ROLES: Final = ("operator", "supervisor", "admin")


@dataclass(frozen=True)
class Opened:
    """An account and the password that opens it the first time; shown once, kept nowhere."""

    staff_id: str
    password: str


class People:
    """What administrators do with accounts."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    async def create(self, viewer: Viewer, wanted: NewAccount) -> Opened:
        """Opens an account with an initial password.

        Raises:
            Forbidden: only administrators.
            Conflict: ``email_taken`` with ``name``.
            PieturaError: ``centre_missing``, ``institution_missing``, ``bad_value``.
        """
        administrators_only(viewer)
        password = initial_password()
        hashed = await asyncio.to_thread(hash_password, password)
        async with self.broker.db.unit() as unit:
            values = await self._checked(unit.session, wanted, None)
            staff = Staff(id=str(uuid.uuid4()), password_hash=hashed, languages=list(wanted.languages), **values)
            staff.initial_until = self.broker.clock.now() + INITIAL_FOR
            unit.session.add(staff)
            await self._flush(unit.session, values["email"])
            self._record(unit, viewer, "account_created", staff.id, None, {**values, "languages": staff.languages})
        return Opened(staff.id, password)

    async def change(self, viewer: Viewer, staff_id: str, wanted: ChangedAccount) -> None:
        """Changes who somebody is and where he works. Another role or institution ends his sessions: he sees other things now.

        Raises:
            Forbidden, PieturaError: as for :meth:`create`; ``own_role``: nobody changes his own.
            Conflict: ``account_changed``: somebody else has changed the account since; ``email_taken``; ``last_admin``.
            NotFound: no such account.
        """
        administrators_only(viewer)
        async with self.broker.db.unit() as unit:
            admins = await repository.lock_admins(unit.session)
            staff = await self._locked(unit, staff_id, wanted.version)
            values = await self._checked(unit.session, wanted, staff_id)
            if values["role"] != staff.role:
                if staff_id == viewer.id:
                    raise PieturaError("own_role")
                _keep_one(admins, viewer, staff)
            before = {name: getattr(staff, name) for name in _FIELDS}
            other = any(before[name] != values[name] for name in ("role", "institution_id"))
            for name, value in values.items():
                setattr(staff, name, value)
            staff.version += 1
            await self._flush(unit.session, values["email"])
            if other:
                await repository.end_sessions(unit.session, staff_id)
                if staff.role not in _SERVING_ROLES:
                    await self._release(unit, staff_id)
                await self._leave_level2(unit, viewer, staff_id)
            self._record(unit, viewer, "account_changed", staff_id, before, values)

    async def disable(self, viewer: Viewer, staff_id: str, version: int) -> None:
        """Closes an account: sessions end at once, what he holds waits again, first in time.

        Raises:
            Forbidden, Conflict, NotFound: as for :meth:`change`.
            PieturaError: ``own_account``.
        """
        administrators_only(viewer)
        if staff_id == viewer.id:
            raise PieturaError("own_account")
        async with self.broker.db.unit() as unit:
            admins = await repository.lock_admins(unit.session)
            staff = await self._locked(unit, staff_id, version)
            _keep_one(admins, viewer, staff)
            staff.disabled = True
            staff.version += 1
            await unit.session.flush()
            await repository.end_sessions(unit.session, staff_id)
            released = await self._release(unit, staff_id)
            await self._leave_level2(unit, viewer, staff_id)
            self._record(unit, viewer, "account_disabled", staff_id, {"disabled": False}, {"disabled": True}, released)

    async def enable(self, viewer: Viewer, staff_id: str, version: int) -> None:
        """Opens a closed account again, with the password it had.

        Raises:
            Forbidden, Conflict, NotFound: as for :meth:`change`.
        """
        administrators_only(viewer)
        async with self.broker.db.unit() as unit:
            staff = await self._locked(unit, staff_id, version)
            staff.disabled = False
            staff.version += 1
            self._record(unit, viewer, "account_enabled", staff_id, {"disabled": True}, {"disabled": False})

    async def reset_password(self, viewer: Viewer, staff_id: str, version: int) -> Opened:
        """Gives a new initial password; the old one and all sessions end.

        Raises:
            Forbidden, Conflict, NotFound: as for :meth:`change`.
            PieturaError: ``own_account``: one's own is changed with the password one has.
        """
        administrators_only(viewer)
        if staff_id == viewer.id:
            raise PieturaError("own_account")
        password = initial_password()
        hashed = await asyncio.to_thread(hash_password, password)
        async with self.broker.db.unit() as unit:
            staff = await self._locked(unit, staff_id, version)
            staff.password_hash = hashed
            staff.initial_until = self.broker.clock.now() + INITIAL_FOR
            staff.version += 1
            await repository.end_sessions(unit.session, staff_id)
            self._record(unit, viewer, "password_reset", staff_id, None, None)
        return Opened(staff_id, password)

    async def sign_out(self, viewer: Viewer, staff_id: str) -> None:
        """Ends every session of a person.

        Raises:
            Forbidden: only administrators.
            NotFound: no such account.
        """
        administrators_only(viewer)
        async with self.broker.db.unit() as unit:
            if await repository.locked(unit.session, staff_id) is None:
                raise NotFound()
            await repository.end_sessions(unit.session, staff_id)
            self._record(unit, viewer, "signed_out_everywhere", staff_id, None, None)

    async def view(self, viewer: Viewer, staff_id: str) -> dict[str, Any]:
        """One account.

        Raises:
            Forbidden: only administrators.
            NotFound: no such account.
        """
        administrators_only(viewer)
        async with self.broker.db.read() as session:
            staff = await session.get(Staff, staff_id)
            if staff is None:
                raise NotFound()
            found = await self.rows(session, [staff])
            number = await repository.session_numbers(session, staff_id, self.broker.clock.now())
        return {**found[0], "sessions": number, "own": staff_id == viewer.id}

    async def rows(self, session: AsyncSession, staff: list[Staff]) -> list[dict[str, Any]]:
        """Accounts as the page shows them."""
        centres = {one.id: one.name for one in await repository.centres(session)}
        now = self.broker.clock.now()
        return [
            {
                "id": one.id,
                "name": one.name,
                "email": one.email,
                "role": one.role,
                "centre": {"id": one.centre_id, "name": centres.get(one.centre_id, one.centre_id)}
                if one.centre_id
                else None,
                "institution_id": one.institution_id,
                "languages": one.languages,
                "disabled": one.disabled,
                "seen_at": iso(one.seen_at) if one.seen_at else None,
                "initial_until": iso(one.initial_until) if one.initial_until else None,
                "initial_expired": one.initial_until is not None and one.initial_until < now,
                "version": one.version,
            }
            for one in staff
        ]

    async def _locked(self, unit: UnitOfWork, staff_id: str, version: int) -> Staff:
        staff = await repository.locked(unit.session, staff_id)
        if staff is None:
            raise NotFound()
        if staff.version != version:
            raise Conflict("account_changed")
        return staff

    async def _checked(self, session: AsyncSession, wanted: WriteAccount, staff_id: str | None) -> dict[str, Any]:
        """What is kept of it: where one works depends on the role."""
        values: dict[str, Any] = {
            "name": clean(wanted.name),
            "email": wanted.email,
            "role": wanted.role,
            "centre_id": wanted.centre_id if wanted.role != "specialist" else None,
            "institution_id": wanted.institution_id if wanted.role == "specialist" else None,
        }
        if wanted.role == "operator" and not values["centre_id"]:
            # The money is divided among centres: every answer needs one.
            raise PieturaError("centre_missing")
        if wanted.role == "specialist" and not values["institution_id"]:
            raise PieturaError("institution_missing")
        if values["centre_id"] and await repository.centre(session, values["centre_id"]) is None:
            raise PieturaError("bad_value", field="centre_id")
        if values["institution_id"] and await repository.institution(session, values["institution_id"]) is None:
            raise PieturaError("bad_value", field="institution_id")
        if not values["name"]:
            raise PieturaError("bad_value", field="name")
        taken = await repository.by_email(session, wanted.email)
        if taken is not None and taken.id != staff_id:
            raise Conflict("email_taken", name=taken.name)
        return values

    async def _flush(self, session: AsyncSession, email: str) -> None:
        try:
            await session.flush()
        except IntegrityError as error:
            # Two at the same moment: the database keeps one.
            raise Conflict("email_taken", name=email) from error

    async def _release(self, unit: UnitOfWork, staff_id: str) -> int:
        """What he holds waits again; how many."""
        held = (
            await unit.session.scalars(
                select(Conversation).where(
                    Conversation.holder_id == staff_id,
                    Conversation.state.in_([State.ACTIVE, State.ON_HOLD, State.LEVEL2]),
                )
            )
        ).all()
        for conversation in held:
            await self.broker.requeue(unit, conversation, "operator_gone")
        return len(held)

    async def _leave_level2(self, unit: UnitOfWork, viewer: Viewer, staff_id: str) -> None:
        """What he had taken as a specialist is anybody's of the institution again."""
        taken = (
            await unit.session.scalars(
                select(Conversation).where(Conversation.specialist_id == staff_id, Conversation.state == State.LEVEL2)
            )
        ).all()
        for conversation in taken:
            left = Change(
                Trigger.JOIN,
                Actor.STAFF,
                viewer.id,
                cause="specialist_gone",
                version=conversation.version,
                values={"specialist_id": None},
            )
            await self.broker.change(unit, self.broker.events(unit), conversation, left)

    def _record(
        self,
        unit: UnitOfWork,
        viewer: Viewer,
        action: str,
        staff_id: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        released: int = 0,
    ) -> None:
        if before and after:
            changed = [name for name in after if before.get(name) != after[name]]
            before, after = {name: before[name] for name in changed}, {name: after[name] for name in changed}
        detail: dict[str, Any] = {"before": before, "after": after} if after is not None else {}
        if released:
            detail["released"] = released
        repository.audit(unit.session, self.broker.clock.now(), viewer.id, action, staff_id, **detail)
        self.broker.events(unit).add("colleagues", None, actor_kind=Actor.STAFF, actor_id=viewer.id)
        notice = {"kind": "sessions", "staff": staff_id}

        async def tell() -> None:
            await self.broker.bus.publish(notice)

        unit.after_commit(tell)


def _keep_one(admins: Sequence[Staff], viewer: Viewer, staff: Staff) -> None:
    """Whoever acts must still be an administrator, and after it there must be one: else nobody gets in any more.

    Raises:
        Conflict: ``last_admin``.
    """
    left = [one.id for one in admins if one.id != staff.id]
    if viewer.id not in left:
        raise Conflict("last_admin")
