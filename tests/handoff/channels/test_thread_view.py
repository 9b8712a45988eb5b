"""What the console is told of the post a comment stands under, of the hour in which it is to be answered, and of hiding it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handoff.channels.ports import Attachment, SendResult
from handoff.channels.thread_view import comment_address, post_address
from tests.handoff.channels.hooked import Hooked
from tests.handoff.channels.world import World

_POST = "1001_555"


async def _card(desk: Any, state: str = "queued") -> dict[str, Any]:
    frame = await desk.wait(lambda f: f["kind"] == "card" and f["card"]["state"] == state)
    card: dict[str, Any] = frame["card"]
    return card


async def test_a_card_names_the_post_and_the_marks_of_the_hour(hooked: Hooked, people: World) -> None:
    anna = await hooked.stage.staff("anna")
    await anna.listen()
    written = hooked.stage.clock.now().replace(microsecond=0) - timedelta(minutes=10)
    post = replace(
        people.comment("x", "Pabalstu var pieteikt internetā.", occurred_at=written),
        kind="post",
        ref=_POST,
        post_ref=_POST,
    )
    await hooked.call(replace(post, key="post 1", author=None))
    await hooked.call(replace(people.comment("p1", "Kāpēc tā?", occurred_at=written), post_ref=_POST))
    card = await _card(anna)
    assert card["post"] == {
        "ref": _POST,
        "text": "Pabalstu var pieteikt internetā.",
        "url": "https://www.facebook.com/1001/posts/555",
    }
    clock = card["clock"]
    since, soon, late, due = (
        datetime.fromisoformat(one) for one in (clock["since"], clock["soon_at"], clock["late_at"], card["due_at"])
    )
    assert [moment - since for moment in (soon, late, due)] == [timedelta(minutes=number) for number in (30, 48, 60)]
    assert since == written
    # Taking it is no answer: the clock runs on, and stops with the answer that arrived.
    taken = (await anna.act(card["id"], "take")).json()
    assert taken["clock"] == clock
    await anna.act(card["id"], "messages", id=str(uuid.uuid4()), text="Tāpēc.", mode="public")
    await anna.wait(lambda f: f["kind"] == "card" and f["card"]["clock"] is None)
    await anna.close()


async def test_the_hour_does_not_run_at_night(hooked: Hooked, people: World) -> None:
    anna = await hooked.stage.staff("anna")
    await anna.listen()
    # 10:00 in Riga; the comment was written the evening before, a quarter of an hour before people went home.
    evening = hooked.stage.clock.now().replace(hour=15, minute=45, second=0, microsecond=0) - timedelta(days=1)
    await hooked.call(people.comment("p1", "Kāpēc tā?", occurred_at=evening))
    card = await _card(anna)
    assert card["due_at"] == "2026-11-24T06:45:00.000Z"
    assert card["clock"]["soon_at"] == "2026-11-24T06:15:00.000Z"
    assert card["clock"]["late_at"] == "2026-11-24T06:33:00.000Z"
    await anna.close()


async def test_the_thread_tells_of_edits_attachments_and_of_a_wish_that_was_refused(
    hooked: Hooked, people: World
) -> None:
    anna = await hooked.stage.staff("anna")
    await anna.listen()
    first = replace(
        people.comment("p1", "Kāpēc tā?", occurred_at=hooked.stage.clock.now()),
        post_ref=_POST,
        attachments=(Attachment("image", url="https://example.org/a.jpg"),),
    )
    await hooked.call(first)
    card = await _card(anna)
    await hooked.call(people.about(first, "edited", text="Kāpēc gan tā?"))
    await anna.wait(lambda f: f["kind"] == "message" and f["message"]["edited"])
    await anna.act(card["id"], "take")
    hooked.platform.script = [SendResult("failed", reason="permission")]
    assert (await anna.act(card["id"], "hide", reason="rupjības")).status_code == 200
    await anna.wait(lambda f: f["kind"] == "card" and f["card"]["composer"]["sends"].get("failed"))
    thread = (await anna.http.get(f"/conversations/{card['id']}/thread")).json()["thread"]
    assert thread["last_deed"] == {"kind": "hide", "state": "failed", "reason": "permission"}
    assert thread["hidden"] is None
    (comment,) = thread["comments"]
    assert (comment["text"], comment["edited"]) == ("Kāpēc gan tā?", True)
    peteris = await hooked.stage.staff("peteris")
    assert (await peteris.http.get(f"/conversations/{card['id']}/thread")).status_code == 404
    for person in (anna, peteris):
        await person.close()


def test_addresses_lead_to_the_platform_or_nowhere() -> None:
    assert post_address("facebook", "1001_555") == "https://www.facebook.com/1001/posts/555"
    assert post_address("x", "1790000000000000001") == "https://x.com/i/web/status/1790000000000000001"
    assert (
        comment_address("facebook", "555_777", "1001_555") == "https://www.facebook.com/1001/posts/555?comment_id=777"
    )
    assert comment_address("x", "1790000000000000002", None) == "https://x.com/i/web/status/1790000000000000002"
    for channel, ref in (
        ("facebook", "javascript:alert(1)"),
        ("x", "../../evil"),
        ("telegram", "1"),
        ("facebook", None),
    ):
        assert post_address(channel, ref) is None
        assert comment_address(channel, ref, ref) is None
