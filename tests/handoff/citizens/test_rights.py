"""What a citizen may ask of us: all that we hold, and to be forgotten; what is accounted stays."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from sqlalchemy import select, text

from handoff.attachments.models import StoredAttachment
from handoff.callbacks.models import Callback
from handoff.cases.models import Case, CaseEntry
from handoff.channels.models import InboundEventRow
from handoff.citizens.desk import CitizenDesk
from handoff.citizens.rights import CitizenRights
from handoff.conversations.schemas import Contact
from handoff.desk import Desk
from handoff.notes.service import Notes
from kit.errors import Conflict, Forbidden, PieturaError
from tests.handoff.citizens.stand import Stand

#: A word that stands in everything that somebody said, is called or was noted about him.
WORD = "Kastanis"
_OTHERS = "Cits to raksta"


async def _known(stand: Stand) -> tuple[str, str, CitizenRights]:
    """Somebody known in the web chat and on Telegram, of whom everything is there that can be."""
    web = await stand.web(f"operators {WORD}", contact=Contact(f"{WORD} Ozols", f"{WORD}@example.lv", None))
    bot = await stand.on_bot(f"{WORD}-9", f"operators {WORD}", name=f"{WORD} Ozols")
    await stand.people.link(stand.liga, web, bot, "Tas pats cilvēks.")
    rights = CitizenRights(stand.people)
    await rights.note(stand.liga, web, str(uuid.uuid4()), f"{WORD} slikti dzird")
    await Notes(stand.worker.broker).add(stand.liga, bot, str(uuid.uuid4()), f"{WORD} zvanīja", [])
    async with stand.worker.db.unit() as unit:
        unit.session.add(
            StoredAttachment(
                id=str(uuid.uuid4()),
                conversation_id=web,
                name=f"{WORD}.pdf",
                type="application/pdf",
                size=9,
                sha256="0" * 64,
                state="ready",
                stored_as="0" * 32,
                sealed_key=f"{WORD}s key",
                created_at=stand.worker.clock.now(),
            )
        )
        # What could not be done belongs to no conversation; one of them somebody else wrote.
        his, other = {"id": f"{WORD}-9"}, {"id": "somebody"}
        for key, thread, author, said in (
            ("1", f"{WORD}-9", None, f"{WORD} jautā"),
            ("2", "post", his, f"{WORD} raksta"),
            ("3", "post", other, _OTHERS),
        ):
            unit.session.add(
                InboundEventRow(
                    account_id=stand.bot.id,
                    key=key,
                    thread=thread,
                    kind="message",
                    occurred_at=stand.worker.clock.now(),
                    received_at=stand.worker.clock.now(),
                    event={"text": said, "author": author},
                    state="dead",
                    attempts=8,
                    next_at=stand.worker.clock.now(),
                )
            )
        unit.session.add(
            Callback(
                id=str(uuid.uuid4()),
                version=1,
                kind="call",
                state="done",
                conversation_id=web,
                lang="lv",
                name=WORD,
                sealed_phone=f"{WORD}s number",
                phone_hint="·· 11",
                subject=f"{WORD} lūdz zvanu",
                due_at=stand.worker.clock.now(),
                created_at=stand.worker.clock.now(),
            )
        )
    return web, bot, rights


async def _end(stand: Stand, *ids: str) -> None:
    desk = Desk(stand.worker.broker)
    for one in ids:
        await desk.take(stand.liga, one, (await stand.conversation(one)).version)
        version = (await stand.conversation(one)).version
        await desk.close(stand.liga, one, version, "benefits", "resolved", f"{WORD} saņēma atbildi")
    await stand.worker.broker.rate(ids[0], 5, f"{WORD} saka paldies")
    await stand.worker.settle()


async def _number(stand: Stand, conversation: str) -> int:
    async with stand.worker.db.read() as session:
        return int(await session.scalar(select(Case.no).where(Case.conversation_id == conversation)) or 0)


async def _everything(stand: Stand) -> dict[str, str]:
    """Every row of every table, as text."""
    async with stand.worker.db.read() as session:
        if (await session.connection()).dialect.name == "sqlite":
            listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'kb_%'"
        else:
            listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'kb_%'"
        names = (await session.scalars(text(listed))).all()
        return {name: str((await session.execute(text(f'SELECT * FROM "{name}"'))).all()).lower() for name in names}


async def _ledger(stand: Stand) -> list[Any]:
    async with stand.worker.db.read() as session:
        return [
            [tuple(row) for row in (await session.execute(select(model.__table__))).all()]
            for model in (Case, CaseEntry)
        ]


async def test_everything_is_given_out(stand: Stand) -> None:
    web, bot, rights = await _known(stand)
    # In the same browser he wrote on: that is his, too.
    again = await stand.web(f"operators, vēlreiz {WORD}", previous_id=web)
    await _end(stand, web, bot)
    with pytest.raises(Forbidden):
        await rights.export(stand.anna, web, "Lūgums")
    with pytest.raises(PieturaError):
        await rights.export(stand.liga, web, "  ")
    made = await rights.export(stand.liga, web, "Iedzīvotāja lūgums, vēstule Nr. 5")
    assert made.name == f"pietura-{await _number(stand, web)}.zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(made.chunks()))) as archive:
        names = set(archive.namelist())
        data = json.loads(archive.read("data.json"))
        page = archive.read("data.html").decode()
        table = archive.read("messages.csv").decode()
    assert {"data.json", "data.html", "messages.csv", "conversations.csv", "identities.csv", "cases.csv"} <= names
    assert {one["id"] for one in data["conversations"]} == {web, bot, again}
    for part in ("identities", "citizen_notes", "conversations", "messages", "notes", "threads", "unprocessed"):
        assert WORD in str(data[part]), part
    assert "<script" not in page
    assert WORD in page
    assert table.startswith("\ufeffconversation_id;seq;")
    (line,) = await stand.trail("citizen_exported")
    assert (line.staff_id, line.object_id, line.detail["counts"]["conversations"]) == (stand.liga.id, web, 3)


async def _forgotten(stand: Stand) -> None:
    web, bot, rights = await _known(stand)
    number = await _number(stand, web)
    with pytest.raises(Conflict, match="erase_open"):
        await rights.erase(stand.liga, web, "Lūgums", number, 2)
    await _end(stand, web, bot)
    seen = await rights.preview(stand.liga, web)
    assert (seen["case_no"], seen["conversations"], seen["open"]) == (number, 2, 0)
    before, ledger = await _everything(stand), await _ledger(stand)
    word = WORD.lower()
    stem = "kastan"
    held = {name for name, rows in before.items() if word in rows or stem in rows}
    tables = {
        "message",
        "conversation",
        "channel_identity",
        "channel_thread",
        "citizen_note",
        "note",
        "search_document",
    }
    assert tables | {"inbound_event"} <= held
    for reason, no, count, code in (
        ("", number, 2, "reason_needed"),
        ("Lūgums", number + 1, 2, "erase_number"),
        ("Lūgums", number, 3, "erase_changed"),
    ):
        with pytest.raises(PieturaError, match=code):
            await rights.erase(stand.liga, web, reason, no, count)
    with pytest.raises(Forbidden):
        await rights.erase(stand.anna, web, "Lūgums", number, 2)
    assert await _everything(stand) == before | {"audit": (await _everything(stand))["audit"]}

    told = await rights.erase(stand.liga, web, "Vēstule Nr. 6", number, 2)
    assert {one["name"] for one in told["parts"]} >= {"Ziņas", "Sarunas", "Konti un vārdi"}
    after = await _everything(stand)
    left = {name for name, rows in after.items() if word in rows or stem in rows}
    assert left == set()
    assert _OTHERS.lower() in after["inbound_event"]
    async with stand.worker.db.read() as session:
        dead = await session.scalars(select(InboundEventRow.key).where(InboundEventRow.state == "dead"))
        assert list(dead) == ["3"], "what is gone nobody can try again"
    # The ledger is as it was, to the last column.
    assert await _ledger(stand) == ledger
    assert len(ledger[1]) == 2
    (line,) = await stand.trail("citizen_erased")
    assert (line.detail["reason"], line.detail["counts"]["conversations"]) == ("Vēstule Nr. 6", 2)
    # Whoever writes from the same account later is somebody new.
    again = await stand.on_bot(f"{WORD}-9", "operators", name="Jauns Vārds")
    assert again not in (web, bot)
    # Nor is he known by the browser that still has the key.
    later = await stand.web("operators", previous_id=web)
    async with stand.worker.db.unit() as unit:
        conversation = await stand.conversation(again)
        assert conversation.previous_id is None
        for one in (again, later):
            assert (await rights.subject(unit.session, await stand.conversation(one))).conversations == (one,)


async def test_forgotten_on_sqlite(stand: Stand) -> None:
    await _forgotten(stand)


@pytest.mark.slow
async def test_forgotten_on_postgresql(pg_stand: Stand) -> None:
    await _forgotten(pg_stand)


async def test_notes_about_a_citizen_follow_him(stand: Stand) -> None:
    web, bot, rights = await _known(stand)
    async with stand.worker.db.unit() as unit:
        told = await rights.details(unit.session, stand.liga, await stand.conversation(bot))
    (noted,) = told["notes"]
    assert (noted["text"], noted["author"]["name"]) == (f"{WORD} slikti dzird", "Līga Krūmiņa")
    (consent,) = told["consents"]
    assert (consent["conversation"], consent["email"]) == (web, f"{WORD}@example.lv")
    assert told["rights"] == ["note", "export", "erase"]
    # Whoever only sees him waiting does not write about him, nor takes away what others wrote.
    async with stand.worker.db.unit() as unit:
        assert (await rights.details(unit.session, stand.janis, await stand.conversation(bot)))["rights"] == []
    with pytest.raises(Forbidden):
        await rights.note(stand.janis, bot, str(uuid.uuid4()), "Cits")
    with pytest.raises(Forbidden):
        await rights.drop_note(stand.janis, bot, noted["id"])
    await rights.drop_note(stand.liga, web, noted["id"])
    assert isinstance(stand.people, CitizenDesk)
    async with stand.worker.db.unit() as unit:
        assert (await rights.details(unit.session, stand.liga, await stand.conversation(bot)))["notes"] == []
