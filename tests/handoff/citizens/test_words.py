"""Codes as they are typed, names and questions as they are compared."""

from __future__ import annotations

import json
import re

import pytest

from gateway.settings import ROOT
from handoff.citizens.codes import ALPHABET, code_digest, find_codes, new_code, spoken, token_digest
from handoff.citizens.likeness import ALIKE, fold, likeness, name_key

_TEXT = re.compile(r'"text": ("(?:[^"\\]|\\.)*")')


def test_codes_are_easily_typed_and_told_apart() -> None:
    codes = {new_code() for _ in range(2000)}
    assert len(codes) > 1990
    for code in codes:
        assert len(code) == 6
        assert set(code) <= set(ALPHABET)
        assert find_codes(code) == (code,)
    assert not set(ALPHABET) & set("O0I1LS5B8Z2")


@pytest.mark.parametrize(
    "written",
    [
        "K7M3PQ",
        "k7m3pq",
        "K7M-3PQ",
        " K7M 3PQ ",
        "Mans kods: K7M-3PQ.",
        "kods ir k7m3pq",
        "К7М3РQ",  # typed with a Russian keyboard, but for the Q
        "nav K7M 3PQ",
        "K7M–3PQ",
    ],
)
def test_a_code_is_found_however_it_is_written(written: str) -> None:
    assert "K7M3PQ" in find_codes(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "nevaru",  # six letters that a code could have
        "NEVARU",
        "Manam auto KA7394 beidzās apskate",  # a number plate
        "AA 3746",
        "LV-1010",
        "26 443 967",
        "374 693",
        "K7M3P",
        "K7M3PQQ",
        "K7M3PO",  # O is in no code
        "какой размер пособия",
        "ordered on the 4th",
        "K7M--3PQ",
        "K7M3PQ K7M3PA K7M3PC K7M3PD",  # somebody guesses
        "Man ir jautājums par pabalstu un vēl par to, kas rakstīts lapā K7M3PQ",  # too long to be about a code
    ],
)
def test_what_is_no_code(written: str) -> None:
    assert find_codes(written) == ()


def test_no_question_that_people_ask_is_taken_for_a_code() -> None:
    """Of tens of thousands, in three languages: "размер" was one once."""
    lines = [
        line.strip()[2:]
        for file in sorted((ROOT / "nlu_data").rglob("*.yml"))
        for line in file.read_text("utf-8").splitlines()
    ]
    for folder in ("gateway/evaluation/data", "knowledge_base/data/tuning", "knowledge_base/data/examples"):
        for file in sorted((ROOT / folder).glob("*.json*")):
            lines += [json.loads(quoted) for quoted in _TEXT.findall(file.read_text("utf-8"))]
    assert len(lines) > 20_000
    assert [line for line in lines if find_codes(line)] == []


def test_what_is_stored_does_not_tell_the_code() -> None:
    digest = code_digest("secret", "K7M3PQ")
    assert "K7M3PQ" not in digest
    assert digest != code_digest("another secret", "K7M3PQ")
    assert digest != token_digest("K7M3PQ")
    assert spoken("K7M3PQ") == "K7M-3PQ"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Jānis Bērziņš", "janis  berzins"), ("JĀNIS BĒRZIŅŠ", "Jānis Bērziņš"), ("Анна Орлова", "анна орлова ")],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_a_name_of_signs_alone_is_none() -> None:
    assert name_key("★★★") is None
    assert name_key(None) is None
    assert fold("„Bērnu dārzs?”") == "bernu darzs"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Kā pieteikties slimības pabalstam?", "ka pieteikties slimibas pabalstam", True),
        ("Kā pieteikties slimības pabalstam?", "Kā pieteikt slimības pabalstu?", True),
        ("Как получить пособие по болезни?", "как получить пособие по болезни", True),
        ("Kā pieteikties slimības pabalstam?", "Kā pieteikties bezdarbnieka pabalstam?", False),
        ("Kā pieteikties slimības pabalstam?", "Cik maksā pase?", False),
        ("Paldies", "Pase", False),
        ("?!", "?!", False),
        ("", "", False),
    ],
)
def test_questions_that_are_alike(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= ALIKE) is alike
    assert likeness(one, other) == likeness(other, one)


def test_likeness_is_a_share_of_trigrams() -> None:
    # "  abc " and "  abd ": of "  a", " ab", "abc", "bc " and "  a", " ab", "abd", "bd " two of six are in both.
    assert likeness("abc", "abd") == pytest.approx(2 / 6)
    assert likeness("abc", "ABC!") == 1.0
