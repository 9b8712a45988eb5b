"""The console's doors: who is asking, and whether a changing request is really his. Every route of the console uses them."""

from __future__ import annotations

from fastapi import Request

from handoff.staff.schemas import Viewer
from handoff.staff.service import Accounts, check_csrf
from kit.errors import Forbidden

COOKIE = "pietura_session"


class Doors:
    """Dependencies of routes. Identity comes from the session cookie only."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def viewer(self, request: Request) -> Viewer:
        """The signed-in person.

        Raises:
            Unauthorised: nobody is.
            Forbidden: ``password_change_required``.
        """
        viewer = await self.signed_in(request)
        if viewer.must_change_password:
            raise Forbidden("password_change_required")
        return viewer

    async def signed_in(self, request: Request) -> Viewer:
        """The same for the few routes that are open before the initial password is changed.

        Raises:
            Unauthorised: nobody is.
        """
        return await self._accounts.viewer(request.cookies.get(COOKIE))

    async def changing_own(self, request: Request) -> Viewer:
        """The same, with the session's token on the request.

        Raises:
            Unauthorised: nobody is signed in.
            PieturaError: ``csrf``.
        """
        viewer = await self.signed_in(request)
        check_csrf(viewer, request.headers.get("x-csrf-token"))
        return viewer

    async def changing(self, request: Request) -> Viewer:
        """The signed-in person, with the session's token on the request.

        Raises:
            Unauthorised: nobody is signed in.
            PieturaError: ``csrf``.
        """
        viewer = await self.viewer(request)
        check_csrf(viewer, request.headers.get("x-csrf-token"))
        return viewer


def supervisors_only(viewer: Viewer) -> None:
    """Refuses whoever is neither supervisor nor administrator.

    Raises:
        Forbidden: he is not.
    """
    if not viewer.supervises:
        raise Forbidden()


def money_only(viewer: Viewer) -> None:
    """Refuses whoever may not see cases, prices and settlements.

    Raises:
        Forbidden: he may not.
    """
    if not viewer.sees_money:
        raise Forbidden()


def administrators_only(viewer: Viewer) -> None:
    """Refuses whoever is not an administrator.

    Raises:
        Forbidden: he is not.
    """
    if viewer.role != "admin":
        raise Forbidden()
