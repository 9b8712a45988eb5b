"""The spelling aid for Latvian answers: finds what is wrong, leaves alone what is right, and never stands in the way."""

from __future__ import annotations

import os
import signal

import httpx
import pytest

from handoff.spelling import dictionary
from tests.stage import Stage


@pytest.mark.parametrize(
    "text",
    [
        "Iesniegumu var iesniegt klātienē vai portālā Latvija.lv, rakstot uz pasts@vsaa.gov.lv.",
        "Labdien! Ar Jums runā Anna Bērziņkalne no VSAA.",
        "Pabalstu piešķir 10 dienu laikā; summa ir 25,00 EUR (sk. https://www.vsaa.gov.lv/kaads-raksts).",
        "Sveicināti, [vārds nav zinamss]!",
        "Здравствуйте, спасибо за вопрос.",
        "",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert dictionary.doubtful(text) == []


def test_what_may_be_wrong_is_found_where_it_stands() -> None:
    text = "Deklarešana ir bez maksas. Lūdzu, iesniedziet iesniegumus un vēlreiz deklarešana, iesniedziet pieteikumss."
    found = dictionary.doubtful(text)
    assert ("Deklarešana", 0) in found
    assert ("pieteikumss", text.index("pieteikumss")) in found
    assert all(text.startswith(word, at) for word, at in found)
    assert "iesniegumus" not in dict(found)


def test_what_was_meant_comes_first() -> None:
    assert dictionary.suggestions("Dzivesvieta")[0] == "Dzīvesvieta"
    assert len(dictionary.suggestions("pabalstss")) <= 5


async def test_an_operator_asks_and_a_dead_process_is_started_again(stage: Stage) -> None:
    anna = await stage.staff("anna")
    asked = {"text": "Lūdzu, pārbaudiet deklarešana."}
    got = await anna.http.post("/spelling", json=asked)
    assert got.json()["words"] == [{"word": "deklarešana", "at": 18}]
    pool = stage.gateway.spelling._pool
    assert pool is not None
    for process in pool._processes.values():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    # Whoever asks next notices nothing.
    again = await anna.http.post("/spelling", json=asked)
    assert again.json() == got.json()
    meant = await anna.http.post("/spelling/suggestions", json={"word": "deklarešana"})
    assert meant.json()["suggestions"] == ["deklarēšana"]


async def test_nobody_asks_without_being_signed_in(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url) as stranger:
        refused = await stranger.post("/console/api/spelling", json={"text": "x"})
    assert refused.status_code == 401
