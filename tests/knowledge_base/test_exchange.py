"""Files out and in over a real gateway: what an export loses (nothing), what a broken file does (nothing), two persons, back."""

from __future__ import annotations

import asyncio
import copy
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from handoff.staff.models import Audit
from kit.errors import PieturaError
from knowledge_base.exchange import forms
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.models import ServiceExample
from knowledge_base.service import KnowledgeBase
from knowledge_base.wording import question_set
from tests.stage import Desk, Stage, raise_stage

_SERVICE = "vsaa-slimibas-pabalsts"
pytestmark = pytest.mark.usefixtures("small_set")
_NEW: dict[str, Any] = {
    "id": "vsaa-jauns-pakalpojums",
    "title_lv": "Jauns pakalpojums",
    "title_ru": "Новая услуга",
    "title_en": "A new service",
    "institution": "VSAA",
    "text_lv_general": "Pakalpojumu var saņemt portālā.",
    "examples_lv": ["Kā saņemt jauno pakalpojumu?"],
}


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway whose knowledge base is its own."""
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=copy.copy(knowledge))
    yield stage
    await stage.stop()


async def _load(desk: Desk, content: bytes | str, name: str = "fails.csv") -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    return await desk.http.post("/editor/imports", params={"file": name}, content=body)


async def _do(desk: Desk, row: dict[str, Any], act: str, **more: Any) -> httpx.Response:
    return await desk.http.post(f"/editor/imports/{row['id']}/{act}", json={"version": row["version"], **more})


async def _proposed(desk: Desk, row: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Proposed, and the question set run over it."""
    return await _judged(desk, (await _do(desk, row, "propose", mode="all", **more)).raise_for_status().json())


async def _judged(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while True:
            row = (await desk.http.get(f"/editor/imports/{row['id']}")).raise_for_status().json()
            if row["check"]["fresh"] or not row["check"]["needed"]:
                return row
            assert row["check"]["state"] != "failed"
            await asyncio.sleep(0.1)


async def _service(desk: Desk, service_id: str = _SERVICE) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get(f"/editor/services/{service_id}")).raise_for_status().json()
    return found


async def test_an_export_changes_nothing_when_it_is_loaded_again(stage: Stage) -> None:
    liga = await stage.staff("liga")
    for form in ("csv", "json", "jsonld"):
        answer = (await liga.http.get("/editor/export", params={"form": form})).raise_for_status()
        assert f"-r0.{form}" in answer.headers["Content-Disposition"]
        row = (await _load(liga, answer.content, f"x.{form}")).raise_for_status().json()
        assert row["form"] == form
        assert row["problems"] == [], form
        assert row["items"] == [], form
        assert row["counts"] | {"left": 0} == {
            "new": 0, "changed": 0, "unchanged": row["rows"], "gone": 0, "problems": 0, "left": 0,
        }  # fmt: skip
        assert row["rows"] > 150
        assert (await _do(liga, row, "propose", mode="all")).json()["code"] == "nothing_changed"
    variants = (await liga.http.get("/editor/export", params={"form": "csv", "variants": True})).raise_for_status()
    assert len(list(csv.DictReader(io.StringIO(variants.content.decode("utf-8-sig"))))) == 626


