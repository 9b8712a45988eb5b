"""From what is said to what a platform carries: parts, lists, one short text for everybody."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import handoff
from handoff.channels.ports import Attachment, InboundEvent, Person
from handoff.channels.schemas import pack, settled, unpack
from handoff.channels.wording import PUBLIC_LENGTH, full_text, numbered, parts, placeholder, public_text
from handoff.conversations.schemas import Button, Link, Source, Utterance
from kit.i18n import Catalogue
from tests.stage import WORKING

_TEXTS = Catalogue(Path(str(handoff.__file__)).parent / "locales")
_WORDS = st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=30), min_size=1, max_size=80)


@given(_WORDS, st.sampled_from([" ", "\n", "\n\n", ". "]), st.integers(20, 200))
def test_parts_lose_nothing_but_white_space_and_none_is_too_long(words: list[str], between: str, limit: int) -> None:
    text = between.join(words)
    found = parts(text, limit)
    assert all(0 < len(part) <= limit for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_parts_end_where_a_reader_pauses() -> None:
    text = "Pirmais teikums. Otrais teikums, kas ir garāks.\n\nJauna rindkopa ar vārdiem."
    assert parts(text, 55) == ["Pirmais teikums. Otrais teikums, kas ir garāks.", "Jauna rindkopa ar vārdiem."]
    assert parts(text, 30)[0] == "Pirmais teikums."
    assert parts("x" * 45, 20) == ["x" * 20, "x" * 20, "x" * 5]
    assert parts("īss", 20) == ["īss"]


@given(_WORDS, st.integers(60, 600))
def test_a_public_text_is_short_and_says_where_to_read_on(words: list[str], limit: int) -> None:
    said = Utterance(". ".join(words), "lv", links=(Link("Vairāk", "https://l.lv/a"),))
    text = public_text([said], limit)
    assert 0 < len(text) <= min(limit, PUBLIC_LENGTH)
    assert text.endswith("https://l.lv/a")


def test_a_public_text_ends_with_a_whole_sentence() -> None:
    said = Utterance("Pirmais teikums ir te. " + "Otrais teikums ir ļoti garš " * 30, "lv")
    assert public_text([said], 280) == "Pirmais teikums ir te."
    assert public_text([Utterance("Vienvārdīgi" * 100, "lv")], 280).endswith("…")


def test_links_and_source_become_text_and_telephone_links_do_not() -> None:
    said = Utterance(
        "Zvaniet.",
        "lv",
        links=(Link("Zvanīt 112", "tel:112"), Link("Vairāk", "https://l.lv")),
        source=Source("VSAA", "https://vsaa.lv", "2026-01-22"),
    )
    assert full_text(_TEXTS, said) == "Zvaniet.\n\nVairāk: https://l.lv\nAvots: VSAA, 2026-01-22"
    seen = Source("UR", "https://ur.gov.lv", "2026-11-23", seen=True)
    assert full_text(_TEXTS, Utterance("Īsi.", "lv", source=seen)) == "Īsi.\n\nAvots: UR (lapa skatīta 2026-11-23)"
    assert full_text(_TEXTS, Utterance("Īsi.", "ru")) == "Īsi."


def test_buttons_as_a_list_in_the_readers_language() -> None:
    text = numbered(_TEXTS, "en", "Which one?", (Button("A", "a"), Button("B", "b")))
    assert text == "Which one?\n\n1. A\n2. B\nTo choose, reply with the number."
    assert numbered(_TEXTS, "en", "None", ()) == "None"


def test_marks_for_what_is_not_text() -> None:
    assert placeholder(_TEXTS, [Attachment("image"), Attachment("new-thing")]) == (
        "[attēls] [saturs, ko šeit nevar parādīt]"
    )


def test_events_are_stored_whole_and_kept_without_what_is_nobodys_business() -> None:
    event = InboundEvent(
        key="k",
        kind="comment",
        occurred_at=WORKING,
        thread="t",
        ref="r",
        text="kods 010190-12345",
        author=Person("p", "Jānis", "janis"),
        attachments=(Attachment("contact", "Anna 29123456", None, 3),),
        payload="pay",
        post_ref="post",
        parent_ref="parent",
        by_us=True,
        summoned=False,
        watermark=WORKING,
        token="tok",
        raw={"whole": ["object"]},
    )
    packed = pack(event)
    assert unpack("k", "comment", WORKING, "t", packed) == event
    kept = settled(packed)
    assert kept["text"] == "kods [personas kods]"
    assert kept["attachments"][0]["name"] == "Anna [tālrunis]"
    assert "raw" not in kept
    assert unpack("k", "comment", WORKING, "t", {**packed, "payload": "x" * 300}).payload is None
