"""How the assistant may answer a comment by itself: in public, privately, or not at all. Everybody reads what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handoff.assistant.ports import Reply
from handoff.channels import wording
from handoff.channels.rules import Place, refusal
from handoff.channels.schemas import Mode
from handoff.conversations.schemas import Utterance
from kit.i18n import Catalogue

#: What the assistant is certain of. All else it would say to a single person, who can ask back; a comment cannot.
CERTAIN: Final = frozenset({"answered", "emergency"})


@dataclass(frozen=True)
class Answer:
    """What goes out, and how."""

    mode: Mode
    text: str


@dataclass(frozen=True)
class ForPerson:
    """A person answers; ``reason`` is for the queue (``summary.*`` in the catalogue)."""

    reason: str


def decide(place: Place, reply: Reply, masked: tuple[str, ...], texts: Catalogue, now: datetime) -> Answer | ForPerson:
    """What becomes of the assistant's reply to a comment.

    Personal data in a comment is never answered in public: the answer would point at it.

    Args:
        masked: kinds of personal data that were found in the comment.
    """
    if reply.outcome == "emergency" and place.policy == "never":
        return ForPerson("emergency")
    if reply.outcome not in CERTAIN or reply.handoff is not None or not reply.utterances:
        wish = reply.handoff.reason if reply.handoff is not None else None
        return ForPerson("personal_data" if masked else wish or "comment_unsure")
    if place.policy == "never":
        return ForPerson("personal_data" if masked else "comment_policy")
    mode: Mode = "private" if masked or place.policy == "private" else "public"
    text = _text(place, mode, reply, masked, texts)
    if refusal(place, mode, text, now, by_person=False) is None:
        return Answer(mode, text)
    return ForPerson("personal_data" if masked else "comment_refused")


def _text(place: Place, mode: Mode, reply: Reply, masked: tuple[str, ...], texts: Catalogue) -> str:
    if mode == "public":
        return wording.public_text(reply.utterances, place.limit(mode))
    said = list(reply.utterances)
    if masked:
        said.insert(0, Utterance(texts.text(reply.lang, "channels.comment_has_data"), reply.lang))
    whole = "\n\n".join(wording.full_text(texts, one) for one in said)
    # One private reply, in one piece: shortened where the platform's limit asks for it.
    return whole if len(whole) <= place.limit(mode) else wording.parts(whole, place.limit(mode))[0]
