"""The invitations of all sites, for whoever writes a plan that one of them begins."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.sites import repository
from handoff.sites.rules import shown
from knowledge_base.plans.ports import Invitation


class InvitationsOfSites:
    """See :class:`knowledge_base.plans.ports.Invitations`."""

    async def all(self, session: AsyncSession) -> list[Invitation]:
        """See :meth:`knowledge_base.plans.ports.Invitations.all`."""
        return [
            Invitation(rule["id"], rule["name"], site.name, site.enabled and rule["enabled"])
            for site in await repository.everything(session)
            for rule in map(shown, site.proactive)
        ]
