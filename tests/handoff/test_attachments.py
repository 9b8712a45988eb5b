"""Files both ways in the web chat: what is taken, who may read it, that none is lost, and none is given out unchecked."""

from __future__ import annotations

import asyncio
import io
import json
import os
import uuid
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from handoff.attachments import repository
from handoff.attachments.metadata import stripped
from handoff.attachments.models import StoredAttachment
from handoff.attachments.sniff import cleaned_name, sniff
from handoff.attachments.storage import AttachmentStore
from handoff.conversations.models import Message
from handoff.staff.models import Audit
from kit.errors import PieturaError
from kit.sealed_file import CHUNK, SealedFileError, SealedWriter, fresh_file_key, read_sealed
from kit.vault import Vault, fresh_key
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.fakes.clamd import EICAR, FakeClamd
from tests.handoff.files import PDF, archive, docx, edoc, picture
from tests.stage import Desk, Stage, free_port, raise_stage

# --- the parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PDF, "virus.exe", "pdf"),
        (picture("JPEG"), "x", "jpeg"),
        (picture("PNG"), "x.pdf", "png"),
        (picture("WEBP"), "x", "webp"),
        (docx(), "x.zip", "docx"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "x"}), "x", "odt"),
        (edoc(), "līgums.edoc", "asice"),
        ("Labdien, šī ir vēstule.\n".encode(), "vēstule.txt", "txt"),
    ],
)
def test_a_file_is_what_its_contents_say(data: bytes, name: str, kind: str) -> None:
    assert sniff(data, name) == kind


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"MZ\x90\x00" + b"\0" * 200, "letter.pdf", "attachment_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "x.svg", "attachment_type"),
        (b"<html><script>alert(1)</script>", "x.html", "attachment_type"),
        (b"text with a \x00", "x.txt", "attachment_type"),
        ("Labdien".encode("utf-16"), "x.txt", "attachment_type"),
        (archive({"run.exe": "x"}), "x.docx", "attachment_type"),
        (docx(macro=True), "x.docx", "attachment_program"),
        (docx(project=True), "x.docx", "attachment_program"),
        (docx()[:-30], "x.docx", "attachment_broken"),
    ],
)
def test_what_is_not_taken_says_why(data: bytes, name: str, code: str) -> None:
    with pytest.raises(PieturaError) as refused:
        sniff(data, name)
    assert refused.value.code == code


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_keeps_its_points_and_its_orientation_and_nothing_else(form: str) -> None:
    told = picture(form)
    assert b"Secret Camera" in told
    silent = stripped(told + (b"a film that a telephone has hung on" if form == "JPEG" else b""), form.lower())
    assert b"Secret Camera" not in silent
    assert b"film" not in silent
    with Image.open(io.BytesIO(told)) as before, Image.open(io.BytesIO(silent)) as after:
        assert list(before.getdata()) == list(after.getdata())
        exif = dict(after.getexif())
        assert exif == ({0x0112: 6} if form == "JPEG" else {})
    with pytest.raises(PieturaError):
        stripped(told[: len(told) // 2], form.lower())


def test_a_progressive_jpeg_with_several_scans_stays_whole() -> None:
    out = io.BytesIO()
    Image.effect_noise((200, 160), 90).convert("RGB").save(
        out, "JPEG", progressive=True, quality=80, comment=b"whose it is"
    )
    kept = stripped(out.getvalue(), "jpeg")
    assert b"whose" not in kept
    with Image.open(io.BytesIO(out.getvalue())) as before, Image.open(io.BytesIO(kept)) as after:
        assert list(before.getdata()) == list(after.getdata())


@pytest.mark.parametrize(
    ("name", "kind", "kept"),
    [
        ("C:\\Users\\Anna\\Līgums.PDF", "pdf", "Līgums.pdf"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("bill\u202efdp.exe", "pdf", "billfdp.exe.pdf"),
        ("010190-12345 izziņa.pdf", "pdf", "[personas kods] izziņa.pdf"),
        ("", "png", "attēls.png"),
        ("a" * 300 + ".docx", "docx", "a" * 120 + ".docx"),
    ],
)
def test_a_name_is_cleaned(name: str, kind: str, kept: str) -> None:
    assert cleaned_name(name, kind, "attēls") == kept


def test_a_sealed_file_opens_whole_or_not_at_all(tmp_path: Path) -> None:
    key, path = fresh_file_key(), tmp_path / "sealed"
    for size in (0, 1, CHUNK, CHUNK + 1, 3 * CHUNK):
        data = bytes(number % 251 for number in range(size))
        path.unlink(missing_ok=True)
        writer = SealedWriter(path, key)
        for at in range(0, size, 10_000):
            writer.write(data[at : at + 10_000])
        writer.finish()
        assert b"".join(read_sealed(path, key)) == data
    sealed = path.read_bytes()
    assert data[1000:1100] not in sealed
    whole_chunk = 4 + CHUNK + 16
    for broken in (
        sealed[:whole_chunk],  # cut off between two chunks
        sealed[:-1],
        sealed[:100] + b"x" + sealed[101:],
        sealed[:4]
        + sealed[whole_chunk : whole_chunk + CHUNK + 16]
        + sealed[4:whole_chunk],  # two chunks changed places
    ):
        path.write_bytes(broken)
        with pytest.raises(SealedFileError):
            b"".join(read_sealed(path, key))


# --- both ways ------------------------------------------------------------------------------------------------------------


async def upload(
    citizen: Citizen, data: Any, name: str = "izziņa.pdf", *, upload_id: str | None = None, **headers: str
) -> httpx.Response:
    """As the widget does."""
    async with httpx.AsyncClient(timeout=30) as http:
        return await http.put(
            f"{citizen.url}/chat/attachments/{upload_id or uuid.uuid4()}?site=demo",
            content=data,
            headers={
                "authorization": f"Bearer {citizen.token}",
                "x-pietura-name": quote(name),
                "origin": citizen.url,
                **headers,
            },
        )


async def fetch(citizen: Citizen, attachment: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(
            f"{citizen.url}/chat/attachments/{attachment}?site=demo&inline=true",
            headers={"authorization": f"Bearer {citizen.token}", **headers},
        )


async def send(citizen: Citizen, text: str, *attachments: str, client_id: str | None = None) -> dict[str, Any]:
    """Sends a message with files; the acknowledgement or the refusal."""
    client_id = client_id or str(uuid.uuid4())
    await citizen.raw({"t": "send", "id": client_id, "text": text, "attachments": list(attachments)})
    return await citizen.wait(lambda f: f["t"] in ("ack", "error") and f.get("id") == client_id)


async def taken(stage: Stage, who: str = "anna") -> tuple[Citizen, Desk]:
    """A citizen with whom an operator talks."""
    citizen = await stage.citizen()
    await citizen.send("Gribu runāt ar operatoru")
    await citizen.wait_phase("waiting")
    desk = await stage.staff(who)
    assert (await desk.act(str(citizen.conversation), "take")).status_code == 200
    await citizen.wait_phase("operator")
    return citizen, desk


def lying(stage: Stage) -> list[Path]:
    """What lies in the folder."""
    return list((stage.gateway.settings.data_dir / "attachments").glob("??/*"))


async def test_a_citizens_file_reaches_the_operator_and_his_reaches_the_citizen(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    photo = picture("JPEG")
    one = (await upload(citizen, photo, "IMG 1.jpg")).raise_for_status().json()
    assert (one["kind"], one["name"], one["type"], one["state"]) == ("image", "IMG 1.jpg", "image/jpeg", "ready")
    [path] = lying(stage)
    assert b"JFIF" not in path.read_bytes()[:200], "it lies there as it came"
    again = str(uuid.uuid4())
    ack = await send(citizen, "", one["id"], client_id=again)
    assert (await send(citizen, "", one["id"], client_id=again))["seq"] == ack["seq"], "a retry doubles nothing"

    opened = (await desk.http.get(f"/conversations/{citizen.conversation}")).json()
    message = opened["messages"][-1]
    assert (message["text"], message["placeholder"]) == ("[attēls]", "[attēls]")
    assert message["attachments"] == [one]
    assert opened["card"]["last"]["text"] == "[attēls]"
    path_of = f"/conversations/{citizen.conversation}/attachments/{one['id']}"
    shown = await desk.http.get(path_of, params={"inline": True})
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.content == stripped(photo, "jpeg")
    async with stage.gateway.db.read() as session:
        lines = (await session.scalars(select(Audit).where(Audit.action == "read_attachment"))).all()
    assert [(line.object_id, line.detail["attachment"]) for line in lines] == [(citizen.conversation, one["id"])]

    answer = str(uuid.uuid4())
    put = await desk.http.put(
        f"/conversations/{citizen.conversation}/attachments/{answer}",
        content=PDF,
        headers={"x-pietura-name": quote("Veidlapa.pdf")},
    )
    assert put.json()["name"] == "Veidlapa.pdf"
    said = await desk.http.post(
        f"/conversations/{citizen.conversation}/messages",
        json={"id": str(uuid.uuid4()), "text": "Lūdzu, aizpildiet.", "attachments": [answer]},
    )
    assert said.status_code == 200
    got = await citizen.said_after(ack["seq"], kind="operator")
    assert got["attachments"][0]["id"] == answer
    saved = await fetch(citizen, answer)
    assert saved.content == PDF
    # Only a picture is ever shown in place.
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''Veidlapa.pdf"
    await citizen.close()
    await desk.close()


async def test_nobody_else_reads_it(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    one = (await upload(citizen, PDF)).json()["id"]
    await send(citizen, "Te ir izziņa", one)
    stranger = await stage.citizen()
    assert (await fetch(stranger, one)).status_code == 404
    assert (await send(stranger, "mans", one))["code"] == "attachment_gone"
    assert (await upload(stranger, PDF, upload_id=one)).status_code == 404
    assert (await fetch(citizen, one, origin="https://evil.example")).status_code == 403
    assert (await fetch(citizen, one, authorization="Bearer x")).status_code == 401
    assert "access-control-allow-origin" in (await fetch(citizen, one, origin=stage.url)).headers
    other = await stage.staff("janis")
    path = f"/conversations/{citizen.conversation}/attachments/{one}"
    assert (await other.http.get(path)).status_code == 404
    assert (await other.http.put(path.replace(one, str(uuid.uuid4())), content=PDF)).status_code == 404
    # Not through another conversation that one does see, either.
    second = await stage.citizen()
    await second.send("Gribu runāt ar operatoru")
    await second.wait_phase("waiting")
    assert (await other.http.get(f"/conversations/{second.conversation}/attachments/{one}")).status_code == 404
    csrf = desk.http.headers.pop("x-csrf-token")
    assert (await desk.http.put(path, content=PDF)).status_code == 403
    desk.http.headers["x-csrf-token"] = csrf
    for each in (citizen, stranger, second):
        await each.close()
    for each_desk in (desk, other):
        await each_desk.close()


async def test_the_assistant_says_that_it_cannot_look_and_the_file_can_be_the_first_thing(stage: Stage) -> None:
    citizen = await stage.citizen()
    one = (await upload(citizen, picture("PNG"), "foto.png")).json()["id"]
    ack = await send(citizen, "", one)
    answer = await citizen.said_after(ack["seq"])
    assert answer["author"]["kind"] == "assistant"
    assert "apskatīt to nevaru" in answer["text"]
    assert answer["buttons"] == [{"title": "Runāt ar operatoru", "payload": "handoff"}]
    two = (await upload(citizen, PDF)).json()["id"]
    ack = await send(citizen, "Paldies", two)
    answer = await citizen.said_after(ack["seq"])
    assert "atbildu tikai uz rakstīto" in answer["text"]
    await citizen.send("Runāt ar operatoru", payload="handoff")
    await citizen.wait_phase("waiting")
    await citizen.close()


async def test_limits_say_how_much(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> None:
    stage = await raise_stage(
        sqlite_url,
        tmp_path,
        knowledge=knowledge,
        attachment_mb=1,
        attachments_conversation_mb=2,
        chat_uploads="9/minute",
    )
    try:
        citizen = await stage.citizen()
        big = PDF + b"0" * (1024 * 1024)
        for content in (big, pieces(big)):  # announced, and found out on the way
            refused = await upload(citizen, content)
            assert refused.status_code == 400
            assert refused.json()["code"] == "attachment_too_large"
            assert "līdz 1 MB" in refused.json()["title"]
            assert refused.headers["access-control-allow-origin"] == citizen.url
        assert (await upload(citizen, b"")).json()["code"] == "attachment_empty"
        russian = await upload(citizen, b"MZ", **{"x-pietura-lang": "ru"})
        assert russian.json()["title"].startswith("Такой файл")
        ids = [(await upload(citizen, PDF + b"0" * 900_000)).json()["id"] for _ in range(2)]
        full = (await upload(citizen, PDF + b"0" * 900_000)).json()
        assert (full["code"], full["limit"]) == ("conversation_full", "2")
        too_many = await send(citizen, "x", *[str(uuid.uuid4()) for _ in range(6)])
        assert too_many["code"] == "too_many_attachments"
        assert "5" in too_many["text"]
        assert (await upload(citizen, PDF)).status_code == 200
        assert (await upload(citizen, PDF)).status_code == 200
        fast = await upload(citizen, PDF)
        assert (fast.status_code, fast.json()["retry"]) == (429, True)
        assert len(lying(stage)) == 4, "nothing stays of what was refused"
        # Nothing that was refused has cost the message.
        assert (await send(citizen, "Re, kur", *ids))["t"] == "ack"
        await citizen.close()
    finally:
        await stage.stop()


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]


async def test_an_upload_that_breaks_off_leaves_nothing_and_can_be_tried_again(stage: Stage) -> None:
    citizen = await stage.citizen()
    one = str(uuid.uuid4())
    host, port = citizen.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"PUT /chat/attachments/{one}?site=demo HTTP/1.1\r\nhost: {host}:{port}\r\norigin: {citizen.url}\r\n"
        f"authorization: Bearer {citizen.token}\r\ncontent-length: 500000\r\n\r\n".encode()
        + PDF
    )
    await writer.drain()
    async with asyncio.timeout(5):
        while not lying(stage):
            await asyncio.sleep(0.02)
    writer.close()
    async with asyncio.timeout(5):
        while lying(stage):
            await asyncio.sleep(0.02)
    del reader
    both = await asyncio.gather(*(upload(citizen, PDF, upload_id=one) for _ in range(2)))
    assert [each.json()["id"] for each in both] == [one, one]
    assert (await upload(citizen, PDF, upload_id=one)).status_code == 200
    assert len(lying(stage)) == 1
    await citizen.close()


async def test_what_is_never_sent_is_swept_and_what_is_taken_back_is_gone(stage: Stage) -> None:
    citizen = await stage.citizen()
    kept, left, back = [(await upload(citizen, PDF)).json()["id"] for _ in range(3)]
    await send(citizen, "ar failu", kept)
    async with httpx.AsyncClient() as http:
        gone = await http.delete(
            f"{citizen.url}/chat/attachments/{back}?site=demo", headers={"authorization": f"Bearer {citizen.token}"}
        )
    assert gone.status_code == 204
    assert len(lying(stage)) == 2
    assert await stage.gateway.attachments.sweep() == 0
    stage.clock.push(timedelta(minutes=61))
    await stage.gateway.attachments.sweep()
    assert len(lying(stage)) == 1
    assert (await send(citizen, "par vēlu", left))["code"] == "attachment_gone"
    assert (await fetch(citizen, kept)).content == PDF
    await citizen.close()


async def test_a_file_uploaded_before_the_end_goes_into_the_new_conversation(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    former = str(citizen.conversation)
    one = (await upload(citizen, PDF)).json()["id"]
    await desk.act(former, "close", topic="other", outcome="resolved")
    await citizen.wait_phase("ended")
    assert (await send(citizen, "Vēl viens dokuments", one))["t"] == "ack"
    assert citizen.conversation != former
    assert (await fetch(citizen, one)).content == PDF
    await citizen.close()
    await desk.close()


async def test_given_out_with_what_is_in_them_and_erased_with_rows_contents_and_names(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    conversation = str(citizen.conversation)
    one, broken = [
        (await upload(citizen, PDF, name)).json()["id"] for name in ("../../Mana diagnoze.pdf", "Bojāta.pdf")
    ]
    await send(citizen, "", one, broken)
    async with stage.gateway.db.read() as session:
        [row] = [row for row in await session.scalars(select(StoredAttachment)) if row.id == broken]
    stage.gateway.attachment_store.path(row.stored_as).write_bytes(b"x")
    liga = await stage.staff("liga")
    given = await liga.http.post(f"/conversations/{conversation}/citizen/export", json={"reason": "Lūgums Nr. 5"})
    assert given.headers["content-length"] == str(len(given.content))
    with zipfile.ZipFile(io.BytesIO(given.content)) as made:
        [name] = [name for name in made.namelist() if name.startswith("attachments/")]
        assert (name.partition("-")[2], made.read(name)) == ("Mana diagnoze.pdf", PDF)
        told = json.loads(made.read("data.json"))["attachments"]
        assert {row["id"]: row["file"] for row in told} == {one: name, broken: None}
    await desk.act(conversation, "close", topic="other", outcome="resolved")
    seen = (await liga.http.get(f"/conversations/{conversation}/citizen/erase")).json()
    wanted = {"reason": "Lūgums Nr. 6", "case_no": seen["case_no"], "conversations": 1}
    erased = await liga.http.post(f"/conversations/{conversation}/citizen/erase", json=wanted)
    assert {row["name"]: row["count"] for row in erased.json()["parts"]}["Faili"] == 2
    assert lying(stage) == []
    assert (await fetch(citizen, one)).status_code == 404
    async with stage.gateway.db.read() as session:
        messages = (await session.scalars(select(Message))).all()
    assert "diagnoze" not in json.dumps([message.extras for message in messages])
    for person in (citizen, desk, liga):
        await person.close()


async def test_a_file_without_a_row_is_swept_from_the_folder(stage: Stage) -> None:
    citizen = await stage.citizen()
    await upload(citizen, PDF)
    [known] = lying(stage)
    stray = known.parent.parent / "00" / ("0" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"x")
    for path in (known, stray):
        os.utime(path, (1, 1))
    assert await stage.gateway.attachments.sweep_folder() == 1
    assert lying(stage) == [known]
    await citizen.close()


# --- the scanner ----------------------------------------------------------------------------------------------------------


async def test_a_virus_is_refused_and_without_the_scanner_a_file_waits_in_sight(
    sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> None:
    scanner = await FakeClamd().start(free_port())
    port = scanner.port
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=knowledge, clamd=f"127.0.0.1:{port}")
    try:
        citizen, desk = await taken(stage)
        await desk.listen()
        assert (await upload(citizen, PDF + EICAR)).json()["code"] == "attachment_infected"
        assert lying(stage) == []
        assert (await upload(citizen, PDF)).json()["state"] == "ready"
        assert scanner.seen[-1] == PDF

        await scanner.stop()
        good = (await upload(citizen, picture("PNG"), "foto.png")).json()
        bad = (await upload(citizen, PDF + EICAR, "rēķins.pdf")).json()
        assert good["state"] == bad["state"] == "checking"
        ack = await send(citizen, "divi faili", good["id"], bad["id"])
        assert ack["t"] == "ack", "the message does not wait for the scanner"
        path = f"/conversations/{citizen.conversation}/attachments/"
        waits = await desk.http.get(path + good["id"])
        assert (waits.status_code, waits.json()["code"]) == (409, "attachment_checking")
        assert await stage.gateway.attachments.check_waiting() == 0

        await scanner.start(port)
        assert await stage.gateway.attachments.check_waiting() == 2
        judged = await citizen.wait(
            lambda f: f["t"] == "message" and [a["state"] for a in f["message"]["attachments"]] == ["ready", "infected"]
        )
        assert judged["message"]["seq"] == ack["seq"]
        await desk.wait(
            lambda f: (
                f["kind"] == "message" and [a["state"] for a in f["message"]["attachments"]] == ["ready", "infected"]
            )
        )
        assert (await desk.http.get(path + good["id"])).status_code == 200
        assert (await desk.http.get(path + bad["id"])).json()["code"] == "attachment_infected"
        async with stage.gateway.db.read() as session:
            row = await repository.one(session, bad["id"])
        assert row is not None
        assert not stage.gateway.attachment_store.path(row.stored_as).exists()

        # Whoever was away meanwhile learns it when he comes back.
        await citizen.cut()
        citizen.frames.clear()
        await citizen.connect()
        again = await citizen.wait(lambda f: f["t"] == "message" and f["message"]["seq"] == ack["seq"])
        assert again["message"]["attachments"][1]["state"] == "infected"
        await citizen.close()
        await desk.close()
    finally:
        await stage.stop()
        await scanner.stop()


async def test_on_postgresql(
    postgres_url: str, tmp_path: Path, knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await raise_stage(postgres_url, tmp_path, knowledge=knowledge)
    try:
        citizen, desk = await taken(stage)
        one, two = [(await upload(citizen, PDF)).json()["id"] for _ in range(2)]
        again = str(uuid.uuid4())
        # The same message over two lines at once, and two messages that want the same file.
        first = await asyncio.gather(*(send(citizen, "", one, two, client_id=again) for _ in range(2)))
        assert first[0]["seq"] == first[1]["seq"]
        assert (await send(citizen, "vēlreiz", one))["code"] == "attachment_gone"
        assert (await desk.http.get(f"/conversations/{citizen.conversation}/attachments/{two}")).content == PDF
        said = (await desk.say(str(citizen.conversation), "Paldis!")).json()
        fixed = await desk.http.put(
            f"/conversations/{citizen.conversation}/messages/{said['seq']}",
            json={"text": "Paldies!", "before": "Paldis!"},
        )
        assert fixed.json()["edited"] is True

        # The scanner's verdict comes while the file is being sent: the message must not wait for ever.
        attachments = stage.gateway.attachments
        bind, judging = attachments.bind, []
        third = (await upload(citizen, PDF)).json()["id"]
        async with stage.gateway.db.unit() as unit:
            row = await repository.one(unit.session, third)
            assert row is not None
            row.state = "checking"

        async def slow(*args: Any) -> None:
            judging.append(asyncio.create_task(attachments.check_waiting()))
            await asyncio.sleep(0.3)
            await bind(*args)

        monkeypatch.setattr(attachments, "bind", slow)
        seq = (await send(citizen, "trešais", third))["seq"]
        assert await judging[0] == 1
        async with stage.gateway.db.read() as session:
            stored = await session.scalar(
                select(Message).where(Message.conversation_id == citizen.conversation, Message.seq == seq)
            )
        assert stored is not None
        assert [one["state"] for one in stored.extras["attachments"]] == ["ready"]
        await citizen.close()
        await desk.close()
    finally:
        await stage.stop()


async def test_staff_is_told_what_is_wrong_even_of_a_large_file(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    path = f"/conversations/{citizen.conversation}/attachments/"
    large = await desk.http.put(path + str(uuid.uuid4()), content=PDF + b"0" * (11 * 1024 * 1024))
    assert (large.status_code, large.json()["code"]) == (400, "attachment_too_large")
    assert "11,1 MB" in large.json()["title"] or "11 MB" in large.json()["title"]
    await desk.act(str(citizen.conversation), "hold")
    held = await desk.http.put(path + str(uuid.uuid4()), content=PDF)
    assert (held.status_code, held.json()["code"]) == (409, "not_holder")
    assert lying(stage) == []
    await citizen.close()
    await desk.close()


async def test_another_master_key_renews_the_files_keys_and_not_the_files(stage: Stage) -> None:
    citizen = await stage.citizen()
    one = (await upload(citizen, PDF)).json()["id"]
    before = lying(stage)[0].read_bytes()
    old = stage.gateway.settings.credentials_key.get_secret_value()
    async with stage.gateway.db.unit() as unit:
        row = await repository.one(unit.session, one)
        assert row is not None
        both = AttachmentStore(lying(stage)[0].parent.parent, Vault(f"{fresh_key()},{old}"))
        renewed = both.renewed(row.sealed_key)
        assert renewed is not None
        assert both.renewed(renewed) is None
        assert b"".join(both.read(row.stored_as, renewed)) == PDF
        row.sealed_key = renewed
    assert lying(stage)[0].read_bytes() == before
    # Without the new key nothing opens, and the answer says so instead of breaking off.
    assert (await fetch(citizen, one)).json()["code"] == "attachment_gone"
    await citizen.close()
