"""Queues that route: who is asked, what becomes of an offer, why nobody is asked, and nobody over his capacity."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from handoff.conversations.models import Conversation, Event
from handoff.conversations.schemas import Inbound
from handoff.desk import Desk as DeskService
from handoff.queue import repository
from handoff.queue.matching import Choice, Nobody, Operator, Waiting, choose, place_of
from handoff.queue.models import Queue
from handoff.staff.models import Audit, Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from knowledge_base.service import KnowledgeBase
from tests.stage import WORKING, Desk, Stage, raise_stage


def _queue(**rules: Any) -> Queue:
    empty: dict[str, Any] = {key: [] for key in ("institutions", "services", "topics", "languages", "channels")}
    given = {"skills": {}, "centres": [], "overflow_after_s": 30, "overflow_centres": [], "offer_timeout_s": 30}
    return Queue(id="q", name_lv="Q", name_ru="Q", name_en="Q", position=1, **{**empty, **given, **rules})


def _person(name: str, **facts: Any) -> Operator:
    given: dict[str, Any] = {
        "centre_id": "riga",
        "languages": ["lv"],
        "skills": {},
        "capacity": 4,
        "present": True,
        "available": True,
    }
    return Operator(id=name, name=name, **{**given, **facts})


def _waits(lang: str = "lv", waited: float = 0, **facts: Any) -> Waiting:
    given: dict[str, Any] = {"weight": 100, "passed": {}}
    return Waiting("c", 1, lang, waiting_since=WORKING - timedelta(seconds=waited), **{**given, **facts})


def _chosen(queue: Queue, waiting: Waiting, *team: Operator) -> str:
    found = choose(queue, waiting, team, WORKING)
    return found.operator.id if isinstance(found, Choice) else f"nobody: {found.code}"


def test_the_order_of_choosing() -> None:
    taxes = _queue(skills={"tax": 2}, centres=["riga", "valmiera"])
    near = _person("near", skills={"tax": 2}, load=200)
    expert = _person("expert", skills={"tax": 5}, load=300)
    far = _person("far", centre_id="valmiera", skills={"tax": 5})
    learner = _person("learner", skills={"tax": 1})
    assert _chosen(taxes, _waits(), far, near, learner) == "near"
    assert _chosen(taxes, _waits(), far, near, expert) == "expert"
    assert _chosen(_queue(), _waits(), near, _person("idle")) == "idle"
    long_idle = _person("long", idle_since=WORKING - timedelta(hours=1))
    just_idle = _person("just", idle_since=WORKING - timedelta(minutes=1))
    assert _chosen(_queue(), _waits(), just_idle, long_idle) == "long"
    # Who passed is asked last, and not before a pause.
    passed = {"long": (WORKING - timedelta(seconds=90)).isoformat()}
    assert _chosen(_queue(), _waits(passed=passed), just_idle, long_idle) == "just"
    assert _chosen(_queue(), _waits(passed=passed), long_idle) == "long"
    passed = {"long": (WORKING - timedelta(seconds=30)).isoformat()}
    assert _chosen(_queue(), _waits(passed=passed), long_idle) == "nobody: passed"


def test_why_nobody_is_asked() -> None:
    away, gone = _person("away", available=False), _person("gone", present=False)
    assert _chosen(_queue(), _waits(), away, gone) == "nobody: nobody"
    assert _chosen(_queue(), _waits("ru"), _person("a"), _person("b", languages=["ru"], available=False)) == (
        "nobody: language"
    )
    found = choose(_queue(skills={"tax": 3}), _waits(), [_person("a", skills={"tax": 2})], WORKING)
    assert found == Nobody("skill", {"skill": "tax", "level": 3})
    both = _queue(skills={"tax": 1, "law": 1})
    assert _chosen(both, _waits(), _person("a", skills={"tax": 1}), _person("b", skills={"law": 1})) == "nobody: skills"
    assert _chosen(_queue(), _waits(weight=50), _person("a", load=351)) == "nobody: busy"
    assert _chosen(_queue(), _waits(weight=50), _person("a", load=350)) == "a"


def test_other_centres_help_when_it_has_waited() -> None:
    near = _queue(centres=["riga"], overflow_centres=["valmiera"])
    helper = _person("helper", centre_id="valmiera")
    assert _chosen(near, _waits(waited=29), helper) == "nobody: centre"
    assert _chosen(near, _waits(waited=30), helper) == "helper"
    assert _chosen(near, _waits(waited=30), _person("third", centre_id="daugavpils")) == "nobody: centre"
    assert place_of(_queue(centres=["riga"], overflow_after_s=None), "valmiera", timedelta(days=1)) is None
    assert place_of(_queue(centres=["riga"]), "daugavpils", timedelta(seconds=31)) == 1


# --- on a stage -----------------------------------------------------------------------------------------------------------


async def _people(stage: Stage) -> dict[str, Viewer]:
    async with stage.gateway.db.read() as session:
        return {one.email.split("@")[0]: viewer_of(one, "") for one in (await session.scalars(select(Staff))).all()}


async def _here(stage: Stage, *names: str, **values: Any) -> None:
    async with stage.gateway.db.unit() as unit:
        for name in names:
            of = update(Staff).where(Staff.email == f"{name}@demo.lv")
            await unit.session.execute(of.values(seen_at=stage.clock.now(), **values))


async def _offers(stage: Stage, **values: Any) -> None:
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(update(Queue).where(Queue.id == "common").values(mode="offers", **values))


async def _asks(stage: Stage, lang: str = "lv") -> str:
    """Somebody asks for a person and is queued; the router is not asked yet."""
    key = str(uuid.uuid4())
    text = {"lv": "operators", "ru": "оператор", "en": "operator"}[lang]
    await stage.gateway.broker.receive(Inbound(key, str(uuid.uuid4()), text, None, lang, "webchat", "demo"))
    await stage.gateway.turns.drain(5)
    return key


async def _row(stage: Stage, key: str) -> Conversation:
    async with stage.gateway.db.read() as session:
        found = await session.get(Conversation, key)
    assert found is not None
    return found


async def _offered_to(stage: Stage, key: str) -> str | None:
    await stage.gateway.router.once()
    row = await _row(stage, key)
    names = {viewer.id: name for name, viewer in (await _people(stage)).items()}
    return names.get(row.offered_to_id or "") if row.state == "offered" else None


async def test_offered_passed_on_and_accepted(stage: Stage) -> None:
    await _offers(stage)
    await _here(stage, "anna", "janis", "olga")
    desk, people = DeskService(stage.gateway.broker), await _people(stage)
    citizen = await stage.citizen(lang="ru")
    await citizen.ask("оператор")
    key = str(citizen.conversation)
    first = await _offered_to(stage, key)
    # Jānis speaks no Russian.
    assert first in ("anna", "olga")
    other = "olga" if first == "anna" else "anna"
    since = (await _row(stage, key)).waiting_since
    await desk.decline(people[first], key, (await _row(stage, key)).version)
    assert await _offered_to(stage, key) == other
    assert (await _row(stage, key)).waiting_since == since
    await desk.accept(people[other], key, (await _row(stage, key)).version)
    await citizen.wait_phase("operator")
    row = await _row(stage, key)
    assert (row.state, row.holder_id, row.waiting_since, row.level) == ("active", people[other].id, None, 1)
    assert row.taken_at is not None
    async with stage.gateway.db.read() as session:
        assert await repository.loads(session) == {people[other].id: 100}
        moments = (
            await session.scalars(select(Event).where(Event.conversation_id == key, Event.kind == "state"))
        ).all()
    assert [moment.cause for moment in moments if moment.cause != "asked"] == [
        "route",
        "pass_decline",
        "route",
        "accept_offer",
    ]
    why = next(moment for moment in moments if moment.cause == "route").data["why"]
    assert (why["load"], why["capacity"], why["weight"]) == (0, 400, 100)
    await citizen.close()


async def test_a_page_shows_the_offer_and_only_its_person_sees_it(stage: Stage) -> None:
    await _offers(stage)
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    await _here(stage, "olga", "janis", availability="away")
    await anna.listen()
    citizen = await stage.citizen()
    await citizen.ask("operators")
    key = citizen.conversation
    frame = await anna.wait(lambda f: f["kind"] == "card" and "accept" in f["card"]["may"])
    card = frame["card"]
    assert (card["id"], card["offer"]["routed"], card["queue"]["id"]) == (key, True, "common")
    assert card["offer"]["until"] > card["offer"]["since"]
    assert all(one["id"] != key for one in (await janis.snapshot())["conversations"])
    timeline = (await anna.http.get(f"/conversations/{key}")).json()["timeline"]
    assert any(line["text"] == "Piedāvāta → Anna Bērziņa: slodze 0 no 4" for line in timeline)
    # Passed; nobody else is there: it waits, and says why.
    assert (await anna.act(str(key), "decline")).status_code == 200
    assert (await _told_why(janis, str(key)))["code"] == "passed"
    await anna.close()
    await janis.close()
    await citizen.close()


async def _told_why(desk: Desk, key: str) -> dict[str, str]:
    """Why nobody is asked, once the card tells."""
    async with asyncio.timeout(5):
        while True:
            told: dict[str, str] | None = (await desk.card(key))["waits_for"]
            if told:
                return told
            await asyncio.sleep(0.05)


async def test_two_offers_missed_and_he_is_away(stage: Stage) -> None:
    await _offers(stage)
    anna = await stage.staff("anna")
    for missed in (1, 2):
        await _here(stage, "anna")
        key = await _asks(stage)
        assert await _offered_to(stage, key) == "anna"
        stage.clock.push(timedelta(seconds=31))
        await _here(stage, "anna")
        assert await _offered_to(stage, key) is None
        me = (await anna.http.get("/me")).json()
        assert (me["availability"], me["away_reason"]) == (
            ("available", None) if missed == 1 else ("away", "missed_offers")
        )
        stage.clock.push(timedelta(minutes=11))
        await stage.gateway.sweep.once()
    key = await _asks(stage)
    await _here(stage, "anna")
    assert await _offered_to(stage, key) is None
    assert (await _row(stage, key)).waits_for == {"code": "nobody"}
    back = (await anna.http.put("/me", json={"availability": "available"})).json()
    assert (back["availability"], back["away_reason"]) == ("available", None)
    assert await _offered_to(stage, key) == "anna"
    # Away again while something is put to him: it is taken back at once, and is no miss.
    await anna.http.put("/me", json={"availability": "away"})
    assert await _offered_to(stage, key) is None
    async with stage.gateway.db.read() as session:
        staff = await session.scalar(select(Staff).where(Staff.email == "anna@demo.lv"))
        assert staff is not None
        assert (staff.missed_offers, staff.away_reason) == (0, None)
    await anna.close()


async def test_offers_that_lie_before_him_at_once_are_one_miss(stage: Stage) -> None:
    await _offers(stage)
    anna = await stage.staff("anna")
    await _here(stage, "anna", capacity=4)
    keys = [await _asks(stage), await _asks(stage)]
    assert [await _offered_to(stage, key) for key in keys] == ["anna", "anna"]
    stage.clock.push(timedelta(seconds=31))
    await _here(stage, "anna", capacity=4)
    for key in keys:
        await _offered_to(stage, key)
    me = (await anna.http.get("/me")).json()
    assert (me["availability"], me["away_reason"]) == ("available", None)
    await anna.close()


async def test_capacity_priority_and_why_it_waits(stage: Stage) -> None:
    await _offers(stage)
    await _here(stage, "janis", capacity=1)
    desk, people = DeskService(stage.gateway.broker), await _people(stage)
    russian, first, second = await _asks(stage, "ru"), await _asks(stage), await _asks(stage)
    assert await _offered_to(stage, first) == "janis"
    assert [(await _row(stage, key)).waits_for for key in (russian, second)] == [
        {"code": "language", "lang": "ru"},
        {"code": "busy", "lang": "lv"},
    ]
    anna = await stage.staff("anna")
    assert (await anna.card(russian))["waits_for"]["text"] == "Nav pieejama operatora, kas runā krieviski"
    await anna.close()
    await desk.accept(people["janis"], first, (await _row(stage, first)).version)
    assert await _offered_to(stage, second) is None
    await desk.close(people["janis"], first, (await _row(stage, first)).version, "other", "resolved", None)
    assert await _offered_to(stage, second) == "janis"
    # A person goes on taking by hand whatever the mode.
    await desk.take(people["olga"], russian, (await _row(stage, russian)).version)
    assert (await _row(stage, russian)).state == "active"


async def test_a_citizen_who_leaves_ends_the_offer(stage: Stage) -> None:
    await _offers(stage)
    await _here(stage, "anna")
    key = await _asks(stage)
    assert await _offered_to(stage, key) == "anna"
    await stage.gateway.broker.end_by_citizen(key)
    row = await _row(stage, key)
    assert (row.state, row.offered_to_id, row.outcome) == ("abandoned", None, "abandoned")


async def test_a_supervisor_assigns(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    people = await _people(stage)
    await anna.listen()
    citizen = await stage.citizen()
    await citizen.ask("operators")
    key = str(citizen.conversation)
    body = {"to_user": people["anna"].id, "reason": "Pazīst šo lietu"}
    refused = await anna.act(key, "assign", **body)
    assert refused.status_code == 403
    absent = await liga.act(key, "assign", **{**body, "to_user": people["olga"].id})
    assert (absent.status_code, absent.json()["code"]) == (400, "colleague_absent")
    stale = await liga.act(key, "assign", **body, version=1)
    assert stale.status_code == 409
    given = await liga.act(key, "assign", **body)
    assert given.status_code == 200, given.text
    await citizen.wait_phase("operator")
    assert citizen.state["name"] == "Anna Bērziņa"
    timeline = (await anna.http.get(f"/conversations/{key}")).json()["timeline"]
    assert timeline[-1]["text"] == "Vadītājs piešķīra sarunu → Anna Bērziņa: Pazīst šo lietu"
    # And takes it over herself.
    mine = await liga.act(key, "assign", to_user=people["liga"].id, reason="Sūdzība")
    assert mine.json()["holder"]["name"] == "Līga Krūmiņa"
    await anna.wait(lambda f: f["kind"] == "gone" and f["id"] == key)
    async with stage.gateway.db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.action == "conversation_assigned"))).all()
    assert [line.detail for line in trail] == [
        {"before": None, "after": "Anna Bērziņa"},
        {"before": "Anna Bērziņa", "after": "Līga Krūmiņa"},
    ]
    for one in (anna, liga, citizen):
        await one.close()


_RULES: dict[str, Any] = {"name": {"lv": "Krievu valodā"}, "mode": "pull", "languages": ["ru"]}


async def test_supervisors_keep_queues(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    assert (await anna.http.get("/queues")).status_code == 403
    assert (await anna.http.post("/queues", json=_RULES)).status_code == 403
    key = await _asks(stage, "ru")
    assert (await _row(stage, key)).queue_id == "common"
    made = (await liga.http.post("/queues", json=_RULES)).json()
    # What waits already moves to where it belongs now.
    assert (await _row(stage, key)).queue_id == made["created"]
    # So does a citizen who changes his language while he waits.
    for lang, where in (("lv", "common"), ("ru", made["created"])):
        await stage.gateway.broker.set_language(key, lang)
        assert (await _row(stage, key)).queue_id == where
    async with stage.gateway.db.read() as session:
        told = select(Event.data).where(Event.conversation_id == key, Event.kind == "queue").order_by(Event.seq)
        places = [data["queue"] for data in (await session.scalars(told)).all()]
    assert places == [made["created"], "common", made["created"]]
    queues = {one["id"]: one for one in made["queues"]}
    assert [one["id"] for one in made["queues"]] == ["demo-vid", "demo-vsaa", made["created"], "common"]
    assert queues[made["created"]]["waiting"] == 1
    changed = {**_RULES, "version": 1, "languages": [], "skills": {"krievu": 6}}
    assert (await liga.http.put(f"/queues/{made['created']}", json=changed)).status_code == 422
    unknown = await liga.http.put(f"/queues/{made['created']}", json={**_RULES, "version": 1, "centres": ["mars"]})
    assert unknown.json()["code"] == "bad_value"
    off = await liga.http.put(f"/queues/{made['created']}", json={**_RULES, "version": 1, "enabled": False})
    assert off.status_code == 200
    assert (await _row(stage, key)).queue_id == "common"
    stale = await liga.http.put(f"/queues/{made['created']}", json={**_RULES, "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "queue_changed")
    common = queues["common"]
    refused = await liga.http.put(
        "/queues/common", json={"name": common["name"], "enabled": False, "mode": "pull", "version": 1}
    )
    assert refused.json()["code"] == "common_queue"
    seen = ["demo-vid", "demo-vsaa", made["created"]]
    moved = await liga.http.put("/queues/order", json={"seen": seen, "order": seen[::-1]})
    assert [one["id"] for one in moved.json()["queues"]] == [*seen[::-1], "common"]
    assert (await liga.http.put("/queues/order", json={"seen": seen, "order": seen})).status_code == 409
    async with stage.gateway.db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.action == "queue_changed"))).all()
    assert [line.detail for line in trail] == [{"before": {"enabled": True}, "after": {"enabled": False}}]
    await anna.close()
    await liga.close()


async def test_supervisors_keep_what_people_serve(stage: Stage) -> None:
    liga = await stage.staff("liga")
    everything = (await liga.http.get("/queues")).json()
    anna = next(one for one in everything["people"] if one["name"] == "Anna Bērziņa")
    assert {one["role"] for one in everything["people"]} == {"operator"}, "the router asks nobody else"
    own = {"version": 1, "languages": ["lv"], "skills": {}, "capacity": 2}
    assert (await liga.http.put(f"/queues/people/{liga.me['id']}", json=own)).status_code == 404
    wanted = {"version": anna["version"], "languages": ["lv"], "skills": {"pabalsti": 4}, "capacity": 2}
    after = (await liga.http.put(f"/queues/people/{anna['id']}", json=wanted)).json()
    told = next(one for one in after["people"] if one["id"] == anna["id"])
    assert (told["skills"], told["capacity"], told["languages"]) == ({"pabalsti": 4}, 2, ["lv"])
    stale = await liga.http.put(f"/queues/people/{anna['id']}", json=wanted)
    assert (stale.status_code, stale.json()["code"]) == (409, "serving_changed")
    weights = {"version": everything["weights"]["version"], "webchat": 150, "direct": 50, "comment": 25}
    assert (await liga.http.put("/queues/weights", json=weights)).json()["weights"]["webchat"] == 150
    assert (await liga.http.put("/queues/weights", json=weights)).status_code == 409
    assert (await _row(stage, await _asks(stage))).weight == 150
    async with stage.gateway.db.read() as session:
        trail = (
            await session.scalars(select(Audit).where(Audit.action.in_(["serving_changed", "weights_changed"])))
        ).all()
    assert trail[0].detail["before"] == {"languages": ["lv", "ru", "en"], "skills": anna["skills"], "capacity": 4}
    assert trail[1].detail["after"] == {"webchat": 150, "comment": 25}
    await liga.close()


async def test_two_workers_never_fill_a_place_twice(
    postgres_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> None:
    """On PostgreSQL, where two really write at once: each round both offer, and nobody is over his capacity."""
    one = await raise_stage(postgres_url, tmp_path, knowledge=knowledge)
    two = await raise_stage(postgres_url, tmp_path, knowledge=knowledge, clock=one.clock)
    keys = [await _asks(one) for _ in range(14)]
    await _here(one, "anna", "janis", "olga", capacity=2)
    await _offers(one)
    for _ in range(4):
        await asyncio.gather(*(stage.gateway.router.once() for stage in (one, two) for _ in range(2)))
        async with one.gateway.db.read() as session:
            assert max((await repository.loads(session)).values()) <= 200
    async with one.gateway.db.read() as session:
        rows = (await session.scalars(select(Conversation).where(Conversation.id.in_(keys)))).all()
    assert _states(rows) == {"offered": 6, "queued": 8}
    await one.stop()
    await two.stop()


def _states(rows: Iterable[Conversation]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.state] = found.get(row.state, 0) + 1
    return found
