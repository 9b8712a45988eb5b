"""Folding and light stemming of Latvian, Russian and English words, so that inflected forms find each other.

Why not a full morphological analyser: a question is typed on a phone without diacritics and with mistakes, and the answer is
due in milliseconds. Snowball has no Latvian stemmer, so a small suffix stripper lives here; it works on *folded* text,
because half of all questions arrive without diacritics anyway.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

LANGUAGES: tuple[str, ...] = ("lv", "ru", "en")

_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*", re.UNICODE)
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN = re.compile(r"[a-zA-Z]")

# Letters that carry no combining mark and so survive NFKD.
_FOLD_EXTRA = str.maketrans({"ё": "е", "Ё": "е", "ł": "l", "ø": "o", "đ": "d", "’": "'", "`": "'"})


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Lower-case `text` and remove diacritics: ``Bērnudārzs`` → ``bernudarzs``; й stays й, ё becomes е."""
    lowered = text.casefold().translate(_FOLD_EXTRA)
    out: list[str] = []
    for char in lowered:
        if _CYRILLIC.match(char):
            out.append(char)
            continue
        out.extend(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return "".join(out)


def tokens(text: str) -> list[str]:
    """Words of `text`, as written; hyphenated words stay whole (``e-adrese``, ``Smart-ID``)."""
    return _TOKEN.findall(text)


# --- Latvian ------------------------------------------------------------------------------------------------------

# Folded inflectional endings, longest first: definite adjectives, nouns, then the personal endings of verbs.
_LV_ENDINGS: tuple[str, ...] = tuple(
    sorted(
        {
            *("ajiem", "ajai", "ajam", "ajos", "ajas", "aja", "ajo", "ais", "iem", "ies", "amies", "aties", "oties"),
            *("eties", "ities", "sies", "ties", "jiet", "siet", "iet", "sim", "sit", "jam", "jat", "jas", "jos"),
            *("ai", "ei", "am", "em", "im", "um", "us", "as", "es", "os", "is", "ie", "ij", "ju", "ja", "jis", "jus"),
            *("u", "a", "i", "e", "o", "s"),
        },
        key=lambda ending: (-len(ending), ending),
    )
)
# Then what derives nouns and participles from verbs, so that ``deklarēt``, ``deklarēšana``, ``deklarēta`` meet.
_LV_TAILS: tuple[str, ...] = (
    *("esan", "asan", "isan", "osan"),
    *("ej", "aj", "et", "at", "it", "ot", "san", "dam", "e", "i"),
)
_VOWELS = frozenset("aeiou")
# Abbreviations and short names that must not be cut.
_LV_KEEP = frozenset(
    {
        *("altum", "bis", "csdd", "eds", "eps", "evak", "gmi", "lad", "ldc"),
        *("nin", "nva", "octa", "pmlp", "pvn", "sia", "vid", "vsaa"),
    }
)


def _cut(word: str, endings: tuple[str, ...], least: int) -> str:
    for ending in endings:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            if len(stem) >= least and not _VOWELS.isdisjoint(stem):
                return stem
    return word


@lru_cache(maxsize=50_000)
def stem_lv(word: str) -> str:
    """Light Latvian stem of a folded word; at least three letters with a vowel stay."""
    if word in _LV_KEEP or len(word) <= 3 or any(char.isdigit() for char in word):
        return word
    stem = _cut(word, _LV_ENDINGS, 3)
    stem = _cut(stem, _LV_TAILS, 4)
    # A softened lip consonant (``kapi`` / ``kapju``) falls together with the plain one.
    return stem[:-1] if stem.endswith("j") and len(stem) > 3 else stem


# What follows is for finding conversations: whoever looks for *pensija* wants every message with *pensijai*. `stem_lv` leaves
# some forms apart, and stays as it is: how well questions are understood was measured, and thresholds were set, with it.

# Folded endings of nouns, adjectives and verbs. They begin with a vowel, so that what is softened by a j is taken off afterwards.
_FORM_ENDINGS: tuple[str, ...] = tuple(
    sorted(
        {
            *(
                "a",
                "e",
                "i",
                "o",
                "u",
                "s",
                "as",
                "es",
                "is",
                "os",
                "us",
                "ai",
                "ei",
                "ij",
                "ie",
                "am",
                "em",
                "im",
                "um",
            ),
            *("iem", "ais", "ies", "amies", "aties", "eties", "ities", "oties", "ties", "at", "et", "it", "ot", "iet"),
            *(f"{vowel}{person}" for vowel in "aeio" for person in ("sim", "sit", "siet", "sies")),
        },
        key=lambda ending: (-len(ending), ending),
    )
)
# Of verbs and what is made from them, and of definite adjectives: ``maksāj-u``, ``maksāt-s``, ``maksāšan-a``, ``sociālaj-am``.
_FORM_TAILS: tuple[str, ...] = (
    *("asan", "esan", "isan", "osan", "ajos", "ejos", "ojos"),
    *("san", "dam", "at", "et", "it", "ot", "us", "ij"),
)
_FORM_THEMES: tuple[str, ...] = ("aj", "ej", "oj")
# Short words of which a form has another consonant, and forms that look like those of other words.
_FORM_ODD: dict[str, str] = {
    "karsu": "kart", "menesim": "menes", "naksu": "nakt", "saisu": "sait", "sezu": "sed", "sirzu": "sird",
    "iznem": "iznem", "pienem": "pienem", "sanem": "sanem", "uznem": "uznem",
}  # fmt: skip
# Before some endings a consonant becomes another one: ``latvietis`` / ``latvieša``, ``atbilde`` / ``atbilžu``,
# ``lūgt`` / ``lūdz``.
_KIN: tuple[tuple[str, str], ...] = (("dz", "g"), ("z", "d"), ("s", "t"), ("c", "k"))
_KIN_FROM = 5


@lru_cache(maxsize=50_000)
def base_lv(word: str) -> str:
    """What the forms of a folded Latvian word have in common; at least three letters with a vowel stay.

    Of nouns and adjectives it is the same in all cases but those that change a consonant (:func:`kin_lv`); of verbs that keep
    their root in all persons but the first of the future.
    """
    if word in _LV_KEEP or len(word) <= 3 or any(char.isdigit() for char in word):
        return word
    if word in _FORM_ODD:
        return _FORM_ODD[word]
    if word[-1] == "t" and word[-2] not in _VOWELS:
        return word[:-1] if len(word) > 4 else word
    stem = _cut(word, _FORM_ENDINGS, 3)
    if not stem.endswith("iet"):
        stem = _cut(_cut(stem, _FORM_TAILS, 4), _FORM_THEMES, 3)
    return stem[:-1] if stem.endswith("j") and len(stem) > 3 else stem


def kin_lv(base: str) -> tuple[str, ...]:
    """Bases that other forms of the same word may have; none of a short one, which would be another word's too often."""
    if len(base) < _KIN_FROM:
        return ()
    for one, other in _KIN:
        for ending, instead in ((one, other), (other, one)):
            if base.endswith(ending):
                return (base[: -len(ending)] + instead,)
    return ()


# --- Russian ------------------------------------------------------------------------------------------------------

_CYR_TO_LAT: dict[str, str] = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "z", "з": "z", "и": "i", "й": "i", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h",
    "ц": "c", "ч": "c", "ш": "s", "щ": "s", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "і": "i",
}  # fmt: skip

