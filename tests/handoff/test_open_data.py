"""Open data: nobody can be found in it, nor computed from it; described for machines; off unless it is switched on."""

from __future__ import annotations

import csv
import io
import random
from datetime import date
from typing import Any

import httpx
import numpy as np
from scipy.optimize import linprog
from sqlalchemy import select

from gateway.settings import Settings
from handoff.open_data.datasets import DATASETS
from handoff.open_data.suppression import LEAST, Cell, left_out, tree
from handoff.staff.models import Audit
from kit.vault import fresh_key
from tests.handoff.reports.year import Year, fill
from tests.stage import Stage


def _cells(top: Cell[Any]) -> list[Cell[Any]]:
    return [top, *(below for part in top.parts for below in _cells(part))]


def _attack(top: Cell[Any], hidden: set[int]) -> dict[int, tuple[float, float]]:
    """All that a reader could find out: the least and the most that each hidden cell may be, given every number that is told."""
    every = _cells(top)
    place = {id(one): number for number, one in enumerate(every)}
    sums = []
    for one in every:
        if one.parts:
            line = np.zeros(len(every))
            line[place[id(one)]] = 1
            line[[place[id(part)] for part in one.parts]] = -1
            sums.append(line)
    bounds = [(0, None) if id(one) in hidden else (one.value, one.value) for one in every]
    found = {}
    for one in every:
        if id(one) in hidden:
            goal = np.zeros(len(every))
            goal[place[id(one)]] = 1
            least, most = (
                linprog(sign * goal, A_eq=np.array(sums), b_eq=np.zeros(len(sums)), bounds=bounds) for sign in (1, -1)
            )
            found[id(one)] = (least.fun, np.inf if most.status == 3 else -most.fun)
    return found


def test_nothing_left_out_can_be_computed() -> None:
    chance = random.Random(11)
    hidden_somewhere = complementary = 0
    for _ in range(60):
        scale = chance.choice((2, 6, 40))
        leaves = {
            ((owner,), (owner, service)): round(chance.expovariate(1 / scale))
            for owner in range(chance.randrange(1, 5))
            for service in range(chance.randrange(1, 5))
        }
        top = tree((), leaves)
        hidden = left_out(top)
        if id(top) in hidden:
            assert hidden == {id(one) for one in _cells(top)}
            continue
        assert all(id(one) in hidden for one in _cells(top) if one.value < LEAST)
        for one in _cells(top):
            complementary += id(one) in hidden and one.value >= LEAST
        for least, most in _attack(top, hidden).values():
            hidden_somewhere += 1
            # At least as many numbers are possible as are few.
            assert most - least >= LEAST - 1 - 1e-6
    # Something was protected, and not by leaving everything out.
    assert hidden_somewhere > 50 < complementary + 40
    assert complementary > 10


def test_one_small_number_takes_another_with_it() -> None:
    def hidden_of(leaves: dict[tuple[str], int]) -> list[str]:
        top = tree("all", leaves)
        hidden = left_out(top)
        return [one.key for one in top.parts if id(one) in hidden]

    assert hidden_of({("a",): 3, ("b",): 20, ("c",): 9}) == ["a", "c"]
    # Together they are few themselves: one more goes with them.
    assert hidden_of({("a",): 1, ("b",): 1, ("c",): 30}) == ["a", "b", "c"]
    assert hidden_of({("a",): 2, ("b",): 3, ("c",): 30}) == ["a", "b"]
    assert hidden_of({("a",): 5, ("b",): 7}) == []
    few = tree("all", {("a",): 2, ("b",): 1})
    assert id(few) in left_out(few)


