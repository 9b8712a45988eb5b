"""What a person does with his browsers' notices. The addresses that browsers give are sealed: whoever has one can write there."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, Final

import orjson

from handoff.broker import Broker
from handoff.push import repository
from handoff.push.models import PushSubscription
from handoff.push.schemas import Subscribe
from handoff.push.sender import PushSender, Sent
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.db import UnitOfWork
from kit.errors import NotFound, PieturaError
from kit.vault import Vault, VaultError

#: Browsers of one person; the oldest goes when another comes.
MOST: Final = 10
_TEST_TTL_S: Final = 60


class Push:
    """Browsers that are told."""

    def __init__(self, broker: Broker, vault: Vault, sender: PushSender | None) -> None:
        """``sender``: None where nothing is pushed, for want of a key."""
        self.broker = broker
        self._vault = vault
        self.sender = sender

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """The person's browsers, and the key to subscribe with; ``key`` None: nothing is pushed here."""
        async with self.broker.db.read() as session:
            rows = await repository.of(session, viewer.id)
        return {
            "key": self.sender.public_key if self.sender is not None else None,
            "browsers": [
                {
                    "id": row.id,
                    "digest": row.digest,
                    "label": row.label,
                    "created_at": iso(row.created_at),
                    "delivered_at": iso(row.delivered_at),
                    "problem": row.problem,
                }
                for row in rows
            ],
        }

    async def subscribe(self, viewer: Viewer, session_digest: str, wanted: Subscribe) -> dict[str, Any]:
        """Tells a browser from now on, as long as this session goes on. The same browser again is the same row; one that
        somebody else used before is his no more.

        Raises:
            PieturaError: ``push_off``; ``push_service``: not the address of a public push service; ``push_keys``.
        """
        sender = self._sender()
        subscription = {"endpoint": wanted.endpoint, **wanted.keys.model_dump()}
        if not sender.serves(wanted.endpoint):
            raise PieturaError("push_service")
        if not sender.seals_for(subscription):
            raise PieturaError("push_keys")
        digest = hashlib.sha256(wanted.endpoint.encode()).hexdigest()
        now = self.broker.clock.now()
        async with self.broker.db.unit() as unit:
            session = unit.session
            row = await repository.by_digest(session, digest)
            if row is not None and row.staff_id != viewer.id:
                await repository.drop(session, row.id)
                row = None
            if row is None:
                mine = await repository.of(session, viewer.id)
                for one in mine[: max(0, len(mine) - MOST + 1)]:
                    await repository.drop(session, one.id)
                row = PushSubscription(id=str(uuid.uuid4()), staff_id=viewer.id, digest=digest, created_at=now)
                session.add(row)
                self._record(unit, viewer, "push_added", row.id, wanted.label)
            row.session_digest = session_digest
            row.sealed = self._vault.seal(subscription)
            row.label = wanted.label or row.label or "–"
            row.problem = None
        return await self.view(viewer)

    async def unsubscribe(self, viewer: Viewer, subscription_id: str) -> None:
        """Tells a browser no more.

        Raises:
            NotFound: none of his is this one.
        """
        async with self.broker.db.unit() as unit:
            row = await self._own(unit, viewer, subscription_id)
            await repository.drop(unit.session, row.id)
            self._record(unit, viewer, "push_removed", row.id, row.label)

    async def try_out(self, viewer: Viewer, subscription_id: str) -> dict[str, Any]:
        """Sends a notice that says that it is a trial.

        Raises:
            NotFound: none of his is this one.
            PieturaError: ``push_off``; ``push_refused``: the service did not take it.
        """
        sender = self._sender()
        async with self.broker.db.unit() as unit:
            row = await self._own(unit, viewer, subscription_id)
            subscription = self.opened(row)
        text = self.broker.texts.text
        payload = orjson.dumps(
            {
                "title": text(viewer.lang, "push.test"),
                "body": text(viewer.lang, "push.test_body"),
                "tag": "pietura-test",
            }
        )
        sent = await sender.send(subscription, payload, ttl_s=_TEST_TTL_S, topic="test") if subscription else None
        await self.note(row, sent or Sent(gone=True, problem="sealed"))
        if sent is None or sent.problem:
            raise PieturaError("push_refused")
        return await self.view(viewer)

    def opened(self, row: PushSubscription) -> dict[str, str] | None:
        """Address and keys; None when they were sealed with a key that is gone."""
        try:
            return self._vault.open(row.sealed)
        except VaultError:
            return None

    async def note(self, row: PushSubscription, sent: Sent) -> None:
        """Keeps what became of a notice; a browser that no longer wants any is forgotten."""
        async with self.broker.db.unit() as unit:
            if sent.gone:
                await repository.drop(unit.session, row.id)
            elif sent.problem:
                await repository.note(unit.session, row.id, problem=sent.problem)
            else:
                now = self.broker.clock.now()
                await repository.note(unit.session, row.id, problem=None, delivered_at=now)

    def _sender(self) -> PushSender:
        if self.sender is None:
            raise PieturaError("push_off")
        return self.sender

    async def _own(self, unit: UnitOfWork, viewer: Viewer, subscription_id: str) -> PushSubscription:
        row = await unit.session.get(PushSubscription, subscription_id)
        if row is None or row.staff_id != viewer.id:
            raise NotFound()
        return row

    def _record(self, unit: UnitOfWork, viewer: Viewer, action: str, subscription_id: str, label: str) -> None:
        people.audit(unit.session, self.broker.clock.now(), viewer.id, action, subscription_id, label=label)
