"""Finding conversations: words in any form, filters, who sees what, views, and the same done to many."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from handoff.conversations.models import Conversation
from handoff.search import index, repository
from handoff.search.models import SearchDocument
from handoff.search.words import case_number, parse, snippet, terms
from handoff.staff.models import Audit
from tests.citizen import Citizen
from tests.stage import Desk, Stage, raise_stage


async def _asks(stage: Stage, *texts: str, lang: str = "lv") -> tuple[Citizen, str]:
    citizen = await stage.citizen(lang=lang)
    for text in texts:
        await citizen.ask(text)
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    return citizen, citizen.conversation


async def _find(desk: Desk, **query: str) -> list[str]:
    return [row["card"]["id"] for row in (await _answer(desk, **query))["rows"]]


async def _answer(desk: Desk, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get("/search", params=query)).raise_for_status().json()
    return found


def test_words_meet_in_every_form() -> None:
    for asked, said, lang in (
        ("pabalstu", "Kad man izmaksās pabalsts?", "lv"),
        ("pabalsts", "bez pabalsta", "lv"),
        ("berzinai", "Anna Bērziņa", "lv"),
        ("deklarēt", "Iesniedzu deklarāciju", "lv"),
        ("pensija", "gribu pieteikties pensijai", "lv"),
        ("pensijai", "Kad būs pensija?", "lv"),
        ("latvietis", "vecāki ir latvieši", "lv"),
        ("latviešiem", "viņš ir latvietis", "lv"),
        ("brieža", "notriekts briedis", "lv"),
        ("iestāde", "visu iestāžu saraksts", "lv"),
        ("iesniedzu", "kur iesniegt dokumentus", "lv"),
        ("пособие", "когда выплатят пособия", "ru"),
        ("certificates", "I need a certificate", "en"),
    ):
        (term,) = parse(asked)
        assert any(term.fits(word) for word in said.split()), asked
        stored = terms(said, lang).split()
        assert any(
            way[0] == one or (term.open_end(way[0]) and one.startswith(way[0])) for way in term.ways for one in stored
        )
    for asked, said in (("pase", "pasts"), ("pabalsts", "balsts")):
        assert not any(term.fits(said) for term in parse(asked)), asked
    assert [(len(one.ways[0]), one.excluded) for one in parse('pase "bērna pabalsts" -pensija -"e pasts" "')] == [
        (1, False),
        (2, False),
        (1, True),
        (2, True),
    ]
    assert (case_number("Nr. 12"), case_number("#7"), case_number("12 mēneši")) == (12, 7, None)
    assert parse('"!?" - ""') == []
    parts = snippet("<b>Kur</b> paliek mans pabalsts?", parse("pabalsta"))
    assert "".join(str(one["text"]) for one in parts) == "<b>Kur</b> paliek mans pabalsts?"
    assert [one["text"] for one in parts if one["mark"]] == ["pabalsts"]


async def _words(stage: Stage) -> None:
    liga = await stage.staff("liga")
    benefit, first = await _asks(stage, "Kad saņemšu bērna piedzimšanas pabalstu?")
    _, second = await _asks(stage, "Man vajag jaunu pasi bērnam")
    assert await _find(liga, q="pabalsts") == [first]
    assert await _find(liga, q="PIEDZIMSANAS pabalsta") == [first]
    assert await _find(liga, q='"piedzimšanas pabalsts"') == [first]
    assert await _find(liga, q='"pabalsts piedzimšanas"') == []
    assert await _find(liga, q="bērns") == [second, first]
    assert await _find(liga, q="bērns -pabalsts") == [second]
    assert set(await _find(liga, q="-pabalsts")) == {second}
    # Signs of a query language are words to nobody.
    for odd in ("pabalsts OR NOT (", "a* & | ! <-> :*", "''; --", 'pab"al', "NEAR(pase)", "%_\\"):
        assert (await liga.http.get("/search", params={"q": odd})).status_code in (200, 400), odd
    number = str((await liga.card(first))["case_no"])
    assert first in await _find(liga, q=f"Nr. {number}")
    # The citizen's name, told with his contact details; and whoever holds the conversation.
    await benefit.raw(
        {"t": "contact", "name": "Jānis Kalējs", "email": "janis@example.lv", "phone": None, "consent": True}
    )
    await benefit.wait(lambda f: f["t"] == "contact_ok")
    assert await _find(liga, q="Kalējam") == [first]
    assert await _find(liga, q="janis kalejs pabalsts") == [first]
    assert await _find(liga, q="example") == []
    anna = await stage.staff("anna")
    assert (await anna.act(first, "take")).status_code == 200
    assert await _find(liga, q="Bērziņa") == [first]
    answer = await _answer(liga, q="pabalsts", sort="relevant")
    assert [row["card"]["id"] for row in answer["rows"]] == [first]
    (place, *_) = answer["rows"][0]["places"]
    assert any(one["mark"] for one in place["parts"])
    # Whether there are few or many: it is looked in another way, and the same is found.
    few, asked = (
        repository._FEW,
        ("bērns", "bērns -pabalsts", '"piedzimšanas pabalsts" -pase', "Bērziņa bērns", "-pase"),
    )
    found = [await _find(liga, q=q, sort=sort) for q in asked for sort in ("recent", "relevant")]
    repository._FEW = -1
    try:
        assert found == [await _find(liga, q=q, sort=sort) for q in asked for sort in ("recent", "relevant")]
    finally:
        repository._FEW = few
    assert [len(one) for one in found] == [2, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    # What is corrected is found by its new words, the rest by its own; what is forgotten by none.
    async with stage.gateway.db.unit() as unit:
        await index.add(unit.session, "note", "n", second, "Varavīksne un ziloņi", "lv")
    assert await _find(liga, q="varavīksnes bērni") == [second]
    async with stage.gateway.db.unit() as unit:
        await index.replace(unit.session, "note", "n", second, "Žirafe un ziloņi", "lv")
    assert [await _find(liga, q=q) for q in ("varavīksne", "žirafu bērni zilonis")] == [[], [second]]
    async with stage.gateway.db.unit() as unit:
        await index.forget(unit.session, [second])
    assert [await _find(liga, q=q) for q in ("žirafe", "pabalsts")] == [[], [first]]


async def test_words_on_sqlite(stage: Stage) -> None:
    await _words(stage)


@pytest.mark.slow
async def test_words_on_postgresql(postgres_url: str, tmp_path: Any, knowledge: Any) -> None:
    stage = await raise_stage(postgres_url, tmp_path, knowledge=knowledge)
    try:
        await _words(stage)
    finally:
        await stage.stop()


async def test_only_what_one_may_see_and_on_record(stage: Stage) -> None:
    anna, liga, baiba, ieva = [await stage.staff(one) for one in ("anna", "liga", "baiba", "ieva")]
    _, waiting = await _asks(stage, "Kad saņemšu pabalstu?")
    _, taken = await _asks(stage, "Mans pabalsts nav saņemts")
    assert (await anna.act(taken, "take")).status_code == 200
    assert set(await _find(anna, q="pabalsts")) == {waiting, taken}
    assert set(await _find(liga, q="pabalsts")) == {waiting, taken}
    other = await stage.staff("janis")
    assert await _find(other, q="pabalsts") == [waiting]
    assert (await _answer(other, q="pabalsts"))["total"] == 1
    # What was not brought to her institution a specialist does not find; editors have no conversations.
    assert await _find(ieva, q="pabalsts") == []
    assert (await baiba.http.get("/search", params={"q": "pabalsts"})).status_code == 403
    async with stage.gateway.db.read() as session:
        lines = (await session.scalars(select(Audit.detail).where(Audit.action == "searched"))).all()
    # Of the words there is a mark only: a name is not kept by searching for it.
    assert {line["asked"]["q"]["length"] for line in lines} == {8}
    assert len({line["asked"]["q"]["mark"] for line in lines}) == 1
    assert "pabalst" not in str(lines)


async def test_filters_and_pages(stage: Stage) -> None:
    liga = await stage.staff("liga")
    made = [(await _asks(stage, f"Jautājums par pabalstu numur {n}"))[1] for n in range(3)]
    assert (await liga.act(made[0], "take")).status_code == 200
    assert (await liga.act(made[0], "close", topic="benefits", outcome="answer_later")).status_code == 200
    assert await _find(liga, state="over") == [made[0]]
    assert set(await _find(liga, state="open")) == set(made[1:])
    assert await _find(liga, later="yes") == [made[0]]
    assert await _find(liga, topic="benefits", outcome="answer_later", holder=liga.me["id"]) == [made[0]]
    assert set(await _find(liga, unread="yes", state="queued")) == set(made[1:])
    assert await _find(liga, lang="ru") == []
    assert await _find(liga, rating="none", level2="yes") == []
    today = (stage.clock.now()).date().isoformat()
    assert set(await _find(liga, **{"from": today, "to": today})) == set(made)
    assert await _find(liga, to="2020-01-01") == []
    for wrong, code in (
        ({"from": "2026-13-01"}, "bad_date"),
        ({"from": today, "to": "2020-01-01"}, "bad_period"),
        ({"q": "?!"}, "search_no_words"),
        ({"cursor": "x"}, "bad_cursor"),
    ):
        refused = await liga.http.get("/search", params=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert len(refused.json()["title"]) > 10
    # Page after page each is there once, in both orders.
    import handoff.search.service as service

    before, service.PAGE = service.PAGE, 2
    try:
        for sort in ("recent", "relevant"):
            first = await _answer(liga, q="pabalsts", sort=sort)
            then = await _answer(liga, q="pabalsts", sort=sort, cursor=first["next"])
            seen = [row["card"]["id"] for answer in (first, then) for row in answer["rows"]]
            assert sorted(seen) == sorted(made)
            assert (len(first["rows"]), then["next"], first["total"]) == (2, None, 3)
    finally:
        service.PAGE = before


async def test_what_was_said_before_is_taken_in(stage: Stage) -> None:
    from sqlalchemy import delete, text

    liga = await stage.staff("liga")
    _, conversation = await _asks(stage, "Kad saņemšu pabalstu?")
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(delete(SearchDocument))
        await unit.session.execute(text("INSERT INTO search_backlog (kind, ref) SELECT 'message', id FROM message"))
    answer = await _answer(liga, q="pabalsts")
    assert answer["rows"] == []
    assert answer["indexing"] > 0
    await stage.gateway.search_fill.run()
    assert await _find(liga, q="pabalsts") == [conversation]
    assert (await _answer(liga, q="pabalsts"))["indexing"] == 0


async def test_views(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    _, conversation = await _asks(stage, "Kad saņemšu pabalstu?")
    wanted = {"q": "pabalsts", "state": "open"}
    (own,) = (
        (await anna.http.post("/search/views", json={"name": "Mani pabalsti", "query": wanted}))
        .raise_for_status()
        .json()["views"]
    )
    assert (own["count"], own["query"], own["own"], own["shared"]) == (1, wanted, True, False)
    assert (await liga.http.get("/search/views")).json()["views"] == []
    assert (
        await anna.http.post("/search/views", json={"name": "Visiem", "shared": True, "query": wanted})
    ).status_code == 403
    assert (await anna.http.post("/search/views", json={"name": "mani PABALSTI", "query": {}})).json()[
        "code"
    ] == "view_name_taken"
    for name in ("Otrais", "Pirmais"):
        shared = (await liga.http.post("/search/views", json={"name": name, "shared": True, "query": wanted})).json()[
            "views"
        ]
    order = [one["id"] for one in reversed(shared)]
    assert [
        one["name"] for one in (await liga.http.post("/search/views/order", json={"ids": order})).json()["views"]
    ] == ["Pirmais", "Otrais"]
    seen = (await anna.http.get("/search/views")).json()["views"]
    assert [one["name"] for one in seen] == ["Pirmais", "Otrais", "Mani pabalsti"]
    assert seen[0]["may"] == []
    first = seen[0]
    assert (
        await anna.http.put(
            f"/search/views/{first['id']}", json={"name": "X", "shared": True, "query": {}, "version": 1}
        )
    ).status_code == 403
    renamed = await liga.http.put(
        f"/search/views/{first['id']}", json={"name": "Jaunais", "shared": True, "query": wanted, "version": 1}
    )
    assert renamed.status_code == 200
    stale = await liga.http.put(
        f"/search/views/{first['id']}", json={"name": "Y", "shared": True, "query": wanted, "version": 1}
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "view_changed")
    assert (await anna.http.delete(f"/search/views/{own['id']}?version=1")).status_code == 204
    assert (await liga.http.delete(f"/search/views/{own['id']}?version=1")).status_code == 404
    # A count is of what the person himself may see.
    assert (await anna.act(conversation, "take")).status_code == 200
    other = await stage.staff("janis")
    assert [one["count"] for one in (await other.http.get("/search/views")).json()["views"]] == [0, 0]
    async with stage.gateway.db.read() as session:
        done = (await session.scalars(select(Audit.action).where(Audit.action.like("view_%")))).all()
    assert sorted(done) == ["view_changed", "view_shared", "view_shared"]


async def _bulk(
    desk: Desk, act: str, items: list[tuple[str, int]], *, seq: int = 99, **more: str
) -> list[dict[str, Any]]:
    body = {"act": act, "items": [{"id": key, "version": version, "seq": seq} for key, version in items], **more}
    found: list[dict[str, Any]] = (await desk.http.post("/search/bulk", json=body)).raise_for_status().json()["results"]
    return found


async def test_the_same_done_to_many(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    made = [(await _asks(stage, f"Jautājums {n} par pabalstu"))[1] for n in range(6)]
    seen = [(one, (await liga.card(one))["version"]) for one in made]
    # Somebody was faster with one, and another one has changed: the rest is done.
    assert (await anna.act(made[1], "take")).status_code == 200
    results = await _bulk(liga, "spam", [seen[0], seen[1], (made[2], 99), ("unknown", 1)])
    assert [(one["ok"], one["code"]) for one in results] == [
        (True, None),
        (False, "changed"),
        (False, "changed"),
        (False, "not_found"),
    ]
    assert all(one["title"] for one in results[1:])
    card = await liga.card(made[0])
    assert (card["state"], card["holder"]["id"]) == ("closed", liga.me["id"])
    assert (await liga.card(made[2]))["state"] == "queued"
    # Nor is a conversation ended over what its citizen has written since it was chosen.
    (result,) = await _bulk(liga, "spam", [seen[2]], seq=1)
    assert (result["ok"], result["code"]) == (False, "new_message")
    assert (await liga.card(made[2]))["state"] == "queued", "and it was not taken either"
    # Waiting ones are assigned by a supervisor, in one act each.
    (result,) = await _bulk(liga, "transfer", [seen[2]], to_user=anna.me["id"], note="Lūdzu, turpini")
    assert result["ok"]
    card = await liga.card(made[2])
    assert (card["state"], card["offered_to"]["id"]) == ("offered", anna.me["id"])
    assert card["summary"].startswith("Nodeva Līga Krūmiņa: Lūdzu, turpini")
    assert (
        await liga.http.post(
            "/search/bulk", json={"act": "transfer", "items": [{"id": made[3], "version": 1, "seq": 1}], "to_user": "x"}
        )
    ).json()["code"] == "bad_colleague"
    # An operator takes as many as he has places for: four, and one he holds already.
    results = await _bulk(anna, "take", seen[3:])
    assert [one["ok"] for one in results] == [True, True, True]
    _, another = await _asks(stage, "Vēl viens par pabalstu")
    (result,) = await _bulk(anna, "take", [(another, (await liga.card(another))["version"])])
    assert (result["ok"], result["code"]) == (False, "no_capacity")
    # Counted is what they weigh: four of half a unit are half of what she can carry.
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(update(Conversation).values(weight=50))
    (result,) = await _bulk(anna, "take", [(another, (await liga.card(another))["version"])])
    assert result["ok"]
    refused = await anna.act(another, "close", topic="benefits", outcome="resolved", seq=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "new_message")
    card = await anna.card(another)
    closed = await anna.act(another, "close", topic="benefits", outcome="resolved", seq=card["seq"])
    assert closed.status_code == 200
    results = await _bulk(
        anna,
        "close",
        [(one, (await anna.card(one))["version"]) for one in made[3:]],
        topic="benefits",
        outcome="resolved",
    )
    assert all(one["ok"] for one in results)
    assert (
        await anna.http.post(
            "/search/bulk",
            json={
                "act": "close",
                "items": [{"id": made[1], "version": 1, "seq": 1}],
                "topic": "nav",
                "outcome": "resolved",
            },
        )
    ).json()["code"] == "bad_topic"
    specialist = await stage.staff("ieva")
    refused = await specialist.http.post(
        "/search/bulk", json={"act": "take", "items": [{"id": another, "version": 1, "seq": 1}]}
    )
    assert refused.status_code in (401, 403)
