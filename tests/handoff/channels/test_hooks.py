"""The webhooks over HTTP: what is let in, what is not, and that nobody learns anything from being refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from handoff.channels.models import ChannelAccount
from handoff.channels.ports import InboundEvent
from handoff.conversations.models import Conversation, Message
from tests.handoff.channels.hooked import Hooked, add_account
from tests.handoff.channels.world import SECRETS, World, sign, to_wire


async def test_from_the_webhook_to_the_console_and_back(hooked: Hooked, people: World) -> None:
    anna = await hooked.stage.staff("anna")
    await anna.listen()
    comment = people.comment("p1", "Kāpēc tā?", occurred_at=hooked.stage.clock.now())
    assert (await hooked.call(comment)).status_code == 200
    frame = await anna.wait(lambda f: f["kind"] == "card" and f["card"]["state"] == "queued")
    card = frame["card"]
    assert card["channel"] == "facebook"
    assert card["author"] == {"id": "p1", "name": "Persona p1", "handle": None}
    composer = card["composer"]
    assert (composer["kind"], composer["summoned"], composer["private_reply_left"]) == ("comment", True, True)
    assert [(mode["mode"], mode["allowed"]) for mode in composer["modes"]] == [("public", True), ("private", True)]
    assert "return" not in card["may"]
    assert (await anna.act(card["id"], "take", version=card["version"])).status_code == 200
    refused = await anna.act(card["id"], "messages", id=str(uuid.uuid4()), text="x" * 201, mode="public")
    assert (refused.status_code, refused.json()["code"]) == (400, "too_long_for_channel")
    assert "200" in refused.json()["title"]
    said = await anna.act(card["id"], "messages", id=str(uuid.uuid4()), text="Labdien, tāpēc.", mode="public")
    assert (said.status_code, said.json()["delivery"], said.json()["mode"]) == (200, "queued", "public")
    news = await anna.wait(lambda f: f["kind"] == "message" and f["message"]["delivery"] == "sent")
    assert news["message"]["text"] == "Labdien, tāpēc."
    assert hooked.platform.texts(kind="public_reply") == ["Labdien, tāpēc."]
    whole = (await anna.http.get(f"/conversations/{card['id']}")).json()
    assert whole["thread"]["comments"][0]["answers"][0]["text"] == "Labdien, tāpēc."
    assert whole["card"]["composer"]["sends"] == {"sent": 1}
    hidden = await anna.act(card["id"], "hide", reason="rupjības")
    assert hidden.status_code == 200, hidden.text
    await anna.wait(lambda f: f["kind"] == "card" and f["card"]["composer"]["hidden"])
    assert "unhide" in (await anna.card(card["id"]))["may"]
    await anna.close()


async def test_history_of_an_edited_message_is_shown_and_on_record(hooked: Hooked, people: World) -> None:
    anna = await hooked.stage.staff("anna")
    await anna.listen()
    comment = people.comment("p1", "Kāpēc tā?", occurred_at=hooked.stage.clock.now())
    await hooked.call(comment)
    card = (await anna.wait(lambda f: f["kind"] == "card" and f["card"]["state"] == "queued"))["card"]
    await hooked.call(people.about(comment, "edited", text="Kāpēc gan tā?"))
    edited = await anna.wait(lambda f: f["kind"] == "message" and f["message"]["edited"])
    assert edited["message"]["text"] == "Kāpēc gan tā?"
    seq = edited["message"]["seq"]
    told = (await anna.http.get(f"/conversations/{card['id']}/messages/{seq}/history")).json()
    assert [(one["what"], one["text"]) for one in told["versions"]] == [("edited", "Kāpēc tā?")]
    peteris = await hooked.stage.staff("peteris")
    assert (await peteris.http.get(f"/conversations/{card['id']}/messages/{seq}/history")).status_code == 404
    await anna.close()
    await peteris.close()


async def test_a_wrong_signature_is_refused_with_an_empty_body(hooked: Hooked, people: World) -> None:
    event = people.message("p1", "Sveiki")
    other = await add_account(hooked.stage, "2002", secrets={**SECRETS, "app_secret": "other-secret"})
    raw = json.dumps({"events": [to_wire(event)]}).encode()
    for signature in (None, "", "0" * 64, sign("other-secret", raw), sign(SECRETS["app_secret"], raw + b" ")):
        refused = await hooked.raw(raw, signature)
        assert (refused.status_code, refused.content) == (401, b"")
    # Too many bad ones are not answered any more, and the platform is not shut out by them.
    assert (await hooked.raw(raw, "0" * 64)).status_code == 429
    assert (await hooked.raw(raw, "0" * 64, f"/hooks/facebook/{other.id}")).status_code == 401
    assert (await hooked.call(event)).status_code == 200
    assert len(await hooked.stored()) == 1


async def test_without_a_secret_nothing_is_let_in(hooked: Hooked, people: World) -> None:
    bare = await add_account(hooked.stage, "3003", secrets={"page_token": "t"})
    raw = json.dumps({"events": [to_wire(people.message("p1", "Sveiki"))]}).encode()
    for signature in (None, "", sign("", raw)):
        assert (await hooked.raw(raw, signature, f"/hooks/facebook/{bare.id}")).status_code == 401
    assert await hooked.stored() == []


async def test_a_page_that_is_switched_off_does_not_take_its_applications_other_pages_along(
    hooked: Hooked, people: World
) -> None:
    """The application's one webhook has the address of the page that was connected first."""
    disabled = await add_account(hooked.stage, "4004", enabled=False)
    path = f"/hooks/facebook/{disabled.id}"
    ours = people.message("p2", "otrai lapai", page_id=hooked.account.platform_id)
    told = await hooked.call(people.message("p1", "izslēgtajai"), ours, path=path)
    assert told.status_code == 200
    assert [(row.account_id, row.thread) for row in await hooked.stored()] == [(hooked.account.id, "p2")]
    # Whoever cannot sign learns nothing of it.
    assert (await hooked.raw(b"{}", "sha256=00", path)).status_code == 404
    assert (await hooked.http.get(path)).status_code == 404


