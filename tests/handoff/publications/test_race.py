"""Two at once, on real PostgreSQL: one approver, one publisher, nothing twice, nothing stuck."""

from __future__ import annotations

import asyncio
from typing import Any

from handoff.channels.ports import SendResult
from handoff.publications.lifecycle import State
from handoff.publications.tasks import Publisher
from kit.errors import PieturaError
from tests.handoff.publications.stand import Stand


async def _together(*acts: Any) -> list[BaseException | None]:
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_two_approve_at_once(pg_stand: Stand) -> None:
    stand = pg_stand
    for _ in range(5):
        publication_id = await stand.proposed()
        results = await _together(
            *(
                stand.publications.approve(viewer, publication_id, 2)
                for viewer in (stand.liga, stand.second, stand.admin)
            )
        )
        lost = [result for result in results if isinstance(result, PieturaError)]
        assert [result for result in results if result is not None] == lost
        assert [error.code for error in lost] == ["publication_changed"] * 2
        approvals = [line for line in await stand.trail(publication_id) if line[1] == "publication_approve"]
        assert len(approvals) == 1
        assert (await stand.one(publication_id)).decided_by == approvals[0][0]


async def test_approval_and_change_at_once(pg_stand: Stand) -> None:
    """Either the approver approved what he saw, or he is told; never is something approved that he did not see."""
    stand = pg_stand
    for _ in range(8):
        publication_id = await stand.proposed()
        approved, changed = await _together(
            stand.publications.approve(stand.liga, publication_id, 2),
            stand.publications.update(stand.editor, publication_id, 2, stand.wanted(text="Mainīts.")),
        )
        one = await stand.one(publication_id)
        assert (approved is None) != (changed is None)
        if approved is None:
            assert (one.state, one.text) == (State.APPROVED, stand.wanted().text)
        else:
            assert (one.state, one.text) == (State.DRAFT, "Mainīts.")


async def test_two_workers_publish_the_same_thing_once(pg_stand: Stand) -> None:
    stand = pg_stand
    other = stand.new_worker()
    stand.workers.append(other)
    publishers = [stand.publisher, Publisher(stand.publications_of(other)), Publisher(stand.publications_of(other))]
    ids = [await stand.approved(stand.account, stand.x_account, text=f"Ziņa {number}") for number in range(10)]
    for _ in range(3):
        await asyncio.gather(*(publisher.once() for publisher in publishers))
    assert len(await stand.rows()) == 20
    await asyncio.gather(stand.worker.settle(), other.settle())
    for _ in range(2):
        await asyncio.gather(*(publisher.once() for publisher in publishers))
    assert sorted(stand.x.texts(kind="post")) == sorted(f"Ziņa {number}" for number in range(10))
    assert len(stand.platform.texts(kind="post")) == 10
    for publication_id in ids:
        assert (await stand.one(publication_id)).state == State.PUBLISHED
        ends = [event for event in await stand.told(publication_id) if event.to_state == "published"]
        results = [event for event in await stand.told(publication_id) if event.kind == "publication_result"]
        assert (len(ends), len(results)) == (1, 2)


async def test_the_last_two_sends_end_at_once(pg_stand: Stand) -> None:
    """Each worker sees the end of one send; together they must see that it was all."""
    stand = pg_stand
    other = stand.publications_of(stand.new_worker())
    for _ in range(8):
        publication_id = await stand.approved(stand.account, stand.x_account)
        await stand.publisher.once()
        first, second = (await stand.rows())[-2:]
        now = stand.clock.now()

        async def ends(row_id: int, look: Any, now: Any = now, publication_id: str = publication_id) -> None:
            await stand.set_row(row_id, state="sent", ref=f"r-{row_id}", sent_at=now)
            await look(publication_id)

        await asyncio.gather(ends(first.id, stand.publications.look), ends(second.id, other.look))
        assert (await stand.one(publication_id)).state == State.PUBLISHED
    await other.db.close()


async def test_called_off_while_it_goes_out(pg_stand: Stand) -> None:
    """Whoever wins, what is told is what happened on the platforms."""
    stand = pg_stand
    for _ in range(6):
        sent_before = len(stand.platform.sent)
        publication_id = await stand.approved()
        await stand.publisher.once()
        version = await stand.version(publication_id)
        await _together(stand.worker.settle(), stand.publications.cancel(stand.editor, publication_id, version, None))
        await stand.work()
        arrived = len(stand.platform.sent) - sent_before
        state = (await stand.one(publication_id)).state
        assert (state, arrived) in ((State.PUBLISHED, 1), (State.CANCELLED, 0))


async def test_two_have_the_same_thing_sent_again(pg_stand: Stand) -> None:
    stand = pg_stand
    stand.platform.script.append(SendResult("failed", reason="refused"))
    publication_id = await stand.approved()
    await stand.work()
    version = await stand.version(publication_id)
    results = await _together(
        *(
            stand.publications.send_again(viewer, publication_id, version, stand.account.id)
            for viewer in (stand.liga, stand.second)
        )
    )
    assert sorted(result is None for result in results) == [False, True]
    await stand.work()
    assert (len(stand.platform.sent), len(await stand.rows())) == (1, 1)
    assert (await stand.one(publication_id)).state == State.PUBLISHED
