"""Level 2: its clock, and the mails that specialists get, against a real mail server in this process."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from handoff.conversations.models import Conversation, Event
from handoff.level2.models import Mail
from handoff.staff.models import Staff
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.fakes.smtp import FakeSmtp
from tests.stage import Desk, Stage, raise_stage

_SECRET = "Mans bērns ir smagi slims un es nezinu ko darīt"


@pytest.fixture
async def smtp() -> AsyncIterator[FakeSmtp]:
    """A mail server."""
    async with FakeSmtp() as server:
        yield server


@pytest.fixture
async def mailing(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase, smtp: FakeSmtp) -> AsyncIterator[Stage]:
    """A stage that sends mails; the watch is moved by hand."""
    stage = await raise_stage(
        sqlite_url,
        tmp_path,
        knowledge=knowledge,
        smtp_host="127.0.0.1",
        smtp_port=smtp.port,
        smtp_security="none",
        mail_from="Pietura <pietura@example.lv>",
        public_url="https://pietura.example.lv",
    )
    for task in stage.gateway._tasks:
        if "Level2Watch" in repr(task.get_coro()):
            task.cancel()
    yield stage
    await stage.stop()


async def _brought(stage: Stage, anna: Desk, institution: str = "vsaa") -> tuple[Citizen, str]:
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.send(_SECRET)
    await citizen.wait(lambda frame: frame["t"] == "ack" and frame["seq"] > 3)
    conversation = str(citizen.conversation)
    (await anna.act(conversation, "take")).raise_for_status()
    (await anna.act(conversation, "level2", institution_id=institution, note="Lūdzu, palīdziet")).raise_for_status()
    return citizen, conversation


async def _back_at_work(*desks: Desk) -> None:
    """The next day: sessions have run out."""
    for desk in desks:
        assert (await desk.sign_in(desk.me["email"])).status_code == 200


async def _mails(stage: Stage, *states: str) -> list[tuple[str, str]]:
    async with stage.gateway.db.read() as session:
        rows = await session.execute(
            select(Mail.kind, Mail.state).where(Mail.state.in_(states)).order_by(Mail.next_at, Mail.id)
        )
        return list(rows.tuples().all())


async def _row(stage: Stage, conversation: str) -> Conversation:
    async with stage.gateway.db.read() as session:
        found = await session.get(Conversation, conversation)
    assert found is not None
    return found


async def _breaches(stage: Stage) -> list[Event]:
    async with stage.gateway.db.read() as session:
        return list(await session.scalars(select(Event).where(Event.kind == "level2_overdue")))


async def test_a_specialist_is_told_by_mail_without_a_word_of_the_citizen(mailing: Stage, smtp: FakeSmtp) -> None:
    anna = await mailing.staff("anna")
    _, conversation = await _brought(mailing, anna)
    watch = mailing.gateway.level2_watch
    await watch.once()
    assert smtp.mails == []  # it waits a moment for others
    mailing.clock.push(timedelta(seconds=16))
    await watch.once()
    (mail,) = smtp.mails
    assert mail["To"] == "ieva@demo.lv"
    assert "Valsts sociālās apdrošināšanas aģentūra" in mail["Subject"]
    said = mail.get_content()
    assert f"https://pietura.example.lv/console#/inbox/{conversation}" in said
    assert "Gaida (darba laiks): 0 h 0 min" in said
    assert "Atbildes termiņš: 25.11.2026. plkst. 10.00" in said  # ten working hours from 10.00
    for secret in (_SECRET, "Gribu runāt", "Lūdzu, palīdziet"):
        assert secret not in str(mail) + said
    await watch.once()
    assert len(smtp.mails) == 1
    assert await _mails(mailing, "queued") == [("half", "queued"), ("due", "queued")]


async def test_reminders_come_at_half_and_at_the_end_and_the_breach_is_on_record(
    mailing: Stage, smtp: FakeSmtp
) -> None:
    anna, ieva = await mailing.staff("anna"), await mailing.staff("ieva")
    _, conversation = await _brought(mailing, anna)
    watch = mailing.gateway.level2_watch
    clock = (await anna.card(conversation))["level2_clock"]
    # Marks in working time: 10.00 + 5 h; 8 h end a moment after 18.00, which is the next morning; 10 h.
    since = datetime.fromisoformat(clock["since"])
    for name, hours in (("soon_at", 5), ("late_at", 22), ("due_at", 24)):
        assert abs(datetime.fromisoformat(clock[name]) - since - timedelta(hours=hours)) < timedelta(seconds=1), name
    assert (await ieva.card(conversation))["level2_clock"] == clock
    mailing.clock.push(timedelta(seconds=16))
    await watch.once()
    mailing.clock.push(timedelta(hours=5))
    await watch.once()
    assert [one["Subject"].split(":")[1].split("(")[0].strip() for one in smtp.mails] == [
        "iestādē „Valsts sociālās apdrošināšanas aģentūra” gaida saruna",
        "pagājusi puse atbildes laika",
    ]
    assert await _breaches(mailing) == []
    mailing.clock.push(timedelta(hours=19, minutes=1))
    await watch.once()
    await watch.once()
    assert "atbildes termiņš ir pagājis" in smtp.mails[2]["Subject"]
    assert len(smtp.mails) == 3
    (breach,) = await _breaches(mailing)
    assert breach.conversation_id == conversation
    await _back_at_work(anna, ieva)
    assert (await anna.card(conversation))["level2_clock"]["overdue"]
    # Answered at last: the clock stops, and what is on record stays.
    (await ieva.act(conversation, "take")).raise_for_status()
    (await ieva.say(conversation, "Labdien! Pensija jau ir aprēķināta.")).raise_for_status()
    card = await anna.card(conversation)
    assert card["level2_clock"]["answered_at"] is not None
    (await ieva.act(conversation, "level2_done")).raise_for_status()
    assert (await anna.card(conversation))["level2_clock"] is None
    assert len(await _breaches(mailing)) == 1


async def test_a_breach_is_recorded_though_nobody_watched_until_it_was_answered(mailing: Stage) -> None:
    anna, ieva = await mailing.staff("anna"), await mailing.staff("ieva")
    _, conversation = await _brought(mailing, anna)
    (await ieva.act(conversation, "take")).raise_for_status()
    mailing.clock.push(timedelta(hours=30))
    await _back_at_work(anna, ieva)
    (await ieva.say(conversation, "Labdien!")).raise_for_status()
    (await ieva.act(conversation, "level2_done")).raise_for_status()
    assert len(await _breaches(mailing)) == 1
    # Brought again it has a clock anew, and may be late anew.
    (await anna.act(conversation, "level2", institution_id="vsaa", note="vēlreiz")).raise_for_status()
    row = await _row(mailing, conversation)
    assert (row.level2_answered_at, row.level2_breached_at) == (None, None)


async def test_an_answer_in_time_is_no_breach_and_ends_the_reminders(mailing: Stage, smtp: FakeSmtp) -> None:
    anna, ieva = await mailing.staff("anna"), await mailing.staff("ieva")
    _, conversation = await _brought(mailing, anna)
    (await ieva.act(conversation, "take")).raise_for_status()
    (await ieva.say(conversation, "Labdien!")).raise_for_status()
    for _ in range(3):
        mailing.clock.push(timedelta(hours=12))
        await mailing.gateway.level2_watch.once()
    assert smtp.mails == []
    assert await _mails(mailing, "queued", "sent") == []
    assert await _breaches(mailing) == []


async def test_several_at_once_make_one_digest(mailing: Stage, smtp: FakeSmtp) -> None:
    anna = await mailing.staff("anna")
    for _ in range(2):
        await _brought(mailing, anna)
    watch = mailing.gateway.level2_watch
    mailing.clock.push(timedelta(seconds=20))
    await watch.once()
    (mail,) = smtp.mails
    assert mail["Subject"] == "Pietura: jūs gaida 2 sarunas"
    assert mail.get_content().count("/console#/inbox/") == 2
    # What comes within the same minute waits until it is over.
    await _brought(mailing, anna)
    mailing.clock.push(timedelta(seconds=20))
    await watch.once()
    assert len(smtp.mails) == 1
    mailing.clock.push(timedelta(seconds=45))
    await watch.once()
    assert len(smtp.mails) == 2


async def test_whoever_switched_mails_off_gets_none_and_a_colleague_still_does(mailing: Stage, smtp: FakeSmtp) -> None:
    anna, ieva = await mailing.staff("anna"), await mailing.staff("ieva")
    async with mailing.gateway.db.unit() as unit:
        second = {"role": "specialist", "institution_id": "vsaa", "password_hash": "-", "lang": "en", "languages": []}
        unit.session.add(Staff(id=str(uuid.uuid4()), email="second@demo.lv", name="Otrā", **second))
    assert (await ieva.http.put("/me", json={"settings": {"level2_mail": False}})).status_code == 200
    await _brought(mailing, anna)
    mailing.clock.push(timedelta(seconds=16))
    await mailing.gateway.level2_watch.once()
    (mail,) = smtp.mails
    assert (mail["To"], mail["Subject"].split(" waits")[0]) == ("second@demo.lv", "Pietura: a conversation")


async def test_a_server_that_is_busy_or_hangs_is_tried_again_and_seen_in_health(mailing: Stage, smtp: FakeSmtp) -> None:
    anna = await mailing.staff("anna")
    await _brought(mailing, anna)
    watch = mailing.gateway.level2_watch
    post = watch._post
    assert post is not None
    post._timeout_s = 0.5  # type: ignore[attr-defined]
    smtp.mood = "busy"
    mailing.clock.push(timedelta(seconds=16))
    await watch.once()
    health = (await anna.http.get(f"{mailing.url}/health")).json()["parts"]["mail"]
    assert (health["ok"], health["on"], health["queued"]) == (True, True, 3)
    assert health["last_problem"] == "SMTPDataError"
    admin = await mailing.staff("admin")
    (row,) = (await admin.http.get("/mail")).json()["rows"]
    assert (row["state"], row["attempts"], row["error"], row["to"]) == ("queued", 1, "SMTPDataError", "Ieva Liepiņa")
    assert (await anna.http.get("/mail")).status_code == 403
    # Not before its pause; then it hangs, and is let go in time.
    await watch.once()
    assert smtp.tries == 1
    smtp.mood = "hangs"
    mailing.clock.push(timedelta(seconds=31))
    async with asyncio.timeout(5):
        await watch.once()
    assert smtp.tries == 2
    smtp.mood = "takes"
    mailing.clock.push(timedelta(seconds=61))
    await watch.once()
    assert len(smtp.mails) == 1
    assert (await anna.http.get(f"{mailing.url}/health")).json()["parts"]["mail"]["last_problem"] is None


async def test_a_mail_server_that_hangs_keeps_nobody_waiting_for_the_clock(mailing: Stage, smtp: FakeSmtp) -> None:
    anna = await mailing.staff("anna")
    await _brought(mailing, anna)
    watch = mailing.gateway.level2_watch
    smtp.mood = "hangs"
    mailing.clock.push(timedelta(seconds=16))
    await asyncio.wait_for(watch.look(), 5)
    async with asyncio.timeout(5):
        while not smtp.tries:
            await asyncio.sleep(0.02)
    # The term of ten working hours is over, and that is on record while the mail still hangs.
    mailing.clock.push(timedelta(hours=25))
    await asyncio.wait_for(watch.look(), 5)
    assert len(await _breaches(mailing)) == 1
    assert smtp.mails == []


async def test_a_refused_address_fails_visibly_and_an_administrator_tries_again(mailing: Stage, smtp: FakeSmtp) -> None:
    anna, admin = await mailing.staff("anna"), await mailing.staff("admin")
    await _brought(mailing, anna)
    smtp.mood = "refuses"
    mailing.clock.push(timedelta(seconds=16))
    await mailing.gateway.level2_watch.once()
    listing = (await admin.http.get("/mail")).json()
    (row,) = listing["rows"]
    assert (row["state"], listing["counts"]["failed"]) == ("failed", 1)
    smtp.mood = "takes"
    assert (await admin.http.post(f"/mail/{row['id']}/retry")).json()["rows"] == []
    assert (await admin.http.post(f"/mail/{row['id']}/retry")).status_code == 409
    await mailing.gateway.level2_watch.once()
    assert len(smtp.mails) == 1


async def test_a_worker_that_died_while_sending_loses_no_mail(mailing: Stage, smtp: FakeSmtp) -> None:
    anna = await mailing.staff("anna")
    await _brought(mailing, anna)
    watch = mailing.gateway.level2_watch
    mailing.clock.push(timedelta(seconds=16))
    async with mailing.gateway.db.read() as session:
        ieva = await session.scalar(select(Staff.id).where(Staff.email == "ieva@demo.lv"))
    assert await watch._claim(str(ieva)) is not None
    await watch.once()
    assert smtp.mails == []
    mailing.clock.push(timedelta(minutes=3))
    await watch.once()
    assert len(smtp.mails) == 1


async def test_without_a_mail_server_no_mail_is_owed(stage: Stage) -> None:
    anna = await stage.staff("anna")
    await _brought(stage, anna)
    assert await _mails(stage, "queued", "sending", "sent", "failed", "cancelled") == []
    assert not (await anna.http.get(f"{stage.url}/health")).json()["parts"]["mail"]["on"]
