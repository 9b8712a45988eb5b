"""From what people write to what is looked up: stems of stored text, the parts of a query, and where they stand in a text.

Stored is one stem a word: Cyrillic words by the Russian stemmer, others by that of the text's language. Whoever asks does not
say in which language, so a word asked for is looked up by each stem that it may have been stored by; of a stem of five letters
or more a longer one counts too (``deklarēt`` finds ``deklarāciju``). Latvian forms that change a consonant are looked for besides
(``latvietis`` finds ``latvieša``).

Whoever changes how a word is stored puts all that is stored into the backlog, by a migration, as 0039 does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kit.stemming import STEMMERS, base_lv, fold, is_cyrillic_word, kin_lv

#: Words of one query that are looked at; more narrow nothing and cost much.
MOST_WORDS: Final = 12
_PREFIX_FROM = 5
_STEMMERS: Final = {**STEMMERS, "lv": base_lv}
_LONGEST = 64
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_PART = re.compile(r"""(?P<minus>-(?=\S))?(?:["„“”«](?P<phrase>[^"„“”«»]*)(?:["“”„»]|$)|(?P<word>\S+))""")
_SNIPPET = 180
_BEFORE = 50


def _stem(word: str, lang: str) -> str:
    return _STEMMERS[lang](word)[:_LONGEST]


def terms(text: str, lang: str) -> str:
    """Stems of the words of ``text``, in their order, as they are stored."""
    return " ".join(_stored(match.group(), lang) for match in _WORD.finditer(text))


def _stored(word: str, lang: str) -> str:
    folded = fold(word)
    return _stem(folded, "ru" if is_cyrillic_word(folded) else lang if lang in _STEMMERS else "lv")


@dataclass(frozen=True)
class Term:
    """A word or phrase of a query.

    Attributes:
        ways: alternatives, each a sequence of stems that follow each other.
        folded: the word without diacritics, for names that are compared letter by letter; empty of a phrase.
        excluded: what must not be there.
    """

    ways: tuple[tuple[str, ...], ...]
    folded: str = ""
    excluded: bool = False

    @property
    def phrase(self) -> bool:
        """Whether words must follow each other."""
        return len(self.ways[0]) > 1

    def open_end(self, stem: str) -> bool:
        """Whether longer stems than this one count as well."""
        return not self.phrase and len(stem) >= _PREFIX_FROM

    def fits(self, word: str) -> bool:
        """Whether a word of a text is one of this term's (of a phrase: any of its words)."""
        folded = fold(word)
        langs = ("ru",) if is_cyrillic_word(folded) else tuple(_STEMMERS)
        for stem in {_stem(folded, lang) for lang in langs}:
            for way in self.ways:
                if any(stem == one or (self.open_end(one) and stem.startswith(one)) for one in way):
                    return True
        return False


def parse(query: str) -> list[Term]:
    """The terms of what somebody typed: words, ``"phrases in quotes"``, ``-without``."""
    found: list[Term] = []
    budget = MOST_WORDS
    for match in _PART.finditer(query):
        quoted = match["phrase"] is not None
        words = [fold(one) for one in _WORD.findall(match["phrase"] if quoted else match["word"] or "")]
        words = words[:budget]
        if not words:
            continue
        budget -= len(words)
        # `e-adrese` is two words that follow each other.
        ways: list[tuple[str, ...]] = [
            tuple(_stem(word, "ru" if is_cyrillic_word(word) else lang) for word in words) for lang in _STEMMERS
        ]
        if len(words) == 1 and not is_cyrillic_word(words[0]):
            ways += [(one,) for one in kin_lv(_stem(words[0], "lv"))]
        folded = words[0] if len(words) == 1 and not quoted else ""
        found.append(Term(tuple(dict.fromkeys(ways)), folded, match["minus"] is not None))
    return found


def case_number(query: str) -> int | None:
    """The number, if the query is nothing but the number of a case: ``123``, ``#123``, ``Nr. 123``."""
    match = re.fullmatch(r"\s*(?:#|nr\.?\s*|no\.?\s*|№\s*)?(\d{1,9})\s*", query, re.IGNORECASE)
    return int(match.group(1)) if match else None


def snippet(text: str, wanted: list[Term]) -> list[dict[str, object]]:
    """A piece of ``text`` around the first word that was looked for, in parts: ``{text, mark}``. Plain text, never HTML."""
    line = " ".join(text.split())
    hits = [(m.start(), m.end()) for m in _WORD.finditer(line) if any(term.fits(m.group()) for term in wanted)]
    first = hits[0][0] if hits else 0
    begin = 0
    if first > _BEFORE:
        begin = line.rfind(" ", 0, first - _BEFORE) + 1
    end = min(len(line), begin + _SNIPPET)
    parts = list(_parts(line, begin, end, hits))
    if begin:
        parts.insert(0, {"text": "…", "mark": False})
    if end < len(line):
        parts.append({"text": "…", "mark": False})
    return parts


def _parts(line: str, begin: int, end: int, hits: list[tuple[int, int]]) -> Iterator[dict[str, object]]:
    at = begin
    for start, stop in hits:
        if start < at or stop > end:
            continue
        if start > at:
            yield {"text": line[at:start], "mark": False}
        yield {"text": line[start:stop], "mark": True}
        at = stop
    if at < end:
        yield {"text": line[at:end], "mark": False}
