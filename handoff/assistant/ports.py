"""What the broker asks of an assistant, and what it accepts as an answer. The assistant itself lives in ``actions``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from handoff.conversations.schemas import Utterance


class AssistantUnavailable(Exception):
    """Understanding failed: silent past its limit, empty, broken or down. The broker hands over. ``why`` goes to the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class TurnRequest:
    """A citizen's message for the assistant.

    Attributes:
        context: what the assistant remembered of the conversation; its own words, opaque to the broker.
        masked: kinds of personal data that were taken out of the text.
        public: it was said in public (a comment) and cannot be asked back about: answer shortly, or not at all.
    """

    conversation_id: str
    text: str
    payload: str | None
    lang: str
    site: str
    context: dict[str, Any]
    masked: tuple[str, ...] = ()
    public: bool = False


@dataclass(frozen=True)
class HandoffWish:
    """The assistant wants a person to go on.

    Attributes:
        reason: ``asked``, ``failed_twice``, ``complaint``, ``suggestion``, ``tech_problem``, ``no_answer`` …
        topic: of the queue, one of the topics in the catalogue.
        told: what he has told already, for the summary; in Latvian, the working language.
    """

    reason: str
    topic: str | None = None
    told: str | None = None


@dataclass(frozen=True)
class Reply:
    """What the assistant says and remembers.

    Attributes:
        outcome: ``answered``, ``choices``, ``clarify``, ``smalltalk``, ``emergency``, ``handoff``, ``out_of_scope`` …
    """

    outcome: str
    lang: str
    utterances: tuple[Utterance, ...]
    context: dict[str, Any]
    handoff: HandoffWish | None = None
    service_id: str | None = None
    institution_id: str | None = None
    municipality_id: str | None = None
    topic: str | None = None
    trace: dict[str, Any] = field(default_factory=dict)


class Assistant(Protocol):
    """Level 0 (R2)."""

    async def answer(self, request: TurnRequest) -> Reply:
        """Answers a message.

        Raises:
            AssistantUnavailable: nobody at home; a person must take over.
        """
        ...

    def greeting(self, lang: str) -> Utterance:
        """The first words in a new conversation."""
        ...
