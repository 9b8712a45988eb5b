"""Links by evidence: a token, a code, a person's word; never by likeness; undone without a trace in the histories."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from handoff.citizens.models import ChannelIdentity, CodeTry, IdentityLink, LinkProof
from handoff.citizens.service import WRONG_TRIES
from handoff.conversations.schemas import Contact
from handoff.desk import TOPICS
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from tests.handoff.citizens.stand import Stand

_CONTACT = Contact("Jānis Bērziņš", "janis@example.lv", "26443967")


async def _code(stand: Stand, conversation_id: str, *, by_email: bool = False) -> str:
    return (await stand.people.code(stand.liga, conversation_id, by_email=by_email)).given.shown


async def _token(stand: Stand, conversation_id: str) -> str:
    given = (await stand.people.deep_link(stand.liga, conversation_id, None)).given
    return given.shown.partition("?start=")[2]


# --- who it is ----------------------------------------------------------------------------------------------------------


async def test_an_identity_is_known_again_on_its_account_and_nowhere_else(stand: Stand) -> None:
    first, again = await stand.on_page("55"), await stand.on_page("55", "Vēl kas")
    assert first == again
    other_page = await stand.add_account("1002")
    event = stand.message("55", "operators")
    await stand.tell(event, account=other_page)
    await stand.worker.settle()
    elsewhere = await stand._latest(other_page, "55")
    assert (await stand.identity(first)).id != (await stand.identity(elsewhere)).id
    rows: list[ChannelIdentity] = await stand.all_of(ChannelIdentity)
    assert {(row.channel, row.scope, row.external_id) for row in rows} == {
        ("facebook", stand.account.id, "55"),
        ("facebook", other_page.id, "55"),
    }


async def test_a_new_name_takes_the_place_of_the_old(stand: Stand) -> None:
    first = await stand.on_bot("7", name="Anna")
    await stand.on_bot("7", "Vēl", name="  Anna Ozola ")
    await stand.on_bot("7", "Un vēl", name="")
    row = await stand.identity(first)
    assert (row.display_name, row.name_key) == ("Anna Ozola", "anna ozola")


async def test_nobody_is_made_of_a_writer_that_the_platform_does_not_name(stand: Stand) -> None:
    await stand.happen(stand.comment("", "operators", author=None))
    (conversation,) = await stand.conversations()
    assert await stand.hears(conversation.id, "K7M-3PQ") is None
    assert await stand.all_of(ChannelIdentity) == []
    card = await stand.card(stand.liga, conversation.id)
    assert (card["identities"], card["history"]) == ([], [])
    web = await stand.web()
    for act in (
        stand.people.link(stand.liga, conversation.id, web, "tas pats"),
        stand.people.code(stand.liga, conversation.id, by_email=False),
    ):
        with pytest.raises(PieturaError) as refused:
            await act
        assert refused.value.code == "identity_unknown"


async def test_the_web_chat_makes_no_identities_without_need(stand: Stand) -> None:
    """Nobody has an id there; the message of everybody who only asks something costs no look at the tables of citizens."""
    web = await stand.web("Kā pieteikties pabalstam?")
    assert await stand.hears(web, "Kā pieteikties pabalstam?") is None
    assert await stand.all_of(ChannelIdentity) == []
    row = await stand.identity(web)
    assert (row.channel, row.scope, row.external_id, row.display_name) == ("webchat", "demo", web, None)


async def test_whoever_writes_on_in_the_same_browser_is_the_same_unless_somebody_says_otherwise(stand: Stand) -> None:
    """Each conversation is an identity of its own, for libraries share their browsers: the link can be undone, and stays so."""
    first = await stand.web()
    await stand.served_by(stand.anna, first)
    second = await stand.web(previous_id=first)
    third = await stand.web(previous_id=second)
    assert await stand.history(stand.liga, first) == {second, third}
    assert await stand.history(stand.liga, third) == {first, second}
    assert {(line.evidence, line.linked_by) for line in await stand.links()} == {("browser", None)}
    assert len(await stand.links()) == 3
    # Who serves him now may read what he said before; nobody else but its own operator, and no specialist.
    assert await stand.readable(stand.janis, first) is None
    await stand.served_by(stand.janis, second)
    assert await stand.readable(stand.janis, first) is not None
    assert await stand.readable(stand.ieva, first) is None
    # Somebody else sat down at that computer.
    wrong = (await stand.identity(second)).id
    await stand.people.unlink(stand.janis, second, wrong, "Cits cilvēks pie bibliotēkas datora.")
    assert await stand.history(stand.liga, second) == set()
    assert await stand.readable(stand.janis, first) is None
    fourth = await stand.web(previous_id=second)
    assert await stand.history(stand.liga, fourth) == {second}
    assert await stand.history(stand.liga, third) == {first}
    # A key of another site, or of nothing, links nobody.
    alone = await stand.web(previous_id="nothing")
    assert await stand.history(stand.liga, alone) == set()


# --- deep links ---------------------------------------------------------------------------------------------------------


async def test_a_deep_link_links_the_web_chat_with_the_messenger(stand: Stand) -> None:
    web = await stand.web()
    handed = await stand.people.deep_link(stand.liga, web, None)
    assert handed.given.account is not None
    assert handed.given.account.id == stand.bot.id
    assert handed.given.shown.startswith("https://t.me/vsaa_bots?start=")
    assert handed.given.shown in handed.say
    token = handed.given.shown.partition("?start=")[2]
    assert 1 <= len(token) <= 64
    (proof,) = await stand.all_of(LinkProof)
    assert token not in (proof.id, proof.digest)
    bot = await stand.on_bot("7")
    heard = await stand.hears(bot, token=token)
    assert heard is not None
    assert heard.outcome == "linked"
    assert "nekas nav jāatkārto" in stand.citizens.answer(heard, "lv")
    assert await stand.citizen_of(web) == await stand.citizen_of(bot) is not None
    assert await stand.history(stand.liga, bot) == {web}
    assert await stand.history(stand.liga, web) == {bot}
    assert {line.evidence for line in await stand.links()} == {"deep_link_token"}
    told = await stand.told("citizen_linked")
    assert {(event.conversation_id, event.cause, event.actor_kind) for event in told} == {
        (web, "deep_link_token", "citizen"),
        (bot, "deep_link_token", "citizen"),
    }


async def test_a_token_is_good_once(stand: Stand) -> None:
    web, token = await stand.web(), ""
    token = await _token(stand, web)
    first, second = await stand.on_bot("7"), await stand.on_bot("8")
    await stand.hears(first, token=token)
    heard = await stand.hears(second, token=token)
    assert heard is not None
    assert heard.outcome == "expired"
    assert await stand.citizen_of(second) is None
    # He who followed it follows it again: nothing to be said.
    assert await stand.hears(first, token=token) is None
    assert [event.cause for event in await stand.told("citizen_proof_refused")] == ["token"]


async def test_a_token_expires_after_a_day(stand: Stand) -> None:
    web = await stand.web()
    token = await _token(stand, web)
    bot = await stand.on_bot("7")
    stand.pass_time(hours=24, seconds=1)
    heard = await stand.hears(bot, token=token)
    assert heard is not None
    assert heard.outcome == "expired"
    assert await stand.links() == []


async def test_a_token_of_somebody_else_is_nothing_to_us(stand: Stand) -> None:
    bot = await stand.on_bot("7")
    assert await stand.hears(bot, token="kampana-2026") is None
    assert await stand.told("citizen_proof_refused") == []


async def test_where_a_deep_link_leads(stand: Stand) -> None:
    """To the bot of the conversation's institution; else to the only one; else somebody must say which."""
    web = await stand.web()
    pmlp = await stand.add_bot("3002", "pmlp", username="pmlp_bots")
    with pytest.raises(PieturaError) as refused:
        await stand.people.deep_link(stand.liga, web, None)
    assert refused.value.code == "account_needed"
    assert "pmlp_bots" in (await stand.people.deep_link(stand.liga, web, pmlp.id)).given.shown
    await stand.set(web, institution_id="vsaa")
    assert "vsaa_bots" in (await stand.people.deep_link(stand.liga, web, None)).given.shown
    nameless = await stand.add_bot("3003", "vid")
    for account in (nameless.id, stand.account.id, "nav"):
        with pytest.raises(PieturaError) as refused:
            await stand.people.deep_link(stand.liga, web, account)
        assert refused.value.code == "no_deep_link", account
    # Nobody is sent to where he is already.
    bot = await stand.on_bot("7")
    with pytest.raises(PieturaError) as refused:
        await stand.people.deep_link(stand.liga, bot, stand.bot.id)
    assert refused.value.code == "no_deep_link"


