"""The live board: computed by queries, at most once in two seconds for all who look here, and again when something happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.board import repository
from handoff.board.figures import WINDOWS, Rules, now_rows, window_rows
from handoff.board.picture import Picture, Talk
from handoff.board.replay import Replay
from handoff.broker import Broker
from handoff.channels.repository import CommentFilter
from handoff.channels.response_times import Judged, ResponseTimes
from handoff.console.feed import ConsoleFeed
from handoff.live import Feed
from kit.bus import Notice
from kit.clock import RIGA, midnight
from kit.errors import PieturaError

log = structlog.get_logger(__name__)
#: Figures are computed anew at most this often in one worker, whatever happens.
EVERY_S: Final = 2.0
#: Without any event time alone moves them: what was in time becomes late.
STALE_S: Final = 10.0
_HOUR: Final = timedelta(hours=1)
_BATCH: Final = 1000


@dataclass(frozen=True)
class Standing:
    """The board at one instant: the picture, what became of posts, and the rows behind each figure."""

    picture: Picture
    posts: Sequence[Judged]
    rules: Rules
    begins: dict[str, datetime]
    now: dict[str, list[Talk]]
    windows: dict[str, dict[str, list[str]]]


def window_begins(at: datetime) -> dict[str, datetime]:
    """When each window begins: an hour ago, and at midnight in Riga."""
    return {"hour": at - _HOUR, "today": midnight(at.astimezone(RIGA).date())}


def standing(picture: Picture, posts: Sequence[Judged], rules: Rules) -> Standing:
    """The board of a picture, whichever way it was made."""
    begins = window_begins(picture.at)
    windows = {name: window_rows(picture, posts, rules, begins[name]) for name in WINDOWS}
    return Standing(picture, posts, rules, begins, now_rows(picture, rules), windows)


class Board:
    """Keeps the last figures for a moment, and tells consoles when there may be newer ones."""

    def __init__(self, broker: Broker, response_times: ResponseTimes, feed: Feed, consoles: ConsoleFeed) -> None:
        self._broker = broker
        self._response_times = response_times
        self._consoles = consoles
        self._lock = asyncio.Lock()
        self._last: Standing | None = None
        self._begun_at = self._made_at = 0.0
        #: Something has happened since, and nobody was there to be told.
        self._stale = False
        self._news = asyncio.Event()
        #: Shorter in tests.
        self.every_s = EVERY_S
        feed.listen(self._on_notice)

    @property
    def rules(self) -> Rules:
        """What figures are judged by."""
        policy = self._broker.policy
        return Rules(self._broker.calendar(), policy.chat_target, policy.level2_target, self._targets())

    def _targets(self) -> dict[str, Fraction]:
        """The shares that are to be reached now, by the board's names."""
        measures = {"chats": "chat_begun", "posts": "social_answered", "solved": "solved"}
        found = {name: self._broker.targets[measure].share for name, measure in measures.items()}
        return {name: share for name, share in found.items() if share is not None}

    async def _on_notice(self, notice: Notice) -> None:
        if notice["kind"] == "event":
            self._news.set()

    async def run(self) -> None:
        """Tells supervisors' consoles that there is something new, until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(max(0.0, self._made_at + self.every_s - time.monotonic()))
            try:
                # What comes from here on is news again.
                watchers = [one for one in self._consoles.sockets if one.viewer.supervises]
                self._news.clear()
                if watchers:
                    made = await self._make_anew()
                    frame = {"kind": "board", "at": made.picture.at.isoformat().replace("+00:00", "Z")}
                    await asyncio.gather(*(socket.send(frame) for socket in watchers))
                else:
                    self._stale = True
            except Exception:
                self._stale = True
                log.exception("the board could not be computed")
                await asyncio.sleep(self.every_s)

    async def current(self) -> Standing:
        """The figures, not older than two seconds unless nothing has happened since."""
        age = time.monotonic() - self._made_at
        unchanged = not self._stale and not self._news.is_set() and age < STALE_S
        if self._last is not None and (age < self.every_s or unchanged):
            return self._last
        return await self._make_anew()

    async def _make_anew(self) -> Standing:
        asked = time.monotonic()
        async with self._lock:
            if self._last is not None and self._begun_at > asked:
                # What somebody else asked for was begun after this was asked, and answers it.
                return self._last
            self._begun_at, self._stale = time.monotonic(), False
            self._last = await self.compute()
            self._made_at = time.monotonic()
            return self._last

    async def compute(self) -> Standing:
        """The board from the tables, as of now."""
        at = self._broker.clock.now()
        since = min(window_begins(at).values())
        async with self._broker.db.read() as session:
            picture = await repository.picture(session, at, since)
        days = (since.astimezone(RIGA).date(), at.astimezone(RIGA).date())
        posts = await self._response_times.judged(CommentFilter(*days))
        return standing(picture, posts, self.rules)

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session to read names with."""
        return self._broker.db.read()

    async def as_of(self, at: datetime) -> Standing:
        """The board as it was at ``at``, from the event log alone.

        Posts are left out: their times are the platforms' own and stand with the thread, not in the log; so is presence, of
        which only the last sign is kept.
        """
        replay = Replay()
        after = 0
        async with self._broker.db.read() as session:
            while events := await repository.log_until(session, at, after, _BATCH):
                for event in events:
                    replay.take(event)
                after = events[-1].seq
        return standing(replay.picture(at, min(window_begins(at).values())), [], self.rules)

    async def ids_behind(self, figure: str, window: str) -> tuple[Standing, list[str]]:
        """Ids of the conversations that a figure counts; ``window`` is ``now``, ``hour`` or ``today``.

        Raises:
            PieturaError: ``bad_value`` for a figure or window that there is not.
        """
        found = await self.current()
        rows: dict[str, list[str]] | None
        if window == "now":
            rows = {name: [talk.id for talk in talks] for name, talks in found.now.items()}
        else:
            rows = found.windows.get(window)
        if rows is None:
            raise PieturaError("bad_value", field="window")
        if figure not in rows:
            raise PieturaError("bad_value", field="figure")
        return found, rows[figure]
