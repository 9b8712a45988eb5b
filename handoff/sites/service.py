"""Sites as administrators keep them. Every change is on record with before and after, and in force with the next page load."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.console.doors import administrators_only, supervisors_only
from handoff.conversations.models import Site
from handoff.sites import repository
from handoff.sites.patterns import refusal
from handoff.sites.rules import pattern, shown
from handoff.sites.schemas import ChangedSite, NewSite, Rule, WriteSite
from handoff.sites.wording import LEAST_CONTRAST, cleaned, contrast_with_white, normal_origin
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_FIELDS: Final = ("name", "institution_id", "origins", "lang", "accent", "privacy_url", "texts", "proactive", "enabled")


class Sites:
    """What administrators do with sites; permission is checked here, from the session's viewer."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        changed: Callable[[], Awaitable[None]],
        wording: Callable[[], dict[str, Any]],
    ) -> None:
        """``changed``: tells the workers; ``wording``: the words that a site may replace, for its form."""
        self._db = db
        self._clock = clock
        self._changed = changed
        self._wording = wording

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """All that the page shows.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
        """
        supervisors_only(viewer)
        async with self._db.read() as session:
            return await self._view(viewer, session)

    async def create(self, viewer: Viewer, wanted: NewSite) -> dict[str, Any]:
        """A new site; all that the page shows then.

        Raises:
            Forbidden: the viewer is no administrator.
            PieturaError: ``site_key``, ``site_origin`` with ``origin``, ``site_contrast`` with ``contrast``, ``site_privacy``,
                ``site_rule_pattern`` or ``site_rule_times`` with the rule's ``name``, ``site_rule_twice``, ``bad_value``.
            Conflict: ``site_taken``.
        """
        administrators_only(viewer)
        if not _KEY.fullmatch(wanted.key):
            raise PieturaError("site_key")
        async with self._db.unit() as unit:
            values = await self._checked(unit.session, wanted)
            unit.session.add(Site(key=wanted.key, version=1, **values, **self._by(viewer)))
            try:
                await unit.session.flush()
            except IntegrityError as error:
                raise Conflict("site_taken") from error
            self._record(unit, viewer, "site_created", wanted.key, None, values)
            return await self._view(viewer, unit.session)

    async def change(self, viewer: Viewer, key: str, wanted: ChangedSite) -> dict[str, Any]:
        """Changes a site; all that the page shows then.

        Raises:
            Forbidden, PieturaError: as for :meth:`create`.
            NotFound: no such site.
            Conflict: ``site_changed`` with ``who``: somebody else has changed it since.
        """
        administrators_only(viewer)
        async with self._db.unit() as unit:
            site = await repository.get(unit.session, key)
            if site is None:
                raise NotFound()
            before = {name: getattr(site, name) for name in _FIELDS}
            values = await self._checked(unit.session, wanted)
            if not await repository.set_if_version(unit.session, key, wanted.version, {**values, **self._by(viewer)}):
                who = await unit.session.get(Staff, site.changed_by) if site.changed_by else None
                raise Conflict("site_changed", who=who.name if who else "–")
            self._record(unit, viewer, "site_changed", key, before, values)
            return await self._view(viewer, unit.session)

    def _by(self, viewer: Viewer) -> dict[str, Any]:
        return {"changed_by": viewer.id, "changed_at": self._clock.now()}

    async def _checked(self, session: AsyncSession, wanted: WriteSite) -> dict[str, Any]:
        origins: list[str] = []
        for text in wanted.origins:
            origin = normal_origin(text)
            if origin is None:
                raise PieturaError("site_origin", origin=text)
            if origin not in origins:
                origins.append(origin)
        contrast = contrast_with_white(wanted.accent)
        if contrast < LEAST_CONTRAST:
            # Rounded down: 4.49 must not read as the 4.5 that is asked for.
            raise PieturaError("site_contrast", contrast=int(contrast * 10) / 10, least=LEAST_CONTRAST)
        if wanted.privacy_url and not re.match(r"https?://[^\s/]|/(?!/)", wanted.privacy_url):
            raise PieturaError("site_privacy")
        if wanted.institution_id and await people.institution(session, wanted.institution_id) is None:
            raise PieturaError("bad_value", field="institution_id")
        ids = [rule.id for rule in wanted.rules]
        if len(set(ids)) < len(ids):
            raise PieturaError("site_rule_twice")
        return {
            "name": wanted.name,
            "institution_id": wanted.institution_id,
            "origins": origins,
            "lang": wanted.lang,
            "accent": wanted.accent.lower(),
            "privacy_url": wanted.privacy_url,
            "texts": cleaned(wanted.texts.model_dump()),
            "proactive": [_stored(rule) for rule in wanted.rules],
            "enabled": wanted.enabled,
        }

    def _record(
        self,
        unit: UnitOfWork,
        viewer: Viewer,
        action: str,
        key: str,
        before: dict[str, Any] | None,
        after: dict[str, Any],
    ) -> None:
        names = [name for name in _FIELDS if before is None or before[name] != after[name]]
        people.audit(
            unit.session,
            self._clock.now(),
            viewer.id,
            action,
            key,
            before=before and {name: before[name] for name in names},
            after={name: after[name] for name in names},
        )
        unit.after_commit(self._changed)

    async def _view(self, viewer: Viewer, session: AsyncSession) -> dict[str, Any]:
        rows = await repository.everything(session)
        names = await people.names(session)
        return {
            "sites": [
                {
                    "key": row.key,
                    **{name: getattr(row, name) for name in _FIELDS if name not in ("proactive", "texts")},
                    "texts": row.texts or {},
                    "rules": [shown(rule) for rule in row.proactive],
                    "version": row.version,
                    "changed_by": names.get(row.changed_by or ""),
                    "changed_at": iso(row.changed_at),
                }
                for row in rows
            ],
            "may_write": viewer.role == "admin",
            "least_contrast": LEAST_CONTRAST,
            **self._wording(),
        }


def _stored(rule: Rule) -> dict[str, Any]:
    page = pattern(rule.match, rule.address)
    if rule.match == "pattern" and (refused := refusal(page)) is not None:
        raise PieturaError(refused, name=rule.name)
    if rule.starts_at and rule.ends_at and rule.ends_at <= rule.starts_at:
        raise PieturaError("site_rule_times", name=rule.name)
    kept = rule.model_dump(exclude={"starts_at", "ends_at"})
    return {**kept, "page": page, "starts_at": iso(rule.starts_at), "ends_at": iso(rule.ends_at)}