# --- codes --------------------------------------------------------------------------------------------------------------


async def test_a_code_from_one_channel_written_on_another(stand: Stand) -> None:
    page = await stand.on_page("55")
    handed = await stand.people.code(stand.liga, page, by_email=False)
    assert handed.given.shown in handed.say
    web = await stand.web()
    heard = await stand.hears(web, f"Mans kods: {handed.given.shown.lower()}")
    assert heard is not None
    assert heard.outcome == "linked"
    assert await stand.citizen_of(web) == await stand.citizen_of(page) is not None
    (one, two) = await stand.links()
    assert (one.evidence, one.linked_by, one.proof_id) == ("code_word", stand.liga.id, two.proof_id)


async def test_the_assistant_asks_for_a_code_as_well(stand: Stand) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7")
    async with stand.worker.db.unit() as unit:
        conversation = await stand.conversation(page)
        given = await stand.citizens.new_code(unit.session, stand.worker.broker.events(unit), conversation)
    await stand.hears(bot, given.shown)
    assert {line.linked_by for line in await stand.links()} == {None}
    assert [event.actor_kind for event in await stand.told("citizen_code")] == ["assistant"]


@pytest.mark.parametrize(("span", "outcome"), [({"minutes": 29}, "linked"), ({"minutes": 30, "seconds": 1}, "wrong")])
async def test_a_code_lives_for_half_an_hour(stand: Stand, span: dict[str, float], outcome: str) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7")
    code = await _code(stand, page)
    stand.pass_time(**span)
    heard = await stand.hears(bot, code)
    assert heard is not None
    assert heard.outcome == outcome