async def test_tables_and_their_description(stage: Stage) -> None:
    await fill(stage.gateway.db, Year(2, 400, date(2026, 8, 5), 95))
    async with httpx.AsyncClient(base_url=stage.url, follow_redirects=True) as client:
        catalogue = (await client.get("/open-data")).raise_for_status().json()
        assert catalogue["@type"] == "dcat:Catalog"
        assert [one["@language"] for one in catalogue["dct:title"]] == ["lv", "ru", "en"]
        assert len(catalogue["dcat:dataset"]) == len(DATASETS)
        for dataset in catalogue["dcat:dataset"]:
            name = dataset["dct:identifier"]
            for file in dataset["dcat:distribution"]:
                assert file["dct:license"]["@id"] == "https://creativecommons.org/licenses/by/4.0/"
                place = file["dcat:downloadURL"]["@id"].split("/open-data/")[1]
                assert (await client.get(f"/open-data/{place}")).status_code == 200
            table = list(csv.DictReader(io.StringIO((await client.get(f"/open-data/{name}.csv")).text)))
            described = (await client.get(f"/open-data/{name}.csv-metadata.json")).json()["tableSchema"]["columns"]
            assert [one["name"] for one in described] == list(table[0])
            assert len((await client.get(f"/open-data/{name}.json")).json()) == len(table)
            # Whole months only: November goes on.
            assert {one["month"] for one in table} == {"2026-08", "2026-09", "2026-10"}
        whole = {one["month"]: int(one["contacts"]) for one in (await client.get("/open-data/summary.json")).json()}
        for name in ("channels", "languages", "institutions", "services", "municipalities"):
            for month, total in whole.items():
                rows = [one for one in (await client.get(f"/open-data/{name}.json")).json() if one["month"] == month]
                assert sum(one["contacts"] for one in rows) == total
                assert all(one["contacts"] >= LEAST for one in rows)
        services = (await client.get("/open-data/services.json")).json()
        assert any(one["together"] and one["service_id"] == "*" for one in services)
        assert any(not one["together"] for one in services)
        # As caches ask.
        first = await client.get("/open-data/channels.csv")
        assert "public" in first.headers["cache-control"]
        again = await client.get("/open-data/channels.csv", headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        for wrong in ("nothing.csv", "channels.xml", "channels"):
            assert (await client.get(f"/open-data/{wrong}")).status_code == 404
        await _switched(stage, client)
        answers = [(await client.get("/open-data/channels.csv")).status_code for _ in range(125)]
        assert answers[-1] == 429


async def _switched(stage: Stage, client: httpx.AsyncClient) -> None:
    """An administrator takes the tables back and publishes them again; whoever did not see the last decision is told."""
    admin, liga, anna = await stage.staff("admin"), await stage.staff("liga"), await stage.staff("anna")
    seen = (await liga.http.get("/open-data")).raise_for_status().json()
    assert (seen["published"], seen["version"], seen["may_switch"]) == (True, 0, False)
    assert seen["months"] == ["2026-10", "2026-09", "2026-08"]
    off = {"published": False, "version": 0}
    assert (await liga.http.put("/open-data", json=off)).status_code == 403
    assert (await anna.http.get("/open-data")).status_code == 403
    assert not (await admin.http.put("/open-data", json=off)).raise_for_status().json()["published"]
    late = await admin.http.put("/open-data", json=off)
    assert (late.status_code, late.json()["code"]) == (409, "open_data_changed")
    for path in ("/open-data", "/open-data/channels.csv"):
        assert (await client.get(path)).status_code == 404
    # What everybody would see is seen all the same.
    shown = (await liga.http.get("/open-data/channels")).raise_for_status().json()
    assert [one["name"] for one in shown["columns"]] == ["month", "channel", "contacts", "together"]
    assert shown["rows"][0][0] == "2026-10"
    assert (await liga.http.get("/open-data/nothing")).status_code == 404
    on = (await admin.http.put("/open-data", json={"published": True, "version": 1})).raise_for_status().json()
    assert (on["published"], on["who"]) == (True, "Māris Vītols")
    assert (await client.get("/open-data/channels.csv")).status_code == 200
    async with stage.gateway.db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.action == "open_data_switched"))).all()
    assert [(one.detail["before"], one.detail["after"]) for one in trail] == [(True, False), (False, True)]


def test_off_in_production_until_somebody_decides() -> None:
    safe = {"environment": "production", "demo": False, "secret_key": "s" * 40, "bot_token": "b" * 40}
    safe |= {"credentials_key": fresh_key()}
    assert Settings(**safe).open_data is False
    assert Settings(**safe, open_data=True).open_data is True
    assert Settings().open_data is True
