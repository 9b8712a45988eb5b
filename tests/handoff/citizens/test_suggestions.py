"""A second contact about the same thing: suggested, decided by a person, remembered; both cases stay in the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.channels.ports import Person
from handoff.conversations.schemas import Contact
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from tests.handoff.citizens.stand import Stand

_NAME = "Jānis Bērziņš"
_ASKS = "Kā pieteikties slimības naudai, operators?"
_ASKS_AGAIN = "Ka pieteikties slimibas naudai operators"


async def _suggested(stand: Stand, conversation_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await stand.card(stand.liga, conversation_id))["suggestions"]
    return found


async def _twice(stand: Stand) -> tuple[str, str]:
    """The same person asks the same on the page, then on the bot."""
    first = await stand.on_page("55", _ASKS, name=_NAME)
    stand.pass_time(minutes=1)
    second = await stand.on_bot("7", _ASKS_AGAIN, name="janis berzins")
    return first, second


async def test_the_same_question_by_the_same_name(stand: Stand) -> None:
    first, second = await _twice(stand)
    (one,) = await _suggested(stand, second)
    assert (one["id"], one["about"], [why["code"] for why in one["because"]]) == (first, "words", ["same_name"])
    assert one["alike"] >= 0.6
    assert one["text"] == "Citā kanālā jau ir atvērta saruna ar tādu pašu jautājumu."
    assert one["closes"] == {"id": second, "version": await stand.version(second)}
    (back,) = await _suggested(stand, first)
    assert (back["id"], back["closes"]) == (second, one["closes"])


async def test_nothing_is_done_by_itself(stand: Stand) -> None:
    first, second = await _twice(stand)
    for _ in range(3):
        await _suggested(stand, second)
        await stand.worker.sweep.once()
    assert {(await stand.conversation(one)).state for one in (first, second)} == {"queued"}
    assert await stand.links(in_force=False) == []
    assert await stand.entries() == []


@pytest.mark.parametrize(
    ("contact", "same"),
    [
        (Contact("Cits", " JANIS@example.lv ", None), True),
        (Contact("Cits", None, "+371 26 443 967"), True),
        (Contact("Cits", None, "26443967"), True),
        (Contact("Cits", "peteris@example.lv", "26443968"), False),
        (Contact(_NAME, "peteris@example.lv", None), False),
    ],
)
async def test_by_contact_details(stand: Stand, contact: Contact, same: bool) -> None:
    """The web chat knows nobody's name; an address or a number that was left is compared, and the name that was left with
    the other's name."""
    web = await stand.web(_ASKS, contact=Contact("J. B.", "janis@example.lv", "26443967"))
    bot = await stand.on_bot("7", _ASKS, name="Kāds")
    kept = {"name": contact.name, "email": contact.email, "phone": contact.phone}
    await stand.set(bot, contact=kept)
    found = await _suggested(stand, bot)
    assert [one["id"] for one in found] == ([web] if same else [])
    if same:
        assert [why["code"] for why in found[0]["because"]] == ["same_contact"]


async def test_by_the_name_that_was_left(stand: Stand) -> None:
    web = await stand.web(_ASKS, contact=Contact("JĀNIS BĒRZIŅŠ", "janis@example.lv", None))
    bot = await stand.on_bot("7", _ASKS, name=_NAME)
    assert [one["id"] for one in await _suggested(stand, bot)] == [web]


async def test_by_what_is_known_of_the_citizen(stand: Stand) -> None:
    web, bot = await stand.web(_ASKS), await stand.on_bot("7", _ASKS, name="Kāds")
    assert await _suggested(stand, bot) == []
    await stand.people.link(stand.liga, web, bot, "tas pats")
    (one,) = await _suggested(stand, bot)
    assert (one["id"], [why["code"] for why in one["because"]]) == (web, ["same_citizen"])


@pytest.mark.parametrize(
    ("services", "words", "about"),
    [
        (("a", "a"), ("Viens jautājums", "Pavisam kas cits"), "service"),
        (("a", "b"), (_ASKS, _ASKS), None),
        (("a", None), (_ASKS, _ASKS), "words"),
        ((None, "a"), (_ASKS, "Cik maksā pase?"), None),
        ((None, None), (_ASKS, _ASKS_AGAIN), "words"),
        ((None, None), (_ASKS, "Cik maksā pase?"), None),
    ],
)
async def test_what_counts_as_the_same(
    stand: Stand, services: tuple[str | None, str | None], words: tuple[str, str], about: str | None
) -> None:
    page, bot = await stand.on_page("55", words[0], name=_NAME), await stand.on_bot("7", words[1], name=_NAME)
    await stand.set(page, service_id=services[0])
    await stand.set(bot, service_id=services[1])
    assert [one["about"] for one in await _suggested(stand, bot)] == ([about] if about else [])


