"""Call-backs and visits: asked for by operator or citizen, one person does them, and what is late is never out of sight."""

from __future__ import annotations

import io
import uuid
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from handoff.callbacks import repository
from handoff.callbacks.models import Callback
from handoff.callbacks.repository import renew_phones
from handoff.staff.models import Audit
from kit.vault import Vault, fresh_key
from tests.citizen import Citizen
from tests.stage import WORKING, Desk, Stage


async def _taken(stage: Stage, who: Desk) -> tuple[Citizen, str]:
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    assert (await who.act(citizen.conversation, "take")).status_code == 200
    return citizen, citizen.conversation


def _wish(**more: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "kind": "call", "phone": "2000 0123", "subject": "Par pabalstu", **more}


async def _all(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get("/callbacks")).raise_for_status().json()
    return found


async def test_one_person_calls_and_the_number_is_for_him_alone(stage: Stage) -> None:
    anna, janis, liga = [await stage.staff(who) for who in ("anna", "janis", "liga")]
    _, conversation = await _taken(stage, anna)
    wish = _wish(name="Juris Priede")
    first = await anna.http.post(f"/conversations/{conversation}/callbacks", json=wish)
    assert first.status_code == 201, first.text
    again = await anna.http.post(f"/conversations/{conversation}/callbacks", json=wish)
    assert again.json()["id"] == first.json()["id"] == wish["id"]
    # Janis does not see the conversation, but the task is there for whoever has time; the number is not in the list.
    (row,) = (await _all(janis))["under_way"]
    assert (row["phone"], row["phone_hint"], row["case_no"] is not None) == (None, "••• 123", True)
    taken = await janis.http.post(f"/callbacks/{row['id']}/take", json={"version": 1})
    assert (taken.json()["state"], taken.json()["taken_by"]) == ("taken", "Jānis Kalniņš")
    late = await anna.http.post(f"/callbacks/{row['id']}/take", json={"version": 1})
    assert (late.status_code, late.json()["code"], late.json()["who"]) == (409, "callback_changed", "Jānis Kalniņš")
    assert (await anna.http.get(f"/callbacks/{row['id']}")).json()["phone"] is None
    assert (await janis.http.get(f"/callbacks/{row['id']}")).json()["phone"] == "+37120000123"
    async with stage.gateway.db.read() as session:
        stored = await session.get(Callback, row["id"])
        readers = (await session.scalars(select(Audit.staff_id).where(Audit.action == "read_callback"))).all()
    assert stored is not None
    assert "20000123" not in stored.sealed_phone
    assert readers == [janis.me["id"]]
    tried = await janis.http.post(f"/callbacks/{row['id']}/not_reached", json={"version": 2, "note": "Nepaceļ"})
    assert (tried.json()["attempts"], tried.json()["state"]) == (1, "taken")
    assert datetime.fromisoformat(tried.json()["due_at"]) > datetime.fromisoformat(row["due_at"])
    done = await janis.http.post(
        f"/callbacks/{row['id']}/finish", json={"version": 3, "outcome": "reached", "note": "Izrunāts"}
    )
    assert (done.json()["state"], done.json()["note"], done.json()["may"]) == ("done", "Nepaceļ\nIzrunāts", [])
    assert (await _all(janis))["under_way"] == []
    assert [one["id"] for one in (await _all(liga))["ended"]] == [row["id"]]
    assert (await _all(anna))["ended"] == []
    texts = [line["text"] for line in (await liga.http.get(f"/conversations/{conversation}")).json()["timeline"]]
    assert {
        "Pieteikts atzvans",
        "Neizdevās sazināties, mēģinās vēlāk",
        "Atzvans vai vizīte: izdevās sazināties",
    } <= set(texts)


async def test_what_is_late_is_counted_and_may_be_taken_over(stage: Stage) -> None:
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    _, conversation = await _taken(stage, anna)
    row = (await anna.http.post(f"/conversations/{conversation}/callbacks", json=_wish())).json()
    await anna.http.post(f"/callbacks/{row['id']}/take", json={"version": 1})
    assert (await janis.http.post(f"/callbacks/{row['id']}/take", json={"version": 2})).status_code == 409
    assert (await janis.http.get("/callbacks/count")).json() == {"under_way": 1, "late": 0}
    stage.clock.push(timedelta(minutes=61))
    assert (await janis.http.get("/callbacks/count")).json() == {"under_way": 1, "late": 1}
    over = await janis.http.post(f"/callbacks/{row['id']}/take", json={"version": 2})
    assert (over.status_code, over.json()["taken_by"]) == (200, "Jānis Kalniņš")