# Longest first. Several habits side by side: English (zh, ya), Latvian (ž is typed z, ja), chat (4 for ч).
_LAT_TO_CYR: tuple[tuple[str, str], ...] = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"), ("yu", "ю"),
    ("ju", "ю"), ("iu", "ю"), ("ya", "я"), ("ja", "я"), ("ia", "ия"), ("yo", "е"), ("jo", "е"), ("ye", "е"),
    ("je", "е"), ("eh", "э"), ("ija", "ия"), ("iya", "ия"), ("ij", "ий"), ("iy", "ий"),
    ("yj", "ый"), ("yy", "ый"), ("ei", "ей"), ("oi", "ой"),
    ("ai", "ай"), ("a", "а"), ("b", "б"), ("v", "в"), ("w", "в"), ("g", "г"), ("d", "д"), ("e", "е"), ("z", "з"),
    ("i", "и"), ("j", "й"), ("k", "к"), ("l", "л"), ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("r", "р"),
    ("s", "с"), ("t", "т"), ("u", "у"), ("f", "ф"), ("h", "х"), ("c", "ц"), ("y", "ы"), ("x", "х"), ("q", "к"),
    ("'", "ь"),
)  # fmt: skip

_russian = snowballstemmer.stemmer("russian")
_english = snowballstemmer.stemmer("english")


def is_cyrillic(text: str) -> bool:
    """True when the text has more Cyrillic than Latin letters."""
    return len(_CYRILLIC.findall(text)) > len(_LATIN.findall(text))


@lru_cache(maxsize=20_000)
def latin_to_cyrillic(word: str) -> str:
    """Russian typed in Latin letters back to Cyrillic, as far as rules can: ``pensija`` → ``пенсия``."""
    out: list[str] = []
    at = 0
    while at < len(word):
        for latin, cyrillic in _LAT_TO_CYR:
            if word.startswith(latin, at):
                # After a vowel `y`/`j` at the end of a syllable is й, not ы.
                if latin == "y" and at and word[at - 1] in "aeiou":
                    cyrillic = "й"
                out.append(cyrillic)
                at += len(latin)
                break
        else:
            out.append(word[at])
            at += 1
    return "".join(out)


@lru_cache(maxsize=50_000)
def skeleton_ru(word: str) -> str:
    """Latin skeleton of a Cyrillic word; sounds that transliteration habits mix up fall together."""
    return "".join(_CYR_TO_LAT.get(char, char) for char in word)


@lru_cache(maxsize=50_000)
def stem_ru(word: str) -> str:
    """Snowball stem of a folded Russian word in skeleton form, so that both scripts meet in one vocabulary."""
    cyrillic = word if _CYRILLIC.search(word) else latin_to_cyrillic(word)
    return skeleton_ru(_russian.stemWord(cyrillic))


@lru_cache(maxsize=50_000)
def stem_en(word: str) -> str:
    """Snowball (Porter 2) stem of a folded English word."""
    return str(_english.stemWord(word))


STEMMERS = {"lv": stem_lv, "ru": stem_ru, "en": stem_en}
"""Stemmers of folded words by language."""


def is_cyrillic_word(word: str) -> bool:
    """True when there is any Cyrillic letter in `word`."""
    return _CYRILLIC.search(word) is not None


def search_form(word: str, lang: str) -> str:
    """Form of a folded word from which character n-grams are cut (Russian in skeleton form)."""
    if lang != "ru":
        return word
    return skeleton_ru(word if is_cyrillic_word(word) else latin_to_cyrillic(word))
