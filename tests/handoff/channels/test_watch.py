"""Looking after accounts: asking for what a silent webhook missed, and how the account is doing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from handoff.channels.models import ChannelAccount
from handoff.channels.ports import Account, AccountHealth
from handoff.channels.tasks import Watch
from tests.handoff.channels.world import PAGE, World


@pytest.fixture
def watch(world: World) -> Watch:
    """The watch of the world's worker."""
    return Watch(world.worker.broker, world.worker.outbox.channels, world.worker.inbox, every=60)


async def test_a_silent_webhook_is_made_up_for_once_and_goes_on_where_it_was(world: World, watch: Watch) -> None:
    event = world.message("p1", "pabalsts")
    world.platform.to_poll = [event]
    await watch.once()
    await world.worker.settle()
    assert [m.text for m in await world.messages(author="citizen")] == ["pabalsts"]
    # Told by the webhook after all: nothing new.
    await world.happen(event)
    assert len(await world.messages(author="citizen")) == 1
    account = await world.reload_account()
    assert account.poll_cursor == "1"
    assert account.last_webhook_at is not None
    # The webhook has spoken: no need to ask for a while.
    world.pass_time(seconds=61)
    await watch.once()
    assert world.platform.polled == [None]
    world.pass_time(minutes=5)
    await watch.once()
    assert world.platform.polled == [None, "1"]


async def test_what_was_asked_for_does_not_count_as_the_webhook(world: World, watch: Watch) -> None:
    for number in range(3):
        world.platform.to_poll = [world.message("p1", f"pabalsts {number}")]
        await watch.once()
        world.pass_time(seconds=61)
    assert world.platform.polled == [None, "1", "2"]
    assert (await world.reload_account()).last_webhook_at is None
    assert (await world.reload_account()).last_event_at is not None


async def test_two_workers_ask_once(world: World, watch: Watch) -> None:
    other_worker = world.new_worker()
    world.workers.append(other_worker)
    other = Watch(other_worker.broker, other_worker.outbox.channels, other_worker.inbox, every=60)
    await watch.once()
    await other.once()
    assert len(world.platform.polled) == 1


async def test_a_platform_that_fails_is_noted_and_tried_again(world: World, watch: Watch) -> None:
    async def broken(*_arguments: object) -> object:
        raise ConnectionError("with a token in it")

    poll = world.platform.poll
    world.platform.poll = broken  # type: ignore[method-assign, assignment]
    await watch.once()
    account = await world.reload_account()
    assert (account.last_error or "").startswith("poll: ConnectionError")
    assert "token" not in (account.last_error or "")
    world.platform.poll = poll  # type: ignore[method-assign]
    world.pass_time(seconds=61)
    await watch.once()
    assert world.platform.polled == [None]


async def test_accounts_are_checked_by_themselves_and_a_pause_ends_when_all_is_well(world: World, watch: Watch) -> None:
    world.platform.health = AccountHealth(ok=False, problems=("token_invalid",), detail="190")
    await watch.once()
    account = await world.reload_account()
    assert account.check_result is not None
    assert account.check_result["problems"] == ["token_invalid"]
    assert account.last_error == "check: token_invalid"
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(paused_reason="token"))
    world.platform.health = replace(world.platform.health, ok=True, problems=())
    world.pass_time(hours=1)
    await watch.once()
    assert (await world.reload_account()).paused_reason == "token"
    polled = len(world.platform.polled)
    world.pass_time(hours=6)
    await watch.once()
    assert (await world.reload_account()).paused_reason is None
    # While it was paused nobody asked with a token that is refused.
    assert len(world.platform.polled) == polled


@pytest.mark.parametrize(
    ("problems", "ends"),
    [
        (("webhook_failing",), True),
        (("token_expires", "api_version_ends"), True),
        (("webhook_failing", "token_invalid"), False),
        (("unreachable",), False),
        ((), False),
    ],
)
async def test_a_pause_lasts_as_long_as_nothing_can_be_sent(
    world: World, watch: Watch, problems: tuple[str, ...], ends: bool
) -> None:
    """An outage leaves a webhook "failing" for minutes: that is no reason to hold back answers with a token that is well."""
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(paused_reason="token"))
    world.platform.health = AccountHealth(ok=False, problems=problems)
    await watch.once()
    assert ((await world.reload_account()).paused_reason is None) == ends


async def test_accounts_that_are_off_or_unreadable_are_left_alone(world: World, watch: Watch) -> None:
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(credentials="gAAAA-of-another-key"))
    await watch.once()
    assert (await world.reload_account()).last_error == "credentials_unreadable"
    async with world.worker.db.unit() as unit:
        await unit.session.execute(update(ChannelAccount).values(enabled=False, polled_at=None))
    await watch.once()
    assert world.platform.polled == []


async def test_what_was_said_before_the_account_was_added_is_nobodys_case(world: World, watch: Watch) -> None:
    old = world.comment("p1", "Kāpēc?", occurred_at=world.clock.now() - timedelta(days=3))
    world.platform.to_poll = [old, world.comment("p2", "Un tagad?")]
    await watch.once()
    await world.worker.settle()
    assert [m.text for m in await world.messages(author="citizen")] == ["Un tagad?"]


async def test_one_accounts_trouble_is_not_the_others(world: World, watch: Watch) -> None:
    await world.add_account("2002")
    poll, asked = world.platform.poll, []

    async def first_breaks(account: Account, since: str | None) -> object:
        asked.append(account.platform_id)
        if account.platform_id == PAGE:
            raise ConnectionError
        return await poll(account, since)

    world.platform.poll = first_breaks  # type: ignore[method-assign, assignment]
    world.platform.to_poll = [world.message("p9", "pabalsts")]
    await watch.once()
    assert sorted(asked) == [PAGE, "2002"]
    assert len(await world.inbound()) == 1
