"""The life of a publication: every way, and no other; a second person; on record."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from handoff.publications.lifecycle import ENDED, RULES, Actor, State, Trigger, allowed
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from tests.handoff.publications.stand import Stand


def test_every_state_is_reached_and_every_open_one_can_be_left() -> None:
    assert {State.DRAFT} | {rule.to for rule in RULES.values()} == set(State)
    assert {state for state, _ in RULES} == set(State) - ENDED


def test_nothing_is_published_that_no_second_person_approved() -> None:
    """However one walks from a draft, ``approve`` lies on the way to what is sent."""
    seen, ahead = {State.DRAFT}, [State.DRAFT]
    while ahead:
        state = ahead.pop()
        for (source, trigger), rule in RULES.items():
            if source == state and trigger != Trigger.APPROVE and rule.to not in seen:
                seen.add(rule.to)
                ahead.append(rule.to)
    assert seen == {State.DRAFT, State.PROPOSED, State.REJECTED, State.CANCELLED}
    decisive = [rule for (_, trigger), rule in RULES.items() if trigger in (Trigger.APPROVE, Trigger.REJECT)]
    assert all(rule.second_person and rule.actor == Actor.APPROVER for rule in decisive)


def test_staff_cause_nothing_that_only_time_and_platforms_do() -> None:
    assert allowed(State.DRAFT, Trigger.BEGIN) is None
    assert {trigger for (_, trigger), rule in RULES.items() if rule.actor == Actor.SYSTEM} == {
        Trigger.SCHEDULE,
        Trigger.BEGIN,
        Trigger.ALL_SENT,
        Trigger.SOME_SENT,
        Trigger.NONE_SENT,
        Trigger.CALLED_OFF,
    }


async def test_from_draft_to_published(stand: Stand) -> None:
    publication_id = await stand.approved(stand.account, stand.x_account)
    assert (await stand.one(publication_id)).state == State.APPROVED
    await stand.work()
    done = await stand.one(publication_id)
    assert done.state == State.PUBLISHED
    assert done.finished_at is not None
    assert stand.platform.texts(kind="post") == stand.x.texts(kind="post") == [done.text]
    changes = [
        (event.cause, event.from_state, event.to_state)
        for event in await stand.told(publication_id)
        if event.kind == "publication"
    ]
    assert changes == [
        ("create", None, "draft"),
        ("propose", "draft", "proposed"),
        ("approve", "proposed", "approved"),
        ("begin", "approved", "publishing"),
        ("all_sent", "publishing", "published"),
    ]
    assert await stand.trail(publication_id) == [
        (stand.editor.id, "publication_create"),
        (stand.editor.id, "publication_propose"),
        (stand.liga.id, "publication_approve"),
        (None, "publication_begin"),
        (None, "publication_all_sent"),
    ]


async def test_versions_count_without_gaps(stand: Stand) -> None:
    publication_id = await stand.approved()
    await stand.work()
    versions = [event.version for event in await stand.told(publication_id) if event.kind == "publication"]
    assert versions == list(range(1, len(versions) + 1))


@pytest.mark.parametrize("who", ["liga", "second", "admin"])
async def test_supervisors_and_administrators_approve(stand: Stand, who: str) -> None:
    publication_id = await stand.proposed()
    await stand.publications.approve(getattr(stand, who), publication_id, 2)
    assert (await stand.one(publication_id)).decided_by == getattr(stand, who).id


@pytest.mark.parametrize("who", ["editor", "own_editor"])
async def test_editors_do_not_approve(stand: Stand, who: str) -> None:
    publication_id = await stand.proposed()
    for act in (
        stand.publications.approve(getattr(stand, who), publication_id, 2),
        stand.publications.reject(getattr(stand, who), publication_id, 2, "nē"),
    ):
        with pytest.raises(Forbidden):
            await act
    assert (await stand.one(publication_id)).state == State.PROPOSED


@pytest.mark.parametrize("who", ["operator", "specialist"])
async def test_who_serves_citizens_does_not_publish(stand: Stand, who: str) -> None:
    viewer, publications = getattr(stand, who), stand.publications
    publication_id = await stand.proposed()
    for act in (
        publications.create(viewer, stand.wanted()),
        publications.preview(viewer, stand.wanted()),
        publications.update(viewer, publication_id, 2, stand.wanted()),
        publications.propose(viewer, publication_id, 2),
        publications.approve(viewer, publication_id, 2),
        publications.reject(viewer, publication_id, 2, "nē"),
        publications.cancel(viewer, publication_id, 2, None),
        publications.send_again(viewer, publication_id, 2, stand.account.id),
        publications.mark_sent(viewer, publication_id, 2, stand.account.id),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_nobody_approves_what_he_wrote_changed_or_proposed(stand: Stand) -> None:
    """The author, whoever changed it last, and whoever proposed it are not the second person."""
    publications = stand.publications
    publication_id = await publications.create(stand.liga, stand.wanted())
    await publications.update(stand.second, publication_id, 1, stand.wanted(text="Mainīts."))
    await publications.propose(stand.admin, publication_id, 2)
    for viewer in (stand.liga, stand.second, stand.admin):
        for decide in (
            publications.approve(viewer, publication_id, 3),
            publications.reject(viewer, publication_id, 3, "nē"),
        ):
            with pytest.raises(Forbidden) as refused:
                await decide
            assert refused.value.code == "second_person"
    fourth = await stand.hire("uldis", "supervisor")
    await publications.approve(fourth, publication_id, 3)
    assert (await stand.one(publication_id)).state == State.APPROVED


async def test_a_rejection_has_a_reason_and_leads_back_to_the_draft(stand: Stand) -> None:
    publications = stand.publications
    publication_id = await stand.proposed()
    with pytest.raises(PieturaError) as refused:
        await publications.reject(stand.liga, publication_id, 2, " \u200b ")
    assert refused.value.code == "reason_needed"
    await publications.reject(stand.liga, publication_id, 2, "Datums nav pareizs.")
    rejected = await stand.one(publication_id)
    assert (rejected.state, rejected.reason, rejected.decided_by) == ("rejected", "Datums nav pareizs.", stand.liga.id)
    with pytest.raises(Conflict):
        await publications.propose(stand.editor, publication_id, 3)
    await publications.update(stand.editor, publication_id, 3, stand.wanted(text="Datums ir pareizs."))
    draft = await stand.one(publication_id)
    assert (draft.state, draft.reason, draft.decided_by) == ("draft", None, None)
    await publications.propose(stand.editor, publication_id, 4)
    await publications.approve(stand.liga, publication_id, 5)
    assert (await stand.one(publication_id)).state == State.APPROVED


async def test_changing_what_is_scheduled_takes_its_approval_away(stand: Stand) -> None:
    at = stand.clock.now().replace(microsecond=0)
    publication_id = await stand.approved(publish_at=at.replace(day=at.day + 1))
    scheduled = await stand.one(publication_id)
    assert scheduled.state == State.SCHEDULED
    wanted = stand.wanted(text="Pavisam kas cits.")
    await stand.publications.update(stand.editor, publication_id, scheduled.version, wanted)
    assert (await stand.one(publication_id)).decided_by is None
    stand.pass_time(days=2)
    await stand.work()
    assert (await stand.one(publication_id)).state == State.DRAFT
    assert stand.platform.sent == []


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_it_can_be_called_off_before_it_goes_out(stand: Stand, steps: int) -> None:
    publications = stand.publications
    publication_id = await publications.create(stand.editor, stand.wanted())
    if steps > 0:
        await publications.propose(stand.editor, publication_id, 1)
    if steps > 1:
        await publications.approve(stand.liga, publication_id, 2)
    await publications.cancel(stand.editor, publication_id, await stand.version(publication_id), "Vairs nav vajadzīgs.")
    await stand.work()
    ended = await stand.one(publication_id)
    assert (ended.state, ended.reason) == ("cancelled", "Vairs nav vajadzīgs.")
    assert stand.platform.sent == []
    for act in (
        publications.cancel(stand.editor, publication_id, ended.version, None),
        publications.update(stand.editor, publication_id, ended.version, stand.wanted()),
        publications.propose(stand.editor, publication_id, ended.version),
        publications.approve(stand.liga, publication_id, ended.version),
    ):
        with pytest.raises(Conflict):
            await act


async def test_an_old_version_changes_nothing(stand: Stand) -> None:
    """What a second person approves is what he saw: if it was changed meanwhile, he is told."""
    publications = stand.publications
    publication_id = await stand.proposed()
    await publications.update(stand.editor, publication_id, 2, stand.wanted(text="Slepus mainīts."))
    await publications.propose(stand.editor, publication_id, 3)
    with pytest.raises(Conflict) as refused:
        await publications.approve(stand.liga, publication_id, 2)
    assert refused.value.code == "publication_changed"
    assert refused.value.details == {"state": "proposed", "version": 4}
    assert (await stand.one(publication_id)).state == State.PROPOSED


async def test_no_way_but_those_of_the_table(stand: Stand) -> None:
    """Every act in every state: it is done where the table has a row, and refused elsewhere."""
    publications, counted = stand.publications, Counter[bool]()
    for state, trigger in itertools.product(State, ("revise", "propose", "approve", "reject", "cancel")):
        publication_id = await publications.create(stand.editor, stand.wanted())
        async with stand.worker.db.unit() as unit:
            (await unit.session.get_one(type(await stand.one(publication_id)), publication_id)).state = state
        acts = {
            "revise": lambda one=publication_id: publications.update(stand.editor, one, 1, stand.wanted()),
            "propose": lambda one=publication_id: publications.propose(stand.editor, one, 1),
            "approve": lambda one=publication_id: publications.approve(stand.liga, one, 1),
            "reject": lambda one=publication_id: publications.reject(stand.liga, one, 1, "nē"),
            "cancel": lambda one=publication_id: publications.cancel(stand.editor, one, 1, None),
        }
        rule = allowed(state, Trigger(trigger))
        counted[rule is not None] += 1
        if rule is None:
            with pytest.raises(Conflict):
                await acts[trigger]()
            assert (await stand.one(publication_id)).state == state
        else:
            await acts[trigger]()
            assert (await stand.one(publication_id)).state == rule.to
    assert counted == {True: 13, False: 37}


async def test_what_one_may_not_see_does_not_exist(stand: Stand) -> None:
    """An editor of an institution sees his own and what goes to his institution's accounts."""
    elsewhere = await stand.proposed(stand.foreign)
    with pytest.raises(NotFound):
        await stand.publications.cancel(stand.own_editor, elsewhere, 2, None)
    both = await stand.proposed(stand.account, stand.foreign)
    with pytest.raises(Forbidden):
        await stand.publications.cancel(stand.own_editor, both, 2, None)
    with pytest.raises(PieturaError) as refused:
        await stand.publications.create(stand.own_editor, stand.wanted(stand.foreign))
    assert refused.value.code == "unknown_account"
    own = await stand.proposed(stand.account, by=stand.own_editor)
    await stand.publications.cancel(stand.own_editor, own, 2, None)
