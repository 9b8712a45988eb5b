"""Macros: written with what cannot be refused at once, shown before they run, run step by step and once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from handoff.macros.models import MacroRun
from handoff.staff.models import Audit
from tests.citizen import Citizen
from tests.stage import Desk, Stage


async def _taken(stage: Stage, who: Desk) -> tuple[Citizen, str]:
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    assert (await who.act(citizen.conversation, "take")).status_code == 200
    await citizen.wait_phase("operator")
    return citizen, citizen.conversation


async def _canned(desk: Desk, shortcut: str, lv: str) -> str:
    """A canned answer's id."""
    made = await desk.http.post("/canned", json={"shortcut": shortcut, "title": shortcut, "texts": {"lv": lv}})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _macro(desk: Desk, title: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = await desk.http.post("/macros", json={"title": title, "steps": list(steps), **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def _preview(desk: Desk, conversation: str) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get(f"/conversations/{conversation}/macros")).raise_for_status().json()
    return found


def _run_of(shown: dict[str, Any], macro: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "macro_version": macro["version"],
        "version": shown["version"],
        "seq": shown["seq"],
        "texts": next(one["texts"] for one in shown["macros"] if one["id"] == macro["id"]),
    }


_CLOSE = {"kind": "close", "topic": "other", "outcome": "resolved"}


async def test_a_macro_says_notes_and_closes_once(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    canned = await _canned(liga, "m-bye", "Paldies, to nokārtoja {operator}.")
    macro = await _macro(
        liga,
        "Nokārtots",
        {"kind": "answer", "canned_id": canned, "send": True},
        {"kind": "note", "text": "Ar makro"},
        {**_CLOSE, "comment": "ātri"},
    )
    citizen, conversation = await _taken(stage, anna)
    shown = await _preview(anna, conversation)
    one = next(m for m in shown["macros"] if m["id"] == macro["id"])
    assert one["steps"][0]["text"] == "Paldies, to nokārtoja Anna Bērziņa."
    assert [step["stops"] for step in one["steps"]] == [None, None, None]
    wanted = _run_of(shown, macro)
    path = f"/conversations/{conversation}/macros/{macro['id']}"
    first = await anna.http.post(path, json=wanted)
    assert first.status_code == 200, first.text
    assert (first.json()["done"], first.json()["refused"]) == (["answer", "note", "close"], None)
    again = await anna.http.post(path, json=wanted)
    assert (again.json()["done"], again.json()["repeated"]) == (["answer", "note", "close"], True)
    said = (await anna.http.get(f"/conversations/{conversation}")).json()
    texts = [m["text"] for m in said["messages"] if m["author"]["kind"] == "operator"]
    assert texts == ["Paldies, to nokārtoja Anna Bērziņa."]
    assert [note["text"] for note in said["notes"]] == ["Ar makro"]
    assert said["card"]["state"] == "closed"
    await citizen.wait_phase("ended")


async def test_what_is_foreseen_is_refused_before_the_first_step(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    canned = await _canned(liga, "m-gap", "Labdien, {citizen}!")
    macro = await _macro(liga, "Sveiciens un beigas", {"kind": "answer", "canned_id": canned, "send": True}, _CLOSE)
    _, conversation = await _taken(stage, anna)
    shown = await _preview(anna, conversation)
    one = next(m for m in shown["macros"] if m["id"] == macro["id"])
    assert one["steps"][0]["stops"]["code"] == "macro_gap"
    refused = await anna.http.post(f"/conversations/{conversation}/macros/{macro['id']}", json=_run_of(shown, macro))
    assert (refused.status_code, refused.json()["code"], refused.json()["step"]) == (400, "macro_step", 1)
    assert (await anna.card(conversation))["state"] == "active"
    # Put into the composer it may have gaps: a person fills them.
    soft = await _macro(liga, "Tikai sveiciens", {"kind": "answer", "canned_id": canned})
    shown = await _preview(anna, conversation)
    ran = await anna.http.post(f"/conversations/{conversation}/macros/{soft['id']}", json=_run_of(shown, soft))
    assert (ran.json()["inserted"], ran.json()["done"]) == ("Labdien, [vārds]!", ["answer"])


async def test_what_is_said_is_what_was_read_and_a_lost_answer_is_had_again(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    canned = await _canned(liga, "m-put", "Vecais teksts")
    macro = await _macro(liga, "Ielikt", {"kind": "answer", "canned_id": canned})
    _, conversation = await _taken(stage, anna)
    wanted = _run_of(await _preview(anna, conversation), macro)
    path = f"/conversations/{conversation}/macros/{macro['id']}"
    changed = {"shortcut": "m-put", "title": "m-put", "texts": {"lv": "Jaunais teksts"}, "version": 1}
    (await liga.http.put(f"/canned/{canned}", json=changed)).raise_for_status()
    refused = await anna.http.post(path, json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (409, "macro_texts_changed")
    wanted = _run_of(await _preview(anna, conversation), macro)
    for repeated in (False, True):
        ran = (await anna.http.post(path, json=wanted)).raise_for_status().json()
        assert (ran["inserted"], ran["repeated"]) == ("Jaunais teksts", repeated)


async def test_a_run_stops_where_the_desk_refuses(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody could foresee: a colleague's change between two steps."""
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    macro = await _macro(liga, "Piezīme un beigas", {"kind": "note", "text": "Viens"}, _CLOSE)
    _, conversation = await _taken(stage, anna)
    shown = await _preview(anna, conversation)
    macros = stage.gateway.macros
    add = macros._notes.add

    async def add_and_meddle(*args: Any) -> Any:
        noted = await add(*args)
        assert (await anna.act(conversation, "hold")).status_code == 200
        return noted

    monkeypatch.setattr(macros._notes, "add", add_and_meddle)
    ran = await anna.http.post(f"/conversations/{conversation}/macros/{macro['id']}", json=_run_of(shown, macro))
    assert ran.status_code == 200
    assert ran.json()["done"] == ["note"]
    assert (ran.json()["refused"]["step"], ran.json()["refused"]["code"]) in {(2, "changed"), (2, "taken")}
    assert (await anna.card(conversation))["state"] == "on_hold"
    async with stage.gateway.db.read() as session:
        run = (await session.scalars(select(MacroRun).where(MacroRun.macro_id == macro["id"]))).one()
    assert (run.done, run.finished) == (["note"], True)


async def test_nothing_runs_unseen(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    macro = await _macro(liga, "Noslēgt", _CLOSE)
    citizen, conversation = await _taken(stage, anna)
    shown = await _preview(anna, conversation)
    path = f"/conversations/{conversation}/macros/{macro['id']}"
    sent = await citizen.send("Vēl kas!")
    await citizen.wait(lambda f: f["t"] == "ack" and f["id"] == sent)
    late = await anna.http.post(path, json=_run_of(shown, macro))
    assert (late.status_code, late.json()["code"]) == (409, "new_message")
    shown = await _preview(anna, conversation)
    changed = await liga.http.put(
        f"/macros/{macro['id']}", json={"title": "Noslēgt", "steps": [{"kind": "hold"}], "version": 1}
    )
    assert changed.status_code == 200, changed.text
    other = await anna.http.post(path, json=_run_of(shown, macro))
    assert (other.status_code, other.json()["code"], other.json()["who"]) == (
        409,
        "macro_edited_meanwhile",
        "Līga Krūmiņa",
    )
    assert (await anna.card(conversation))["state"] == "active"
    # Somebody else's conversation is not there at all; a supervisor sees it, but it is not hers.
    janis = await stage.staff("janis")
    assert (await janis.http.get(f"/conversations/{conversation}/macros")).status_code == 404
    theirs = await _preview(liga, conversation)
    one = next(m for m in theirs["macros"] if m["id"] == macro["id"])
    assert one["steps"][0]["stops"]["code"] == "macro_not_yours"


@pytest.mark.parametrize(
    ("steps", "number"),
    [
        ([_CLOSE, {"kind": "note", "text": "x"}, {"kind": "hold"}], 3),
        ([{"kind": "hold"}, {"kind": "answer", "canned_id": "CANNED", "send": True}], 2),
        ([{"kind": "answer", "canned_id": "CANNED"}, _CLOSE], 2),
        ([{"kind": "return"}, {"kind": "note", "text": "x"}], 2),
        ([{"kind": "answer", "canned_id": "nav"}], 1),
        ([{"kind": "close", "topic": "nav", "outcome": "resolved"}], 1),
        ([{"kind": "transfer", "to_user": "nav"}], 1),
        ([{"kind": "level2", "institution_id": "nav", "note": "x"}], 1),
    ],
)
async def test_steps_that_cannot_follow_are_refused_with_their_number(
    stage: Stage, steps: list[dict[str, Any]], number: int
) -> None:
    liga = await stage.staff("liga")
    canned = (await liga.http.get("/canned")).json()["canned"][0]["id"]
    wanted = [{**step, **({"canned_id": canned} if step.get("canned_id") == "CANNED" else {})} for step in steps]
    refused = await liga.http.post("/macros", json={"title": "Nederīgs", "steps": wanted})
    assert (refused.status_code, refused.json()["code"], refused.json()["step"]) == (400, "macro_step", number)
    assert "Nederīgs" not in [m["title"] for m in (await liga.http.get("/macros")).json()["macros"]]


async def test_whose_macros(stage: Stage) -> None:
    liga, anna, janis = [await stage.staff(who) for who in ("liga", "anna", "janis")]
    assert (await anna.http.post("/macros", json={"title": "Visiem", "steps": [_CLOSE]})).status_code == 403
    own = await _macro(anna, "Mans", _CLOSE, personal=True)
    assert own["personal"]
    assert "Mans" not in [m["title"] for m in (await janis.http.get("/macros")).json()["macros"]]
    change = {"title": "Mans", "steps": [{"kind": "hold"}], "version": 1}
    assert (await janis.http.put(f"/macros/{own['id']}", json=change)).status_code == 404
    assert (await liga.http.put(f"/macros/{own['id']}", json=change)).status_code == 404
    assert (await anna.http.put(f"/macros/{own['id']}", json=change)).json()["version"] == 2
    stale = await anna.http.put(f"/macros/{own['id']}", json=change)
    assert (stale.status_code, stale.json()["code"]) == (409, "macro_edited_meanwhile")
    taken = await anna.http.post("/macros", json={"title": "mans", "steps": [_CLOSE], "personal": True})
    assert (taken.status_code, taken.json()["code"]) == (400, "title_taken")
    shared = await _macro(liga, "Kopīgs", _CLOSE)
    assert (await anna.http.put(f"/macros/{shared['id']}", json=change)).status_code == 403
    assert (await liga.http.delete(f"/macros/{shared['id']}", params={"version": 1})).status_code == 204
    async with stage.gateway.db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.object_id == shared["id"]).order_by(Audit.id))).all()
    assert [line.action for line in trail] == ["macro_added", "macro_deleted"]
    assert trail[0].detail["after"]["steps"][0]["kind"] == "close"
    ieva = await stage.staff("ieva")
    assert (await ieva.http.get("/macros")).status_code == 403
