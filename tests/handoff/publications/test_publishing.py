"""At its time, once, on every account; what became of it, and the comments that follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from handoff.channels.models import ChannelAccount, OutboxRow, SocialPost
from handoff.channels.ports import InboundEvent, SendResult
from handoff.publications.lifecycle import State
from kit.errors import Conflict, PieturaError
from tests.handoff.publications.stand import LINK, Stand


def _tomorrow(stand: Stand) -> dict[str, object]:
    return {"publish_at": stand.clock.now() + timedelta(days=1)}


async def test_nothing_goes_out_before_its_time(stand: Stand) -> None:
    publication_id = await stand.approved(**_tomorrow(stand))
    stand.pass_time(hours=23, minutes=59)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.SCHEDULED
    assert await stand.rows() == []
    stand.pass_time(minutes=1)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED
    assert len(stand.platform.sent) == 1


async def test_one_send_for_each_account(stand: Stand) -> None:
    """With everything that the connectors need, and nothing of the time: it is ours to keep."""
    publication_id = await stand.approved(
        stand.account,
        stand.foreign,
        stand.x_account,
        link=LINK,
        picture_url="https://latvija.example/a.png",
        variants={"x": {"text": "Īsi: piesakieties.", "link": False}},
    )
    for _ in range(3):
        await stand.publisher.once()
    rows = await stand.rows()
    assert {row.account_id for row in rows} == {stand.account.id, stand.foreign.id, stand.x_account.id}
    assert len(rows) == 3
    assert {(row.kind, row.conversation_id, row.message_id) for row in rows} == {("post", None, None)}
    by_account = {row.account_id: row.payload for row in rows}
    assert by_account[stand.account.id] == {
        "text": "No 1. marta pabalstu var pieteikt portālā.",
        "link": LINK,
        "picture_url": "https://latvija.example/a.png",
        "by_person": True,
        "by": stand.liga.id,
        "publication": publication_id,
    }
    assert (
        by_account[stand.x_account.id] | {"text": "Īsi: piesakieties.", "link": None} == by_account[stand.x_account.id]
    )
    await stand.work()
    (_, message) = stand.x.sent[0]
    assert (message.text, message.link, message.picture_url) == (
        "Īsi: piesakieties.",
        None,
        "https://latvija.example/a.png",
    )


async def test_a_post_becomes_a_place_for_the_comments_that_follow(stand: Stand) -> None:
    publication_id = await stand.approved(link=LINK)
    await stand.work()
    (row,) = await stand.rows()
    (post,) = await stand.posts()
    assert (post.ref, post.ours, post.link) == (row.ref, True, LINK)
    assert post.text == (await stand.one(publication_id)).text
    assert post.published_at == row.sent_at


async def test_what_the_platform_says_of_the_post_stays(stand: Stand) -> None:
    """Its webhook may come before the answer to our call: then the post is known already, and becomes ours."""
    told = stand.clock.now() - timedelta(minutes=1)
    async with stand.worker.db.unit() as unit:
        unit.session.add(
            SocialPost(account_id=stand.account.id, ref="out-1", text="Kā tīklā.", ours=False, published_at=told)
        )
    await stand.approved()
    await stand.work()
    (post,) = await stand.posts()
    assert (post.text, post.ours, post.published_at) == ("Kā tīklā.", True, told)


async def test_some_platforms_refuse(stand: Stand) -> None:
    """What failed and why is seen for each account; what went out stays."""
    stand.x.script.append(SendResult("failed", reason="refused", detail="duplicate content"))
    publication_id = await stand.approved(stand.account, stand.x_account)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PARTLY_FAILED
    targets = await stand.targets(publication_id)
    assert (targets[stand.account.id].state, targets[stand.x_account.id].state) == ("sent", "failed")
    results = [event.data for event in await stand.told(publication_id) if event.kind == "publication_result"]
    assert sorted((one["channel"], one["result"], one["reason"], one["ref"] is not None) for one in results) == [
        ("facebook", "sent", None, True),
        ("x", "failed", "refused", False),
    ]


async def test_all_platforms_refuse(stand: Stand) -> None:
    stand.platform.script.append(SendResult("failed", reason="permission"))
    publication_id = await stand.approved()
    await stand.work()
    assert (await stand.one(publication_id)).state == State.FAILED
    assert await stand.posts() == []


async def test_what_nobody_knows_is_not_sent_again_by_itself(stand: Stand) -> None:
    stand.platform.script.append(SendResult("unknown", reason="timeout"))
    publication_id = await stand.approved()
    await stand.work()
    stand.pass_time(hours=3)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.FAILED
    assert (await stand.targets(publication_id))[stand.account.id].state == "unknown"
    assert len(stand.platform.sent) == 1


async def test_a_post_that_appears_on_the_account_was_sent(stand: Stand) -> None:
    """No answer came, then the platform tells of a post with the same words: that is it, and comments find it."""
    stand.platform.script.append(SendResult("unknown", reason="timeout"))
    publication_id = await stand.approved(link=LINK)
    await stand.work()
    other = {"kind": "post", "thread": "9", "occurred_at": stand.clock.now()}
    text = (await stand.one(publication_id)).text
    await stand.happen(InboundEvent(key="p:1", ref="post-7", text="Pavisam kas cits.", **other))  # type: ignore[arg-type]
    await stand.work()
    assert (await stand.one(publication_id)).state == State.FAILED
    await stand.happen(InboundEvent(key="p:2", ref="post-8", text=f"{text}\n\n{LINK}", **other))  # type: ignore[arg-type]
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED
    (row,) = await stand.rows()
    assert (row.state, row.ref, row.reason) == ("sent", "post-8", None)
    assert [post.ours for post in await stand.posts()] == [False, True]
    assert len(stand.platform.sent) == 1


async def test_one_post_is_not_the_proof_of_two_sends(stand: Stand) -> None:
    """Two publications with the same words, both without an answer; one post appears: one of them was sent."""
    stand.platform.script += [SendResult("unknown", reason="timeout"), SendResult("unknown", reason="timeout")]
    first, second = await stand.approved(), await stand.approved()
    await stand.work()
    told = InboundEvent(
        key="p:1",
        kind="post",
        thread="9",
        ref="post-8",
        occurred_at=stand.clock.now(),
        text=(await stand.one(first)).text,
    )
    await stand.happen(told)
    await stand.work()
    states = sorted([(await stand.one(first)).state, (await stand.one(second)).state])
    assert states == [State.FAILED, State.PUBLISHED]


async def test_an_older_post_with_the_same_words_proves_nothing(stand: Stand) -> None:
    stand.platform.script.append(SendResult("unknown", reason="timeout"))
    text = stand.wanted().text
    at = stand.clock.now() - timedelta(hours=1)
    await stand.happen(InboundEvent(key="p:1", kind="post", thread="9", ref="post-8", occurred_at=at, text=text))
    publication_id = await stand.approved()
    await stand.work()
    assert (await stand.one(publication_id)).state == State.FAILED


async def test_a_supervisor_has_it_sent_again(stand: Stand) -> None:
    stand.x.script.append(SendResult("failed", reason="refused"))
    publication_id = await stand.approved(stand.account, stand.x_account)
    await stand.work()
    publications, version = stand.publications, await stand.version(publication_id)
    with pytest.raises(PieturaError):
        await publications.send_again(stand.editor, publication_id, version, stand.x_account.id)
    with pytest.raises(Conflict):
        await publications.send_again(stand.liga, publication_id, version, stand.account.id)
    await publications.send_again(stand.liga, publication_id, version, stand.x_account.id)
    assert (await stand.one(publication_id)).state == State.PUBLISHING
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED
    assert (len(stand.platform.sent), len(stand.x.sent), len(await stand.rows())) == (1, 1, 2)


async def test_a_supervisor_saw_it_on_the_platform(stand: Stand) -> None:
    stand.platform.script.append(SendResult("unknown", reason="timeout"))
    publication_id = await stand.approved()
    await stand.work()
    publications, version = stand.publications, await stand.version(publication_id)
    with pytest.raises(PieturaError):
        await publications.mark_sent(stand.editor, publication_id, version, stand.account.id)
    with pytest.raises(Conflict):
        await publications.mark_sent(stand.liga, publication_id, version - 1, stand.account.id)
    await publications.mark_sent(stand.liga, publication_id, version, stand.account.id)
    assert (await stand.one(publication_id)).state == State.PUBLISHED
    assert (stand.liga.id, "publication_mark_sent") in await stand.trail(publication_id)


async def test_calling_off_half_way_keeps_back_what_has_not_gone_out(stand: Stand) -> None:
    publication_id = await stand.approved(stand.account, stand.x_account)
    await stand.publisher.once()
    first, second = await stand.rows()
    await stand.set_row(first.id, state="sent", ref="p-1", sent_at=stand.clock.now())
    await stand.publications.cancel(stand.editor, publication_id, await stand.version(publication_id), None)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PARTLY_FAILED
    rows = {row.id: (row.state, row.reason) for row in await stand.rows()}
    assert rows == {first.id: ("sent", None), second.id: ("cancelled", "called_off")}
    assert stand.platform.sent == stand.x.sent == []


async def test_calling_off_before_anything_went_out_cancels_it(stand: Stand) -> None:
    publication_id = await stand.approved(stand.account, stand.x_account)
    await stand.publisher.once()
    await stand.publications.cancel(stand.editor, publication_id, await stand.version(publication_id), None)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.CANCELLED
    assert stand.platform.sent == stand.x.sent == []


async def test_calling_off_does_not_stop_what_is_under_way(stand: Stand) -> None:
    publication_id = await stand.approved()
    await stand.publisher.once()
    (row,) = await stand.rows()
    await stand.set_row(row.id, state="sending")
    await stand.publications.cancel(stand.editor, publication_id, await stand.version(publication_id), None)
    assert (await stand.one(publication_id)).state == State.PUBLISHING
    await stand.set_row(row.id, state="sent", ref="p-1", sent_at=stand.clock.now())
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED


async def test_an_account_that_was_switched_off_meanwhile_fails_visibly(stand: Stand) -> None:
    """No send waits there to go out weeks later; switched on again, it can be sent again."""
    publication_id = await stand.approved(stand.account, stand.x_account, **_tomorrow(stand))
    await _switch(stand, stand.x_account, enabled=False)
    stand.pass_time(days=1)
    await stand.work()
    target = (await stand.targets(publication_id))[stand.x_account.id]
    assert (target.state, target.reason, target.outbox_id) == ("failed", "account_disabled", None)
    assert (await stand.one(publication_id)).state == State.PARTLY_FAILED
    version = await stand.version(publication_id)
    with pytest.raises(PieturaError) as refused:
        await stand.publications.send_again(stand.liga, publication_id, version, stand.x_account.id)
    assert refused.value.code == "account_disabled"
    await _switch(stand, stand.x_account, enabled=True)
    await stand.publications.send_again(stand.liga, publication_id, version, stand.x_account.id)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED


async def test_a_paused_account_holds_its_post_until_it_is_mended(stand: Stand) -> None:
    publication_id = await stand.approved()
    await _switch(stand, stand.account, paused_reason="token")
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHING
    await _switch(stand, stand.account, paused_reason=None)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED


async def test_a_send_that_is_tried_again_is_not_counted_as_failed(stand: Stand) -> None:
    stand.platform.script.append(SendResult("retry", reason="rate_limited", retry_after_s=60))
    publication_id = await stand.approved()
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHING
    stand.pass_time(minutes=2)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED


async def test_one_that_cannot_be_dealt_with_does_not_hold_up_the_others(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await stand.approved(), await stand.approved()
    begin = stand.publications.begin

    async def broken(publication_id: str) -> None:
        if publication_id == bad:
            raise RuntimeError("broken")
        await begin(publication_id)

    monkeypatch.setattr(stand.publications, "begin", broken)
    await stand.work()
    assert (await stand.one(good)).state == State.PUBLISHED
    assert (await stand.one(bad)).state == State.APPROVED
    assert stand.publisher.last_error == "RuntimeError"


async def test_a_crash_while_it_begins_leaves_nothing_half_done(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends and the mark that it has begun are stored together or not at all."""
    publication_id = await stand.approved(stand.account, stand.x_account)
    owe, asked = stand.publications._owe, []

    async def dies(*args: object) -> None:
        asked.append(args)
        if len(asked) == 2:
            raise RuntimeError("killed")
        await owe(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(stand.publications, "_owe", dies)
    await stand.publisher.once()
    assert (await stand.one(publication_id)).state == State.APPROVED
    assert await stand.rows() == []
    monkeypatch.undo()
    await stand.work()
    assert (await stand.one(publication_id)).state == State.PUBLISHED
    assert (len(stand.platform.sent), len(stand.x.sent)) == (1, 1)


async def _switch(stand: Stand, account: ChannelAccount, **values: object) -> None:
    async with stand.worker.db.unit() as unit:
        row = await unit.session.get_one(ChannelAccount, account.id)
        for name, value in values.items():
            setattr(row, name, value)


async def test_every_send_belongs_to_one_target(stand: Stand) -> None:
    first, second = await stand.approved(), await stand.approved(stand.account, stand.x_account)
    await stand.work()
    async with stand.worker.db.read() as session:
        sends = set((await session.scalars(select(OutboxRow.id))).all())
    owed = [
        target.outbox_id
        for publication_id in (first, second)
        for target in (await stand.targets(publication_id)).values()
    ]
    assert sorted(filter(None, owed)) == sorted(sends)
    assert len(owed) == len(set(owed)) == 3
