"""What learning from life asks of conversations. The adapter lives in ``gateway``: the two do not know each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that came to nothing.

    Attributes:
        text: masked of personal data.
        why: ``not_understood``, ``handed_over``, ``left`` (asked back, and gone), ``not_helped`` or ``bad_rating``.
        answers: what people answered afterwards, masked; only where it was asked for.
    """

    message_id: str
    lang: str
    text: str
    why: str
    at: datetime
    answers: tuple[str, ...] = ()


class Life(Protocol):
    """Conversations that are over, as far as editors may know of them: single questions, and what people answered."""

    async def asked(self, after: datetime, until: datetime) -> list[Asked]:
        """Questions that came to nothing, of conversations that ended or were rated in (``after``, ``until``]."""
        ...

    async def read(self, message_ids: Sequence[str], *, answers: bool = False) -> dict[str, Asked]:
        """Questions by id as they are now; those that their writers have deleted are missing. ``why`` is left empty."""
        ...