async def test_unknown_and_foreign_accounts_are_the_same_404(hooked: Hooked, people: World) -> None:
    event = people.message("p1", "Sveiki")
    for path in (
        f"/hooks/facebook/{uuid.uuid4()}",
        f"/hooks/telegram/{hooked.account.id}",
        f"/hooks/nothing/{hooked.account.id}",
    ):
        refused = await hooked.call(event, path=path)
        assert (refused.status_code, refused.content) == (404, b""), path
        assert (await hooked.http.get(path)).status_code == 404
    assert await hooked.stored() == []


async def test_credentials_that_cannot_be_read_lose_nothing(hooked: Hooked, people: World) -> None:
    lost = await add_account(hooked.stage, "5005")
    async with hooked.stage.gateway.db.unit() as unit:
        row = await unit.session.get(ChannelAccount, lost.id)
        assert row is not None
        row.credentials = "gAAAA-not-ours"
    # The platform tries again later.
    assert (await hooked.call(people.message("p1"), path=f"/hooks/facebook/{lost.id}")).status_code == 503


async def test_five_megabytes_are_refused_without_being_read_whole(hooked: Hooked) -> None:
    raw = b"x" * (5 * 1024 * 1024)
    assert (await hooked.raw(raw, sign(SECRETS["app_secret"], raw))).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 65_536

    chunked = await hooked.http.post(hooked.path, content=endless())
    assert chunked.status_code == 413
    assert await hooked.stored() == []


async def test_a_replayed_call_changes_nothing(hooked: Hooked, people: World) -> None:
    event = people.message("p1", "Sveiki", occurred_at=hooked.stage.clock.now())
    raw = json.dumps({"events": [to_wire(event)]}).encode()
    signature = sign(SECRETS["app_secret"], raw)
    for _ in range(5):
        assert (await hooked.raw(raw, signature)).status_code == 200
    await hooked.quiet()
    assert (await hooked.raw(raw, signature)).status_code == 200
    async with hooked.stage.gateway.db.read() as session:
        said = list(await session.scalars(select(Message.text).where(Message.author_kind == "citizen")))
    assert said == ["Sveiki"]


async def test_what_cannot_be_read_is_kept_visible_and_read_again_once_it_can_be(hooked: Hooked, people: World) -> None:
    raw = b'{"surprise": true}'
    assert (await hooked.raw(raw, sign(SECRETS["app_secret"], raw))).status_code == 200
    (row,) = await hooked.stored()
    assert (row.state, row.error) == ("dead", "bad_payload: events")
    account = await hooked.reload()
    assert account.last_error == "bad_payload: events"
    admin = await hooked.stage.staff("admin")
    (listed,) = (await admin.http.get("/channels/events")).json()["rows"]
    assert listed["error"] == "bad_payload: events"
    assert "surprise" not in json.dumps(listed)
    assert (await admin.http.post(f"/channels/events/{listed['id']}/retry")).status_code == 200
    await hooked.quiet()
    assert (await hooked.stored())[0].state == "dead"
    event = people.message("p1", "Sveiki", occurred_at=hooked.stage.clock.now())
    hooked.platform.parse = lambda _account, _raw: [event]  # type: ignore[method-assign]
    await admin.http.post(f"/channels/events/{listed['id']}/retry")
    await hooked.quiet()
    assert [row.state for row in await hooked.stored()] == ["done", "done"]
    assert "surprise" not in json.dumps((await hooked.stored())[0].event)
    await admin.close()


