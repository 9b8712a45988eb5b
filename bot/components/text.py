"""Folding of Latvian, Russian and English text into one Latin form, and the n-gram features made from it.

Why one form: people write Latvian without diacritics ("cik maksa pase"), Russian in Latin letters ("skolko stoit pasport",
"mozhno operatora") and double or drop letters. After folding, `Сколько стоит`, `skolko stoit` and `skoľko stoit` are the same
string, so an example written one way also teaches the others. The folded form serves recognition only; nobody reads it.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache
from typing import Final

_CYRILLIC: Final[dict[str, str]] = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "z", "з": "z", "и": "i", "й": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "c", "ч": "c", "ш": "s", "щ": "s", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia",
    "і": "i", "ї": "i", "є": "e", "ґ": "g",
}  # fmt: skip

_DIGRAPHS: Final[tuple[tuple[str, str], ...]] = (
    ("shch", "s"), ("sch", "s"), ("zh", "z"), ("sh", "s"), ("ch", "c"), ("kh", "h"), ("ts", "c"), ("tz", "c"),
    ("yo", "e"), ("jo", "e"), ("ye", "e"), ("je", "e"), ("y", "i"), ("j", "i"), ("w", "v"), ("x", "ks"), ("q", "k"), ("'", ""),
)  # fmt: skip

_URL: Final = re.compile(r"https?://\S+|www\.\S+")
_EMAIL: Final = re.compile(r"\S+@\S+\.\w+")
_IBAN: Final = re.compile(r"\blv\s?\d{2}(?:\s?[a-z0-9]){13,17}\b")
_PHONE: Final = re.compile(r"(?<!\w)(?:\+?371[\s-]?)?[26]\d(?:[\s-]?\d){6}(?!\d)")
_PERSON_CODE: Final = re.compile(r"(?<!\d)\d{6}[\s-]?\d{5}(?!\d)")
_NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_REPEAT: Final = re.compile(r"([a-z])\1+")
_WORD: Final = re.compile(r"[a-z0-9_]+|[?!]+|[^\w\s]")
_SENTENCE: Final = re.compile(r"[^.!?\n]*[.!?\n]+|[^.!?\n]+$")
_LETTERS: Final = re.compile(r"[a-z]+")

#: Neighbours on a keyboard row: "asdfjk" or "qwerty" walk along them, words of a language do not.
_KEY_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзх", "фывапролджэ", "ячсмитьбю")
_KEY_PAIRS: Final = frozenset(pair for row in _KEY_ROWS for a, b in itertools.pairwise(row) for pair in (a + b, b + a))

#: Text longer than this is cut in the middle: the beginning names the matter, the end asks the question.
MAX_CHARS: Final = 1200


def shorten(text: str) -> str:
    """Cut a text to `MAX_CHARS` characters, keeping its two ends."""
    if len(text) <= MAX_CHARS:
        return text
    half = MAX_CHARS // 2
    return f"{text[:half]} {text[-half:]}"


def _mask(text: str) -> str:
    """Replace what is personal or endlessly varied (addresses, accounts, codes, numbers) with one word each."""
    text = _URL.sub(" _url_ ", text)
    text = _EMAIL.sub(" _mail_ ", text)
    text = _IBAN.sub(" _iban_ ", text)
    text = _PERSON_CODE.sub(" _code_ ", text)
    text = _PHONE.sub(" _phone_ ", text)
    return _NUMBER.sub(" 0 ", text)


def fold(text: str) -> str:
    """Fold a text to its Latin skeleton: lower case, no diacritics, Cyrillic spelt in Latin, doubled letters single.

    >>> fold("Сколько стоит пашпорт?") == fold("skolko stoit pashport?")
    True
    """
    text = _mask(text.lower())
    text = "".join(_CYRILLIC.get(char, char) for char in unicodedata.normalize("NFC", text))
    text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    for written, reduced in _DIGRAPHS:
        text = text.replace(written, reduced)
    return _REPEAT.sub(r"\1", text)


def tokens(folded: str) -> list[str]:
    """Words, masks, and punctuation marks of a folded text, in order."""
    return _WORD.findall(folded)


def focus(text: str) -> str:
    """The part of a text that most likely asks: its questions, or its last sentence when nothing is asked with a mark."""
    sentences = [part.strip() for part in _SENTENCE.findall(text)]
    sentences = [part for part in sentences if len(part) > 1]
    if len(sentences) < 2:
        return text
    asked = [part for part in sentences if part.endswith("?")]
    return " ".join(asked) if asked else sentences[-1]


@lru_cache(maxsize=20_000)
def _word_grams(word: str, longest: int) -> tuple[str, ...]:
    padded = f" {word} "
    size = len(padded)
    return tuple(
        padded[start : start + length]
        for length in range(1, min(longest, size) + 1)
        for start in range(size - length + 1)
        if padded[start : start + length] != " "
    )


def char_features(words: list[str], longest: int = 5) -> list[str]:
    """Character n-grams of 1 to `longest` characters inside word borders ("char_wb")."""
    grams: list[str] = []
    for word in words:
        grams.extend(_word_grams(word, longest))
    return grams


def word_features(words: list[str], prefix: str) -> list[str]:
    """Single words and pairs of neighbours, with the border of the text as a word of its own."""
    bounded = ["^", *words, "$"]
    singles = [prefix + word for word in words]
    return singles + [f"{prefix}{a} {b}" for a, b in itertools.pairwise(bounded)]


def frame_features(words: list[str]) -> list[str]:
    """Runs of two to four words of a frame (words of form kept, words of matter replaced)."""
    bounded = ["^", *words, "$"]
    return [
        "r:" + " ".join(bounded[start : start + length])
        for length in (2, 3, 4)
        for start in range(len(bounded) - length + 1)
    ]


def _keyboard_share(text: str) -> float:
    """Share of neighbouring letters that also neighbour on a keyboard row, 0…1."""
    letters = "".join(char for char in text.lower() if char.isalpha())
    if len(letters) < 4:
        return 0.0
    return sum(letters[i : i + 2] in _KEY_PAIRS for i in range(len(letters) - 1)) / (len(letters) - 1)


def shape_features(text: str, folded: str, words: list[str]) -> list[str]:
    """What the look of a message tells: length, marks, and whether its letters form words at all."""
    letters = "".join(_LETTERS.findall(folded))
    length = len([word for word in words if word[0].isalnum()])
    shape = [
        "len:"
        + (
            "0"
            if not length
            else "1"
            if length == 1
            else "2"
            if length == 2
            else "3-4"
            if length < 5
            else "5-8"
            if length < 9
            else "9-19"
            if length < 20
            else "20+"
        )
    ]
    if "?" in text:
        shape.append("mark:?")
    if "!" in text:
        shape.append("mark:!")
    if not letters:
        shape.append("no-letters")
    elif length <= 3:
        vowels = sum(char in "aeiou" for char in letters)
        if len(letters) >= 4 and vowels / len(letters) < 0.2:
            shape.append("few-vowels")
        if re.search(r"[bcdfghklmnprstvz]{5}", letters):
            shape.append("consonant-run")
        if _keyboard_share(text) > 0.6:
            shape.append("keyboard-walk")
    if length > 2 and sum(char.isupper() for char in text) > 0.6 * sum(char.isalpha() for char in text):
        shape.append("shouting")
    return shape