async def test_a_citizen_who_leaves_a_number_is_called(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await stage.staff("anna")
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    contact = {"t": "contact", "name": "Juris", "email": "", "phone": "20000123", "consent": True}
    for phone in ("20000123", "+371 20000456"):
        await citizen.raw({**contact, "phone": phone})
        await citizen.wait(lambda f: f["t"] == "contact_ok")
    (row,) = (await _all(anna))["under_way"]
    assert (row["name"], row["phone_hint"], row["created_by"]) == ("Juris", "••• 456", None)
    assert row["conversation"] == citizen.conversation

    # Somebody changes it in the instant in which he mends his number: that is not lost.
    change, tried = repository.change, []

    async def once_in_vain(*args: Any) -> bool:
        tried.append(args)
        return len(tried) > 1 and await change(*args)

    monkeypatch.setattr("handoff.callbacks.repository.change", once_in_vain)
    await citizen.raw({**contact, "phone": "20000789"})
    await citizen.wait(lambda f: f["t"] == "contact_ok")
    (row,) = (await _all(anna))["under_way"]
    assert (len(tried), row["phone_hint"]) == (2, "••• 789")

    # Whoever asks what we hold about him gets his number, and not a hint of it.
    admin = await stage.staff("admin")
    path = f"/conversations/{citizen.conversation}/citizen/export"
    archive = (await admin.http.post(path, json={"reason": "Prasa pats"})).raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        held = b"".join(files.read(name) for name in files.namelist() if name.endswith(".json"))
    assert b"+37120000789" in held


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"phone": "zvaniet"}, "bad_phone"),
        ({"phone": "123"}, "bad_phone"),
        ({"subject": "\u200b"}, "text_empty"),
        ({"wanted_at": (WORKING - timedelta(days=1)).isoformat()}, "bad_time"),
        ({"wanted_at": (WORKING + timedelta(days=90)).isoformat()}, "bad_time"),
        ({"wanted_at": (WORKING + timedelta(hours=12)).isoformat()}, "closed_then"),
        ({"kind": "visit"}, "bad_centre"),
        ({"kind": "visit", "centre_id": "nav"}, "bad_centre"),
    ],
)
async def test_bad_wishes_are_refused_with_reason(stage: Stage, change: dict[str, Any], code: str) -> None:
    anna = await stage.staff("anna")
    _, conversation = await _taken(stage, anna)
    refused = await anna.http.post(f"/conversations/{conversation}/callbacks", json=_wish(**change))
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert "error." not in refused.json()["title"]
    assert (await _all(anna))["under_way"] == []


async def test_a_visit_has_its_centre_and_time(stage: Stage) -> None:
    anna = await stage.staff("anna")
    _, conversation = await _taken(stage, anna)
    at = WORKING + timedelta(days=1)
    made = await anna.http.post(
        f"/conversations/{conversation}/callbacks",
        json=_wish(kind="visit", centre_id="valmiera", wanted_at=at.isoformat()),
    )
    assert made.status_code == 201, made.text
    assert (made.json()["centre"], datetime.fromisoformat(made.json()["wanted_at"])) == ("Valmieras VPVKAC", at)
    assert datetime.fromisoformat(made.json()["due_at"]) == at + timedelta(minutes=30)
    for stranger in ("ieva", "baiba"):
        other = await stage.staff(stranger)
        assert (await other.http.get("/callbacks")).status_code == 403


async def test_a_new_key_does_not_lose_the_numbers(stage: Stage) -> None:
    anna = await stage.staff("anna")
    _, conversation = await _taken(stage, anna)
    row = (await anna.http.post(f"/conversations/{conversation}/callbacks", json=_wish())).json()
    old = stage.gateway.settings.credentials_key.get_secret_value()
    new = fresh_key()
    async with stage.gateway.db.unit() as unit:
        assert await renew_phones(unit.session, Vault(f"{new},{old}")) == (1, 0)
    async with stage.gateway.db.read() as session:
        stored = await session.get(Callback, row["id"])
    assert stored is not None
    assert Vault(new).open(stored.sealed_phone) == {"phone": "+37120000123"}
    # The gateway still has the old key only: it says so, and shows no number.
    refused = await anna.http.get(f"/callbacks/{row['id']}")
    assert (refused.status_code, refused.json()["code"]) == (400, "phone_sealed")
