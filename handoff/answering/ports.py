"""What answering asks of the knowledge base. The adapter lives in ``actions``: the two do not know each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class KnownAnswer:
    """An answer of the knowledge base that may be given to a citizen as it stands.

    Attributes:
        aspect: which question about the service it answers (``how``, ``cost`` …); ``aspect_name`` in the viewer's words.
        text: the answer with its e-service's link, ready to be sent.
        lang: language of ``text``; Latvian when there is no translation.
        source: host, address and date of where it comes from, and whether the date is only the day on which the page was looked
            at; None when there is none.
        probability: how likely it is what was asked, 0…1; None when it was not looked for by a question.
    """

    service_id: str
    title: str
    institution: str
    aspect: str
    aspect_name: str
    text: str
    lang: str
    source: tuple[str, str, str | None, bool] | None
    probability: float | None = None


@dataclass(frozen=True)
class FoundService:
    """A service that a search found; ``probability`` that it is the one meant, 0…1."""

    id: str
    title: str
    institution: str
    probability: float


class Knowledge(Protocol):
    """The knowledge base, as whoever answers uses it."""

    async def suggest(
        self, text: str, lang: str, viewer_lang: str, *, about: str | None, place: str | None, limit: int
    ) -> list[KnownAnswer]:
        """The likeliest answers to a question, best first.

        Args:
            text: what the citizen asked.
            lang: the language to answer in.
            viewer_lang: the language of names and labels.
            about: the service spoken of so far: a short question may go on about it.
            place: the municipality, if it is known.
        """
        ...

    async def find(self, text: str, lang: str, limit: int) -> list[FoundService]:
        """Services for a search's words, best first."""
        ...

    def answers(self, service_id: str, lang: str, viewer_lang: str, *, place: str | None) -> list[KnownAnswer]:
        """All that is known about a service, by aspect, the most asked first; empty when there is no such service."""
        ...
