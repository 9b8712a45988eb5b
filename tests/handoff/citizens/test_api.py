"""``/console/api/conversations/{id}/citizen`` and what is done from there, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.seed import DEMO_PASSWORD
from tests.handoff.citizens.stand import Stand, citizen_api
from tests.handoff.publications.stand import browser

_ASKS = "Kā pieteikties slimības naudai, operators?"


@pytest.fixture
async def liga(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """A supervisor's browser."""
    async with await browser(stand, citizen_api(stand), who="liga", password=DEMO_PASSWORD) as client:
        yield client


async def test_the_card(stand: Stand, liga: httpx.AsyncClient) -> None:
    web, bot = await stand.web(), await stand.on_bot("7", name="Anna Ozola")
    linked = await liga.post(f"/conversations/{web}/link", json={"conversation_id": bot, "reason": "Tā pati Anna."})
    assert linked.status_code == 200
    card = (await liga.get(f"/conversations/{bot}/citizen")).json()
    other = (await liga.get(f"/conversations/{web}/citizen")).json()
    assert card["citizen"] == other["citizen"] is not None
    assert [one["id"] for one in card["identities"]] == [one["id"] for one in other["identities"]]
    by_channel = {one["channel"]: one for one in card["identities"]}
    assert set(by_channel) == {"webchat", "telegram"}
    assert (by_channel["telegram"]["this"], by_channel["telegram"]["name"]) == (True, "Anna Ozola")
    assert by_channel["webchat"]["account"] == {"id": "demo", "name": "Pietura"}
    link = by_channel["webchat"]["link"]
    assert (link["evidence"], link["text"], link["reason"], link["by"]["name"]) == (
        "staff",
        "Sasaistīja darbinieks",
        "Tā pati Anna.",
        "Līga Krūmiņa",
    )
    (entry,) = card["history"]
    assert (entry["conversation"], entry["channel"], entry["state"]) == (web, "webchat", "queued")
    assert entry["case_no"] is not None
    assert (card["hidden"], card["may"]) == (0, ["link", "unlink", "code", "deep_link"])
    # From the bot a link leads to no bot but another; from the web chat to this one.
    assert (card["deep_links"], [one["channel"] for one in other["deep_links"]]) == ([], ["telegram"])
    # What the platform calls somebody is no business of the console's.
    assert "external_id" not in by_channel["telegram"]
    unlinked = await liga.post(
        f"/conversations/{web}/unlink", json={"identity_id": by_channel["telegram"]["id"], "reason": "Cita Anna."}
    )
    assert (unlinked.json()["history"], unlinked.json()["citizen"]) == ([], card["citizen"])


async def test_reading_the_card_is_on_record(stand: Stand, liga: httpx.AsyncClient) -> None:
    web = await stand.web()
    await liga.get(f"/conversations/{web}/citizen")
    assert [(row.staff_id, row.object_id) for row in await stand.trail("read_citizen")] == [(stand.liga.id, web)]


async def test_codes_and_links_are_shown_once(stand: Stand, liga: httpx.AsyncClient) -> None:
    web = await stand.web()
    code = (await liga.post(f"/conversations/{web}/code", json={})).json()
    assert code["say"].endswith(code["shown"])
    assert code["account"] is None
    link = (await liga.post(f"/conversations/{web}/deep_link", json={})).json()
    assert link["shown"].startswith("https://t.me/vsaa_bots?start=")
    assert (link["account"]["channel"], link["shown"] in link["say"]) == ("telegram", True)
    assert code["expires_at"] < link["expires_at"]
    mail = await liga.post(f"/conversations/{web}/code", json={"by": "email"})
    assert (mail.status_code, mail.json()["title"]) == (400, "Iedzīvotājs nav atstājis e-pasta adresi.")
    card = (await liga.get(f"/conversations/{web}/citizen")).text
    assert code["shown"] not in card


async def test_a_suggestion_is_accepted_or_dismissed(stand: Stand, liga: httpx.AsyncClient) -> None:
    first, second = await stand.on_page("55", _ASKS, name="Anna"), await stand.on_bot("7", _ASKS, name="Anna")
    (one,) = (await liga.get(f"/conversations/{second}/citizen")).json()["suggestions"]
    assert one["id"] == first
    path = f"/conversations/{second}/suggestions/{first}"
    stale = await liga.post(f"{path}/accept", json={"version": 99})
    assert (stale.status_code, stale.json()["code"]) == (409, "changed")
    done = await liga.post(f"{path}/accept", json={"version": one["closes"]["version"]})
    assert (done.status_code, done.json()["suggestions"]) == (200, [])
    again = await liga.post(f"{path}/dismiss")
    assert (again.status_code, again.json()["code"]) == (409, "suggestion_gone")


async def test_doors(stand: Stand, liga: httpx.AsyncClient) -> None:
    web, bot = await stand.web(), await stand.on_bot("7")
    bodies = {
        "link": {"conversation_id": bot, "reason": "tas pats"},
        "unlink": {"identity_id": "x", "reason": "nē"},
        "code": {},
        "deep_link": {},
        f"suggestions/{bot}/accept": {"version": 1},
        f"suggestions/{bot}/dismiss": {},
    }
    async with await browser(stand, citizen_api(stand), who="anna", password=DEMO_PASSWORD) as anna:
        # She sees that he waits, and serves him not yet.
        assert (await anna.get(f"/conversations/{web}/citizen")).json()["may"] == []
        for act in ("link", "unlink", "code", "deep_link"):
            refused = await anna.post(f"/conversations/{web}/{act}", json=bodies[act])
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), act
        await stand.served_by(stand.janis, web)
        assert (await anna.get(f"/conversations/{web}/citizen")).status_code == 404
        for act, body in bodies.items():
            assert (await anna.post(f"/conversations/{web}/{act}", json=body)).status_code == 404, act
    del liga.headers["x-csrf-token"]
    for act, body in bodies.items():
        assert (await liga.post(f"/conversations/{web}/{act}", json=body)).json()["code"] == "csrf", act
    del liga.headers["cookie"]
    assert (await liga.get(f"/conversations/{web}/citizen")).status_code == 401
    assert (await liga.get("/conversations/nav/citizen")).status_code == 401


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("link", {"conversation_id": "x", "reason": ""}),
        ("link", {"conversation_id": "x", "reason": "a" * 1001}),
        ("link", {"conversation_id": "x", "reason": "a", "evidence": "verified_email"}),
        ("unlink", {"identity_id": "x"}),
        ("code", {"by": "sms"}),
        ("deep_link", {"account_id": ""}),
        ("suggestions/x/accept", {"version": 0}),
    ],
)
async def test_refused_at_the_door(stand: Stand, liga: httpx.AsyncClient, act: str, body: dict[str, object]) -> None:
    web = await stand.web()
    assert (await liga.post(f"/conversations/{web}/{act}", json=body)).status_code == 422