async def test_a_code_is_good_once(stand: Stand) -> None:
    page, first, second = await stand.on_page("55"), await stand.on_bot("7"), await stand.on_bot("8")
    code = await _code(stand, page)
    assert [getattr(await stand.hears(one, code), "outcome", None) for one in (first, second)] == ["linked", "wrong"]
    assert await stand.citizen_of(second) is None


async def test_the_newest_code_only(stand: Stand) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7")
    old, new = await _code(stand, page), await _code(stand, page)
    assert getattr(await stand.hears(bot, old), "outcome", None) == "wrong"
    assert getattr(await stand.hears(bot, new), "outcome", None) == "linked"


async def test_a_code_written_where_it_was_given_proves_nothing(stand: Stand) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7")
    code = await _code(stand, page)
    assert getattr(await stand.hears(page, code), "outcome", None) == "same_channel"
    assert await stand.all_of(CodeTry) == []
    assert getattr(await stand.hears(bot, code), "outcome", None) == "linked"


async def test_five_wrong_codes_and_not_even_the_right_one_is_looked_at(stand: Stand) -> None:
    page, bot, other = await stand.on_page("55"), await stand.on_bot("7"), await stand.on_bot("8")
    code = await _code(stand, page)
    wrong = ["C7C7C7", "C7C7C9", "C7C7C4", "C7C7C3", "C7C7C6"]
    assert len(wrong) == WRONG_TRIES
    for one in wrong:
        assert getattr(await stand.hears(bot, one), "outcome", None) == "wrong"
    heard = await stand.hears(bot, code)
    assert heard is not None
    assert heard.outcome == "locked"
    assert await stand.links() == []
    assert await stand.identity(bot) is not None
    # Others are not locked out, and he neither for ever.
    assert getattr(await stand.hears(other, code), "outcome", None) == "linked"
    stand.pass_time(minutes=31)
    again = await _code(stand, page)
    assert getattr(await stand.hears(bot, again), "outcome", None) == "linked"


