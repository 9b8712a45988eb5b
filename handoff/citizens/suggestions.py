"""A second contact about the same thing (R11): found and shown to whoever serves the citizen, never acted on by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.citizens import repository
from handoff.citizens.likeness import ALIKE, likeness, name_key
from handoff.citizens.models import ChannelIdentity
from handoff.conversations.models import Conversation
from handoff.state_machine import ENDED, State

Because = Literal["same_citizen", "same_contact", "same_name"]
#: As many digits of two telephone numbers must agree: Latvian numbers have eight, with or without the country's.
_PHONE_DIGITS = 8


@dataclass(frozen=True)
class Suggestion:
    """That two open conversations may be one citizen's and about the same.

    Attributes:
        first, second: by the time of opening; one of them is the conversation that was looked at.
        because: why it may be the same person.
        about: what is the same: the ``service``, or the ``words`` of the last question.
        asked: the last question in the other conversation.
        alike: of the words: 0…1.
    """

    other: Conversation
    first: Conversation
    second: Conversation
    because: tuple[Because, ...]
    about: Literal["service", "words"]
    asked: str | None
    alike: float | None = None


async def same_question(
    session: AsyncSession, conversation: Conversation, who: ChannelIdentity | None
) -> list[Suggestion]:
    """Conversations open on other accounts that ask the same, by somebody who may be the same; those decided about are left
    out. Of a conversation that is over there is nothing to suggest."""
    if conversation.state in ENDED or conversation.state == State.WRAP_UP:
        return []
    identities = await _identities(session, who)
    names = _names(conversation, who)
    decided = await repository.decisions(session, conversation.id)
    found = []
    for other, their in await repository.open_elsewhere(session, conversation, names, identities):
        if other.id in decided:
            continue
        because = _because(conversation, who, other, their, identities)
        if not because:
            continue
        asked = await repository.last_question(session, other.id)
        same = await _same_matter(session, conversation, other, asked)
        if same is not None:
            first, second = sorted((conversation, other), key=lambda one: (one.opened_at, one.id))
            about, alike = same
            found.append(Suggestion(other, first, second, because, about, asked, alike))
    return found


async def _identities(session: AsyncSession, who: ChannelIdentity | None) -> list[str]:
    """The other identities of the same citizen."""
    line = await repository.link_in_force(session, who.id) if who is not None else None
    if who is None or line is None:
        return []
    return [one.identity_id for one in await repository.links_of(session, line.citizen_id) if one.identity_id != who.id]


def _because(
    mine: Conversation,
    who: ChannelIdentity | None,
    other: Conversation,
    their: ChannelIdentity | None,
    identities: list[str],
) -> tuple[Because, ...]:
    found: list[Because] = []
    if their is not None and their.id in identities:
        found.append("same_citizen")
    if _contacts(mine.contact) & _contacts(other.contact):
        found.append("same_contact")
    if set(_names(mine, who)) & set(_names(other, their)):
        found.append("same_name")
    return tuple(found)


def _names(conversation: Conversation, who: ChannelIdentity | None) -> list[str]:
    """The names under which somebody is known in a conversation, folded."""
    given = name_key(str((conversation.contact or {}).get("name") or ""))
    return [name for name in (who.name_key if who is not None else None, given) if name]


def _contacts(contact: dict[str, Any] | None) -> set[str]:
    """Addresses and numbers as they are compared."""
    left = contact or {}
    email = str(left.get("email") or "").strip().casefold()
    digits = "".join(sign for sign in str(left.get("phone") or "") if sign.isdecimal())
    phone = digits[-_PHONE_DIGITS:] if len(digits) >= _PHONE_DIGITS else ""
    return {one for one in (email, phone) if one}


async def _same_matter(
    session: AsyncSession, mine: Conversation, other: Conversation, theirs: str | None
) -> tuple[Literal["service", "words"], float | None] | None:
    """Whether both are about the same service; where one has none yet, whether the last questions are alike."""
    if mine.service_id is not None and other.service_id is not None:
        return ("service", None) if mine.service_id == other.service_id else None
    ours = await repository.last_question(session, mine.id)
    if not ours or not theirs:
        return None
    alike = likeness(ours, theirs)
    return ("words", round(alike, 2)) if alike >= ALIKE else None
