"""What a monitoring system reads: who may, what is told, and that the dashboard and the alarms name nothing that is not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from gateway.settings import ROOT, Settings
from kit.vault import fresh_key
from tests.stage import Stage

_FOLDER = ROOT / "gateway" / "monitoring"
_OURS = re.compile(r"\bpietura_[a-z0-9_]+")


async def _told(stage: Stage, **headers: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=stage.url) as client:
        answer = (await client.get("/metrics", headers=headers)).raise_for_status()
    return {one.name: one for one in text_string_to_metric_families(answer.text)}


def _values(family: Any) -> dict[tuple[str, ...], float]:
    return {tuple(one.labels.values()): one.value for one in family.samples}


async def test_figures_follow_what_happens_and_name_nobody(stage: Stage) -> None:
    liga = await stage.staff("liga")
    before = await _told(stage)
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku, mans kods ir 010190-12345")
    await liga.http.get(f"/conversations/{citizen.conversation}")
    await liga.http.get("/search", params={"q": "cilvēku"})
    found = await _told(stage)
    assert _values(found["pietura_conversations_waiting"])["Kopējā rinda",] == 1
    assert _values(found["pietura_conversations_open"])["queued",] == 1
    asked = {one.labels["route"] for one in found["pietura_http_request_seconds"].samples}
    assert "/console/api/conversations/{conversation_id}" in asked
    assert not any(str(citizen.conversation) in route for route in asked)

    def count(families: dict[str, Any], name: str) -> float:
        return sum(one.value for one in families[name].samples if one.name.endswith(("_count", "_total")))

    for name in ("pietura_events", "pietura_turns", "pietura_broker_seconds", "pietura_search_seconds"):
        assert count(found, name) > count(before, name), name
    everything = str([one.samples for one in found.values()])
    assert "010190" not in everything
    assert "Anna" not in everything
    # Rasa is not there on this stage: seen as a part that is not well.
    assert _values(found["pietura_part_healthy"])["rasa",] == 0
    assert _values(found["pietura_part_healthy"])["database",] == 1
    # Nothing is named that is not told.
    exposed = {sample.name for one in found.values() for sample in one.samples} | {
        f"{one.name}{end}" for one in found.values() if one.type == "histogram" for end in ("_bucket", "_count", "_sum")
    }
    exposed |= {f"{one.name}_total" for one in found.values() if one.type == "counter"} | found.keys()
    rules = yaml.safe_load((_FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((_FOLDER / "dashboard.json").read_text())["panels"]
    drawn = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(rules) > 10 < len(drawn)
    for expression in [*(one["expr"] for one in rules), *drawn]:
        assert set(_OURS.findall(expression)) <= exposed, expression
    # And what is told is drawn: a figure that nobody sees is none.
    assert all(any(one in expression for expression in drawn) for one in found if one.startswith("pietura_"))


async def test_who_may_read_them(stage: Stage) -> None:
    from pydantic import SecretStr

    async with httpx.AsyncClient(base_url=stage.url) as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/metrics", headers={"x-forwarded-for": "10.0.0.1"})).status_code == 404
        stage.gateway.settings.environment = "production"
        assert (await client.get("/metrics")).status_code == 404
        stage.gateway.settings.metrics_token = SecretStr("t" * 40)
        for wrong in ({}, {"authorization": "Bearer x"}, {"authorization": "t" * 40}):
            assert (await client.get("/metrics", headers=wrong)).status_code == 401
        right = {"authorization": f"Bearer {'t' * 40}", "x-forwarded-for": "10.0.0.1"}
        assert (await client.get("/metrics", headers=right)).status_code == 200


def test_production_takes_no_short_token() -> None:
    safe = {"environment": "production", "demo": False, "secret_key": "s" * 40, "bot_token": "b" * 40}
    safe |= {"credentials_key": fresh_key()}
    Settings(**safe)
    with pytest.raises(ValidationError, match="PIETURA_METRICS_TOKEN"):
        Settings(**safe, metrics_token="short")


def test_workers_are_added_up(tmp_path: Path) -> None:
    work = "from kit import metrics; metrics.EVENTS.labels('message').inc(2); metrics.CONNECTIONS.inc()"
    told = "from kit import metrics; from prometheus_client import generate_latest as g; print(g(metrics.collected()).decode())"
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": ""}

    def run(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    run(work)
    run(work)
    found = run(told)
    assert 'pietura_events_total{kind="message"} 4.0' in found
    # Both are gone, and with them their connections.
    assert "pietura_database_connections_used 0.0" in found or "pietura_database_connections_used" not in found
