"""Understanding does not get worse unnoticed: our kept-aside questions go the way of citizens' messages."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from gateway.evaluation import baseline
from gateway.evaluation.commands import measure_kept

_FIGURES: dict[str, Any] = {
    "services": {"lv": {"n": 300, "top1": 0.93, "said_wrong": 0.02, "honest": 0.1, "municipality": None}},
    "dialogue": {"n": 300, "accuracy": 0.95, "kinds": {"greet": {"n": 9, "recall": 1.0}}},
}


def test_a_fall_of_more_than_two_points_is_named() -> None:
    worse = copy.deepcopy(_FIGURES)
    worse["services"]["lv"]["top1"] = 0.90
    worse["services"]["lv"]["said_wrong"] = 0.05
    assert baseline.falls(worse, _FIGURES) == [
        "services.lv.top1: was 0.930, is 0.900",
        "services.lv.said_wrong: was 0.020, is 0.050",
    ]


def test_small_falls_small_groups_and_what_is_neither_better_nor_worse_are_let_pass() -> None:
    other = copy.deepcopy(_FIGURES)
    other["services"]["lv"] |= {"top1": 0.915, "honest": 0.3, "said_wrong": 0.0}
    other["dialogue"]["kinds"]["greet"]["recall"] = 0.5
    assert baseline.falls(other, _FIGURES) == []


def test_a_missing_figure_is_a_fall() -> None:
    assert baseline.falls({"services": {}, "dialogue": _FIGURES["dialogue"]}, _FIGURES) == [
        "services.lv.top1: was 0.930, is missing",
        "services.lv.said_wrong: was 0.020, is missing",
    ]


def test_a_change_of_what_understanding_depends_on_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("actions", "kit", "nlu_data"):
        (tmp_path / name).mkdir()
    for name in ("config.yml", "uv.lock"):
        (tmp_path / name).write_text("")
    (tmp_path / "actions" / "turn.py").write_text("a = 1")
    monkeypatch.setattr(baseline, "ROOT", tmp_path)
    monkeypatch.setattr(baseline, "_DEPENDS_ON", ("actions", "kit", "nlu_data", "config.yml", "uv.lock"))
    first = baseline.depends_on()
    (tmp_path / "actions" / "notes.md").write_text("b")
    assert baseline.depends_on() == first
    (tmp_path / "actions" / "turn.py").write_text("a = 2")
    second = baseline.depends_on()
    (tmp_path / "nlu_data" / "new.yml").write_text("")
    assert len({first, second, baseline.depends_on()}) == 3


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_our_kept_questions_are_understood_as_well_as_before() -> None:
    before = baseline.committed()
    if before.get("depends_on") == baseline.depends_on():
        pytest.skip("the committed figures were taken of exactly this code, data and model")
    assert baseline.falls(await measure_kept(), before) == []