async def test_four_wrong_codes_and_the_right_one(stand: Stand) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7")
    code = await _code(stand, page)
    for one in ("C7C7C7", "C7C7C9", "C7C7C4", "C7C7C3"):
        await stand.hears(bot, one)
    assert getattr(await stand.hears(bot, code), "outcome", None) == "linked"


async def test_a_code_in_a_comment_proves_nothing(stand: Stand) -> None:
    """Everybody reads it there, and nobody is answered about it."""
    page = await stand.on_page("55")
    code = await _code(stand, page)
    await stand.happen(stand.comment("56", code))
    (comment,) = [one.id for one in await stand.conversations() if one.id != page]
    assert await stand.hears(comment, code, public=True) is None
    assert await stand.links() == []
    assert getattr(await stand.hears(await stand.on_bot("7"), code), "outcome", None) == "linked"


async def test_what_is_of_no_use_any_more_is_forgotten(stand: Stand) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7")
    await stand.hears(bot, "C7C7C7")
    await _code(stand, page)
    used = await _code(stand, page)
    await stand.hears(bot, used)
    stand.pass_time(days=2)
    await _code(stand, bot)
    proofs: list[LinkProof] = await stand.all_of(LinkProof)
    assert sorted(proof.used_at is not None for proof in proofs) == [False, True]
    assert await stand.all_of(CodeTry) == []


async def test_a_code_on_a_platform_is_answered_in_his_language_and_not_by_the_assistant(stand: Stand) -> None:
    page, bot = await stand.on_page("55"), await stand.on_bot("7", "Сколько стоит паспорт?")
    asked = len(stand.assistant.seen)
    assert await stand.on_bot("7", await _code(stand, page)) == bot
    thanks = "Спасибо! Теперь мы видим и ваш разговор в другом канале, поэтому повторять ничего не нужно."
    assert stand.telegram.texts("7")[-1] == thanks
    assert len(stand.assistant.seen) == asked
    assert await stand.history(stand.liga, bot) == {page}


async def test_a_link_that_is_followed_says_who_it_is(stand: Stand) -> None:
    """``/start <token>``: a conversation begins, and is known to be his."""
    web = await stand.web("Cik maksā pase?")
    given = await _token(stand, web)
    bot = await stand.on_bot("7", "/start", token=given)
    assert {line.evidence for line in await stand.links()} == {"deep_link_token"}
    assert await stand.history(stand.liga, bot) == {web}
    assert "Paldies" in stand.telegram.texts("7")[-1]


async def test_a_code_in_the_web_chat_is_not_a_question(stand: Stand) -> None:
    page = await stand.on_page("55")
    web = await stand.web("Cik maksā pase?")
    asked = len(stand.assistant.seen)
    await stand.web(await _code(stand, page), conversation_id=web)
    assert len(stand.assistant.seen) == asked
    assert await stand.history(stand.liga, web) == {page}


async def test_what_is_no_code_of_ours_may_be_part_of_a_question(stand: Stand) -> None:
    web = await stand.web("Kā man labot veidlapu D3A 4M7 par pases maiņu?")
    assert stand.assistant.seen[-1].text.startswith("Kā man labot")
    assert [one.text for one in await stand.messages(web, author="system")] == []


async def test_what_is_called_a_code_and_is_none_is_said_to_be_none(stand: Stand) -> None:
    """With a question beside it that is answered, too."""
    web = await stand.web("Mans kods ir D3A 4M7, un cik maksā pase?")
    assert stand.assistant.seen[-1].text.startswith("Mans kods")
    assert ["neder" in one.text for one in await stand.messages(web, author="system")] == [True]


async def test_a_code_under_a_post_proves_nothing(stand: Stand) -> None:
    """Everybody reads it there: whoever is quicker would be him."""
    web = await stand.web("Cik maksā pase?")
    code = await _code(stand, web)
    await stand.tell(stand.comment("9", code))
    await stand.worker.settle()
    assert await stand.links(in_force=False) == []


