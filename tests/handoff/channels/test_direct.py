"""Direct messages: conversations, order, repetitions, edits, deletions, answers from outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from handoff.channels.ports import Attachment, Person, SendResult
from handoff.conversations.schemas import Inbound
from handoff.state_machine import State
from kit.errors import PieturaError
from tests.handoff.channels.world import World, picture


async def test_a_message_opens_one_conversation_with_one_case_and_is_answered(world: World) -> None:
    await world.happen(world.message("p1", "Kā saņemt slimības pabalstu?"))
    conversation = await world.the_conversation()
    assert (conversation.channel, conversation.site, conversation.state) == ("facebook", world.account.id, "bot")
    assert (conversation.institution_id, conversation.citizen_seen_at) == ("vsaa", None)
    assert [case.conversation_id for case in await world.cases()] == [conversation.id]
    assert [(m.author_kind, m.delivery) for m in await world.messages(conversation.id)] == [
        ("assistant", "sent"),
        ("citizen", None),
        ("assistant", "sent"),
    ]
    said = world.platform.texts("p1")
    assert said[0].startswith("Labdien!")
    assert "Slimības pabalsts" in said[1]
    assert "https://latvija.example/pabalsts" in said[1]
    assert world.platform.sent[1][1].buttons == (("Cik?", "aspect:amount"), ("Kā?", "aspect:how"))
    assert conversation.first_reply_at is not None


async def test_repetitions_change_nothing(world: World) -> None:
    event = world.message("p1", "pabalsts")
    assert await world.tell(event) == 1
    assert await world.tell(event, event) == 0
    await world.worker.settle()
    assert await world.tell(event) == 0
    await world.worker.settle()
    assert len(await world.messages(author="citizen")) == 1
    # The same message under another key, as asking for missed events brings it.
    await world.happen(world.message("p1", "pabalsts", ref=event.ref))
    assert len(await world.messages(author="citizen")) == 1
    assert {row.state for row in await world.inbound()} == {"done"}


async def test_what_arrived_in_disorder_is_put_in_order_by_the_platforms_time(world: World) -> None:
    now = world.clock.now()
    events = [world.message("p1", f"teksts {n}", occurred_at=now - timedelta(seconds=10 - n)) for n in range(5)]
    await world.happen(*(events[n] for n in (3, 0, 4, 2, 1)))
    assert [m.text for m in await world.messages(author="citizen")] == [f"teksts {n}" for n in range(5)]
    assert len(await world.conversations()) == 1


async def test_after_the_end_a_new_conversation_knows_the_one_before(world: World) -> None:
    await world.happen(world.message("p1", "pabalsts"))
    first = await world.the_conversation()
    world.pass_time(minutes=31)
    await world.worker.sweep.once()
    closed = await world.conversation(first.id)
    assert (closed.state, closed.outcome) == ("closed", "answered")
    # Nothing was said at the end: on a platform that would be one more message in the follower's list.
    assert len(world.platform.sent) == 2
    assert not [m for m in await world.messages(first.id) if m.author_kind == "system"]
    await world.happen(world.message("p1", "un vēl par pabalstu"))
    second = next(c for c in await world.conversations() if c.id != first.id)
    assert second.previous_id == first.id
    assert len(await world.cases()) == 2
    assert world.platform.texts("p1")[2].startswith("Labdien!")


async def test_people_on_different_threads_do_not_mix(world: World) -> None:
    await world.happen(*(world.message(f"p{n % 3}", f"pabalsts {n}") for n in range(9)))
    by_conversation: dict[str, list[str]] = {}
    for message in await world.messages(author="citizen"):
        by_conversation.setdefault(message.conversation_id, []).append(message.text)
    assert sorted(by_conversation.values()) == [[f"pabalsts {n}" for n in range(start, 9, 3)] for start in range(3)]


async def test_handover_tells_when_and_the_hour_runs_from_the_last_message(world: World) -> None:
    written = world.clock.now() - timedelta(minutes=20)
    await world.happen(world.message("p1", "operators", occurred_at=written))
    conversation = await world.the_conversation()
    assert conversation.state == "queued"
    assert conversation.due_at == written + timedelta(hours=1)
    note = world.platform.texts("p1")[-1]
    assert "Nododu sarunu operatoram" in note
    assert "kontaktinformāciju" not in note
    later = world.clock.now()
    await world.happen(world.message("p1", "vai tur kāds ir?", occurred_at=later))
    conversation = await world.the_conversation()
    assert conversation.due_at == later + timedelta(hours=1)
    anna = await world.take(conversation.id)
    taken = await world.conversation(conversation.id)
    # Taking it does not answer it.
    assert taken.due_at == later + timedelta(hours=1)
    assert taken.first_reply_at is None
    await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111111", "Labdien!")
    assert (await world.conversation(conversation.id)).first_reply_at is None
    await world.worker.settle()
    answered = await world.conversation(conversation.id)
    assert answered.due_at is None
    (row,) = [row for row in await world.rows() if row.payload.get("by_person")]
    assert answered.first_reply_at == row.sent_at


async def test_a_waiting_follower_is_never_taken_for_gone(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    world.pass_time(days=3)
    await world.worker.sweep.once()
    assert (await world.the_conversation()).state == "queued"


async def test_long_answers_go_in_parts_and_in_order(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await world.worker.settle()
    before = len(world.platform.sent)
    text = " ".join(f"Teikums numur {n} par visu ko." for n in range(30))
    message = await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111112", text)
    await world.worker.settle()
    parts = [sent.text for _, sent in world.platform.sent[before:]]
    assert len(parts) > 3
    assert all(len(part) <= 200 for part in parts)
    assert " ".join(parts) == text
    stored = next(m for m in await world.messages(conversation.id) if m.id == message.id)
    assert (stored.text, stored.delivery) == (text, "sent")


async def test_a_failed_part_holds_back_the_rest_and_all_go_when_sent_again(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await world.worker.settle()
    before = len(world.platform.sent)
    text = " ".join(f"Teikums numur {n} par visu ko." for n in range(30))
    world.platform.script = [SendResult("sent"), SendResult("failed", reason="refused")]
    message = await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111113", text)
    await world.worker.settle()
    assert len(world.platform.sent) == before + 1
    states = [row.state for row in await world.rows() if row.message_id == message.id]
    assert states[:2] == ["sent", "failed"]
    assert set(states[2:]) == {"cancelled"}
    again = await world.worker.desk.send_again(anna, conversation.id, message.seq)
    assert again.delivery == "queued"
    await world.worker.settle()
    assert " ".join(sent.text for _, sent in world.platform.sent[before:]) == text


async def test_buttons_as_a_numbered_list_and_the_number_as_an_answer(world: World) -> None:
    world.platform.carries = replace(world.platform.carries, buttons=False)
    await world.happen(world.message("p1", "pabalsts"))
    said = "\n".join(world.platform.texts("p1"))
    assert "1. Cik?\n2. Kā?" in said
    assert world.platform.sent[-1][1].buttons == ()
    await world.happen(world.message("p1", "2"))
    assert world.assistant.seen[-1].payload == "aspect:how"
    # A number that nobody offered is just a number.
    await world.happen(world.message("p1", "7"))
    assert world.assistant.seen[-1].payload is None


@pytest.mark.parametrize(
    ("attachments", "mark"),
    [
        ((picture(),), "[attēls]"),
        ((Attachment("sticker"),), "[uzlīme]"),
        ((picture(), Attachment("location", name="56.9, 24.1")), "[attēls] [atrašanās vieta]"),
        ((Attachment("hologram"),), "[saturs, ko šeit nevar parādīt]"),
        ((), "[tukša ziņa]"),
    ],
)
async def test_what_is_not_text_leaves_a_mark_and_counts(
    world: World, attachments: tuple[Attachment, ...], mark: str
) -> None:
    await world.happen(world.message("p1", "", attachments=attachments))
    (message,) = await world.messages(author="citizen")
    assert message.text == mark
    assert [one["kind"] for one in message.extras.get("attachments", [])] == [one.kind for one in attachments]
    assert len(await world.cases()) == 1
    # The assistant is not asked about a picture it cannot see; it says so.
    assert world.assistant.seen == []
    assert any("apskatīt nevaru" in text for text in world.platform.texts("p1")) is bool(attachments)


async def test_text_beside_a_picture_is_answered_without_the_mark(world: World) -> None:
    await world.happen(world.message("p1", "Kas tas par pabalstu?", attachments=(picture(),)))
    (message,) = await world.messages(author="citizen")
    assert message.text == "Kas tas par pabalstu?\n[attēls]"
    assert world.assistant.seen[-1].text == "Kas tas par pabalstu?"


async def test_a_contacts_number_is_masked_in_attachments_and_in_the_event(world: World) -> None:
    contact = Attachment("contact", name="Jānis +371 29123456")
    await world.happen(world.message("p1", "mans kods 010190-12345", attachments=(contact,)))
    (message,) = await world.messages(author="citizen")
    assert "[personas kods]" in message.text
    assert message.extras["masked"] == ["personal_code"]
    (row,) = await world.inbound()
    stored = str(row.event) + str(message.extras)
    assert "12345" not in stored
    assert "29123456" not in stored
    assert "raw" not in row.event


async def test_an_edit_changes_the_text_keeps_the_old_one_and_is_answered_anew(world: World) -> None:
    event = world.message("p1", "pabaslts")
    await world.happen(event)
    assert world.platform.texts("p1")[-1] == "Nesapratu."
    await world.happen(world.about(event, "edited", text="pabalsts"))
    (message,) = await world.messages(author="citizen")
    assert message.text == "pabalsts"
    assert [edit["text"] for edit in message.extras["edits"]] == ["pabaslts"]
    (thread,) = (await world.threads()).values()
    assert [(edit["what"], edit["text"]) for edit in thread.edits] == [("edited", "pabaslts")]
    assert "Slimības pabalsts" in world.platform.texts("p1")[-1]
    assert (await world.the_conversation()).last_author == "assistant"
    assert [e.data["seq"] for e in await world.events("edited")] == [message.seq]


async def test_an_edit_while_the_assistant_thinks_is_what_it_answers(world: World) -> None:
    event = world.message("p1", "kaut kas")
    edited = world.about(event, "edited", text="pabalsts")

    async def edit_meanwhile(_request: object) -> None:
        world.assistant.before = None
        await world.tell(edited)
        await world.worker.inbox.once()

    world.assistant.before = edit_meanwhile
    await world.happen(event)
    world.pass_time(seconds=1)
    await world.worker.sweep.once()
    await world.worker.settle()
    said = [m.text for m in await world.messages(author="assistant")][1:]
    assert len(said) == 1
    assert "Slimības pabalsts" in said[0]


async def test_a_deleted_message_is_gone_everywhere_but_in_the_history(world: World) -> None:
    event = world.message("p1", "operators, mana sāpe ir liela")
    await world.happen(event)
    conversation = await world.the_conversation()
    assert "sāpe" in (conversation.summary or "")
    await world.happen(world.about(event, "deleted"))
    (message,) = await world.messages(author="citizen")
    assert message.text == "[autors izdzēsa]"
    conversation = await world.the_conversation()
    everywhere = f"{conversation.summary} {conversation.last_text} {message.extras}"
    everywhere += str([row.event for row in await world.inbound()])
    assert "sāpe" not in everywhere
    (thread,) = (await world.threads()).values()
    assert [edit["text"] for edit in thread.edits] == ["operators, mana sāpe ir liela"]
    assert conversation.state == "queued"
    assert len(await world.cases()) == 1


async def test_an_edit_and_a_deletion_before_their_message_wait_for_it(world: World) -> None:
    event = world.message("p1", "pirmais")
    other = world.message("p1", "otrais")
    await world.happen(world.about(event, "edited", text="labotais"))
    assert [row.state for row in await world.inbound()] == ["waiting"]
    # It holds nobody up.
    await world.happen(other)
    assert [m.text for m in await world.messages(author="citizen")] == ["otrais"]
    await world.happen(event)
    assert [m.text for m in await world.messages(author="citizen")] == ["otrais", "labotais"]
    await world.happen(world.about(world.message("p1", "nekad"), "deleted"))
    world.pass_time(minutes=11)
    await world.worker.settle()
    assert {row.state for row in await world.inbound()} == {"done"}
    assert len(await world.messages(author="citizen")) == 2


async def test_an_edit_whose_message_never_comes_is_the_message(world: World) -> None:
    event = world.message("p1", "pirmais")
    await world.happen(world.about(event, "edited", text="labotais"))
    world.pass_time(minutes=11)
    await world.worker.settle()
    assert [m.text for m in await world.messages(author="citizen")] == ["labotais"]
    # And when it comes after all, it is known.
    await world.happen(event)
    assert [m.text for m in await world.messages(author="citizen")] == ["labotais"]
    assert len(await world.cases()) == 1


async def test_answered_outside_stops_the_clock_and_the_assistant(world: World) -> None:
    thinking: list[str] = []

    async def meanwhile(_request: object) -> None:
        world.assistant.before = None
        thinking.append("now")
        await world.tell(world.echo("p1", "Labdien, atbildam no Facebook!"))
        await world.worker.inbox.once()

    world.assistant.before = meanwhile
    await world.happen(world.message("p1", "pabalsts"))
    assert thinking
    conversation = await world.the_conversation()
    said = [(m.author_kind, m.author_name) for m in await world.messages(conversation.id)]
    assert said == [("assistant", None), ("citizen", None), ("operator", "outside")]
    assert conversation.first_reply_at is not None
    assert len(await world.events("answered_outside")) == 1
    # The citizen writes on, and the assistant is there again.
    await world.happen(world.message("p1", "un cik liels ir pabalsts?"))
    assert "Slimības pabalsts" in world.platform.texts("p1")[-1]
    world.pass_time(minutes=31)
    await world.worker.sweep.once()
    assert (await world.the_conversation()).outcome == "answered"


async def test_answered_outside_while_waiting_for_a_person(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    await world.happen(world.echo("p1", "Sveiki, te VSAA."))
    conversation = await world.the_conversation()
    assert (conversation.state, conversation.due_at) == ("queued", None)
    assert conversation.first_reply_at is not None


async def test_receipts_bring_messages_to_delivered_and_read(world: World) -> None:
    await world.happen(world.message("p1", "pabalsts"))
    first = world.clock.now()
    await world.happen(world.about(world.message("p1"), "delivered", ref=None, watermark=first))
    assert [m.delivery for m in await world.messages(author="assistant")] == ["delivered", "delivered"]
    await world.happen(world.message("p1", "pabalsts vēl"))
    await world.happen(world.about(world.message("p1"), "read", ref=None, watermark=first))
    assert [m.delivery for m in await world.messages(author="assistant")] == ["read", "read", "sent"]
    # A receipt never takes back what is known.
    await world.happen(world.about(world.message("p1"), "delivered", ref=None, watermark=world.clock.now()))
    assert [m.delivery for m in await world.messages(author="assistant")] == ["read", "read", "delivered"]


async def test_a_receipt_that_overtakes_the_answer_waits_for_it(world: World) -> None:
    async def receipt_meanwhile(_message: object) -> None:
        world.platform.before = None
        await world.tell(world.about(world.message("p1"), "delivered", ref=None, watermark=world.clock.now()))
        await world.worker.inbox.once()

    world.platform.before = receipt_meanwhile
    await world.happen(world.message("p1", "pabalsts"))
    world.pass_time(seconds=5)
    await world.worker.settle()
    assert (await world.messages(author="assistant"))[0].delivery == "delivered"


async def test_a_block_is_noted_and_cancels_what_is_queued(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111114", "Labdien!")
    await world.tell(world.about(world.message("p1"), "blocked", ref=None))
    await world.worker.inbox.once()
    assert [row.state for row in await world.rows()][-1] == "cancelled"
    with pytest.raises(PieturaError, match="blocked"):
        await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111115", "Hallo?")
    await world.happen(world.about(world.message("p1"), "unblocked", ref=None))
    await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111116", "Hallo?")
    await world.worker.settle()
    assert world.platform.texts("p1")[-1] == "Hallo?"


async def test_whoever_writes_again_has_ended_the_block(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    world.platform.script = [SendResult("failed", reason="blocked")]
    await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111117", "Labdien!")
    await world.worker.settle()
    with pytest.raises(PieturaError, match="blocked"):
        await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111118", "Hallo?")
    # No platform but Telegram tells of the end of a block.
    await world.happen(world.message("p1", "Vai esat tur?"))
    await world.worker.desk.reply(anna, conversation.id, "11111111-1111-4111-8111-111111111119", "Esam.")
    await world.worker.settle()
    assert world.platform.texts("p1")[-1] == "Esam."


async def test_start_without_words_is_greeted_and_asks_the_assistant_nothing(world: World) -> None:
    await world.happen(world.message("p1", "/start", token="abc"))
    assert [m.text for m in await world.messages(author="citizen")] == ["[sāk sarunu]"]
    assert [text[:8] for text in world.platform.texts("p1")] == ["Labdien!"]
    await world.happen(world.message("p1", "/start"))
    assert [text[:8] for text in world.platform.texts("p1")] == ["Labdien!", "Labdien!"]
    assert world.assistant.seen == []
    rows = await world.inbound()
    assert rows[0].event["token"] == "abc"


async def test_the_accounts_own_words_are_never_a_citizens(world: World) -> None:
    await world.happen(world.message("p1", "pats rakstīju", author=Person(world.account.platform_id)))
    world.pass_time(minutes=11)
    await world.worker.settle()
    assert await world.conversations() == []
    assert {row.state for row in await world.inbound()} == {"done"}


async def test_rasa_down_hands_over_with_an_apology(world: World) -> None:
    await world.happen(world.message("p1", "avārija"))
    assert (await world.the_conversation()).state == State.QUEUED
    assert any(text.startswith("Atvainojiet") for text in world.platform.texts("p1"))


async def test_once_only_a_person_may_write_no_note_is_sent(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    conversation = await world.the_conversation()
    world.pass_time(hours=25)
    world.platform.sent.clear()
    anna = await world.take(conversation.id)
    await world.worker.settle()
    assert world.platform.sent == []
    await world.worker.desk.reply(anna, conversation.id, str(uuid4()), "Labdien!")
    await world.worker.settle()
    assert world.platform.texts() == ["Labdien!"]


async def test_comments_do_not_lengthen_the_wait_in_the_web_chat(world: World) -> None:
    await world.happen(*(world.comment(f"p{n}", "Kāpēc?") for n in range(30)))
    chat = str(uuid4())
    world.pass_time(seconds=1)
    await world.worker.broker.receive(Inbound(chat, str(uuid4()), "operators", None, "lv", "webchat", "demo"))
    await world.worker.turns.drain(5)
    note = (await world.messages(chat, "system"))[-1].text
    assert "aptuveni 4 minūtes" in note
    # Comments that are overdue go first after all.
    world.pass_time(minutes=61)
    other = str(uuid4())
    await world.worker.broker.receive(Inbound(other, str(uuid4()), "operators", None, "lv", "webchat", "demo"))
    await world.worker.turns.drain(5)
    assert "aptuveni 4 minūtes" not in (await world.messages(other, "system"))[-1].text