async def test_a_fault_of_the_connector_loses_nothing_either(hooked: Hooked) -> None:
    def broken(_account: object, _raw: bytes) -> list[InboundEvent]:
        raise ZeroDivisionError("with a citizen's words")

    hooked.platform.parse = broken  # type: ignore[method-assign]
    raw = b"{}"
    assert (await hooked.raw(raw, sign(SECRETS["app_secret"], raw))).status_code == 200
    (row,) = await hooked.stored()
    assert row.state == "dead"
    assert (row.error or "").startswith("bad_payload: ZeroDivisionError")
    assert "words" not in (row.error or "")


async def test_events_of_another_page_go_there_if_the_call_is_signed_for_it(hooked: Hooked, people: World) -> None:
    same_app = await add_account(hooked.stage, "2002")
    other_app = await add_account(hooked.stage, "2003", secrets={**SECRETS, "app_secret": "other-secret"})
    at = hooked.stage.clock.now()
    events = [
        people.message("p1", "mums", occurred_at=at),
        people.message("p2", "otrai lapai", occurred_at=at, page_id="2002"),
        people.message("p3", "svešai", occurred_at=at, page_id="2003"),
        people.message("p4", "nezināmai", occurred_at=at, page_id="9999"),
    ]
    assert (await hooked.call(*events)).status_code == 200
    assert {row.account_id for row in await hooked.stored()} == {hooked.account.id, same_app.id}
    assert other_app.id not in {row.account_id for row in await hooked.stored()}
    assert (await hooked.reload()).last_error == "unknown_page 9999"


async def test_unknown_types_are_kept_and_do_not_stop_a_batch(hooked: Hooked, people: World) -> None:
    at = hooked.stage.clock.now()
    strange = replace(people.message("p1"), kind="other", key="strange", raw={"new": {"deep": [1]}})
    await hooked.call(strange, people.message("p2", "Sveiki", occurred_at=at))
    await hooked.quiet()
    assert [row.state for row in await hooked.stored()] == ["done", "done"]
    async with hooked.stage.gateway.db.read() as session:
        assert len(list(await session.scalars(select(Conversation.id)))) == 1


async def test_the_platforms_challenge(hooked: Hooked) -> None:
    right = {"hub.mode": "subscribe", "hub.verify_token": "verify", "hub.challenge": "1158201444"}
    answer = await hooked.http.get(hooked.path, params=right)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    wrong = await hooked.http.get(hooked.path, params={**right, "hub.verify_token": "guess"})
    assert (wrong.status_code, wrong.content) == (403, b"")


async def test_secrets_and_words_are_in_no_log(
    hooked: Hooked, people: World, capsys: pytest.CaptureFixture[str]
) -> None:
    at = hooked.stage.clock.now()
    await hooked.call(people.message("p1", "ļoti slepeni vārdi", occurred_at=at))
    await hooked.call(people.message("p1", "ļoti slepeni vārdi"), secret="wrong")
    raw = "ļoti slepeni vārdi".encode()
    await hooked.raw(raw, sign(SECRETS["app_secret"], raw))
    hooked.platform.before = _explode
    await hooked.call(people.message("p2", "Sveiki", occurred_at=at))
    await hooked.quiet()
    shown = "".join(capsys.readouterr())
    for secret in (*SECRETS.values(), "slepeni"):
        if len(secret) > 5:
            assert secret not in shown


async def _explode(message: object) -> None:
    raise RuntimeError(f"token {SECRETS['page_token']} {message}")


async def test_what_could_not_be_stored_is_not_acknowledged(hooked: Hooked, people: World) -> None:
    store = hooked.stage.gateway.inbox.store

    async def broken(*_arguments: object, **_more: object) -> int:
        raise ConnectionError("the database is away")

    event = people.message("p1", "Sveiki", occurred_at=hooked.stage.clock.now())
    hooked.stage.gateway.inbox.store = broken  # type: ignore[method-assign]
    refused = await hooked.call(event)
    assert (refused.status_code, refused.content) == (503, b"")
    hooked.stage.gateway.inbox.store = store  # type: ignore[method-assign]
    assert (await hooked.call(event)).status_code == 200
    assert len(await hooked.stored()) == 1