# --- e-mail -------------------------------------------------------------------------------------------------------------


async def test_an_address_that_somebody_typed_links_nothing(stand: Stand) -> None:
    """The same unverified e-mail in two channels is a suggestion at most."""
    one = await stand.web("Kā pieteikties pabalstam? operators", contact=_CONTACT)
    two = await stand.on_bot("7", "Kā pieteikties pabalstam? operators", name="Jānis Bērziņš")
    await stand.set(two, contact={"name": "Jānis Bērziņš", "email": "janis@example.lv", "phone": None})
    card = await stand.card(stand.liga, two)
    assert [one["id"] for one in card["suggestions"]] == [one]
    assert await stand.links(in_force=False) == []
    assert (card["citizen"], card["history"]) == (None, [])


async def test_a_code_that_was_sent_by_mail_verifies_the_address(stand: Stand) -> None:
    web, bot = await stand.web(contact=_CONTACT), await stand.on_bot("7")
    code = await _code(stand, web, by_email=True)
    assert getattr(await stand.hears(bot, code), "outcome", None) == "linked"
    assert {line.evidence for line in await stand.links()} == {"verified_email"}
    without = await stand.web()
    with pytest.raises(PieturaError) as refused:
        await _code(stand, without, by_email=True)
    assert refused.value.code == "no_email"


# --- staff --------------------------------------------------------------------------------------------------------------


async def test_staff_link_with_a_reason(stand: Stand) -> None:
    web, bot = await stand.web(), await stand.on_bot("7")
    with pytest.raises(PieturaError) as refused:
        await stand.people.link(stand.liga, web, bot, " \u200b")
    assert refused.value.code == "reason_needed"
    await stand.people.link(stand.liga, web, bot, "Nosauca to pašu iesnieguma numuru.")
    for line in await stand.links():
        assert (line.evidence, line.linked_by, line.reason) == (
            "staff",
            stand.liga.id,
            "Nosauca to pašu iesnieguma numuru.",
        )
    assert {row.object_id for row in await stand.trail("citizen_linked")} == {web, bot}
    told = await stand.told("citizen_linked")
    assert {(one.conversation_id, one.actor_id, one.data["note"]) for one in told} == {
        (web, stand.liga.id, "Nosauca to pašu iesnieguma numuru."),
        (bot, stand.liga.id, "Nosauca to pašu iesnieguma numuru."),
    }
    # Saying it again changes nothing.
    await stand.people.link(stand.liga, bot, web, "Vēlreiz.")
    assert len(await stand.links(in_force=False)) == 2


async def test_who_may_link(stand: Stand) -> None:
    """Whoever serves the citizen, and supervisors; what one may not see does not exist."""
    web, bot = await stand.web(), await stand.on_bot("7")
    with pytest.raises(Forbidden):
        await stand.people.link(stand.anna, web, bot, "rinda nav viņas")
    await stand.served_by(stand.anna, web)
    await stand.served_by(stand.janis, bot)
    for act in (
        stand.people.link(stand.anna, web, bot, "kolēģa saruna"),
        stand.people.link(stand.janis, web, bot, "kolēģes saruna"),
        stand.people.code(stand.janis, web, by_email=False),
        stand.people.deep_link(stand.janis, web, None),
        stand.people.unlink(stand.janis, web, "x", "nē"),
        stand.people.link(stand.ieva, web, bot, "speciāliste"),
    ):
        with pytest.raises(NotFound):
            await act
    assert await stand.links(in_force=False) == []
    await stand.people.code(stand.anna, web, by_email=False)
    await stand.people.link(stand.liga, web, bot, "vadītāja redz abas")
    assert await stand.history(stand.liga, web) == {bot}


