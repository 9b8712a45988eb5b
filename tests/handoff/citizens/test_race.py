"""Two at once, on real PostgreSQL: a proof is good once, an identity is one citizen's, a question is closed once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

from handoff.citizens.desk import CitizenDesk
from handoff.citizens.models import ChannelIdentity
from kit.errors import PieturaError
from tests.handoff.citizens.stand import Stand

_ASKS = "Kā pieteikties slimības naudai, operators?"


async def _together(*acts: Any) -> list[Any]:
    return await asyncio.gather(*acts, return_exceptions=True)


def _two(stand: Stand) -> tuple[CitizenDesk, CitizenDesk]:
    """Desks of two workers."""
    other = stand.new_worker()
    stand.workers.append(other)
    return stand.people, CitizenDesk(other.broker, stand.citizens_of(other))


async def test_a_code_and_a_token_are_good_once(pg_stand: Stand) -> None:
    stand = pg_stand
    other = stand.new_worker()
    stand.workers.append(other)
    for number in range(5):
        web = await stand.web()
        bots = [await stand.on_bot(f"{number}-{person}") for person in range(3)]
        code = (await stand.people.code(stand.liga, web, by_email=False)).given.shown
        url = (await stand.people.deep_link(stand.liga, web, None)).given.shown
        for text, token in ((code, None), ("", url.partition("?start=")[2])):
            heard = await _together(
                *(
                    stand.hears(bot, text, token, worker=worker)
                    for bot, worker in zip(bots, (stand.worker, other, other), strict=True)
                )
            )
            outcomes = Counter(getattr(one, "outcome", one) for one in heard)
            assert outcomes["linked"] == 1, heard
            assert outcomes["wrong"] + outcomes["expired"] == 2, heard


async def test_somebody_writes_for_the_first_time_twice_at_once(pg_stand: Stand) -> None:
    """Two comments of a newcomer on two workers: one identity."""
    stand = pg_stand
    other = stand.new_worker()
    stand.workers.append(other)
    for number in range(5):
        await stand.tell(*(stand.comment(f"new-{number}", words) for words in ("operators", "Vai kāds atbildēs?")))
        assert await _together(stand.worker.settle(), other.settle()) == [None, None]
    assert len(await stand.conversations()) == 10
    rows: list[ChannelIdentity] = await stand.all_of(ChannelIdentity)
    assert Counter(row.external_id for row in rows) == {f"new-{number}": 1 for number in range(5)}


async def test_everybody_links_everybody(pg_stand: Stand) -> None:
    """Four identities linked pair by pair, all at once, on two workers: one citizen, one line in force for each."""
    stand = pg_stand
    desks = _two(stand)
    for number in range(4):
        conversations = [await stand.web(), await stand.on_bot(f"a{number}"), await stand.web(), await stand.web()]
        pairs = list(itertools.combinations(conversations, 2))
        results = await _together(
            *(
                desk.link(stand.liga, one, two, "tas pats")
                for desk, (one, two) in zip(itertools.cycle(desks), pairs, strict=False)
            )
        )
        assert results == [None] * len(pairs)
        assert len({await stand.citizen_of(one) for one in conversations}) == 1
        for one in conversations:
            assert await stand.history(stand.liga, one) == set(conversations) - {one}


async def test_linked_and_unlinked_at_once(pg_stand: Stand) -> None:
    stand = pg_stand
    one_desk, other_desk = _two(stand)
    for number in range(6):
        web, bot = await stand.web(), await stand.on_bot(f"b{number}")
        await stand.people.link(stand.liga, web, bot, "tas pats")
        who = (await stand.identity(bot)).id
        results = await _together(
            one_desk.unlink(stand.liga, web, who, "nav"),
            other_desk.unlink(stand.liga, web, who, "nav"),
            other_desk.link(stand.liga, web, bot, "ir"),
        )
        assert all(result is None or isinstance(result, PieturaError) for result in results), results
        assert sum(result is None for result in results[:2]) >= 1
        in_force = [line for line in await stand.links() if line.identity_id == who]
        assert len(in_force) <= 1
        assert (await stand.history(stand.liga, web) == {bot}) is bool(in_force)


async def test_a_double_contact_is_decided_once(pg_stand: Stand) -> None:
    """Two accept it, a third dismisses it: one of them, and the ledger has one entry more at most."""
    stand = pg_stand
    one_desk, other_desk = _two(stand)
    for number in range(6):
        name = f"Anna {number} Ozola"
        first = await stand.on_page(f"p{number}", _ASKS, name=name)
        stand.pass_time(seconds=5)
        second = await stand.on_bot(f"c{number}", _ASKS, name=name)
        version, before = await stand.version(second), len(await stand.entries())
        results = await _together(
            one_desk.accept(stand.anna, second, first, version),
            other_desk.accept(stand.janis, second, first, version),
            other_desk.dismiss(stand.liga, second, first),
        )
        assert [type(result) for result in results].count(type(None)) == 1, results
        assert all(result is None or isinstance(result, PieturaError) for result in results), results
        closed = (await stand.conversation(second)).outcome == "duplicate"
        assert closed is (results[2] is not None)
        assert len(await stand.entries()) - before == int(closed)
        assert (await stand.conversation(first)).outcome is None
