"""What was asked and not answered, for reports: the groups that learning from life has made, in a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from handoff.reports.ports import Demand
from kit.db import Database
from knowledge_base.learning.models import LifeGroup, LifeQuestion
from knowledge_base.learning.ports import Life
from knowledge_base.learning.service import KEPT

_TEXTS: Final = 3


class DemandOfLife:
    """See :class:`handoff.reports.ports.UnansweredDemand`."""

    def __init__(self, db: Database, life: Life) -> None:
        self._db = db
        self._life = life

    @property
    def kept_days(self) -> int:
        """See :meth:`handoff.reports.ports.UnansweredDemand.kept_days`."""
        return KEPT.days

    async def asked(self, begins: datetime, ends: datetime, limit: int) -> tuple[int, Sequence[Demand]]:
        """See :meth:`handoff.reports.ports.UnansweredDemand.asked`. What editors have decided is not ours is left out."""
        q, g = LifeQuestion, LifeGroup
        here = (q.at >= begins, q.at < ends, g.state != "not_ours")
        async with self._db.read() as session:
            counts = await session.execute(
                select(g.id, g.lang, q.why, func.count())
                .join(q, q.group_id == g.id)
                .where(*here)
                .group_by(g.id, g.lang, q.why)
            )
            why: dict[str, dict[str, int]] = defaultdict(dict)
            langs: dict[str, str] = {}
            for group_id, lang, reason, count in counts.tuples():
                langs[group_id] = lang
                why[group_id][reason] = count
            total = sum(sum(one.values()) for one in why.values())
            largest = sorted(why, key=lambda one: (-sum(why[one].values()), one))[:limit]
            latest = await session.execute(
                select(q.group_id, q.message_id)
                .join(g, g.id == q.group_id)
                .where(*here, q.group_id.in_(largest))
                .order_by(q.at.desc(), q.message_id)
            )
            some: dict[str, list[str]] = defaultdict(list)
            for group_id, message_id in latest.tuples():
                if len(some[group_id]) < _TEXTS:
                    some[group_id].append(message_id)
        words = await self._life.read([one for ids in some.values() for one in ids])
        return total, [self._view(one, langs[one], why[one], some[one], words) for one in largest]

    def _view(
        self, group_id: str, lang: str, why: dict[str, int], some: Sequence[str], words: dict[str, Any]
    ) -> Demand:
        texts = tuple(dict.fromkeys(words[one].text for one in some if one in words))
        return Demand(group_id, lang, sum(why.values()), why, texts)