async def test_who_serves_a_citizen_reads_what_he_said_elsewhere_and_only_as_long(stand: Stand) -> None:
    """He was told that he need not repeat it; reading is all, and ends with serving."""
    web, bot, stranger = await stand.web(), await stand.on_bot("7"), await stand.on_bot("8")
    await stand.served_by(stand.anna, web)
    await stand.served_by(stand.janis, bot)
    assert await stand.readable(stand.anna, bot) is None
    await stand.hears(bot, token=await _token(stand, web))
    assert await stand.history(stand.anna, web) == {bot}
    assert await stand.readable(stand.anna, bot) is not None
    with pytest.raises(Conflict):
        await stand.worker.desk.close(stand.anna, bot, await stand.version(bot), TOPICS[0], "resolved", None)
    assert (await stand.card(stand.anna, web))["hidden"] == 0
    await stand.served_by(stand.janis, stranger)
    assert await stand.readable(stand.anna, stranger) is None
    assert await stand.readable(stand.ieva, bot) is None
    await stand.worker.desk.close(stand.anna, web, await stand.version(web), TOPICS[0], "resolved", None)
    assert await stand.readable(stand.anna, bot) is None
    assert ((await stand.card(stand.anna, web))["history"], (await stand.card(stand.anna, web))["hidden"]) == ([], 1)


async def test_a_specialist_learns_nothing_of_other_channels(stand: Stand) -> None:
    web, bot = await stand.web(), await stand.on_bot("7")
    await stand.people.link(stand.liga, web, bot, "tas pats")
    await stand.served_by(stand.anna, web)
    await stand.worker.desk.level2(stand.anna, web, await stand.version(web), "vsaa", "lūdzu palīdzēt")
    card = await stand.card(stand.ieva, web)
    assert [one["channel"] for one in card["identities"]] == ["webchat"]
    assert (card["history"], card["hidden"], card["suggestions"], card["may"]) == ([], 0, [], [])
    with pytest.raises(Forbidden):
        await stand.people.link(stand.ieva, web, web, "speciāliste nesaista")


# --- undoing ------------------------------------------------------------------------------------------------------------


async def test_unlinking_gives_each_his_own_history_again(stand: Stand) -> None:
    web, bot = await stand.web(), await stand.on_bot("7")
    await stand.hears(bot, token=await _token(stand, web))
    who = await stand.identity(bot)
    await stand.people.unlink(stand.liga, web, who.id, "Cits cilvēks ar to pašu ierīci.")
    assert await stand.history(stand.liga, web) == await stand.history(stand.liga, bot) == set()
    assert await stand.citizen_of(bot) is None
    (undone,) = [line for line in await stand.links(in_force=False) if line.undone_at is not None]
    assert (undone.identity_id, undone.undone_by, undone.undo_reason) == (
        who.id,
        stand.liga.id,
        "Cits cilvēks ar to pašu ierīci.",
    )
    assert [event.data["note"] for event in await stand.told("citizen_unlinked")] == ["Cits cilvēks ar to pašu ierīci."]
    assert len(await stand.trail("citizen_unlinked")) == 1
    with pytest.raises(NotFound):
        await stand.people.unlink(stand.liga, web, who.id, "vēlreiz")
    with pytest.raises(Conflict):
        await stand.people.unlink(stand.liga, bot, who.id, "vēlreiz")
    # And it can be linked again: what was undone stays on record.
    await stand.people.link(stand.liga, web, bot, "Tomēr viņš.")
    assert await stand.history(stand.liga, web) == {bot}
    assert len(await stand.links(in_force=False)) == 3


async def test_two_citizens_brought_together_and_apart_again(stand: Stand) -> None:
    """Each of them had two identities. The act that joined them is undone as a whole, whichever identity it is noticed by."""
    web, page = await stand.web(), await stand.on_page("55")
    bot, other = await stand.on_bot("7"), await stand.web()
    await stand.people.link(stand.liga, web, page, "pirmie divi")
    stand.pass_time(minutes=1)
    await stand.people.link(stand.liga, bot, other, "otrie divi")
    before = {one: await stand.history(stand.liga, one) for one in (web, page, bot, other)}
    numbers = {one: await stand.citizen_of(one) for one in (web, page, bot, other)}
    assert numbers[web] == numbers[page] != numbers[bot] == numbers[other]
    await stand.people.link(stand.liga, page, bot, "kopā")
    everything = {web, page, bot, other}
    for one in everything:
        assert await stand.history(stand.liga, one) == everything - {one}
    # The one that was known longer stays.
    assert {await stand.citizen_of(one) for one in everything} == {numbers[web]}
    await stand.people.unlink(stand.liga, web, (await stand.identity(other)).id, "kļūda")
    assert {one: await stand.history(stand.liga, one) for one in everything} == before
    assert {one: await stand.citizen_of(one) for one in everything} == numbers


