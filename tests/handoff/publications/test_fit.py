"""Length, price, what a platform allows: told while composing, and refused before a second person is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.publications.references import post_ref
from handoff.publications.schemas import Composed
from kit.errors import PieturaError
from tests.handoff.publications.stand import LINK, Stand


async def test_each_network_has_its_own_limit(stand: Stand) -> None:
    """200 characters on the page (the connector's capabilities), 280 on X (its own way of counting)."""
    text = "a" * 250
    fits = await stand.publications.preview(stand.editor, stand.wanted(stand.account, stand.x_account, text=text))
    assert [(one.account.channel, one.length, one.limit, one.problems) for one in fits] == [
        ("facebook", 250, 200, ("too_long_for_channel",)),
        ("x", 250, 280, ()),
    ]


async def test_a_variant_takes_the_place_of_the_base_text(stand: Stand) -> None:
    wanted = stand.wanted(
        stand.account, stand.x_account, text="a" * 250, link=LINK, variants={"facebook": {"text": "b" * 150}}
    )
    fits = await stand.publications.preview(stand.editor, wanted)
    assert [(one.message.text[0], one.length, one.problems) for one in fits] == [
        ("b", 150 + 1 + len(LINK), ()),
        ("a", 274, ()),
    ]


async def test_the_link_counts(stand: Stand) -> None:
    wanted = stand.wanted(stand.account, text="a" * 190, link=LINK)
    (one,) = await stand.publications.preview(stand.editor, wanted)
    assert one.problems == ("too_long_for_channel",)
    named = stand.wanted(stand.account, text=f"{'a' * 150} {LINK}", link=LINK)
    (one,) = await stand.publications.preview(stand.editor, named)
    assert (one.length, one.problems) == (len(named.text), ())


@pytest.mark.parametrize(
    ("more", "cost", "warnings"),
    [
        ({}, 0.015, ()),
        ({"link": LINK}, 0.2, ("link_raises_cost",)),
        ({"link": LINK, "variants": {"x": {"link": False}}}, 0.015, ()),
        ({"text": f"Skatiet {LINK}"}, 0.2, ("link_raises_cost",)),
    ],
)
async def test_the_price_is_told_before_anything_is_sent(
    stand: Stand, more: dict[str, Any], cost: float, warnings: tuple[str, ...]
) -> None:
    (one,) = await stand.publications.preview(stand.editor, stand.wanted(stand.x_account, **more))
    assert (one.cost, one.warnings, one.problems) == (cost, warnings, ())
    assert stand.x.sent == []


async def test_what_does_not_fit_is_not_proposed(stand: Stand) -> None:
    publication_id = await stand.publications.create(
        stand.editor, stand.wanted(stand.x_account, stand.account, stand.bot, text="a" * 250)
    )
    with pytest.raises(PieturaError) as refused:
        await stand.publications.propose(stand.editor, publication_id, 1)
    assert refused.value.code == "too_long_for_channel"
    assert refused.value.details["limit"] == 200
    assert refused.value.details["problems"] == [
        {"account": stand.account.id, "code": "too_long_for_channel", "length": 250, "limit": 200},
        {"account": stand.bot.id, "code": "posts_not_supported", "length": 0, "limit": 0},
    ]
    assert (await stand.one(publication_id)).state == "draft"


async def test_it_is_looked_at_again_before_it_is_approved(stand: Stand) -> None:
    publication_id = await stand.proposed()
    async with stand.worker.db.unit() as unit:
        (await unit.session.get_one(ChannelAccount, stand.account.id)).enabled = False
    with pytest.raises(PieturaError) as refused:
        await stand.publications.approve(stand.liga, publication_id, 2)
    assert refused.value.code == "account_disabled"


async def test_credentials_that_cannot_be_read_are_a_problem_and_no_failure(stand: Stand) -> None:
    async with stand.worker.db.unit() as unit:
        (await unit.session.get_one(ChannelAccount, stand.account.id)).credentials = "sealed by another key"
    (one,) = await stand.publications.preview(stand.editor, stand.wanted())
    assert one.problems == ("account_disabled",)


async def test_a_paused_account_is_a_warning(stand: Stand) -> None:
    async with stand.worker.db.unit() as unit:
        (await unit.session.get_one(ChannelAccount, stand.account.id)).paused_reason = "token"
    (one,) = await stand.publications.preview(stand.editor, stand.wanted())
    assert (one.problems, one.warnings) == ((), ("account_paused",))


async def test_times(stand: Stand) -> None:
    now, publications = stand.clock.now(), stand.publications
    for at, code in (
        (now - timedelta(seconds=1), "publish_at_past"),
        (now + timedelta(days=180, minutes=1), "publish_at_too_far"),
    ):
        with pytest.raises(PieturaError) as refused:
            await publications.create(stand.editor, stand.wanted(publish_at=at))
        assert refused.value.code == code
    last = await publications.create(stand.editor, stand.wanted(publish_at=now + timedelta(days=179, hours=23)))
    soon = await publications.create(stand.editor, stand.wanted(publish_at=now + timedelta(hours=1)))
    await publications.propose(stand.editor, last, 1)
    await publications.propose(stand.editor, soon, 1)
    # It waited for the second person until its time was over: nobody publishes yesterday's news by approving it late.
    stand.pass_time(hours=2)
    with pytest.raises(PieturaError) as refused:
        await publications.approve(stand.liga, soon, 2)
    assert refused.value.code == "publish_at_past"
    await publications.approve(stand.liga, last, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "   "},
        {"text": "a" * 25_001},
        {"accounts": []},
        {"accounts": ["a"] * 2},
        {"accounts": [str(number) for number in range(51)]},
        {"link": "ftp://latvija.example"},
        {"link": "javascript:alert(1)"},
        {"link": "https://anna:parole@latvija.example"},
        {"link": "https://latvija .example"},
        {"picture_url": "file:///etc/passwd"},
        {"publish_at": "2026-12-01T10:00:00"},
        {"lang": "de"},
        {"variants": {"x": {"text": "a" * 25_001}}},
        {"variants": {"x": {"texts": "a"}}},
        {"kind": "comment"},
        {"post": "1"},
        {"kind": "comment", "post": "1", "accounts": ["a", "b"]},
        {"kind": "comment", "post": "1", "picture_url": "https://latvija.example/a.png"},
        {"state": "approved"},
    ],
)
def test_refused_at_the_door(wrong: dict[str, Any]) -> None:
    right = {"text": "Teksts", "accounts": ["a"], "link": LINK, "publish_at": "2026-12-01T10:00:00Z"}
    Composed.model_validate(right)
    with pytest.raises(ValidationError):
        Composed.model_validate(right | wrong)


