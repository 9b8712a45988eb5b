"""The workbench of doubtful duplicates over a real gateway: decided once, on record, followed by the next import."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from handoff.staff.models import Audit
from knowledge_base.importer import import_all
from knowledge_base.models import ServiceVariant
from knowledge_base.service import KnowledgeBase
from tests.stage import Desk, Stage, raise_stage

#: Only the notice of the tax: joined to the tax by hand, with a doubt.
_NOTICE = "446.pasv-nin"


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway whose knowledge base is its own."""
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=copy.copy(knowledge))
    yield stage
    await stage.stop()


async def _list(desk: Desk, show: str = "open") -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get("/editor/unify", params={"show": show})).raise_for_status().json()
    return found


async def _decide(desk: Desk, key: str, verdict: str, version: int, **more: Any) -> httpx.Response:
    return await desk.http.post(f"/editor/unify/{key}", json={"verdict": verdict, "version": version, **more})


async def _row(stage: Stage, row: int) -> ServiceVariant:
    async with stage.gateway.db.unit() as unit:
        report = await import_all(unit.session)
        assert not report.problems
    async with stage.gateway.db.read() as session:
        found = await session.get(ServiceVariant, row)
    assert found is not None
    return found


async def test_a_doubt_is_decided_followed_and_taken_back(stage: Stage) -> None:
    liga, admin, anna = [await stage.staff(who) for who in ("liga", "admin", "anna")]
    assert (await anna.http.get("/editor/unify")).status_code == 403
    first = await _list(liga)
    assert first["counts"] == {
        "open": first["counts"]["all"],
        "decided": 0,
        "later": 0,
        "second_look": 0,
        "all": len(first["questions"]),
        "gone": 0,
    }
    page = (await liga.http.get(f"/editor/unify/{_NOTICE}")).raise_for_status().json()
    assert (page["kind"], page["right"]["service"]["described"], page["version"]) == ("joined", True, 0)
    # Both sides tell whose rows they are today.
    assert [row["row"] for row in page["left"]["rows"]] == [446]
    assert page["left"]["rows"][0]["today"]
    assert all(row["row"] != 446 for row in page["right"]["rows"])
    # Nothing was joined or parted by itself.
    assert (await _row(stage, 446)).doubtful

    done = (await _decide(liga, _NOTICE, "different", 0, reason="Tikai paziņojums")).raise_for_status().json()
    assert (done["decision"]["verdict"], done["version"], done["in_force"]) == ("different", 1, False)
    late = await _decide(admin, _NOTICE, "same", 0)
    assert (late.status_code, late.json()["code"], late.json()["who"]) == (409, "decided_meanwhile", "Līga Krūmiņa")
    row = await _row(stage, 446)
    assert (row.unified_id.startswith("kat-"), row.doubtful) == (True, False)
    (line,) = (await _list(liga, "decided"))["questions"]
    assert (line["key"], line["in_force"]) == (_NOTICE, True)

    back = (await liga.http.post(f"/editor/unify/{_NOTICE}/undo", json={"version": 1})).raise_for_status().json()
    assert (back["decision"], back["version"]) == (None, 2)
    assert [one["verdict"] for one in back["history"]] == ["open", "different"]
    again = await liga.http.post(f"/editor/unify/{_NOTICE}/undo", json={"version": 2})
    assert (again.status_code, again.json()["code"]) == (400, "nothing_to_undo")
    row = await _row(stage, 446)
    assert (row.unified_id, row.doubtful) == ("pasv-nin", True)
    async with stage.gateway.db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.action == "unify_decided").order_by(Audit.id))).all()
    assert [(one.detail["before"], one.detail["after"]) for one in trail] == [
        ("open", "different"),
        ("different", "open"),
    ]
    kept = (await liga.http.get("/editor/unify/decisions.json")).raise_for_status()
    assert "attachment" in kept.headers["content-disposition"]
    assert [one["verdict"] for one in kept.json()["decisions"]] == ["different", "open"]


async def test_a_second_look_is_another_persons(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    assert (await _decide(liga, _NOTICE, "variant", 0)).json()["code"] == "variant_needs_reason"
    done = (await _decide(liga, _NOTICE, "variant", 0, reason="Tikai paziņojums", second_look=True)).json()
    assert (done["decision"]["second_look"], done["may_confirm"]) == (True, False)
    # As long as it waits nothing follows it, and whoever asked for the look does not look himself.
    assert (await _row(stage, 446)).doubtful
    done = (await _decide(liga, _NOTICE, "variant", 1, reason="Tikai paziņojums")).json()
    assert done["decision"]["second_look"]
    waiting = (await _list(admin))["counts"]
    assert (waiting["decided"], waiting["second_look"]) == (0, 1), "half decided is not decided"
    assert (await _list(admin, "second_look"))["questions"][0]["key"] == _NOTICE
    assert (await admin.http.get(f"/editor/unify/{_NOTICE}")).json()["may_confirm"]
    (await _decide(admin, _NOTICE, "variant", 2, reason="Tikai paziņojums")).raise_for_status()
    row = await _row(stage, 446)
    assert (row.unified_id, row.doubtful, row.note) == ("pasv-nin", False, "Tikai paziņojums")
    assert (await _list(admin, "second_look"))["questions"] == []
    later = (await _list(admin))["questions"][0]["key"]
    (await _decide(admin, later, "later", 0)).raise_for_status()
    assert (await _list(admin))["counts"] | {"all": 0} == {
        "open": (await _list(admin))["counts"]["all"] - 2,
        "decided": 1,
        "later": 1,
        "second_look": 0,
        "all": 0,
        "gone": 0,
    }

    # The catalogue asks no more about what was decided: it is followed all the same, so it can be taken back.
    stage.gateway.unification._doubts.pop(_NOTICE)
    assert _NOTICE not in {one["key"] for one in (await _list(admin, "all"))["questions"]}
    (line,) = (await _list(admin, "gone"))["questions"]
    assert (line["key"], line["decision"]["verdict"], line["version"]) == (_NOTICE, "variant", 3)
    told = (await admin.http.get(f"/editor/unify/{_NOTICE}")).raise_for_status().json()
    assert (told["gone"], len(told["history"])) == (True, 3)
    assert (await _decide(admin, _NOTICE, "same", 3)).status_code == 404, "only taken back"
    back = (await admin.http.post(f"/editor/unify/{_NOTICE}/undo", json={"version": 3})).raise_for_status().json()
    assert (back["decision"], back["version"]) == (None, 4)
    assert (await _row(stage, 446)).doubtful
    assert (await _list(admin, "gone"))["questions"] == []
    assert (await admin.http.post("/editor/unify/no-such/undo", json={"version": 1})).status_code == 404