async def test_the_last_question_counts(stand: Stand) -> None:
    page, bot = await stand.on_page("55", "Cik maksā pase?", name=_NAME), await stand.on_bot("7", _ASKS, name=_NAME)
    assert await _suggested(stand, bot) == []
    await stand.on_page("55", _ASKS, name=_NAME)
    assert [one["id"] for one in await _suggested(stand, bot)] == [page]


async def test_only_what_is_open_elsewhere(stand: Stand) -> None:
    first, second = await _twice(stand)
    # Under a post of the same page: the same account, where one sees it anyway.
    await stand.happen(stand.comment("56", _ASKS, author=(await _person(stand, first))))
    assert [one["id"] for one in await _suggested(stand, first)] == [second]
    await stand.served_by(stand.liga, first)
    await stand.worker.desk.close(stand.liga, first, await stand.version(first), "other", "resolved", None)
    assert first not in [one["id"] for one in await _suggested(stand, second)]
    assert await _suggested(stand, first) == []


async def _person(stand: Stand, conversation_id: str) -> Any:
    who = await stand.identity(conversation_id)
    return Person(who.external_id, who.display_name)


async def test_strangers_with_the_same_question(stand: Stand) -> None:
    await stand.on_page("55", _ASKS, name="Anna Ozola")
    await stand.on_page("56", _ASKS, name="★★")
    bot = await stand.on_bot("7", _ASKS, name=_NAME)
    nameless = await stand.on_bot("8", _ASKS, name="★★")
    assert await _suggested(stand, bot) == []
    assert await _suggested(stand, nameless) == []


async def test_an_operator_hears_of_a_colleagues_conversation_but_not_what_was_said(stand: Stand) -> None:
    first, second = await _twice(stand)
    await stand.served_by(stand.janis, first)
    (one,) = (await stand.card(stand.anna, second))["suggestions"]
    assert (one["holder"]["name"], one["channel"], one["visible"], one["last"]) == (
        "Jānis Kalniņš",
        "facebook",
        False,
        None,
    )
    assert one["closes"]["id"] == second
    (own,) = (await stand.card(stand.janis, first))["suggestions"]
    assert (own["visible"], own["last"]) == (True, _ASKS_AGAIN)


async def test_dismissed_is_remembered_for_everybody(stand: Stand) -> None:
    first, second = await _twice(stand)
    await stand.people.dismiss(stand.anna, second, first)
    assert await _suggested(stand, second) == await _suggested(stand, first) == []
    with pytest.raises(Conflict) as refused:
        await stand.people.accept(stand.liga, first, second, await stand.version(second))
    assert refused.value.code == "suggestion_gone"
    (event,) = await stand.told("suggestion_dismissed")
    assert (event.conversation_id, event.actor_id, event.data["conversation"]) == (second, stand.anna.id, first)
    assert [row.staff_id for row in await stand.trail("suggestion_dismissed")] == [stand.anna.id]
    assert (await stand.conversation(first)).state == (await stand.conversation(second)).state == "queued"


async def test_accepted_the_second_ends_as_a_duplicate(stand: Stand) -> None:
    """Both are one citizen's; both cases stay; the second names the first."""
    first, second = await _twice(stand)
    before = await stand.version(first)
    await stand.people.accept(stand.anna, second, first, await stand.version(second))
    closed, open_ = await stand.conversation(second), await stand.conversation(first)
    numbers = {case.conversation_id: case.no for case in await stand.cases()}
    assert (closed.state, closed.outcome, closed.holder_id) == ("closed", "duplicate", stand.anna.id)
    assert closed.closing_comment == f"Dublikāts; jautājumu apkalpo gadījumā Nr. {numbers[first]}."
    assert (open_.state, open_.version, open_.outcome) == ("queued", before, None)
    (entry,) = await stand.entries()
    assert (entry.case_no, entry.outcome, entry.sign, entry.operator_id, entry.centre_id) == (
        numbers[second],
        "duplicate",
        1,
        stand.anna.id,
        stand.anna.centre_id,
    )
    assert set(numbers) == {first, second}
    assert await stand.history(stand.liga, first) == {second}
    assert {(line.evidence, line.reason) for line in await stand.links()} == {
        ("staff", "Tas pats jautājums divos kanālos.")
    }
    ended = [event for event in await stand.told("state") if event.to_state == "closed"]
    assert [(event.cause, event.data["duplicate_of"], event.data["to"]) for event in ended] == [
        ("duplicate", first, str(numbers[first]))
    ]
    # He is told there, or he would wait for an answer.
    await stand.worker.settle()
    assert stand.telegram.texts("7")[-1] == ("Šo sarunu noslēdzam, jo uz jūsu jautājumu jau atbildam citā kanālā.")


