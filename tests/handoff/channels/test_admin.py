"""Administrators' calls: accounts with credentials that never come out, the board, what got stuck. All on record."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select

from handoff.channels.models import ChannelAccount, InboundEventRow
from handoff.channels.ports import AccountHealth, SendResult
from handoff.conversations.models import Conversation
from handoff.staff.models import Audit
from tests.handoff.channels.hooked import Hooked
from tests.handoff.channels.world import SECRETS, World
from tests.stage import Desk

_NEW: dict[str, Any] = {
    "channel": "facebook",
    "platform_id": "7007",
    "name": "Rīgas lapa",
    "municipality_id": "riga",
    "credentials": SECRETS,
    "settings": {"comment_policy": "private", "human_agent": True},
}


async def _audited(hooked: Hooked, action: str) -> list[Audit]:
    async with hooked.stage.gateway.db.read() as session:
        return list(await session.scalars(select(Audit).where(Audit.action == action)))


async def _municipality(admin: Desk, hooked: Hooked) -> str:
    return next(iter(hooked.stage.gateway.knowledge.municipality_ids()))


async def test_only_administrators_and_with_the_sessions_token(hooked: Hooked) -> None:
    async with httpx.AsyncClient(base_url=hooked.stage.url) as stranger:
        for path in ("channels", "channels/board", "channels/events", "channels/outbox"):
            assert (await stranger.get(f"/console/api/{path}")).status_code == 401
        assert (await stranger.post("/console/api/channels", json=_NEW)).status_code == 401
    anna, liga, admin = [await hooked.stage.staff(who) for who in ("anna", "liga", "admin")]
    for person in (anna, liga):
        assert (await person.http.get("/channels")).status_code == 403
        assert (await person.http.post("/channels", json=_NEW)).status_code == 403
        assert (await person.http.put(f"/channels/{hooked.account.id}", json={"enabled": False})).status_code == 403
        for path in ("events", "outbox"):
            assert (await person.http.get(f"/channels/{path}")).status_code == 403
        for path in ("events/1/retry", "events/1/discard", "outbox/1/retry", "outbox/1/mark_sent"):
            assert (await person.http.post(f"/channels/{path}")).status_code == 403
    assert (await anna.http.get("/channels/board")).status_code == 403
    assert len((await liga.http.get("/channels/board")).json()["accounts"]) == 1
    del admin.http.headers["x-csrf-token"]
    assert (await admin.http.post("/channels", json=_NEW)).status_code == 403
    for person in (anna, liga, admin):
        await person.close()


async def test_an_account_is_added_and_its_credentials_never_come_out(hooked: Hooked) -> None:
    admin = await hooked.stage.staff("admin")
    municipality = await _municipality(admin, hooked)
    added = await admin.http.post("/channels", json={**_NEW, "municipality_id": municipality})
    assert added.status_code == 201, added.text
    account = added.json()
    assert account["credentials"] == sorted(SECRETS)
    assert account["owner"]["kind"] == "municipality"
    assert account["webhook_url"].endswith(f"/hooks/facebook/{account['id']}")
    assert account["spend"] == "0.0000"
    changed = await admin.http.put(
        f"/channels/{account['id']}",
        json={"name": "Jauns vārds", "credentials": {"page_token": "brand-new-token"}, "enabled": False},
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["enabled"]) == ("Jauns vārds", False)
    async with hooked.stage.gateway.db.read() as session:
        row = await session.get(ChannelAccount, account["id"])
    assert row is not None
    opened = hooked.stage.gateway.channels.opened(row)
    assert opened.credentials == {**SECRETS, "page_token": "brand-new-token"}
    assert "brand-new-token" not in row.credentials
    assert "brand-new-token" not in repr(opened)
    everything = added.text + changed.text + (await admin.http.get("/channels")).text
    everything += json.dumps(
        [one.detail for action in ("added", "changed") for one in await _audited(hooked, f"channel_{action}")]
    )
    for secret in (SECRETS["page_token"], SECRETS["app_secret"], "brand-new-token"):
        assert secret not in everything
    assert (await _audited(hooked, "channel_changed"))[0].detail["credentials"] == ["page_token"]
    again = await admin.http.post("/channels", json={**_NEW, "municipality_id": municipality})
    assert (again.status_code, again.json()["code"]) == (409, "account_exists")
    await admin.close()


async def test_owners_are_institutions_and_municipalities(hooked: Hooked) -> None:
    admin = await hooked.stage.staff("admin")
    municipality = await _municipality(admin, hooked)
    owners = (await admin.http.get("/channels")).json()["owners"]
    kinds = {(one["kind"], one["id"]) for one in owners}
    assert {("institution", "vsaa"), ("municipality", municipality)} <= kinds
    assert len(kinds) == len(owners)
    assert {
        one["id"] for one in owners if one["kind"] == "municipality"
    } == hooked.stage.gateway.knowledge.municipality_ids()
    # Each of them is taken as what it is said to be.
    for number, one in enumerate([owners[0], owners[-1], *(o for o in owners if o["id"] in ("vsaa", municipality))]):
        new = {**_NEW, "platform_id": f"90{number}", "municipality_id": None, f"{one['kind']}_id": one["id"]}
        added = await admin.http.post("/channels", json=new)
        assert added.status_code == 201, added.text
        assert added.json()["owner"] == one
    await admin.close()


async def test_what_is_wrong_with_an_account_is_said(hooked: Hooked) -> None:
    admin = await hooked.stage.staff("admin")
    municipality = await _municipality(admin, hooked)
    right = {**_NEW, "municipality_id": municipality}
    for change, code in (
        ({"channel": "myspace"}, "unknown_channel"),
        ({"municipality_id": None}, "bad_owner"),
        ({"institution_id": "vsaa"}, "bad_owner"),
        ({"municipality_id": "atlantis"}, "bad_value"),
        ({"municipality_id": None, "institution_id": "nav"}, "bad_institution"),
        ({"credentials": {"page_token": "t"}}, "credentials_missing"),
        ({"credentials": {**SECRETS, "password": "p"}}, "unknown_credential"),
    ):
        refused = await admin.http.post("/channels", json={**right, **change})
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert refused.json()["title"]
    for change in ({"settings": {"comment_policy": "always"}}, {"settings": {"base_url": "ftp://x"}}, {"extra": 1}):
        assert (await admin.http.post("/channels", json={**right, **change})).status_code == 422
    assert (await admin.http.put("/channels/nav", json={"enabled": True})).status_code == 404
    await admin.close()


async def test_testing_ends_a_pause_and_the_board_tells_all(hooked: Hooked, people: World) -> None:
    admin, anna = await hooked.stage.staff("admin"), await hooked.stage.staff("anna")
    await anna.listen()
    hooked.platform.costs = 0.01
    hooked.platform.script = [SendResult("failed", reason="token", detail="190", pause_account=True)]
    await hooked.call(people.comment("p1", "Kāpēc tā?", occurred_at=hooked.stage.clock.now()))
    card = (await anna.wait(lambda f: f["kind"] == "card" and f["card"]["state"] == "queued"))["card"]
    await anna.act(card["id"], "take")
    await anna.act(card["id"], "messages", id="8f14e45f-ceea-467f-a5d2-3f1a6b8f2c11", text="Labdien", mode="public")
    await anna.wait(lambda f: f["kind"] == "message" and f["message"]["delivery"] == "failed")
    (board,) = (await admin.http.get("/channels/board")).json()["accounts"]
    assert board["paused"]["reason"] == "token"
    assert "marķieri" in board["paused"]["text"]
    assert board["counts"]["failed"] == 1
    assert board["last_event_at"] is not None
    assert board["last_sent_at"] is None
    refused = await anna.act(
        card["id"], "messages", id="8f14e45f-ceea-467f-a5d2-3f1a6b8f2c12", text="Vēl", mode="public"
    )
    assert refused.json()["code"] == "account_paused"

    hooked.platform.health = AccountHealth(ok=False, problems=("token_invalid", "strange"), detail="190")
    ill = (await admin.http.post(f"/channels/{hooked.account.id}/test")).json()
    assert ill["ok"] is False
    assert ill["account"]["check"]["problems"][0]["text"].startswith("Piekļuves")
    assert ill["account"]["paused"] is not None
    hooked.platform.health = AccountHealth(ok=True, name="Lapa", webhook="ok", api_version_ends="2028-07-29")
    well = (await admin.http.post(f"/channels/{hooked.account.id}/test")).json()
    assert (well["ok"], well["account"]["paused"]) == (True, None)
    assert well["account"]["check"]["api_version_ends"] == "2028-07-29"

    (row,) = (await admin.http.get("/channels/outbox")).json()["rows"]
    assert (row["state"], row["reason"], row["text"]) == ("failed", "token", "Labdien")
    assert (await admin.http.post(f"/channels/outbox/{row['id']}/retry")).status_code == 200
    await anna.wait(lambda f: f["kind"] == "message" and f["message"]["delivery"] == "sent")
    assert (await admin.http.post(f"/channels/outbox/{row['id']}/retry")).status_code == 409
    (board,) = (await admin.http.get("/channels/board")).json()["accounts"]
    assert (board["spend"], board["counts"]["failed"]) == ("0.0100", 0)
    assert board["last_sent_at"] is not None
    for action in ("channel_tested", "send_retried"):
        assert await _audited(hooked, action), action
    for person in (admin, anna):
        await person.close()


async def test_subscribing_gives_the_platform_our_address(hooked: Hooked) -> None:
    admin = await hooked.stage.staff("admin")
    answer = (await admin.http.post(f"/channels/{hooked.account.id}/subscribe")).json()
    assert answer["ok"]
    assert hooked.platform.subscribed == [answer["account"]["webhook_url"]]
    await admin.close()


async def test_an_operator_decides_about_an_unknown_send(hooked: Hooked, people: World) -> None:
    anna, janis = await hooked.stage.staff("anna"), await hooked.stage.staff("janis")
    await anna.listen()
    await hooked.call(people.comment("p1", "Kāpēc tā?", occurred_at=hooked.stage.clock.now()))
    card = (await anna.wait(lambda f: f["kind"] == "card" and f["card"]["state"] == "queued"))["card"]
    await anna.act(card["id"], "take")
    for number, decision in enumerate(("mark_sent", "send_again"), 1):
        hooked.platform.script = [SendResult("unknown", reason="timeout")]
        said = await anna.act(
            card["id"],
            "messages",
            id=f"8f14e45f-ceea-467f-a5d2-3f1a6b8f2c2{number}",
            text=f"Nr. {number}",
            mode="public",
        )
        seq = said.json()["seq"]
        await anna.wait(lambda f: f["kind"] == "message" and f["message"]["delivery"] == "unknown")
        path = f"/conversations/{card['id']}/messages/{seq}"
        assert (await janis.http.post(f"{path}/{decision}")).status_code in (404, 409)
        assert (await anna.http.post(f"{path}/{decision}")).status_code == 200
        await anna.wait(lambda f: f["kind"] == "message" and f["message"]["delivery"] == "sent")
        assert (await anna.http.post(f"{path}/{decision}")).status_code == 409
    assert hooked.platform.texts() == ["Nr. 1", "Nr. 2", "Nr. 2"]
    assert await _audited(hooked, "message_marked_sent")
    assert await _audited(hooked, "message_sent_again")
    for person in (anna, janis):
        await person.close()


async def test_a_dead_event_can_be_discarded(hooked: Hooked) -> None:
    admin = await hooked.stage.staff("admin")
    async with hooked.stage.gateway.db.unit() as unit:
        unit.session.add(
            InboundEventRow(
                account_id=hooked.account.id,
                key="poison",
                thread="p1",
                kind="message",
                occurred_at=hooked.stage.clock.now(),
                received_at=hooked.stage.clock.now(),
                event={"text": "mans kods 010190-12345", "raw": {"a": 1}},
                state="dead",
                attempts=8,
                next_at=hooked.stage.clock.now(),
                error="ValueError",
            )
        )
    (row,) = (await admin.http.get("/channels/events", params={"account": hooked.account.id})).json()["rows"]
    assert (await admin.http.get("/channels/events", params={"account": "other"})).json()["rows"] == []
    assert (await admin.http.post(f"/channels/events/{row['id']}/discard")).json()["state"] == "done"
    assert (await admin.http.post(f"/channels/events/{row['id']}/discard")).status_code == 409
    (stored,) = await hooked.stored()
    assert (stored.error, "12345" in json.dumps(stored.event)) == ("discarded", False)
    assert await _audited(hooked, "event_discarded")
    await admin.close()


async def test_health_shows_the_parts(hooked: Hooked, people: World) -> None:
    await hooked.call(people.message("p1", "operators", occurred_at=hooked.stage.clock.now()))
    await hooked.quiet()
    async with httpx.AsyncClient(base_url=hooked.stage.url) as client:
        parts = (await client.get("/health")).json()["parts"]
        page = await client.get("/health", headers={"accept": "text/html"})
    assert parts["inbox"] == {"ok": True, "new": 0, "waiting": 0, "dead": 0, "oldest_since": None}
    assert parts["delivery"]["ok"]
    assert parts["channels"] == {"ok": True, "accounts": 1, "paused": 0, "failing_checks": 0}
    assert "Sociālo tīklu konti" in page.text


async def test_cases_of_channels_are_priced_and_named(hooked: Hooked, people: World) -> None:
    liga = await hooked.stage.staff("liga")
    await hooked.call(people.message("p1", "Sveiki", occurred_at=hooked.stage.clock.now()))
    await hooked.quiet()
    async with hooked.stage.gateway.db.read() as session:
        (conversation,) = list(await session.scalars(select(Conversation)))
    assert conversation.channel == "facebook"
    hooked.stage.clock.push(timedelta(minutes=31))
    await hooked.stage.gateway.sweep.once()
    (row,) = (await liga.http.get("/cases", params={"channel": "facebook"})).json()["rows"]
    assert (row["site"], row["tariff"], row["amount_eur"]) == (hooked.account.name, "assistant-2026", "0.00")
    await liga.close()
