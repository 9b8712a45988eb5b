"""What guides ask of the knowledge base. The adapter lives in ``actions``: the two do not know each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from handoff.conversations.schemas import Utterance


@dataclass(frozen=True)
class Guide:
    """A guide that can be sent. ``steps``: what is to be done, in order, in the viewer's language."""

    id: str
    name: str
    service: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What a guide says next, and what is remembered of it from then on."""

    utterance: Utterance
    context: dict[str, Any]


class GuideBook(Protocol):
    """The guides in force."""

    def all(self, lang: str) -> list[Guide]:
        """Every guide, with names in ``lang``."""
        ...

    def begin(self, guide_id: str, lang: str, context: dict[str, Any]) -> Said | None:
        """The first step, in the citizen's language; None: there is no such guide.

        Args:
            guide_id: which.
            lang: the citizen's language.
            context: what is remembered of the conversation.
        """
        ...

    async def press(self, payload: str, lang: str, context: dict[str, Any]) -> Said | None:
        """What follows on a guide's button, while a person holds the conversation; None: it is no button of the guide under
        way."""
        ...