async def test_two_persons_load_a_file_and_take_it_back(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    before = await _service(liga)
    facts = {"cost": "Par velti", "deadline": "[dzēst]", "documents": ["[dzēst]"]}
    change = {"id": _SERVICE, "facts": facts, "texts": {"lv": {"how": "Piesakieties portālā.", "where": "[dzēst]"}}}
    change |= {"aliases": {"en": ["sick money"]}, "checked": "2026-11-24"}
    row = (await _load(liga, json.dumps([change, _NEW]), "x.json")).raise_for_status().json()
    assert (row["counts"]["new"], row["counts"]["changed"], row["problems"]) == (1, 1, [])
    (item,) = row["items"]
    changes = {one["field"]: one for one in item["changes"]}
    assert changes.keys() == {
        *("cost", "deadline", "documents", "text_lv_how", "text_lv_where", "aliases_en", "checked"),
    }  # fmt: skip
    assert changes["cost"]["before"] == before["facts"]["cost"]
    assert (changes["deadline"]["after"], changes["text_lv_where"]["after"]) == ("", "")
    assert await _service(liga) == before

    row = await _proposed(liga, row, note="Jaunā cena")
    assert row["check"]["result"]["total"] == len(question_set.shipped())
    assert (await _do(liga, row, "approve")).json()["code"] == "own_change"
    stale = {**row, "version": 1}
    assert (await _do(admin, stale, "approve")).json()["code"] == "edited_elsewhere"
    row = (await _do(admin, row, "approve")).raise_for_status().json()
    assert row["state"] == "applied"
    after = await _service(liga)
    assert after["facts"]["cost"] == "Par velti"
    # An empty cell says nothing; the mark clears.
    assert not {"deadline", "documents"} & after["facts"].keys()
    assert after["facts"]["amount"] == before["facts"]["amount"]
    assert next(one for one in after["answers"]["lv"] if one["aspect"] == "where")["text"] is None
    names = (await liga.http.get(f"/editor/services/{_SERVICE}/wording")).json()["wording"]
    assert names["en"]["names"]["texts"] == ["sick money"]
    assert names["ru"]["names"]["texts"]
    # Checked again: so it is due again later.
    assert (before["review_due"], after["review_due"]) == ("2027-01-01", "2027-01-01")
    assert after["checked_on"] == "2026-11-24"
    assert next(one for one in after["answers"]["lv"] if one["aspect"] == "how")["text"] == "Piesakieties portālā."
    assert (await _service(liga, _NEW["id"]))["titles"]["ru"] == "Новая услуга"

    row = (await _do(liga, row, "undo")).raise_for_status().json()
    assert (row["state"], row["undone_by"]["name"]) == ("undone", "Līga Krūmiņa")
    back = await _service(liga)
    assert (back["facts"], back["titles"]) == (before["facts"], before["titles"])
    texts = [[(one["aspect"], one["text"], one["origin"]) for one in page["answers"]["lv"]] for page in (back, before)]
    assert texts[0] == texts[1]
    assert (await liga.http.get(f"/editor/services/{_NEW['id']}")).status_code == 404
    async with stage.gateway.db.read() as session:
        trail = (
            await session.scalars(select(Audit.action).where(Audit.object_id == row["id"]).order_by(Audit.id))
        ).all()
    assert trail == ["import_approved", "import_undone"]
    assert (await _do(liga, row, "undo")).json()["code"] == "decided_already"


async def test_a_file_that_makes_it_worse_needs_a_reason(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    # Another service's questions as examples of this one.
    stolen = [one.text for one in question_set.shipped() if one.service_id == "pmlp-pase" and one.lang == "lv"]
    stolen += ["Kā nomainīt pasi?", "Kur var saņemt jaunu pasi?", "Cik maksā pase?", "Pases derīguma termiņš beidzas"]
    body = json.dumps([{"id": _SERVICE, "examples": {"lv": stolen}}])
    row = await _proposed(liga, (await _load(liga, body, "x.json")).raise_for_status().json())
    assert row["check"]["result"]["is_worse"]
    refused = await _do(admin, row, "approve")
    assert (refused.status_code, refused.json()["code"]) == (400, "worse_needs_reason")
    # A question joins the set: what was run is not what counts now.
    asked = {"text": "Kur ir krumpumpurs?", "lang": "lv", "service_id": _SERVICE}
    (await admin.http.post("/editor/questions", json=asked)).raise_for_status()
    refused = await _do(admin, row, "approve", note="Pagaidām")
    assert (refused.status_code, refused.json()["code"]) == (409, "set_not_run")
    row = await _judged(liga, row)
    assert (await _do(admin, row, "approve", note="Pagaidām")).json()["state"] == "applied"


async def test_a_file_brings_an_example_back_that_an_editor_took_out(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    async with stage.gateway.db.unit() as unit:
        example = (
            await unit.session.scalars(select(ServiceExample).where(ServiceExample.service_id == _SERVICE))
        ).first()
        assert example is not None
        example.withdrawn, example.origin = True, "editor"
    body = json.dumps([{"id": _SERVICE, "examples": {example.lang: [example.text]}}])
    row = (await _load(liga, body, "x.json")).raise_for_status().json()
    row = await _proposed(liga, row)
    row = (await _do(admin, row, "approve")).raise_for_status().json()
    found = []
    for step in ("", "undo"):
        if step:
            (await _do(liga, row, step)).raise_for_status()
        async with stage.gateway.db.read() as session:
            kept = await session.get(ServiceExample, example.id)
        found.append(kept is not None and not kept.withdrawn)
    assert found == [True, False]


async def test_what_changed_meanwhile_is_not_written_over(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")

    async def proposed(cost: str) -> dict[str, Any]:
        row = (await _load(liga, f"id,cost\n{_SERVICE},{cost}\n")).raise_for_status().json()
        return (await _do(liga, row, "propose", mode="all")).raise_for_status().json()  # type: ignore[no-any-return]

    first, second = await proposed("Viens"), await proposed("Divi")
    first = (await _do(admin, first, "approve")).raise_for_status().json()
    assert (await _do(admin, second, "approve")).json()["code"] == "import_outdated"
    assert (await _service(liga))["facts"]["cost"] == "Viens"
    second = (await _do(liga, second, "check")).raise_for_status().json()
    assert second["items"][0]["changes"] == [{"field": "cost", "before": "Viens", "after": "Divi"}]
    second = (await _do(liga, second, "propose", mode="all")).raise_for_status().json()
    await _do(admin, second, "approve")
    refused = (await _do(liga, first, "undo")).json()
    assert (refused["code"], refused["service"]) == ("import_changed_since", _SERVICE)
    assert (await _service(liga))["facts"]["cost"] == "Divi"


async def test_broken_rows_are_told_and_the_good_ones_may_be_loaded(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    rows = [
        ["id", "title_lv", "title_ru", "kind", "cost", "online_url", "text_lv_cost", "institution"],
        [_SERVICE, "", "", "", "Par velti", "", "", ""],
        ["Nav Id", "", "", "", "", "", "", ""],
        [_SERVICE, "", "", "", "Otrreiz", "", "", ""],
        ["pasv-nin", "", "Tikai latviski", "", "=HYPERLINK(1)", "ftp://x", "", ""],
        ["csdd-tehniska-apskate", "<script>x</script>", "", "dīvains", "", "", "Tas [dzēst] nav", "[dzēst]"],
        ["vsaa-nav-tada", "Cits", "", "", "", "", "", ""],
    ]
    opened = io.StringIO()
    csv.writer(opened, delimiter=";").writerows(rows)
    row = (await _load(liga, opened.getvalue().encode("cp1257", "replace"))).raise_for_status().json()
    found = {(one["row"], one["field"], one["code"]) for one in row["problems"]}
    assert found == {
        (3, "id", "bad_id"),
        (4, "id", "twice"),
        (5, "title_ru", "language"),
        (5, "cost", "formula"),
        (6, "institution", "cannot_clear"),
        (6, "text_lv_cost", "clear_alone"),
        (5, "online_url", "address"),
        (6, "title_lv", "html"),
        (6, "kind", "one_of"),
        (7, "title_ru", "title_missing"),
        (7, "title_en", "title_missing"),
        (7, "institution", "institution_missing"),
    }
    told = (await liga.http.get(f"/editor/imports/{row['id']}/problems.csv")).raise_for_status().text
    lines = [(one["row"], one["field"], one["problem"]) for one in csv.DictReader(io.StringIO(told.lstrip("\ufeff")))]
    assert len(lines) == 12
    assert ("6", "text_lv_cost", "Atzīmei [dzēst] šūnā jābūt vienai pašai.") in lines
    refused = (await _do(liga, row, "propose", mode="all")).json()
    assert (refused["code"], refused["count"]) == ("import_has_problems", 12)
    row = (await _do(liga, row, "propose", mode="good")).raise_for_status().json()
    await _do(admin, row, "approve")
    assert (await _service(liga))["facts"]["cost"] == "Par velti"


async def test_money_needs_its_date_here_as_well(stage: Stage) -> None:
    liga = await stage.staff("liga")
    money = {**_NEW, "text_lv_general": "Tas maksā 30 eiro."}
    row = (await _load(liga, json.dumps([money]))).raise_for_status().json()
    assert [(one["field"], one["code"]) for one in row["problems"]] == [("text_lv_general", "money")]
    dated = {**money, "sources": ["https://www.vsaa.gov.lv/x | 2026-01-05 | cost"]}
    assert (await _load(liga, json.dumps([dated]))).json()["counts"]["new"] == 1


async def test_only_editors(stage: Stage) -> None:
    anna = await stage.staff("anna")
    assert (await anna.http.get("/editor/export")).status_code == 403
    assert (await _load(anna, "id\nx\n")).status_code == 403


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import_empty"),
        (b"PK\x03\x04rest", "import_binary"),
        (b"id,cost\nx,\x00\n", "import_binary"),
        (b"id\n\x81\x83\n", "import_encoding"),
        (b'{"services": [', "import_not_json"),
        (b"[" * 100_000, "import_not_json"),
        (b'{"services": []}', "import_no_services"),
        (b"row,table,organisation,service,status\n1,54,A,B,c\n", "import_extract"),
        (b"name,cost\nx,1\n", "import_no_id"),
        (b"id\n" + b"a\n" * 50_000, "import_too_many_rows"),
        (b"x" * (forms.MAX_BYTES + 1), "import_too_large"),
        (b'id,cost\nx,"' + b"y" * 200_000 + b'"', "import_broken_table"),
    ],
)
def test_files_that_are_none(content: bytes, code: str, gazetteer: Gazetteer) -> None:
    with pytest.raises(PieturaError) as refused:
        forms.read(content, gazetteer)
    assert refused.value.code == code


def test_encodings_delimiters_and_formulas(gazetteer: Gazetteer) -> None:
    text = 'id;cost;documents\nx-y;\'=1+1;"pirmā\nšķūņa"\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1257"):
        (entry,) = forms.read(text.encode(encoding), gazetteer).entries
        assert entry.incoming.facts == {"cost": "=1+1", "documents": ["pirmā", "šķūņa"]}, encoding
    assert forms.cell("=1+1") == "'=1+1"
    assert forms.Entry.of(json.loads(json.dumps(entry.stored()))) == entry
