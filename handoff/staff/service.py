"""Signing in and out of the console. Passwords are argon2id; the cookie is random, and only its digest is stored."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from handoff.presence import service as presence
from handoff.staff import repository
from handoff.staff.models import Staff, StaffSession
from handoff.staff.passwords import check_password, hash_password, matches
from handoff.staff.schemas import Role, Viewer
from kit.clock import Clock
from kit.db import Database
from kit.errors import Forbidden, PieturaError, Unauthorised

SESSION_LENGTH = timedelta(hours=12)
# Verified when the e-mail is unknown, so that the time of the answer does not tell which e-mails exist.
_NOBODY = hash_password(secrets.token_urlsafe(16))


@dataclass(frozen=True)
class SignedIn:
    """A new session: the cookie's value and who it is."""

    cookie: str
    viewer: Viewer


def digest(cookie: str) -> str:
    """What is stored of a session's cookie."""
    return hashlib.sha256(cookie.encode()).hexdigest()


class Accounts:
    """Sessions of staff."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def sign_in(self, email: str, password: str) -> SignedIn:
        """Begins a session.

        Raises:
            Unauthorised: ``bad_credentials``; which of the two was wrong is not told. ``initial_password_expired``: told
                only to whoever has the right one.
        """
        async with self._db.read() as session:
            staff = await repository.by_email(session, email.strip().lower())
        hashed = staff.password_hash if staff is not None and not staff.disabled else _NOBODY
        # argon2 takes tens of milliseconds of CPU on purpose: not on the loop that serves everybody.
        right = await asyncio.to_thread(matches, hashed, password)
        now = self._clock.now()
        if staff is None or staff.disabled or not right:
            async with self._db.unit() as unit:
                repository.audit(unit.session, now, staff.id if staff else None, "login_failed", None)
            raise Unauthorised("bad_credentials")
        if staff.initial_until is not None and staff.initial_until < now:
            raise Unauthorised("initial_password_expired")
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        async with self._db.unit() as unit:
            # While the password was compared an administrator may have disabled the account or reset the password.
            staff = await repository.locked(unit.session, staff.id)
            if staff is None or staff.disabled or staff.password_hash != hashed:
                raise Unauthorised("bad_credentials")
            await repository.drop_expired(unit.session, now)
            unit.session.add(
                StaffSession(
                    digest=digest(cookie), staff_id=staff.id, csrf=csrf, created_at=now, expires_at=now + SESSION_LENGTH
                )
            )
            repository.audit(unit.session, now, staff.id, "login", None)
        return SignedIn(cookie, viewer_of(staff, csrf))

    async def sign_out(self, cookie: str) -> None:
        """Ends a session."""
        async with self._db.unit() as unit:
            await repository.end_session(unit.session, digest(cookie))

    async def viewer(self, cookie: str | None) -> Viewer:
        """Who the cookie belongs to.

        Raises:
            Unauthorised: no session, or it ran out.
        """
        if cookie:
            async with self._db.read() as session:
                found = await repository.session_of(session, digest(cookie), self._clock.now())
            if found is not None:
                return viewer_of(found[1], found[0].csrf)
        raise Unauthorised()

    async def update(self, viewer: Viewer, changes: dict[str, Any]) -> Viewer:
        """Changes what a person may change of himself: ``availability``, ``lang``, ``settings``."""
        async with self._db.unit() as unit:
            staff = await repository.active(unit.session, viewer.id)
            if staff is None:
                raise Unauthorised()
            if "availability" in changes:
                staff.availability = changes["availability"]
                staff.away_reason, staff.missed_offers = None, 0
                await presence.changed(unit.session, staff, self._clock.now())
            if "lang" in changes:
                staff.lang = changes["lang"]
            if "settings" in changes:
                staff.settings = {**(staff.settings or {}), **changes["settings"]}
        return viewer_of(staff, viewer.csrf)

    async def change_password(self, viewer: Viewer, cookie: str, current: str, new: str) -> Viewer:
        """Sets a person's own password. This session stays, all others of his end.

        Raises:
            PieturaError: ``wrong_password``; why the new one is refused, as for :func:`check_password`.
        """
        async with self._db.read() as session:
            staff = await repository.active(session, viewer.id)
        hashed = staff.password_hash if staff is not None else _NOBODY
        if not await asyncio.to_thread(matches, hashed, current):
            async with self._db.unit() as unit:
                repository.audit(unit.session, self._clock.now(), viewer.id, "password_refused", viewer.id)
            raise Forbidden("wrong_password")
        check_password(new, email=viewer.email, name=viewer.name, current=current)
        fresh = await asyncio.to_thread(hash_password, new)
        async with self._db.unit() as unit:
            staff = await repository.locked(unit.session, viewer.id)
            if staff is None or staff.disabled or staff.password_hash != hashed:
                raise Unauthorised()
            staff.password_hash, staff.initial_until = fresh, None
            await repository.end_sessions(unit.session, viewer.id, but=digest(cookie))
            repository.audit(unit.session, self._clock.now(), viewer.id, "password_changed", viewer.id)
        return viewer_of(staff, viewer.csrf)


def check_csrf(viewer: Viewer, token: str | None) -> None:
    """Refuses a changing request that does not carry the session's token.

    Raises:
        PieturaError: ``csrf``.
    """
    if not token or not secrets.compare_digest(token, viewer.csrf):
        error = PieturaError("csrf")
        error.status = 403
        raise error


def viewer_of(staff: Staff, csrf: str) -> Viewer:
    """The account as permission checks see it."""
    return Viewer(
        id=staff.id,
        name=staff.name,
        email=staff.email,
        role=cast("Role", staff.role),
        centre_id=staff.centre_id,
        institution_id=staff.institution_id,
        lang=staff.lang,
        availability=staff.availability,
        csrf=csrf,
        settings=staff.settings or {},
        must_change_password=staff.initial_until is not None,
    )
