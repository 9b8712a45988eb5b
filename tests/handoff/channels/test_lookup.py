"""What webhooks leave out is asked for: names and posts come to the console, and nothing waits for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from handoff.channels import repository
from handoff.channels.lookup import Lookup
from handoff.channels.models import SocialPost
from handoff.channels.ports import Account, FoundPost, NotNow, Person
from handoff.channels.service import Channels
from handoff.conversations.models import Event
from tests.handoff.channels.world import ScriptedConnector, World


@dataclass
class Telling(ScriptedConnector):
    """A platform that tells when asked.

    Attributes:
        busy: how many more times it cannot tell just now.
    """

    people: dict[str, str] = field(default_factory=dict)
    posts: dict[str, FoundPost] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    busy: int = 0

    async def name_of(self, account: Account, person_id: str) -> str | None:
        self._ask(person_id)
        return self.people.get(person_id)

    async def post_of(self, account: Account, ref: str) -> FoundPost | None:
        self._ask(ref)
        return self.posts.get(ref)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.busy:
            self.busy -= 1
            raise NotNow


@pytest.fixture
def telling(world: World) -> Telling:
    return Telling(
        people={"p1": " Ilze\u202e Kalniņa "},
        posts={"post-1": FoundPost("Jautājiet par pabalstu!", "https://f.example/1")},
    )


@pytest.fixture
def lookup(world: World, telling: Telling) -> Lookup:
    return Lookup(world.worker.broker, Channels({"facebook": telling}, world.vault), pauses=(0.01, 0.01))


async def _begun(world: World, person: str = "p1") -> str:
    """A conversation with somebody of whom the webhook tells an id only."""
    known = set(await world.threads())
    await world.happen(world.message(person, "pabalsts", author=Person(person)))
    (new,) = set(await world.threads()) - known
    return new


async def test_a_name_is_asked_for_shown_and_known_the_next_time(
    world: World, lookup: Lookup, telling: Telling
) -> None:
    first = await _begun(world)
    assert (await world.threads())[first].author_name is None
    assert await lookup.look_up(first)
    assert (await world.threads())[first].author_name == "Ilze Kalniņa"
    async with world.worker.db.read() as session:
        told = [event.cause for event in await session.scalars(select(Event).where(Event.kind == "looked_up"))]
    assert told == ["name"]
    assert not await lookup.look_up(first)
    world.pass_time(hours=30)
    await world.worker.sweep.once()
    second = await _begun(world)
    assert (await world.threads())[second].author_name == "Ilze Kalniņa"
    assert telling.asked == ["p1"]


async def test_what_is_not_told_is_not_asked_for_again_at_once(world: World, lookup: Lookup, telling: Telling) -> None:
    stranger = await _begun(world, "p2")
    assert not await lookup.look_up(stranger)
    assert not await lookup.look_up(stranger)
    assert telling.asked == ["p2"]
    assert (await world.threads())[stranger].author_name is None


async def test_the_post_under_which_somebody_comments(world: World, lookup: Lookup, telling: Telling) -> None:
    await world.happen(world.comment("p1", "pabalsts"), world.comment("p2", "pabalsts"))
    one, other = await world.threads()
    assert await lookup.look_up(one)
    assert not await lookup.look_up(other)
    async with world.worker.db.read() as session:
        post = await session.get(SocialPost, (world.account.id, "post-1"))
    assert post is not None
    assert (post.text, post.link) == ("Jautājiet par pabalstu!", "https://f.example/1")
    assert telling.asked == ["post-1"]


async def test_a_platform_that_cannot_tell_now_is_asked_again(world: World, lookup: Lookup, telling: Telling) -> None:
    telling.busy = 2
    conversation = await _begun(world)
    work = asyncio.create_task(lookup.run())
    await lookup.wish(conversation)
    async with asyncio.timeout(10):
        while (await world.threads())[conversation].author_name is None:
            await asyncio.sleep(0.02)
    work.cancel()
    assert telling.asked == ["p1"] * 3
    assert lookup.last_error is None


async def test_it_gives_up_and_goes_on(world: World, lookup: Lookup, telling: Telling) -> None:
    telling.busy = 3
    telling.people["p3"] = "Juris Liepa"
    one, other = await _begun(world), await _begun(world, "p3")
    work = asyncio.create_task(lookup.run())
    await lookup.wish(one)
    async with asyncio.timeout(10):
        while len(telling.asked) < 3:
            await asyncio.sleep(0.02)
        await lookup.wish(other)
        while (await world.threads())[other].author_name is None:
            await asyncio.sleep(0.02)
    work.cancel()
    assert telling.asked == ["p1"] * 3 + ["p3"]


async def test_who_is_gone_off_or_does_not_tell_is_left_alone(world: World, lookup: Lookup, telling: Telling) -> None:
    assert not await lookup.look_up("no-such-conversation")
    conversation = await _begun(world)
    silent = Lookup(world.worker.broker, Channels({"facebook": ScriptedConnector()}, world.vault))
    assert not await silent.look_up(conversation)
    async with world.worker.db.unit() as unit:
        await repository.set_account(unit.session, world.account.id, enabled=False)
    assert not await lookup.look_up(conversation)
    assert telling.asked == []
