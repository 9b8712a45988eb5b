"""Comments: one case each, the clock of the platform, policies, personal data, what is said in public and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from handoff.cases import repository as ledger
from handoff.cases.schemas import case_row
from handoff.channels import repository
from handoff.channels.ports import SendResult
from handoff.conversations.models import Conversation
from kit.errors import Conflict, Forbidden, PieturaError
from tests.handoff.channels.world import World


async def _reply(world: World, viewer: Any, conversation_id: str, text: str, mode: Any) -> None:
    await world.worker.desk.reply(viewer, conversation_id, str(uuid4()), text, mode)
    await world.worker.settle()


async def _waiting(world: World, text: str = "Kāpēc tā?", **more: Any) -> Conversation:
    event = world.comment("p1", text, **more)
    await world.happen(event)
    found = [c for c in await world.conversations() if c.state == "queued"]
    return found[-1]


async def test_every_comment_is_a_case_of_its_own_nested_ones_too(world: World) -> None:
    first = world.comment("p1", "Kāpēc tā?")
    nested = world.comment("p1", "Un vēl?", parent_ref=first.ref)
    other = world.comment("p2", "Man arī.", parent_ref=nested.ref)
    await world.happen(first, nested, other, first)
    found = await world.conversations()
    assert len(found) == len(await world.cases()) == 3
    threads = await world.threads()
    assert {thread.parent_ref for thread in threads.values()} == {None, first.ref, nested.ref}
    assert {thread.post_ref for thread in threads.values()} == {"post-1"}
    assert len(await world.messages()) == 3


async def test_the_same_comment_by_two_ways_is_one_case(world: World) -> None:
    mention = world.comment("p1", "@lapa kāpēc?", ref="t1")
    await world.happen(mention, replace(mention, key="by-asking"))
    assert len(await world.cases()) == 1
    assert {row.state for row in await world.inbound()} == {"done"}


async def test_the_hour_runs_from_the_platforms_time(world: World) -> None:
    placed = world.clock.now() - timedelta(minutes=45)
    conversation = await _waiting(world, occurred_at=placed)
    assert conversation.opened_at == placed
    assert conversation.due_at == placed + timedelta(hours=1)
    thread = (await world.threads())[conversation.id]
    assert thread.created_at == placed
    assert thread.received_at > placed
    anna = await world.take(conversation.id)
    assert (await world.conversation(conversation.id)).due_at == placed + timedelta(hours=1)
    await _reply(world, anna, conversation.id, "Labdien! Tā ir tāpēc.", "public")
    (row,) = await world.rows()
    answered = await world.conversation(conversation.id)
    assert (answered.first_reply_at, answered.due_at) == (row.sent_at, None)


async def test_at_night_the_clock_stands_still(world: World) -> None:
    world.pass_time(hours=12)  # 22.00 in Riga
    conversation = await _waiting(world)
    assert conversation.due_at is not None
    assert conversation.due_at.isoformat().startswith("2026-11-25T07:00")


@pytest.mark.parametrize(("policy", "kind"), [("public", "public_reply"), ("private", "private_reply")])
async def test_the_assistant_answers_when_certain_by_the_accounts_policy(
    sqlite_url: str, policy: str, kind: str
) -> None:
    world = await World(sqlite_url).open(comment_policy=policy)
    event = world.comment("p1", "Kā saņemt pabalstu?")
    await world.happen(event)
    conversation = await world.the_conversation()
    assert conversation.state == "bot"
    assert world.assistant.seen[-1].public
    (sent,) = world.platform.sent
    assert (sent[1].kind, sent[1].thread, sent[1].by_person) == (kind, event.ref, False)
    assert "Slimības pabalsts" in sent[1].text
    assert "https://latvija.example/pabalsts" in sent[1].text
    assert sent[1].buttons == ()
    assert conversation.first_reply_at is not None
    assert conversation.due_at is None
    (message,) = await world.messages(conversation.id, "assistant")
    assert (message.extras["mode"], message.delivery) == (policy, "sent")
    world.pass_time(minutes=31)
    await world.worker.sweep.once()
    assert (await world.the_conversation()).outcome == "answered"
    assert len(world.platform.sent) == 1
    await world.close()


async def test_by_policy_never_a_person_answers(sqlite_url: str) -> None:
    world = await World(sqlite_url).open(comment_policy="never")
    await world.happen(world.comment("p1", "Kā saņemt pabalstu?"), world.comment("p2", "deg māja"))
    assert world.platform.sent == []
    found = {c.reason: c for c in await world.conversations()}
    assert set(found) == {"comment_policy", "emergency"}
    assert all(c.state == "queued" for c in found.values())
    # What was understood is there for the person.
    assert found["comment_policy"].service_id == "vsaa-slimibas-pabalsts"
    await world.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Kas tas ir?", "comment_unsure"), ("operators", "asked"), ("avārija", "assistant_down")],
)
async def test_unsure_the_assistant_is_silent_and_a_person_is_called(world: World, text: str, reason: str) -> None:
    await world.happen(world.comment("p1", text))
    conversation = await world.the_conversation()
    assert (conversation.state, conversation.reason) == ("queued", reason)
    assert world.platform.sent == []
    # Nothing was said to anybody, neither in public nor in the conversation.
    assert [m.author_kind for m in await world.messages(conversation.id)] == ["citizen"]


async def test_an_emergency_is_answered_in_public(world: World) -> None:
    await world.happen(world.comment("p1", "deg māja"))
    assert world.platform.texts(kind="public_reply") == ["Zvaniet 112!"]


async def test_personal_data_is_answered_privately_and_hiding_is_proposed(world: World) -> None:
    await world.happen(world.comment("p1", "Mans kods 010190-12345, kā saņemt pabalstu?"))
    conversation = await world.the_conversation()
    (sent,) = world.platform.sent
    assert sent[1].kind == "private_reply"
    assert "izdzēsiet" in sent[1].text
    assert "12345" not in str([m.text for m in await world.messages()])
    thread = (await world.threads())[conversation.id]
    assert thread.hide_proposed
    assert thread.private_reply_at is not None


async def test_personal_data_without_a_private_way_waits_for_a_person(world: World) -> None:
    world.platform.carries = replace(world.platform.carries, private_reply=False)
    await world.happen(world.comment("p1", "Mans kods 010190-12345, kā saņemt pabalstu?"))
    conversation = await world.the_conversation()
    assert (conversation.state, conversation.reason) == ("queued", "personal_data")
    assert world.platform.sent == []


async def test_whoever_did_not_address_us_is_not_answered_in_public(world: World) -> None:
    await world.happen(world.comment("p1", "Kā saņemt pabalstu?", summoned=False))
    conversation = await world.the_conversation()
    assert (conversation.state, conversation.reason) == ("queued", "comment_refused")
    anna = await world.take(conversation.id)
    with pytest.raises(PieturaError, match="not_summoned"):
        await _reply(world, anna, conversation.id, "Labdien", "public")
    assert await world.messages(author="operator") == []
    assert await world.rows() == []


async def test_one_private_reply_and_in_its_time(world: World) -> None:
    conversation = await _waiting(world)
    anna = await world.take(conversation.id)
    await _reply(world, anna, conversation.id, "Rakstām jums privāti.", "private")
    with pytest.raises(PieturaError, match="private_reply_used"):
        await _reply(world, anna, conversation.id, "Vēlreiz", "private")
    await _reply(world, anna, conversation.id, "Un publiski.", "public")
    assert [sent.kind for _, sent in world.platform.sent] == ["private_reply", "public_reply"]
    other = await _waiting(world, occurred_at=world.clock.now() - timedelta(days=8))
    anna = await world.take(other.id)
    with pytest.raises(PieturaError, match="window_closed"):
        await _reply(world, anna, other.id, "Par vēlu", "private")
    assert len(await world.messages(author="operator")) == 2


async def test_a_private_reply_that_failed_can_be_tried_again(world: World) -> None:
    conversation = await _waiting(world)
    anna = await world.take(conversation.id)
    world.platform.script = [SendResult("failed", reason="refused")]
    await _reply(world, anna, conversation.id, "Privāti", "private")
    assert (await world.threads())[conversation.id].private_reply_at is None
    await _reply(world, anna, conversation.id, "Privāti vēlreiz", "private")
    assert world.platform.texts() == ["Privāti vēlreiz"]


@pytest.mark.parametrize(
    ("mode", "text", "code"),
    [("direct", "Labdien", "mode_not_allowed"), ("public", "x" * 201, "too_long_for_channel")],
)
async def test_what_a_comment_cannot_carry_is_refused_before_it_is_stored(
    world: World, mode: str, text: str, code: str
) -> None:
    conversation = await _waiting(world)
    anna = await world.take(conversation.id)
    with pytest.raises(PieturaError, match=code):
        await _reply(world, anna, conversation.id, text, mode)
    assert await world.messages(author="operator") == []


async def test_windows_of_direct_messages_for_machine_and_person(world: World) -> None:
    await world.happen(world.message("p1", "operators", occurred_at=world.clock.now() - timedelta(hours=25)))
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await _reply(world, anna, conversation.id, "Pēc dienas", "direct")
    assert world.platform.sent[-1][1].by_person
    world.pass_time(days=7)
    with pytest.raises(PieturaError, match="window_closed"):
        await _reply(world, anna, conversation.id, "Pēc nedēļas", "direct")
    with pytest.raises(PieturaError, match="mode_not_allowed"):
        await _reply(world, anna, conversation.id, "Publiski", "public")
    assert [m.text for m in await world.messages(author="operator")] == ["Pēc dienas"]


async def test_a_paused_account_takes_nothing(world: World) -> None:
    conversation = await _waiting(world)
    anna = await world.take(conversation.id)
    world.platform.script = [SendResult("failed", reason="token", pause_account=True)]
    await _reply(world, anna, conversation.id, "Labdien", "public")
    assert (await world.reload_account()).paused_reason == "token"
    with pytest.raises(PieturaError, match="account_paused"):
        await _reply(world, anna, conversation.id, "Vēlreiz", "public")


async def test_hiding_is_done_by_the_platform_and_the_reason_is_on_record(world: World) -> None:
    conversation = await _waiting(world, "Rupjības")
    anna = await world.take(conversation.id)
    row = await world.conversation(conversation.id)
    with pytest.raises(PieturaError, match="reason_missing"):
        await world.worker.desk.hide(anna, conversation.id, row.version, " ")
    with pytest.raises(Conflict):
        await world.worker.desk.hide(anna, conversation.id, row.version - 1, "rupjības")
    janis = await world.viewer("janis")
    with pytest.raises((Conflict, Forbidden)):
        await world.worker.desk.hide(janis, conversation.id, row.version, "rupjības")
    await world.worker.desk.hide(anna, conversation.id, row.version, "rupjības")
    with pytest.raises(Conflict, match="already_asked"):
        await world.worker.desk.hide(anna, conversation.id, row.version, "rupjības")
    await world.worker.settle()
    thread = (await world.threads())[conversation.id]
    assert (thread.hidden_by, thread.hidden_reason) == (anna.id, "rupjības")
    assert [sent.kind for _, sent in world.platform.sent] == ["hide"]
    # The platform tells of it too; by whom and why stays.
    await world.happen(
        replace(world.comment("p1"), key="h1", kind="hidden", ref=thread.comment_ref, thread=thread.thread)
    )
    assert (await world.threads())[conversation.id].hidden_by == anna.id
    liga = await world.viewer("liga")
    await world.worker.desk.unhide(liga, conversation.id, row.version)
    await world.worker.settle()
    thread = (await world.threads())[conversation.id]
    assert (thread.hidden_at, thread.hidden_reason) == (None, None)


async def test_a_comment_that_is_deleted_unanswered_ends_as_no_reply_and_its_case_stays(world: World) -> None:
    waiting = world.comment("p1", "Kāpēc tā?")
    held = world.comment("p2", "Un man?")
    await world.happen(waiting, held)
    by_ref = {t.comment_ref: c for c, t in (await world.threads()).items()}
    await world.take(by_ref[held.ref])
    await world.happen(world.about(waiting, "deleted"), world.about(held, "deleted"))
    for conversation in await world.conversations():
        assert (conversation.state, conversation.outcome) == ("closed", "no_reply")
    assert len(await world.cases()) == len(await world.entries()) == 2
    assert {m.text for m in await world.messages(author="citizen")} == {"[autors izdzēsa]"}


async def test_a_comment_that_is_deleted_after_the_answer_stays_open(world: World) -> None:
    event = world.comment("p1", "Kāpēc tā?")
    await world.happen(event)
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await _reply(world, anna, conversation.id, "Tāpēc.", "public")
    await world.happen(world.about(event, "deleted"))
    assert (await world.the_conversation()).state == "active"
    with pytest.raises(PieturaError, match="comment_deleted"):
        await _reply(world, anna, conversation.id, "Vēl", "public")


async def test_a_deletion_cancels_an_answer_that_has_not_gone_out(world: World) -> None:
    event = world.comment("p1", "Kāpēc tā?")
    await world.happen(event)
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await world.worker.desk.reply(anna, conversation.id, str(uuid4()), "Tāpēc.", "public")
    await world.tell(world.about(event, "deleted"))
    await world.worker.inbox.once()
    await world.worker.settle()
    assert world.platform.sent == []
    assert (await world.the_conversation()).outcome == "no_reply"
    assert [m.delivery for m in await world.messages(author="operator")] == ["cancelled"]


async def test_an_edited_comment_is_answered_once_at_most(world: World) -> None:
    event = world.comment("p1", "pabalsts")
    await world.happen(event)
    await world.happen(world.about(event, "edited", text="pabalsts, lūdzu"))
    assert len(world.platform.sent) == 1
    assert [m.text for m in await world.messages(author="citizen")] == ["pabalsts, lūdzu"]
    await world.happen(world.about(event, "edited", text="kods 010190-12345"))
    assert next(iter((await world.threads()).values())).hide_proposed


async def test_answered_outside_under_a_comment(world: World) -> None:
    event = world.comment("p1", "Kāpēc tā?")
    await world.happen(event)
    await world.happen(
        world.echo(str(event.ref), "Atbildam no Business Suite", post_ref="post-1", parent_ref=event.ref)
    )
    conversation = await world.the_conversation()
    assert conversation.due_at is None
    assert conversation.first_reply_at is not None
    assert [m.author_name for m in await world.messages(author="operator")] == ["outside"]
    assert world.platform.sent == []


async def test_a_public_answer_that_comes_back_under_the_parent_is_known(world: World) -> None:
    top = world.comment("p1", "Kāpēc tā?")
    nested = world.comment("p2", "Un man?", parent_ref=top.ref)
    await world.happen(top, nested)
    by_ref = {t.comment_ref: c for c, t in (await world.threads()).items()}
    anna = await world.take(by_ref[nested.ref])
    world.platform.script = [SendResult("unknown", reason="timeout")]
    await _reply(world, anna, by_ref[nested.ref], "Labdien, tāpēc!", "public")
    assert [row.state for row in await world.rows()] == ["unknown"]
    await world.happen(world.echo(str(top.ref), "Labdien,  tāpēc!", post_ref="post-1", parent_ref=top.ref))
    (row,) = await world.rows()
    assert row.state == "sent"
    assert [m.delivery for m in await world.messages(author="operator")] == ["sent"]


async def test_posts_give_comments_a_place(world: World) -> None:
    await world.happen(world.comment("p1", "Kāpēc?"))
    async with world.worker.db.read() as session:
        stub = await repository.social_post(session, world.account.id, "post-1")
    assert stub is not None
    assert stub.text == ""
    post = replace(
        world.comment("x"), key="p:1", kind="post", ref="post-1", text="Pabalsti no decembra", author=None, by_us=True
    )
    await world.happen(post)
    async with world.worker.db.read() as session:
        known = await repository.social_post(session, world.account.id, "post-1")
    assert known is not None
    assert (known.text, known.ours) == ("Pabalsti no decembra", True)


async def test_the_answer_that_goes_out_after_the_close_is_in_the_ledgers_row(world: World) -> None:
    conversation = await _waiting(world)
    anna = await world.take(conversation.id)
    await world.worker.desk.reply(anna, conversation.id, str(uuid4()), "Tāpēc.", "public")
    row = await world.conversation(conversation.id)
    await world.worker.desk.close(anna, conversation.id, row.version, "other", "resolved", None)
    await world.worker.settle()
    (entry,) = await world.entries()
    assert entry.first_reply_at is None
    assert (await world.conversation(conversation.id)).first_reply_at is not None
    async with world.worker.db.read() as session:
        ((found, late),) = await ledger.page(session, ledger.CaseFilter(channel="facebook"), 0, 10)
    names = {name: (lambda key: key) for name in ("site", "institution", "service", "municipality", "staff", "centre")}
    assert case_row(found, late, names)["first_reply_at"] is not None


async def test_other_events_are_kept_and_change_nothing(world: World) -> None:
    await world.happen(replace(world.comment("p1"), kind="other", key="o1", raw={"strange": [1, 2]}))
    assert await world.conversations() == []
    (row,) = await world.inbound()
    assert (row.state, "raw" in row.event) == ("done", False)


async def test_a_comment_that_the_platform_says_is_gone_ends_as_no_reply(world: World) -> None:
    world.platform.script = [SendResult("failed", reason="deleted")]
    await world.happen(world.comment("p1", "pabalsts"))
    conversation = await world.the_conversation()
    assert (await world.threads())[conversation.id].deleted_at is not None
    world.pass_time(minutes=31)
    await world.worker.sweep.once()
    assert (await world.the_conversation()).outcome == "no_reply"
