"""A gateway on a real port, and the scripted platform that calls it."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import select

from handoff.channels.models import ChannelAccount, InboundEventRow, OutboxRow
from handoff.channels.ports import InboundEvent
from tests.handoff.channels.world import SECRETS, ScriptedConnector, sign, to_wire
from tests.stage import Stage


@dataclass
class Hooked:
    """A gateway, the platform that calls it, and one account."""

    stage: Stage
    platform: ScriptedConnector
    account: ChannelAccount
    http: httpx.AsyncClient

    @property
    def path(self) -> str:
        """The account's webhook."""
        return f"/hooks/facebook/{self.account.id}"

    async def call(
        self, *events: InboundEvent, secret: str = SECRETS["app_secret"], path: str | None = None
    ) -> httpx.Response:
        """A signed call of the platform's."""
        raw = json.dumps({"events": [to_wire(event) for event in events]}).encode()
        return await self.raw(raw, sign(secret, raw), path)

    async def raw(self, raw: bytes, signature: str | None, path: str | None = None) -> httpx.Response:
        """Any call."""
        headers = {"x-signature": signature} if signature is not None else {}
        return await self.http.post(path or self.path, content=raw, headers=headers)

    async def stored(self) -> list[InboundEventRow]:
        """What was kept."""
        async with self.stage.gateway.db.read() as session:
            return list(await session.scalars(select(InboundEventRow).order_by(InboundEventRow.id)))

    async def quiet(self) -> None:
        """Waits until everything that was told has been done, answered and sent; as long as a busy machine may need."""
        gateway = self.stage.gateway
        async with asyncio.timeout(60):
            while True:
                await asyncio.sleep(0.05)
                # In the order in which one brings about the next: otherwise what comes of an event might be looked for too early.
                if any(row.state == "new" for row in await self.stored()) or gateway.turns.under_way:
                    continue
                async with gateway.db.read() as session:
                    owed = select(OutboxRow.state).where(OutboxRow.state.in_(["queued", "sending"]))
                    if not list(await session.scalars(owed)):
                        return

    async def reload(self) -> ChannelAccount:
        """The account as it is now."""
        async with self.stage.gateway.db.read() as session:
            found = await session.get(ChannelAccount, self.account.id)
        assert found is not None
        return found


async def add_account(stage: Stage, platform_id: str, **options: Any) -> ChannelAccount:
    """An account of the scripted platform, straight into the database."""
    secrets = options.pop("secrets", SECRETS)
    row = ChannelAccount(
        **{
            "id": str(uuid.uuid4()),
            "channel": "facebook",
            "platform_id": platform_id,
            "name": f"Lapa {platform_id}",
            "institution_id": "vsaa",
            "credentials": stage.gateway.channels.vault.seal(secrets),
            "settings": {"comment_policy": "public"},
            "enabled": True,
            "created_at": stage.clock.now(),
            **options,
        }
    )
    async with stage.gateway.db.unit() as unit:
        unit.session.add(row)
    return row