def test_fifty_accounts_are_taken() -> None:
    assert len(Composed(text="a", accounts=[str(number) for number in range(50)]).accounts) == 50


async def test_what_is_refused_by_the_service(stand: Stand) -> None:
    for more, code in (
        ({"accounts": ["nav"]}, "unknown_account"),
        ({"variants": {"instagram": {"text": "a"}}}, "unknown_channel"),
        ({"text": "\u200b"}, "text_empty"),
    ):
        with pytest.raises(PieturaError) as refused:
            await stand.publications.create(stand.editor, stand.wanted(**more))
        assert refused.value.code == code


# --- comments under others' posts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "given", "ref"),
    [
        ("x", "1860000000000000001", "1860000000000000001"),
        ("x", "https://x.com/LRTV/status/1860000000000000001", "1860000000000000001"),
        ("x", " https://twitter.com/LRTV/status/1860000000000000001?s=20 ", "1860000000000000001"),
        ("x", "https://mobile.twitter.com/i/web/status/18/photo/1", "18"),
        ("x", "https://x.com.evil.example/LRTV/status/1", None),
        ("x", "https://x.com/LRTV", None),
        ("x", "1_2", None),
        ("facebook", "1001_55", "1001_55"),
        ("facebook", "https://www.facebook.com/1001/posts/55", "1001_55"),
        ("facebook", "https://m.facebook.com/1001/videos/a-title/55/", "1001_55"),
        ("facebook", "https://www.facebook.com/permalink.php?story_fbid=55&id=1001", "1001_55"),
        ("facebook", "https://www.facebook.com/story.php?id=1001&story_fbid=55&x=y", "1001_55"),
        ("facebook", "https://www.facebook.com/vsaa/posts/pfbid02abc", None),
        ("facebook", "https://www.facebook.com/permalink.php?story_fbid=pfbid02&id=1001", None),
        ("facebook", "55", None),
        ("facebook", "../1001/feed", None),
        ("facebook", "http://[::1", None),
        ("telegram", "https://t.me/kanals/5", None),
    ],
)
def test_which_post_is_meant(channel: str, given: str, ref: str | None) -> None:
    assert post_ref(channel, given) == ref


async def test_a_comment_goes_under_the_post_after_a_second_person_agreed(stand: Stand) -> None:
    publication_id = await stand.approved(kind="comment", post="https://www.facebook.com/777/posts/55", link=LINK)
    await stand.work()
    (row,) = await stand.rows()
    assert (row.kind, row.thread, row.state, row.conversation_id) == ("comment", "777_55", "sent", None)
    ((_, message),) = stand.platform.sent
    # Comments have no field for a link.
    assert (message.kind, message.text, message.link) == (
        "comment",
        f"No 1. marta pabalstu var pieteikt portālā.\n{LINK}",
        None,
    )
    assert (await stand.one(publication_id)).state == "published"
    # Somebody else's post does not become ours.
    assert await stand.posts() == []


async def test_where_the_platform_does_not_allow_a_comment(stand: Stand) -> None:
    for account, post, code in (
        (stand.bot, "5", "comments_not_supported"),
        (stand.account, "vsaa", "bad_post"),
    ):
        with pytest.raises(PieturaError) as refused:
            await stand.publications.create(stand.editor, stand.wanted(account, kind="comment", post=post))
        assert refused.value.code == code
    publication_id = await stand.publications.create(
        stand.editor, stand.wanted(stand.x_account, kind="comment", post="1860000000000000001")
    )
    with pytest.raises(PieturaError) as refused:
        await stand.publications.propose(stand.editor, publication_id, 1)
    assert refused.value.code == "not_summoned"


@pytest.mark.parametrize(("summoned", "problems"), [(True, ()), (False, ("not_summoned",))])
async def test_on_x_only_who_was_addressed_may_comment(stand: Stand, summoned: bool, problems: tuple[str, ...]) -> None:
    await stand.happen(stand.comment("55", "@Vestnieks lūdzu", ref="1860000000000000001", post_ref=None))
    (conversation,) = await stand.conversations()
    async with stand.worker.db.unit() as unit:
        thread = await unit.session.get_one(ChannelThread, conversation.id)
        thread.account_id, thread.summoned = stand.x_account.id, summoned
    wanted = stand.wanted(stand.x_account, kind="comment", post="https://x.com/a/status/1860000000000000001")
    (one,) = await stand.publications.preview(stand.editor, wanted)
    assert one.problems == problems
