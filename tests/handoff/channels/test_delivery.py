"""Sending: in order, one at a time in a thread, never twice; what became of it is seen and can be decided upon."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import update

from handoff.channels.delivery import DeliveryPolicy
from handoff.channels.models import ChannelAccount, OutboxRow
from handoff.channels.ports import SendResult
from handoff.conversations.models import Conversation
from handoff.staff.schemas import Viewer
from tests.handoff.channels.world import World


async def _talk(world: World, person: str = "p1") -> tuple[Viewer, Conversation]:
    """Somebody who has been taken by an operator; what was said until then has gone out."""
    await world.happen(world.message(person, "operators"))
    (conversation,) = [c for c in await world.conversations() if c.state == "queued"]
    viewer = await world.take(conversation.id)
    await world.worker.settle()
    world.platform.sent.clear()
    return viewer, conversation


async def _say(world: World, viewer: Viewer, conversation: Conversation, *texts: str) -> None:
    for text in texts:
        await world.worker.desk.reply(viewer, conversation.id, str(uuid4()), text)


async def _states(world: World) -> dict[str, tuple[str, str | None]]:
    """State and reason of what operators wrote."""
    return {
        str(row.payload["text"]): (row.state, row.reason)
        for row in await world.rows()
        if row.payload.get("by_person") and "text" in row.payload
    }


async def test_a_thread_is_served_in_order_one_at_a_time(world: World) -> None:
    anna, conversation = await _talk(world)

    async def slowly(_message: object) -> None:
        await asyncio.sleep(0.01)

    world.platform.before = slowly
    await _say(world, anna, conversation, *(f"teksts {n}" for n in range(8)))
    await world.worker.settle()
    assert world.platform.texts("p1") == [f"teksts {n}" for n in range(8)]
    assert world.platform.together == 1


async def test_one_slow_thread_holds_nobody_else_up(world: World) -> None:
    anna, first = await _talk(world, "p1")
    _, second = await _talk(world, "p2")
    gate = asyncio.Event()

    async def stuck(message: object) -> None:
        if getattr(message, "thread", "") == "p1":
            await gate.wait()

    world.platform.before = stuck
    await _say(world, anna, first, "viens", "divi")
    await _say(world, anna, second, "trīs", "četri")
    for _ in range(20):
        await world.worker.delivery.once()
        await asyncio.sleep(0.01)
    assert world.platform.texts() == ["trīs", "četri"]
    gate.set()
    await world.worker.settle()
    assert world.platform.texts("p1") == ["viens", "divi"]


async def test_retries_wait_longer_each_time_and_hold_their_thread_only(world: World) -> None:
    anna, first = await _talk(world, "p1")
    _, second = await _talk(world, "p2")
    refused = SendResult("retry", reason="platform_error", detail="500")
    world.platform.script = [refused, refused]
    await _say(world, anna, first, "viens", "divi")
    await world.worker.settle()
    assert world.platform.sent == []
    world.platform.script = []
    await _say(world, anna, second, "trīs")
    await world.worker.settle()
    assert world.platform.texts() == ["trīs"]
    world.platform.script = [refused]
    world.pass_time(seconds=2.1)
    await world.worker.settle()
    world.pass_time(seconds=2.1)
    await world.worker.settle()
    assert world.platform.texts("p1") == []
    world.pass_time(seconds=2)
    await world.worker.settle()
    assert world.platform.texts("p1") == ["viens", "divi"]
    (row,) = [row for row in await world.rows() if row.payload.get("text") == "viens"]
    assert (row.attempts, row.state, row.reason) == (3, "sent", None)


async def test_after_the_last_attempt_it_has_failed_and_the_thread_goes_on(world: World) -> None:
    anna, conversation = await _talk(world)
    world.platform.script = [SendResult("retry", reason="platform_error")] * 8
    await _say(world, anna, conversation, "viens", "divi")
    for _ in range(8):
        await world.worker.settle()
        world.pass_time(minutes=6)
    await world.worker.settle()
    assert await _states(world) == {"viens": ("failed", "platform_error"), "divi": ("sent", None)}
    failed = next(m for m in await world.messages(author="operator") if m.text == "viens")
    assert (failed.delivery, failed.delivery_reason) == ("failed", "platform_error")
    told = [
        (e.data["delivery"], e.data["reason"]) for e in await world.events("delivery") if e.data["seq"] == failed.seq
    ]
    assert told == [("queued", "platform_error"), ("failed", "platform_error")]


async def test_the_platforms_wish_to_wait_holds_the_whole_account(world: World) -> None:
    anna, first = await _talk(world, "p1")
    _, second = await _talk(world, "p2")
    world.platform.script = [SendResult("retry", reason="rate_limited", retry_after_s=120)]
    await _say(world, anna, first, "viens")
    await world.worker.settle()
    await _say(world, anna, second, "divi")
    world.pass_time(seconds=100)
    await world.worker.settle()
    assert world.platform.sent == []
    world.pass_time(seconds=25)
    await world.worker.settle()
    assert sorted(world.platform.texts()) == ["divi", "viens"]


async def test_after_a_wish_to_wait_nothing_is_slower(world: World) -> None:
    """One refusal among hundreds does not silence a whole account for longer than the platform asked."""
    talks = [await _talk(world, f"p{n}") for n in range(4)]
    world.platform.script = [SendResult("retry", reason="rate_limited", retry_after_s=1, slow_down=1.0)]
    for number, (viewer, conversation) in enumerate(talks):
        await _say(world, viewer, conversation, str(number))
        await world.worker.settle()
    assert world.platform.sent == []
    world.pass_time(seconds=3)
    await world.worker.settle()
    assert sorted(world.platform.texts()) == ["0", "1", "2", "3"]


async def test_a_limit_that_is_free_again_is_used(world: World) -> None:
    talks = [await _talk(world, f"p{n}") for n in range(4)]
    world.platform.script = [SendResult("sent", slow_down=0.9), SendResult("sent", slow_down=0.1)]
    for viewer, conversation in talks:
        await _say(world, viewer, conversation, "Labdien!")
        await world.worker.settle()
    assert len(world.platform.sent) == 1
    world.pass_time(seconds=17)
    await world.worker.settle()
    assert len(world.platform.sent) == 4


async def test_near_its_limit_an_account_sends_at_intervals(world: World) -> None:
    talks = [await _talk(world, f"p{n}") for n in range(4)]
    world.platform.script = [SendResult("sent", slow_down=0.9) for _ in range(4)]
    await _say(world, *talks[0], "0")
    await world.worker.settle()
    for number, (viewer, conversation) in enumerate(talks[1:], 1):
        await _say(world, viewer, conversation, str(number))
    for expected in (1, 1, 2, 3):
        await world.worker.settle()
        assert len(world.platform.sent) == expected
        world.pass_time(seconds=10 if expected == 1 and len(world.platform.script) == 3 else 17)
    await world.worker.settle()
    assert len(world.platform.sent) == 4


async def test_a_lost_lease_is_unknown_and_nothing_is_sent_again(world: World) -> None:
    anna, conversation = await _talk(world)
    never = asyncio.Event()

    async def hangs(_message: object) -> None:
        await never.wait()

    world.platform.before = hangs
    await _say(world, anna, conversation, "viens", "divi")
    await world.worker.delivery.once()
    await asyncio.sleep(0.05)
    assert (await _states(world))["viens"] == ("sending", None)
    # The worker dies with the send under way; another one finds it.
    world.platform.before = None
    other = world.new_worker()
    world.workers.append(other)
    await other.settle()
    assert (await _states(world))["viens"] == ("sending", None)
    world.pass_time(seconds=91)
    await other.settle()
    assert await _states(world) == {"viens": ("unknown", "timeout"), "divi": ("sent", None)}
    world.pass_time(hours=5)
    await other.settle()
    assert world.platform.texts() == ["divi"]
    # The first worker was not dead: the answer that comes late still counts.
    never.set()
    await world.worker.delivery.drain(5)
    assert (await _states(world))["viens"] == ("sent", None)


async def test_a_connector_that_breaks_leaves_the_send_unknown(world: World) -> None:
    anna, conversation = await _talk(world)
    world.platform.script = [RuntimeError("boom"), SendResult("unknown", reason="timeout", cost=0.015)]
    await _say(world, anna, conversation, "viens", "divi", "trīs")
    await world.worker.settle()
    assert await _states(world) == {
        "viens": ("unknown", "connector_error"),
        "divi": ("unknown", "timeout"),
        "trīs": ("sent", None),
    }
    # What may have arrived may have been charged.
    assert (await world.reload_account()).spend == Decimal("0.015")


async def test_what_the_platform_charges_for_telling_is_on_the_board_once(world: World) -> None:
    """X charges for mentions and messages, too; a repetition is free."""
    world.platform.price_of_event = lambda event: 0.005 if event.kind == "message" else 0.0  # type: ignore[attr-defined]
    first, second = world.message("p1", "Sveiki"), world.message("p2", "Labdien")
    await world.tell(first, second, first)
    await world.tell(second, world.about(first, "edited", text="Sveiki!"))
    assert (await world.reload_account()).spend == Decimal("0.01")


async def test_a_send_that_takes_too_long_is_unknown(world: World) -> None:
    anna, conversation = await _talk(world)

    async def hangs(_message: object) -> None:
        await asyncio.sleep(30)

    world.platform.before = hangs
    hasty = world.new_worker(delivery_policy=DeliveryPolicy(send_limit=timedelta(milliseconds=50)))
    world.workers.append(hasty)
    await _say(world, anna, conversation, "viens")
    await hasty.settle()
    assert await _states(world) == {"viens": ("unknown", "timeout")}


async def test_an_echo_tells_what_became_of_an_unknown_send(world: World) -> None:
    anna, conversation = await _talk(world)
    world.platform.script = [SendResult("unknown", reason="timeout")] * 2
    await _say(world, anna, conversation, "Labdien, Jāni!", "Otrais teksts")
    await world.worker.settle()
    at = world.clock.now()
    # Changed on its way, but ours; and one by its words, though the platform does not say whose it is.
    await world.happen(world.echo("p1", "Labdien,   Jāni!", by_us=False, occurred_at=at))
    assert (await _states(world))["Labdien, Jāni!"] == ("sent", None)
    await world.happen(world.echo("p1", "Otrais teksts…", by_us=True, occurred_at=at))
    assert (await _states(world))["Otrais teksts"] == ("sent", None)
    (first, second) = await world.messages(author="operator")
    assert (first.delivery, second.delivery) == ("sent", "sent")
    answered = await world.conversation(conversation.id)
    assert answered.first_reply_at == at
    assert answered.due_at is None
    # Told once more, nothing changes; and it was nobody outside.
    await world.happen(world.echo("p1", "Otrais teksts…", by_us=True, occurred_at=at))
    world.pass_time(minutes=11)
    await world.worker.settle()
    assert [m.author_name for m in await world.messages(author="operator")][:2] == ["Anna Bērziņa"] * 2


async def test_an_echo_with_the_buttons_written_out_below_the_words_is_ours(world: World) -> None:
    world.platform.script = [SendResult("unknown", reason="timeout")] * 2
    await world.happen(world.message("p1", "pabalsts"))
    greeting, answer = await world.rows()
    assert answer.payload["buttons"]
    assert {greeting.state, answer.state} == {"unknown"}
    written_out = f"{answer.payload['text']}\n\n1. Cik?\n2. Kā?"
    await world.happen(world.echo("p1", written_out, by_us=True, occurred_at=world.clock.now()))
    greeting, answer = await world.rows()
    assert (greeting.state, answer.state) == ("unknown", "sent")
    world.pass_time(minutes=11)
    await world.worker.settle()
    assert await world.messages(author="operator") == [], "and nobody answered from outside"


async def test_an_echo_that_overtakes_the_answer_confirms_it(world: World) -> None:
    anna, conversation = await _talk(world)

    async def echo_first(message: object) -> None:
        world.platform.before = None
        await world.tell(world.echo("p1", getattr(message, "text", ""), ref="mid-77", by_us=True))
        await world.worker.inbox.once()

    world.platform.before = echo_first
    world.platform.script = [SendResult("sent", ref="mid-77")]
    await _say(world, anna, conversation, "viens")
    await world.worker.settle()
    (row,) = [row for row in await world.rows() if row.payload.get("text") == "viens"]
    assert (row.state, row.ref) == ("sent", "mid-77")
    assert len(await world.messages(author="operator")) == 1
    assert {row.state for row in await world.inbound()} == {"done"}


async def test_a_foreign_answer_while_ours_is_under_way_is_not_taken_for_ours(world: World) -> None:
    anna, conversation = await _talk(world)

    async def foreign(_message: object) -> None:
        world.platform.before = None
        await world.tell(world.echo("p1", "Sveiki no Facebook"))
        await world.worker.inbox.once()

    world.platform.before = foreign
    await _say(world, anna, conversation, "viens")
    await world.worker.settle()
    world.pass_time(seconds=5)
    await world.worker.settle()
    assert [(m.author_name, m.text) for m in await world.messages(author="operator")] == [
        ("Anna Bērziņa", "viens"),
        ("outside", "Sveiki no Facebook"),
    ]


async def test_a_person_who_saw_it_stops_the_clock_at_the_attempt(world: World) -> None:
    anna, conversation = await _talk(world)
    world.platform.script = [SendResult("unknown", reason="timeout")]
    await _say(world, anna, conversation, "viens")
    await world.worker.settle()
    attempt = next(row.claimed_at for row in await world.rows() if row.state == "unknown")
    world.pass_time(minutes=20)
    (message,) = await world.messages(author="operator")
    decided = await world.worker.desk.mark_sent(anna, conversation.id, message.seq)
    assert decided.delivery == "sent"
    assert (await world.conversation(conversation.id)).first_reply_at == attempt


async def test_a_revoked_token_pauses_the_account_and_what_waits_goes_out_afterwards(world: World) -> None:
    anna, first = await _talk(world, "p1")
    _, second = await _talk(world, "p2")
    world.platform.script = [SendResult("failed", reason="token", pause_account=True)]
    await _say(world, anna, first, "viens")
    await _say(world, anna, second, "divi")
    await world.worker.delivery.once()
    await world.worker.delivery.drain(5)
    world.platform.sent.clear()
    await _say_anyway(world, "trīs", first)
    await world.worker.settle()
    assert world.platform.sent == []
    account = await world.reload_account()
    assert account.paused_reason == "token"
    assert account.last_error == "paused: token"
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(paused_reason=None))
    await world.worker.settle()
    assert "trīs" in world.platform.texts()


async def _say_anyway(world: World, text: str, conversation: Conversation) -> None:
    """A row that was queued before the pause was known."""
    async with world.worker.db.unit() as unit:
        now = world.clock.now()
        unit.session.add(
            OutboxRow(
                account_id=world.account.id,
                thread="p1",
                kind="direct",
                conversation_id=conversation.id,
                payload={"text": text},
                state="queued",
                attempts=0,
                next_at=now,
                created_at=now,
            )
        )


async def test_an_account_that_is_switched_off_sends_nothing(world: World) -> None:
    anna, conversation = await _talk(world)
    await _say(world, anna, conversation, "viens")
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(enabled=False))
    await world.worker.settle()
    assert world.platform.sent == []
    assert (await _states(world))["viens"] == ("queued", None)


async def test_credentials_that_cannot_be_decrypted_pause_the_account(world: World) -> None:
    anna, conversation = await _talk(world)
    await _say(world, anna, conversation, "viens")
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(credentials="gAAAA-of-another-key"))
    await world.worker.settle()
    assert world.platform.sent == []
    assert (await _states(world))["viens"] == ("failed", "credentials")
    assert (await world.reload_account()).paused_reason == "credentials"


async def test_what_the_assistant_could_not_deliver_is_a_persons(world: World) -> None:
    world.platform.script = [SendResult("sent"), SendResult("failed", reason="refused")]
    await world.happen(world.message("p1", "pabalsts"))
    conversation = await world.the_conversation()
    assert (conversation.state, conversation.reason) == ("queued", "not_delivered")
    await world.happen(world.message("p2", "pabalsts"))
    world.platform.script = [SendResult("failed", reason="blocked")]
    await world.happen(world.message("p2", "vēl pabalsts"))
    blocked = next(c for c in await world.conversations() if c.id != conversation.id)
    # Whoever blocked us does not want a person either.
    assert blocked.state == "bot"
    assert (await world.threads())[blocked.id].blocked_at is not None


async def test_a_conversation_does_not_end_while_its_answer_is_under_way(world: World) -> None:
    world.platform.script = [SendResult("sent"), *[SendResult("retry", reason="platform_error")] * 4]
    await world.happen(world.message("p1", "pabalsts"))
    world.pass_time(minutes=31)
    await world.worker.sweep.once()
    assert (await world.the_conversation()).state == "bot"
    for _ in range(5):
        await world.worker.settle()
        world.pass_time(minutes=6)
    await world.worker.sweep.once()
    assert (await world.the_conversation()).outcome == "answered"


async def test_one_send_under_way_in_a_thread_is_held_by_the_database(world: World) -> None:
    anna, conversation = await _talk(world)
    await _say(world, anna, conversation, "viens", "divi")
    rows = [row for row in await world.rows() if row.state == "queued"]
    claims = await asyncio.gather(
        *(world.worker.delivery._claim(row) for row in rows), *(world.worker.delivery._claim(row) for row in rows)
    )
    assert sum(claim is not None for claim in claims) == 1
    assert [row.state for row in await world.rows() if row.payload.get("by_person")].count("sending") == 1


async def test_the_machine_and_the_person_are_told_apart_for_late_answers(world: World) -> None:
    anna, conversation = await _talk(world)
    await _say(world, anna, conversation, "viens")
    await world.worker.settle()
    (_, message) = world.platform.sent[-1]
    assert message.by_person
    thread = (await world.threads())[conversation.id]
    assert message.last_inbound_at == thread.last_inbound_at
    await world.happen(world.message("p2", "pabalsts"))
    assert not world.platform.sent[-1][1].by_person


async def test_prices_are_shown_and_added_up(world: World) -> None:
    world.platform.costs = 0.01
    anna, conversation = await _talk(world)
    before = (await world.reload_account()).spend
    await _say(world, anna, conversation, "viens", "divi")
    await world.worker.settle()
    assert (await world.reload_account()).spend - before == Decimal("0.02")
    place = world.worker.outbox.channels.place_of(
        await world.reload_account(), (await world.threads())[conversation.id]
    )
    assert world.worker.outbox.channels.prices(place) == {"direct": 0.01}


async def test_a_split_answer_is_delivered_when_all_its_parts_are(world: World) -> None:
    world.platform.carries = replace(world.platform.carries, text_limit=40)
    anna, conversation = await _talk(world)
    await _say(world, anna, conversation, "Pirmais teikums ir šāds. Otrais teikums ir tāds. Trešais arī.")
    await world.worker.settle()
    (message,) = await world.messages(author="operator")
    assert message.delivery == "sent"
    rows = [row for row in await world.rows() if row.message_id == message.id]
    assert len(rows) >= 2
    await world.happen(world.about(world.message("p1"), "read", ref=None, watermark=rows[0].claimed_at))
    assert (await world.messages(author="operator"))[0].delivery == "sent"
    await world.happen(world.about(world.message("p1"), "read", ref=None, watermark=world.clock.now()))
    assert (await world.messages(author="operator"))[0].delivery == "read"


async def test_an_answer_of_which_nobody_knows_is_looked_at_by_a_person_in_the_end(world: World) -> None:
    world.platform.script = [SendResult("unknown", reason="timeout")]
    await world.happen(world.comment("p1", "pabalsts"), world.comment("p2", "pabalsts"))
    assert {c.state for c in await world.conversations()} == {"bot"}
    world.pass_time(minutes=31)
    await world.worker.sweep.once()
    found = {c.state: c for c in await world.conversations()}
    assert found["queued"].reason == "not_delivered"
    assert found["closed"].outcome == "answered"
