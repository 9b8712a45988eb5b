"""What reports ask of others. The adapters live in ``gateway``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Demand:
    """Questions of one kind that came to nothing.

    Attributes:
        id: of the group on the editors' page.
        why: how many for each reason: ``not_understood``, ``handed_over``, ``left``, ``not_helped``, ``bad_rating``.
        texts: some of them, masked of personal data.
    """

    id: str
    lang: str
    count: int
    why: dict[str, int]
    texts: tuple[str, ...]


class UnansweredDemand(Protocol):
    """What was asked and not answered."""

    async def asked(self, begins: datetime, ends: datetime, limit: int) -> tuple[int, Sequence[Demand]]:
        """How many questions came to nothing in [``begins``, ``ends``), and the largest groups of them."""
        ...

    @property
    def kept_days(self) -> int:
        """For how many days such questions are kept."""
        ...


class Names(Protocol):
    """Names that reports show."""

    def service(self, service_id: str, lang: str) -> str:
        """The service's title."""
        ...

    def institution(self, institution_id: str, lang: str) -> str:
        """The institution's name."""
        ...

    def municipality(self, municipality_id: str, lang: str) -> str:
        """The municipality's name."""
        ...
