"""Folding and features."""

from __future__ import annotations

import pytest

from components import text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cik maksā pase?", "cik maksa pase?"),
        ("Сколько стоит паспорт", "skolko stoit pasport"),
        ("можно оператора", "mozhno operatora"),
        ("здравствуйте", "zdravstvujte"),
        ("paldiesss", "paldies"),
        ("e\u0304rti", "ērti"),
    ],
)
def test_spellings_fold_to_one_form(one: str, other: str) -> None:
    assert text.fold(one) == text.fold(other)


@pytest.mark.parametrize(
    ("written", "mask"),
    [
        ("kods 150784-10233 ir mans", "_code_"),
        ("konts LV07 UNLA 0055 0012 3456 7", "_iban_"),
        ("zvaniet +371 20 000 385", "_phone_"),
        ("raksti uz ilze@example.lv", "_mail_"),
        ("skat https://latvija.gov.lv/x", "_url_"),
    ],
)
def test_personal_data_is_one_word(written: str, mask: str) -> None:
    assert mask in text.tokens(text.fold(written))


def test_focus_is_what_is_asked() -> None:
    assert text.focus("Man ir bērns. Cik maksā pase? Paldies.") == "Cik maksā pase?"
    assert text.focus("Man ir bērns. Gribu pasi.") == "Gribu pasi."
    assert text.focus("cik maksā pase") == "cik maksā pase"


def test_long_text_keeps_both_ends() -> None:
    cut = text.shorten("a" * 3000 + "b")
    assert len(cut) <= text.MAX_CHARS + 1 and cut.startswith("a") and cut.endswith("b")


def test_shape_tells_words_from_keys() -> None:
    def shape(message: str) -> list[str]:
        folded = text.fold(message)
        return text.shape_features(message, folded, text.tokens(folded))

    assert "keyboard-walk" in shape("asdfgh")
    assert "keyboard-walk" not in shape("pases cena")
    assert "no-letters" in shape("???")


@pytest.mark.parametrize("message", ["", " ", "\n", "🙂", "\u0000", "a" * 10_000, "?!" * 500, "\ud83d"])
def test_anything_can_be_folded(message: str) -> None:
    folded = text.fold(message)
    words = text.tokens(folded)
    text.char_features(words)
    text.word_features(words, "w:")
    text.frame_features(words)
    text.shape_features(message, folded, words)
    text.focus(message)
