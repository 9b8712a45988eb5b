"""``/console/api/publications`` over HTTP: doors, roles, shapes, results and what followed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.seed import DEMO_PASSWORD
from handoff.channels.ports import SendResult
from tests.handoff.publications.stand import LINK, Stand, browser, publication_api

_BASE = "/publications"


@pytest.fixture
async def editor(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """Rita composes."""
    async with await browser(stand, publication_api(stand.publications), who="rita") as client:
        yield client


@pytest.fixture
async def supervisor(stand: Stand) -> AsyncIterator[httpx.AsyncClient]:
    """Māris approves."""
    async with await browser(stand, publication_api(stand.publications), who="maris") as client:
        yield client


def _body(stand: Stand, **more: Any) -> dict[str, Any]:
    return {"text": "No 1. marta pabalstu var pieteikt portālā.", "accounts": [stand.account.id], **more}


async def test_nothing_without_a_session_and_no_change_without_the_token(
    stand: Stand, editor: httpx.AsyncClient
) -> None:
    del editor.headers["x-csrf-token"]
    assert (await editor.get(_BASE)).status_code == 200
    for method, path in (
        ("POST", ""),
        ("POST", "/preview"),
        ("PUT", "/x"),
        ("POST", "/x/propose"),
        ("POST", "/x/approve"),
        ("POST", "/x/reject"),
        ("POST", "/x/cancel"),
        ("POST", "/x/send_again"),
        ("POST", "/x/mark_sent"),
    ):
        body = _body(stand) | {"version": 1, "reason": "a", "account_id": "a"}
        refused = await editor.request(method, _BASE + path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf"), path
    del editor.headers["cookie"]
    for path in ("", "/accounts", "/x"):
        assert (await editor.get(_BASE + path)).status_code == 401


@pytest.mark.parametrize("who", ["anna", "ieva"])
async def test_operators_and_specialists_have_no_business_here(stand: Stand, who: str) -> None:
    publication_id = await stand.proposed()
    async with await browser(stand, publication_api(stand.publications), who=who, password=DEMO_PASSWORD) as client:
        for path in ("", "/accounts", f"/{publication_id}"):
            assert (await client.get(_BASE + path)).status_code == 403, path
        assert (await client.post(_BASE, json=_body(stand))).status_code == 403
        approve = await client.post(f"{_BASE}/{publication_id}/approve", json={"version": 2})
        assert approve.status_code == 403


async def test_compose_propose_approve_see(
    stand: Stand, editor: httpx.AsyncClient, supervisor: httpx.AsyncClient
) -> None:
    body = _body(stand, accounts=[stand.account.id, stand.x_account.id], link=LINK)
    preview = (await editor.post(f"{_BASE}/preview", json=body)).json()["targets"]
    assert [(one["account"]["channel"], one["cost"], one["warnings"]) for one in preview] == [
        ("facebook", "0.0000", []),
        ("x", "0.2000", ["link_raises_cost"]),
    ]
    assert preview[1]["notes"] == ["Saite sadārdzina ierakstu: ar saiti – 0.2000, bez saites – 0.0150 (tīkla valūtā)."]
    made = (await editor.post(_BASE, json=body)).json()
    assert (made["state"], made["version"], made["state_name"]) == ("draft", 1, "Melnraksts")
    assert made["may"] == ["revise", "propose", "cancel"]
    path = f"{_BASE}/{made['id']}"
    proposed = (await editor.post(f"{path}/propose", json={"version": 1})).json()
    assert (proposed["state"], proposed["may"]) == ("proposed", ["revise", "cancel"])
    assert (await supervisor.get(path)).json()["may"] == ["revise", "approve", "reject", "cancel"]
    approved = (await supervisor.post(f"{path}/approve", json={"version": 2})).json()
    assert (approved["state"], approved["decided_by"]["name"], approved["author"]["name"]) == (
        "approved",
        "Maris",
        "Rita",
    )
    stand.x.script.append(SendResult("failed", reason="refused", detail="duplicate content"))
    stand.platform.costs = 0.015
    await stand.work()
    seen = (await editor.get(path)).json()
    assert (seen["state"], seen["state_name"], seen["cost"]) == ("partly_failed", "Publicēta daļēji", "0.0150")
    page, x = seen["targets"]
    assert (page["state"], page["ref"], page["cost"], page["reason"]) == ("sent", "out-1", "0.0150", None)
    assert page["sent_at"] is not None
    assert (x["state"], x["reason"], x["detail"], x["ref"]) == ("failed", "refused", "duplicate content", None)
    assert x["reason_text"] == "Tīkls sūtījumu nepieņēma."
    again = await supervisor.post(
        f"{path}/send_again", json={"version": seen["version"], "account_id": stand.x_account.id}
    )
    assert again.json()["state"] == "publishing"


async def test_comments_that_follow_are_listed_under_the_post(
    stand: Stand, editor: httpx.AsyncClient, supervisor: httpx.AsyncClient
) -> None:
    """Everybody who sees the publication reads what stands in public; the conversations are named to whom they belong."""
    publication_id = await stand.approved()
    await stand.work()
    (row,) = await stand.rows()
    await stand.happen(
        stand.comment("55", "Bet kā ar pensionāriem?", post_ref=row.ref),
        stand.comment("56", "Paldies!", post_ref=row.ref),
        stand.comment("57", "Zem cita ieraksta", post_ref="post-other"),
    )
    path = f"{_BASE}/{publication_id}"
    seen = (await supervisor.get(path)).json()
    assert [one["text"] for one in seen["comments"]] == ["Bet kā ar pensionāriem?", "Paldies!"]
    assert seen["comments_total"] == 2
    first = seen["comments"][0]
    conversations = {one.id: one.state for one in await stand.conversations()}
    assert first["state"] == conversations[first["conversation"]]
    assert (first["author"], first["hidden"], first["deleted"]) == ("Persona 55", False, False)
    for one in (await editor.get(path)).json()["comments"]:
        assert one["text"]
        assert (one["conversation"], one["state"]) == (None, None)


async def test_answers_to_our_comment_are_what_followed_it(stand: Stand, supervisor: httpx.AsyncClient) -> None:
    publication_id = await stand.approved(kind="comment", post="777_55")
    await stand.work()
    (row,) = await stand.rows()
    await stand.happen(
        stand.comment("55", "Vai tiešām?", post_ref="777_55", parent_ref=row.ref),
        stand.comment("56", "Cits pavediens", post_ref="777_55"),
    )
    seen = (await supervisor.get(f"{_BASE}/{publication_id}")).json()
    assert [one["text"] for one in seen["comments"]] == ["Vai tiešām?"]


async def test_who_is_slower_is_told(stand: Stand, supervisor: httpx.AsyncClient) -> None:
    publication_id = await stand.approved()
    late = await supervisor.post(f"{_BASE}/{publication_id}/approve", json={"version": 2})
    assert (late.status_code, late.json()["code"], late.json()["state"]) == (409, "publication_changed", "approved")
    assert late.json()["title"] == "Publikācija pa šo laiku ir mainījusies. Skatiet jaunāko stāvokli."


async def test_refusals_are_worded(stand: Stand, editor: httpx.AsyncClient) -> None:
    for body, code, title in (
        ({"text": "a" * 201}, "too_long_for_channel", "Šajā tīklā atbilde nedrīkst būt garāka par 200 rakstzīmēm."),
        ({"accounts": [stand.bot.id]}, "posts_not_supported", "Šajā kanālā ierakstus publicēt nevar."),
    ):
        made = (await editor.post(_BASE, json=_body(stand) | body)).json()
        refused = await editor.post(f"{_BASE}/{made['id']}/propose", json={"version": 1})
        assert (refused.status_code, refused.json()["code"], refused.json()["title"]) == (400, code, title)
    late = await editor.post(_BASE, json=_body(stand, publish_at="2020-01-01T00:00:00Z"))
    assert (late.status_code, late.json()["code"]) == (400, "publish_at_past")
    far = await editor.post(_BASE, json=_body(stand, publish_at="2029-01-01T00:00:00Z"))
    assert far.json()["title"] == "Publicēšanu var ieplānot ne vairāk kā 180 dienas uz priekšu."
    assert (await editor.post(_BASE, json=_body(stand, accounts=[]))).status_code == 422


async def test_the_list(stand: Stand, editor: httpx.AsyncClient) -> None:
    first = await stand.proposed()
    stand.pass_time(minutes=1)
    second = await stand.approved(stand.foreign)
    found = (await editor.get(_BASE)).json()
    assert [row["id"] for row in found["rows"]] == [second, first]
    assert (found["total"], found["page"], found["pages"]) == (2, 1, 1)
    waiting = (await editor.get(_BASE, params={"state": ["proposed", "draft"]})).json()
    assert [row["id"] for row in waiting["rows"]] == [first]
    assert (await editor.get(_BASE, params={"page": 2})).json()["rows"] == []
    assert (await editor.get(_BASE, params={"state": "nav"})).status_code == 422
    async with await browser(stand, publication_api(stand.publications), who="inga") as own:
        assert [row["id"] for row in (await own.get(_BASE)).json()["rows"]] == [first]
        assert (await own.get(f"{_BASE}/{second}")).status_code == 404


async def test_accounts_to_choose_from(stand: Stand, editor: httpx.AsyncClient) -> None:
    found = {one["name"]: one for one in (await editor.get(f"{_BASE}/accounts")).json()["accounts"]}
    assert {name: one["posts"] for name, one in found.items()} == {
        "Lapa 1001": True,
        "Cita lapa": True,
        "Vestnieks": True,
        "Bots": False,
    }
    assert "credentials" not in found["Bots"]
    async with await browser(stand, publication_api(stand.publications), who="inga") as own:
        names = {one["name"] for one in (await own.get(f"{_BASE}/accounts")).json()["accounts"]}
    assert names == {"Lapa 1001", "Vestnieks", "Bots"}


async def test_a_rejected_draft_comes_back_with_its_reason(
    stand: Stand, editor: httpx.AsyncClient, supervisor: httpx.AsyncClient
) -> None:
    publication_id = await stand.proposed()
    path = f"{_BASE}/{publication_id}"
    assert (await supervisor.post(f"{path}/reject", json={"version": 2, "reason": " "})).status_code == 422
    rejected = (await supervisor.post(f"{path}/reject", json={"version": 2, "reason": "Datums."})).json()
    assert (rejected["state"], rejected["reason"], rejected["may"]) == ("rejected", "Datums.", ["revise", "cancel"])
    revised = await editor.put(path, json=_body(stand, text="Cits datums.", version=3))
    assert (revised.json()["state"], revised.json()["text"]) == ("draft", "Cits datums.")
    cancelled = await editor.post(f"{path}/cancel", json={"version": 4})
    assert (cancelled.json()["state"], cancelled.json()["may"]) == ("cancelled", [])
