"""Tariffs and entries from before there were price lists: what they become, on both databases."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gateway.migrate import config, migrate
from handoff.cases.models import CaseEntry, PriceList, Tariff
from handoff.cases.service import tariff_in_force
from kit.db import Database

_MOMENT = "2026-10-05 09:00:00+00:00"
_CONVERSATION = (
    "INSERT INTO conversation (id, version, state, channel, site, lang, context, level, opened_at, last_at, last_seq,"
    " unread, staff_read_seq, citizen_read_seq)"
    " VALUES ('{id}', 1, 'closed', '{channel}', '{site}', 'lv', '{{}}', 1, '{at}', '{at}', 0, 0, 0, 0)"
)
_CASE = (
    'INSERT INTO "case" (no, conversation_id, channel, site, opened_at)'
    " VALUES ({no}, '{id}', '{channel}', '{site}', '{at}')"
)
_ENTRY = (
    "INSERT INTO case_entry (case_no, revision, kind, sign, recorded_at, conversation_id, channel, site, lang, level,"
    " outcome, opened_at, closed_at, tariff_id, amount) VALUES ({no}, 0, 'settled', 1, '{at}', '{id}', '{channel}',"
    " '{site}', 'lv', 1, 'resolved', '{at}', '{at}', '{channel}-2026', 1)"
)
_ACCOUNT = (
    "INSERT INTO channel_account (id, channel, platform_id, name, institution_id, credentials, settings, enabled,"
    " created_at, spend) VALUES ('acc', 'facebook', '1', 'VSAA', 'vsaa', '', '{{}}', {yes}, '{at}', 0)"
)
_THREAD = (
    "INSERT INTO channel_thread (conversation_id, account_id, kind, thread, summoned, created_at, received_at,"
    " last_inbound_at, hide_proposed, edits)"
    " VALUES ('{id}', 'acc', '{kind}', 't', {yes}, '{at}', '{at}', '{at}', {no}, '[]')"
)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_tariffs_become_lists_and_entries_learn_their_kind(dialect: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{'sqlite' if dialect == 'sqlite' else 'postgres'}_url")
    yes, no = ("TRUE", "FALSE") if dialect == "postgresql" else ("1", "0")
    at = _MOMENT if dialect == "postgresql" else _MOMENT.removesuffix("+00:00") + ".000000"
    revision = ScriptDirectory.from_config(config(url)).get_revision("0022")
    assert revision is not None
    await asyncio.to_thread(command.downgrade, config(url), str(revision.down_revision))

    db = Database(url)
    async with db.unit() as unit:
        statements = [
            # From October a chat costs 1.20; the other channels go on.
            "UPDATE tariff SET valid_to = '2026-09-30' WHERE id = 'webchat-2026'",
            "INSERT INTO tariff (id, channel, price, currency, valid_from, source)"
            " VALUES ('webchat-2', 'webchat', 1.2, 'EUR', '2026-10-01', 'x')",
            _ACCOUNT.format(yes=yes, at=at),
        ]
        for number, (channel, site, kind) in enumerate(
            (("webchat", "demo", None), ("facebook", "acc", "comment"), ("facebook", "acc", "direct")), 1
        ):
            facts = {"no": number, "id": f"c{number}", "channel": channel, "site": site, "at": at}
            statements += [one.format(**facts) for one in (_CONVERSATION, _CASE, _ENTRY)]
            if kind:
                statements.append(_THREAD.format(id=f"c{number}", kind=kind, yes=yes, no=no, at=at))
        for statement in statements:
            await unit.session.execute(text(statement.replace(":", "\\:")))
    await db.close()
    await migrate(url)

    db = Database(url)
    async with db.read() as session:
        lists = (await session.scalars(select(PriceList).order_by(PriceList.valid_from))).all()
        assert [(one.valid_from, one.state) for one in lists] == [
            (date(2026, 1, 1), "approved"), (date(2026, 10, 1), "approved"),
        ]  # fmt: skip
        assert await session.get(Tariff, "webchat-2026") is not None

        async def price(kind: str, channel: str, level: int, day: date) -> Decimal:
            found = await tariff_in_force(session, kind, channel, level, day)
            assert found is not None
            return found.price

        assert await price("chat_session", "webchat", 1, date(2026, 9, 30)) == Decimal("1.0000")
        assert await price("chat_session", "webchat", 2, date(2026, 10, 1)) == Decimal("1.2000")
        assert await price("comment", "x", 1, date(2026, 10, 1)) == Decimal("1.0000")
        assert await price("comment", "x", 0, date(2026, 10, 1)) == 0
        assert await tariff_in_force(session, "comment", "x", 1, date(2025, 12, 31)) is None
        kinds = (
            await session.execute(select(CaseEntry.case_no, CaseEntry.case_kind).order_by(CaseEntry.case_no))
        ).all()
        assert [tuple(one) for one in kinds] == [(1, "chat_session"), (2, "comment"), (3, "social_conversation")]
    # The triggers that stood aside are back.
    with pytest.raises(DBAPIError, match="only grows"):
        async with db.unit() as unit:
            await unit.session.execute(text("UPDATE case_entry SET case_kind = 'email'"))
    await db.close()
