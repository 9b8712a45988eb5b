"""What webhooks leave out and the platform tells when asked: a follower's name, what the post under a comment says.

Nothing waits for it: who serves a conversation sees it when it comes. What cannot be found out stays unknown and is asked for
again with the follower's next conversation, or the post's next comment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from handoff.broker import Broker
from handoff.channels import repository
from handoff.channels.inbox import describe
from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.channels.ports import LooksUp, NotNow
from handoff.channels.schemas import DIRECT
from handoff.channels.service import Channels
from kit.db import UnitOfWork
from kit.textual import clean, shorten

log = structlog.get_logger(__name__)
_LIMIT_S = 30.0
_LONGEST_NAME, _LONGEST_POST = 200, 2000
#: What was not told is not asked for again for so long: a post that is only a picture has many comments.
_IN_VAIN_S = 3600.0
#: Conversations that wait to be looked at; beyond, in a storm, names are not what matters.
_MOST_WAITING = 1000


class Lookup:
    """Asks, one thing after the other: platforms count such calls with our sends."""

    def __init__(self, broker: Broker, channels: Channels, pauses: Sequence[float] = (5.0, 60.0)) -> None:
        """``pauses``: seconds before it is asked again when the platform cannot tell just now."""
        self._broker = broker
        self._channels = channels
        self._pauses = tuple(pauses)
        self._in_vain: dict[tuple[str, str], float] = {}
        self._queue: asyncio.Queue[tuple[str, int]] = asyncio.Queue(_MOST_WAITING)
        self.last_error: str | None = None

    async def wish(self, conversation_id: str) -> None:
        """A conversation began on a platform; returns at once."""
        self._put(conversation_id, 0)

    def _put(self, conversation_id: str, attempt: int) -> None:
        if not self._queue.full():
            self._queue.put_nowait((conversation_id, attempt))

    async def run(self) -> None:
        """Looks up until cancelled."""
        while True:
            conversation_id, attempt = await self._queue.get()
            try:
                await self.look_up(conversation_id)
                self.last_error = None
            except (NotNow, TimeoutError) as error:
                self.last_error = describe(error)
                if attempt < len(self._pauses):
                    loop = asyncio.get_running_loop()
                    loop.call_later(self._pauses[attempt], self._put, conversation_id, attempt + 1)
                else:
                    log.info("a platform did not tell who wrote or where", conversation=conversation_id)
            except Exception as error:
                self.last_error = describe(error)
                log.error("a look-up failed", conversation=conversation_id, error=self.last_error)

    async def look_up(self, conversation_id: str) -> bool:
        """Asks for what is missing of a conversation; whether something was found.

        Raises:
            NotNow, TimeoutError: the platform cannot tell just now.
        """
        async with self._broker.db.read() as session:
            thread = await repository.thread(session, conversation_id)
            row = await repository.account(session, thread.account_id) if thread is not None else None
            post = await repository.social_post(session, row.id, thread.post_ref) if row and thread else None
        if thread is None or row is None or not row.enabled or row.paused_reason is not None:
            return False
        connector = self._channels.connector(row.channel)
        if not isinstance(connector, LooksUp):
            return False
        account = self._channels.opened(row)
        person = thread.author_id
        if thread.kind == DIRECT and thread.author_name is None and person is not None and self._worth(row.id, person):
            name = await asyncio.wait_for(connector.name_of(account, person), _LIMIT_S)
            shown = clean(name or "")[:_LONGEST_NAME]
            if shown:
                return await self._keep_name(row, thread, person, shown)
            self._in_vain[row.id, person] = time.monotonic()
        if post is not None and not post.text and not post.ours and self._worth(row.id, post.ref):
            found = await asyncio.wait_for(connector.post_of(account, post.ref), _LIMIT_S)
            text = shorten(clean(found.text), _LONGEST_POST) if found is not None else ""
            if found is not None and text:
                async with self._broker.db.unit() as unit:
                    await repository.describe_post(unit.session, row.id, post.ref, text, found.link, found.published_at)
                    self._tell(unit, conversation_id, "post")
                return True
            self._in_vain[row.id, post.ref] = time.monotonic()
        return False

    def _worth(self, account_id: str, ref: str) -> bool:
        since = time.monotonic() - _IN_VAIN_S
        self._in_vain = {key: at for key, at in self._in_vain.items() if at > since}
        return (account_id, ref) not in self._in_vain

    async def _keep_name(self, row: ChannelAccount, thread: ChannelThread, person: str, name: str) -> bool:
        async with self._broker.db.unit() as unit:
            nameless = ChannelThread.author_name.is_(None)
            if not await repository.set_thread(unit.session, thread.conversation_id, nameless, author_name=name):
                return False
            citizens = self._broker.citizens
            if citizens is not None:
                await citizens.seen(unit.session, row.channel, row.id, person, name, thread.conversation_id)
            self._tell(unit, thread.conversation_id, "name")
        return True

    def _tell(self, unit: UnitOfWork, conversation_id: str, what: str) -> None:
        self._broker.events(unit).add("looked_up", conversation_id, actor_kind="system", cause=what)
