"""Sites kept in the console: who may, what is refused, what citizens get of it, and when the chat invites."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from handoff.sites.patterns import SLOW, refusal
from handoff.sites.rules import in_force, pattern, shown
from handoff.sites.wording import contrast_with_white, normal_origin
from handoff.staff.models import Audit
from kit.clock import iso
from tests.stage import WORKING, Desk, Stage

_RULE: dict[str, Any] = {
    "id": "pase",
    "name": "Pase",
    "match": "contains",
    "address": "/pase",
    "when": "time",
    "after_s": 5,
    "share": 50,
    "once": "day",
    "text": {"lv": "Vai palīdzēt ar pasi?", "ru": "Помочь с паспортом?", "en": "Help with the passport?"},
    "starts_at": None,
    "ends_at": None,
    "enabled": True,
}
_SITE: dict[str, Any] = {
    "name": "Rīgas vietne",
    "institution_id": None,
    "origins": ["https://WWW.Riga.lv/"],
    "lang": "lv",
    "accent": "#003B5C",
    "privacy_url": "https://www.riga.lv/dati",
    "texts": {},
    "rules": [],
    "enabled": True,
}


def _one(answer: httpx.Response, key: str) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    return next(one for one in answer.json()["sites"] if one["key"] == key)


def _change(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kept = {name: row[name] for name in (*_SITE, "version")}
    return {**kept, **changes}


async def _config(stage: Stage, key: str, origin: str | None = None) -> httpx.Response:
    async with httpx.AsyncClient(base_url=stage.url) as http:
        return await http.get("/chat/config", params={"site": key}, headers={"origin": origin} if origin else {})


async def _refused(admin: Desk, code: str, **changes: Any) -> dict[str, Any]:
    answer = await admin.http.post("/sites", json={**_SITE, "key": "cita", **changes})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert "{" not in answer.json()["detail"]
    found: dict[str, Any] = answer.json()
    return found


async def test_a_site_from_its_first_day_to_its_last(stage: Stage) -> None:
    admin, liga, anna = await stage.staff("admin"), await stage.staff("liga"), await stage.staff("anna")
    assert (await anna.http.get("/sites")).status_code == 403
    assert not (await liga.http.get("/sites")).json()["may_write"]
    assert (await liga.http.post("/sites", json={**_SITE, "key": "riga"})).status_code == 403
    row = _one(await admin.http.post("/sites", json={**_SITE, "key": "riga"}), "riga")
    assert (row["origins"], row["accent"], row["changed_by"]) == (["https://www.riga.lv"], "#003b5c", "Māris Vītols")
    again = await admin.http.post("/sites", json={**_SITE, "key": "riga"})
    assert (again.status_code, again.json()["code"]) == (409, "site_taken")

    found = await _config(stage, "riga", "https://www.riga.lv")
    assert found.headers["access-control-allow-origin"] == "https://www.riga.lv"
    assert found.json()["texts"]["ru"]["widget.title"] == "Rīgas vietne"
    assert (await _config(stage, "riga", "https://riga.lv.example")).status_code == 403

    texts = {"ru": {"title": "Рига", "greeting": "Добро пожаловать!", "launcher": " ", "placeholder": ""}}
    changed = _one(await admin.http.put("/sites/riga", json=_change(row, texts=texts, rules=[_RULE])), "riga")
    assert changed["texts"] == {"ru": {"title": "Рига", "greeting": "Добро пожаловать!"}}
    config = (await _config(stage, "riga")).json()
    assert config["texts"]["ru"]["widget.title"] == "Рига"
    assert config["texts"]["lv"]["widget.title"] == "Rīgas vietne"
    assert config["texts"]["ru"]["widget.launcher"] == "Задать вопрос"
    assert [(one["id"], one["page"]) for one in config["proactive"]] == [("pase", r"\/pase")]
    citizen = await stage.citizen(site="riga", origin="https://www.riga.lv", lang="ru")
    greeting = (await citizen.wait(lambda frame: frame["t"] == "message"))["message"]
    assert greeting["text"] == "Добро пожаловать!"
    assert greeting["buttons"], "the choices stay"

    late = await admin.http.put("/sites/riga", json=_change(row, name="Cita"))
    assert (late.status_code, late.json()["code"], late.json()["who"]) == (409, "site_changed", "Māris Vītols")
    off = _one(await admin.http.put("/sites/riga", json=_change(changed, enabled=False)), "riga")
    assert (await _config(stage, "riga")).status_code == 404
    assert off["version"] == 3
    async with stage.gateway.db.read() as session:
        lines = (await session.scalars(select(Audit).where(Audit.object_id == "riga").order_by(Audit.id))).all()
    assert [line.action for line in lines] == ["site_created", "site_changed", "site_changed"]
    assert lines[2].detail == {"before": {"enabled": True}, "after": {"enabled": False}}


async def test_what_cannot_be_is_refused_with_a_reason(stage: Stage) -> None:
    admin = await stage.staff("admin")
    await _refused(admin, "site_key", key="Rīga!")
    for origin in (
        "riga.lv",
        "https://riga.lv/lapa",
        "https://*.riga.lv",
        "javascript:alert(1)",
        "https://a:b@riga.lv",
    ):
        assert (await _refused(admin, "site_origin", origins=[origin]))["origin"] == origin
    assert (await _refused(admin, "site_contrast", accent="#ff9900"))["contrast"] == 2.1
    await _refused(admin, "site_privacy", privacy_url="javascript:alert(1)")
    await _refused(admin, "site_privacy", privacy_url="//evil.example/")
    await _refused(admin, "bad_value", institution_id="nav")
    await _refused(admin, "site_rule_pattern", rules=[{**_RULE, "match": "pattern", "address": "("}])
    times = {"starts_at": "2026-11-24T10:00:00Z", "ends_at": "2026-11-24T09:00:00Z"}
    assert (await _refused(admin, "site_rule_times", rules=[{**_RULE, **times}]))["name"] == "Pase"
    await _refused(admin, "site_rule_twice", rules=[_RULE, _RULE])
    half = {**_RULE, "text": {"lv": "Tikai latviski"}}
    assert (await admin.http.post("/sites", json={**_SITE, "key": "cita", "rules": [half]})).status_code == 422


async def test_the_other_worker_says_the_new_greeting_within_seconds(stage: Stage) -> None:
    async with stage.gateway.db.unit() as unit:
        from handoff.conversations.models import Site

        site = await unit.session.get(Site, "demo")
        assert site is not None
        site.texts = {"lv": {"greeting": "Sveiki!"}}
    async with asyncio.timeout(5):
        while stage.gateway.broker.first_words("lv", "demo").text != "Sveiki!":
            await asyncio.sleep(0.1)
    assert stage.gateway.broker.first_words("lv", None).text != "Sveiki!", "elsewhere the assistant's"


def test_rules_written_by_hand_go_on_working() -> None:
    old = {"id": "slimiba", "page": "slimibas", "after_s": 12, "text": {"lv": "…"}}
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    (one,) = in_force([old], now)
    assert (one["page"], one["when"], one["once"]) == ("slimibas", "time", "week")
    assert (shown(old)["match"], shown(old)["address"], shown(old)["enabled"]) == ("pattern", "slimibas", True)
    hour = timedelta(hours=1)
    for changes, there in (
        ({"enabled": False}, 0),
        ({"starts_at": iso(now + hour)}, 0),
        ({"starts_at": iso(now), "ends_at": iso(now + hour)}, 1),
        ({"ends_at": iso(now)}, 0),
    ):
        assert len(in_force([{**old, **changes}], now)) == there, changes


@pytest.mark.parametrize(
    ("match", "address", "page", "fits"),
    [
        ("contains", "/pase", "/lv/pase/jauna", True),
        ("contains", "", "/", True),
        ("contains", "a.b", "/aXb", False),
        ("starts", "/e-pakalpojumi", "/e-pakalpojumi/1", True),
        ("starts", "/pase", "/lv/pase", False),
        ("is", "/pase", "/pase/jauna", False),
        ("is", "/#/slimibas-pabalsts", "/#/slimibas-pabalsts", True),
        ("pattern", "^/(pase|eid)$", "/eid", True),
    ],
)
def test_addresses_as_people_write_them(match: str, address: str, page: str, fits: bool) -> None:
    assert bool(re.search(pattern(match, address), page)) is fits


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (r"^/(pase|eid)(/jauna)?/?$", None),
        (r"^/lv/[a-z-]+/\d{4}/[^/]*$", None),
        (r"/a.*/b\w+", None),
        ("(a+)+$", "site_rule_slow"),
        ("(a|a)*$", "site_rule_slow"),
        ("(?:a?){40}a{40}", "site_rule_slow"),
        ("a{0,40}a{0,40}a{0,40}a{0,40}b", "site_rule_slow"),
        (".*.*.*x", "site_rule_slow"),
        (r"(a)\1", "site_rule_slow"),
        ("(?=.*a)", "site_rule_slow"),
        ("(", "site_rule_pattern"),
        ("[", "site_rule_pattern"),
        ("a{", "site_rule_pattern"),
        (r"\-", "site_rule_pattern"),
        ("\\", "site_rule_pattern"),
    ],
)
def test_patterns_that_keep_no_browser_busy(address: str, code: str | None) -> None:
    assert refusal(address) == code
    if code != SLOW:
        return
    stored = {"id": "r", "page": address, "text": {}}
    assert in_force([stored], WORKING) == [], "one written by hand is told to no widget"


def test_the_slowest_pattern_that_is_let_through_is_quick() -> None:
    began = time.perf_counter()
    for allowed in ("a*a*b", "^a*a*a*b"):
        assert refusal(allowed) is None
        assert re.search(allowed, "a" * 300) is None
    assert time.perf_counter() - began < 2


def test_origins_and_colours() -> None:
    assert normal_origin("https://Rīga.lv:443") == "https://xn--rga-uta.lv"
    assert normal_origin("http://novads.lv:8080/") == "http://novads.lv:8080"
    assert normal_origin("self") == "self"
    assert normal_origin("https://") is None
    assert contrast_with_white("#ffffff") == 1
    assert contrast_with_white("#000000") == 21
    assert 4.5 < contrast_with_white("#767676") < 4.6
