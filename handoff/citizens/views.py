"""The citizen's card: his identities, what he asked before, and whether the same is open elsewhere (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.citizens import repository
from handoff.citizens.desk import CitizenDesk, Handed
from handoff.citizens.models import ChannelIdentity, IdentityLink
from handoff.citizens.suggestions import Suggestion
from handoff.conversations.models import Conversation
from handoff.conversations.scope import sees
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.i18n import Catalogue

_HISTORY = 50


class CitizenCards:
    """Makes cards for one viewer at a time."""

    def __init__(self, desk: CitizenDesk, texts: Catalogue) -> None:
        self._desk = desk
        self._texts = texts

    async def card(self, session: AsyncSession, viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
        """``Citizen`` of docs/protocol.md."""
        who = await self._desk.citizens.identity_of(session, conversation)
        line = await repository.link_in_force(session, who.id) if who is not None else None
        pairs: Sequence[tuple[ChannelIdentity, IdentityLink | None]]
        if line is not None:
            pairs = await repository.identities_with_links(session, line.citizen_id)
        else:
            pairs = [(who, None)] if who is not None else []
        history, hidden = await repository.history(
            session, viewer, [one.id for one, _ in pairs], conversation.id, _HISTORY
        )
        if not viewer.serves:
            # A specialist sees what was brought to his institution: of others he does not learn that they are there.
            seen = {identity_id for _, identity_id, _ in history} | {who.id if who is not None else ""}
            pairs, hidden = [pair for pair in pairs if pair[0].id in seen], 0
        suggestions = await self._desk.suggestions(session, viewer, conversation)
        facts = await self._facts(session, pairs, history, suggestions)
        may = self._desk.may(viewer, conversation)
        linkable = await self._desk.citizens.linkable(session, conversation) if "deep_link" in may else []
        return {
            "conversation": conversation.id,
            "citizen": line.citizen_id if line is not None else None,
            "identities": [self._identity(viewer, one, link, who, facts) for one, link in pairs],
            "history": [
                _entry(one, identity_id, no, facts) | {"service": self._service(one.service_id, viewer.lang)}
                for one, identity_id, no in history
            ],
            "hidden": hidden,
            "suggestions": [self._suggestion(viewer, one, facts) for one in suggestions],
            "deep_links": [{"id": row.id, "channel": row.channel, "name": row.name} for row in linkable],
            "may": may,
        }

    def _service(self, service_id: str | None, lang: str) -> dict[str, str] | None:
        if service_id is None:
            return None
        return {"id": service_id, "title": self._desk.broker.names.service(service_id, lang)}

    async def _facts(
        self,
        session: AsyncSession,
        pairs: Sequence[tuple[ChannelIdentity, IdentityLink | None]],
        history: Sequence[tuple[Conversation, str, int | None]],
        suggestions: Sequence[Suggestion],
    ) -> _Facts:
        places = {one.scope for one, _ in pairs} | {one.site for one, _, _ in history}
        places |= {one.other.site for one in suggestions}
        people = [link.linked_by for _, link in pairs if link is not None] + [
            one.other.holder_id for one in suggestions
        ]
        return _Facts(
            await repository.names_of_places(session, places),
            await repository.names_of_staff(session, people),
            await repository.case_numbers(session, [one.other.id for one in suggestions]),
        )

    def _identity(
        self,
        viewer: Viewer,
        one: ChannelIdentity,
        link: IdentityLink | None,
        who: ChannelIdentity | None,
        facts: _Facts,
    ) -> dict[str, Any]:
        return {
            "id": one.id,
            "channel": one.channel,
            "account": facts.place(one.scope),
            "name": one.display_name,
            "since": iso(one.first_seen_at),
            "this": who is not None and one.id == who.id,
            "link": (
                {
                    "evidence": link.evidence,
                    "text": self._texts.text(viewer.lang, f"citizens.evidence.{link.evidence}"),
                    "reason": link.reason,
                    "by": facts.person(link.linked_by),
                    "at": iso(link.linked_at),
                }
                if link is not None
                else None
            ),
        }

    def _suggestion(self, viewer: Viewer, one: Suggestion, facts: _Facts) -> dict[str, Any]:
        other, visible = one.other, sees(viewer, one.other)
        text, lang = self._texts.text, viewer.lang
        return {
            # The other conversation's: a pair is named by the one that is looked at and this.
            "id": other.id,
            "text": text(lang, f"citizens.suggestion.{one.about}"),
            "because": [{"code": why, "text": text(lang, f"citizens.because.{why}")} for why in one.because],
            "about": one.about,
            "alike": one.alike,
            "channel": other.channel,
            "account": facts.place(other.site),
            "opened_at": iso(other.opened_at),
            "state": other.state,
            "holder": facts.person(other.holder_id),
            "case_no": facts.case_no.get(other.id),
            "visible": visible,
            "last": one.asked if visible else None,
            "closes": (
                {"id": one.second.id, "version": one.second.version} if self._desk.closes(viewer, one) else None
            ),
        }


class _Facts:
    """Names for one card."""

    def __init__(self, places: Mapping[str, str], staff: Mapping[str, str], case_no: Mapping[str, int]) -> None:
        self._places = places
        self._staff = staff
        self.case_no = case_no

    def place(self, key: str) -> dict[str, str]:
        """An account or a site."""
        return {"id": key, "name": self._places.get(key, key)}

    def person(self, staff_id: str | None) -> dict[str, str] | None:
        """A member of staff."""
        return {"id": staff_id, "name": self._staff.get(staff_id, "–")} if staff_id is not None else None


def _entry(one: Conversation, identity_id: str, case_no: int | None, facts: _Facts) -> dict[str, Any]:
    return {
        "conversation": one.id,
        "identity": identity_id,
        "channel": one.channel,
        "account": facts.place(one.site),
        "state": one.state,
        "opened_at": iso(one.opened_at),
        "closed_at": iso(one.closed_at),
        "service_id": one.service_id,
        "topic": one.topic,
        "outcome": one.outcome,
        "case_no": case_no,
        "last": one.last_text,
    }


def handed_view(handed: Handed) -> dict[str, Any]:
    """A code or a link, shown this once."""
    given = handed.given
    account = given.account
    return {
        "shown": given.shown,
        "expires_at": iso(given.expires_at),
        "account": (
            {"id": account.id, "channel": account.channel, "name": account.name} if account is not None else None
        ),
        "say": handed.say,
    }