async def test_undoing_deeper_and_deeper(stand: Stand) -> None:
    """Three citizens joined one after the other come apart in the order in which the acts are undone."""
    pairs = []
    for number in range(3):
        one, two = await stand.web(), await stand.on_bot(str(number))
        await stand.people.link(stand.liga, one, two, f"pāris {number}")
        pairs.append((one, two))
        stand.pass_time(minutes=1)
    (a, b), (c, d), (e, f) = pairs
    # The second gets the third's, then the first gets all of the second's.
    await stand.people.link(stand.liga, c, e, "otrais un trešais")
    await stand.people.link(stand.liga, a, c, "pirmais un otrais")
    assert await stand.history(stand.liga, a) == {b, c, d, e, f}
    await stand.people.unlink(stand.liga, a, (await stand.identity(c)).id, "pirmais nav otrais")
    assert await stand.history(stand.liga, a) == {b}
    assert await stand.history(stand.liga, e) == {c, d, f}
    await stand.people.unlink(stand.liga, c, (await stand.identity(f)).id, "otrais nav trešais")
    assert await stand.history(stand.liga, e) == {f}
    assert await stand.history(stand.liga, c) == {d}


async def test_one_who_does_not_belong_leaves_the_others_together(stand: Stand) -> None:
    web, page, bot = await stand.web(), await stand.on_page("55"), await stand.on_bot("7")
    await stand.people.link(stand.liga, web, page, "abi")
    await stand.people.link(stand.liga, web, bot, "trešais")
    await stand.people.unlink(stand.liga, bot, (await stand.identity(page)).id, "ne šis")
    assert await stand.history(stand.liga, web) == {bot}
    assert await stand.history(stand.liga, page) == set()


async def _statement(stand: Stand, statement: Any) -> None:
    async with stand.worker.db.unit() as unit:
        await unit.session.execute(statement)


async def test_the_database_itself_keeps_links(stand: Stand) -> None:
    await _links_are_kept(stand)


async def test_the_database_itself_keeps_links_on_postgresql(pg_stand: Stand) -> None:
    await _links_are_kept(pg_stand)


async def _links_are_kept(stand: Stand) -> None:
    """Not deleted, not changed, undone once; one of an identity in force; staff say why."""
    web, bot = await stand.web(), await stand.on_bot("7")
    await stand.people.link(stand.liga, web, bot, "tas pats")
    now, line = stand.clock.now(), (await stand.links())[0]
    undone = {"undone_at": now, "undone_by": stand.liga.id, "undo_reason": "kļūda"}
    for statement in (
        text("DELETE FROM identity_link"),
        update(IdentityLink).values(reason="cits"),
        update(IdentityLink).values(linked_by=None, evidence="code_word"),
        update(IdentityLink).values(citizen_id=line.citizen_id, undone_by=stand.liga.id),
    ):
        with pytest.raises(DBAPIError):
            await _statement(stand, statement)
    mine = update(IdentityLink).where(IdentityLink.id == line.id)
    await _statement(stand, mine.values(**undone))
    for values in ({"undone_at": None}, {"undo_reason": "cits"}, {"undone_at": now + timedelta(days=1)}):
        with pytest.raises(DBAPIError):
            await _statement(stand, mine.values(**values))
    common = {"citizen_id": line.citizen_id, "act_id": "a", "linked_at": now}
    held = (await stand.links())[0].identity_id
    for values in (
        {"identity_id": held, "evidence": "code_word"},
        {"identity_id": line.identity_id, "evidence": "likeness"},
        {"identity_id": line.identity_id, "evidence": "staff"},
    ):
        with pytest.raises(IntegrityError):
            async with stand.worker.db.unit() as unit:
                unit.session.add(IdentityLink(**common, **values))