async def test_it_does_not_matter_from_which_side_it_is_accepted(stand: Stand) -> None:
    first, second = await _twice(stand)
    await stand.served_by(stand.anna, first)
    (one,) = (await stand.card(stand.anna, first))["suggestions"]
    await stand.people.accept(stand.anna, first, second, one["closes"]["version"])
    assert (await stand.conversation(second)).outcome == "duplicate"
    assert (await stand.conversation(first)).state == "active"


async def test_one_who_holds_the_second_closes_it(stand: Stand) -> None:
    first, second = await _twice(stand)
    await stand.served_by(stand.anna, second)
    await stand.worker.desk.hold(stand.anna, second, await stand.version(second), None)
    await stand.people.accept(stand.anna, second, first, await stand.version(second))
    assert (await stand.conversation(second)).outcome == "duplicate"


async def test_what_a_colleague_or_the_assistant_has_is_not_closed(stand: Stand) -> None:
    first, second = await _twice(stand)
    await stand.served_by(stand.janis, second)
    (one,) = (await stand.card(stand.liga, second))["suggestions"]
    assert one["closes"] is None
    with pytest.raises(Forbidden) as refused:
        await stand.people.accept(stand.liga, second, first, await stand.version(second))
    assert refused.value.code == "not_closable"
    with pytest.raises(NotFound):
        await stand.people.accept(stand.anna, second, first, await stand.version(second))
    assert (await stand.conversation(second)).holder_id == stand.janis.id
    with_assistant = await stand.on_bot("8", "Kā pieteikties slimības naudai?", name=_NAME)
    await stand.set(with_assistant, service_id=None)
    assert (await stand.conversation(with_assistant)).state == "bot"
    with pytest.raises(Forbidden):
        await stand.people.accept(stand.liga, with_assistant, first, await stand.version(with_assistant))


async def test_an_old_version_closes_nothing(stand: Stand) -> None:
    first, second = await _twice(stand)
    version = await stand.version(second)
    with pytest.raises(Conflict) as refused:
        await stand.people.accept(stand.liga, second, first, version - 1)
    assert refused.value.code == "changed"
    assert await _suggested(stand, second) != []
    assert await stand.links(in_force=False) == []


async def test_specialists_decide_nothing(stand: Stand) -> None:
    first, second = await _twice(stand)
    await stand.served_by(stand.anna, second)
    await stand.worker.desk.level2(stand.anna, second, await stand.version(second), "vsaa", "lūdzu palīdzēt")
    assert (await stand.card(stand.ieva, second))["suggestions"] == []
    for act in (
        stand.people.accept(stand.ieva, second, first, await stand.version(second)),
        stand.people.dismiss(stand.ieva, second, first),
    ):
        with pytest.raises(PieturaError):
            await act


async def test_under_a_comment_nothing_is_said(stand: Stand) -> None:
    first = await stand.on_bot("7", _ASKS, name=_NAME)
    stand.pass_time(minutes=1)
    event = stand.comment("55", _ASKS, author=Person("55", _NAME))
    await stand.happen(event)
    (comment,) = [one.id for one in await stand.conversations()]
    await stand.people.accept(stand.liga, comment, first, await stand.version(comment))
    await stand.worker.settle()
    assert (await stand.conversation(comment)).outcome == "duplicate"
    assert stand.platform.texts() == []


async def test_in_the_web_chat_he_is_told_at_once(stand: Stand) -> None:
    first = await stand.on_bot("7", _ASKS, name=_NAME)
    stand.pass_time(minutes=1)
    web = await stand.web(_ASKS, contact=Contact(_NAME, "janis@example.lv", None))
    await stand.people.accept(stand.liga, web, first, await stand.version(web))
    said = [message.text for message in await stand.messages(web, author="system")]
    assert said[-1] == "Šo sarunu noslēdzam, jo uz jūsu jautājumu jau atbildam citā kanālā."
