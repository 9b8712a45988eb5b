"""Finds municipalities and institutions in what people write, in three languages and in any grammatical case.

The data files hold every inflected form, so no lemmatiser is needed: spaCy's tokenizer and `PhraseMatcher` find whole
words, longest form first. Matching is done on folded tokens (no diacritics, lower case); the tokens as they were
written decide the doubtful cases. A wrong municipality is worse than none, because one can ask; hence the rules below.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import batched
from pathlib import Path
from typing import Any

from spacy.lang.xx import MultiLanguage
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES
from knowledge_base.place_spelling import Misspelled, Slip, in_russian
from knowledge_base.text import fold, search_form

DATA_DIR = Path(__file__).parent / "data"
_MAX_CHARS = 1000

# A place name before one of these names a street, not the place ("Bauskas iela" is in many towns).
_STREET = re.compile(
    r"^(iela|ielas|ielai|ielu|prospekt\w*|sosej\w*|gatv\w*|bulvar\w*|laukum\w*|celu?|tilt\w*|street|avenue|road"
    r"|улиц\w*|ул|шоссе|проспект\w*|бульвар\w*|площад\w*|дорог\w*)$"
)
_STREET_BEFORE = re.compile(r"^(улиц\w*|ул|проспект\w*|бульвар\w*)$")
# Words that make a doubtful name a place: prepositions before it, and what places are said to be.
_BEFORE_PLACE = re.compile(
    r"^(uz|no|pie|ieks|dzivo\w*|deklare\w*|esmu|esam|pilseta|pasvaldiba|novad[as]|in|from|at|near|to|liv(e|es|ing)"
    r"|в|во|из|на|жив\w*|проживаю|прописан\w*|городе?|около)$"
)
_AFTER_PLACE = re.compile(
    r"^(novad\w*|pilset\w*|valstspilset\w*|pagast\w*|dome|domes|domei|domi|pasvaldib\w*|municipality|city|town|region|county"
    r"|край|крае|края|новад\w*|дума|думе|думу|думы|волост\w*|самоуправлени\w*)$"
)
# What carries the name of a place and is not there, or everywhere: beer, sprats, the time, the gulf, companies, universities.
_NAMED_AFTER = re.compile(
    r"^(sprot\w*|alu|alus|piens?|piena|balzam\w*|laik(s|a|am|u)|lic(is|a|im|i)|juras|stradin\w*|tehnisk\w*|universitat\w*"
    r"|augstskol\w*|lidost\w*|stikls?|stikla|metalurg\w*|kombinat\w*|glass|time|sprats|beer|balsam|airport|university"
    r"|шпрот\w*|пив\w*|бальзам\w*|врем\w*|аэропорт\w*)$"
)
#: Words a letter away from a town.
_NO_SLIPS = ("madonna", "madonnas", "мадонна", "мадонны", "мадонне", "мадонну", "мадонной")
_OF_A_FIRM = re.compile(r"^(sia|as|ik|zs|fk|bk|hk|ооо|ао|ltd|фк|хк)$")
_QUOTED = re.compile(r"[„“\"«]([^„“”\"«»]{2,80})[“”\"»]")
_TOWARDS = frozenset(("uz", "to", "в", "во"))
# Russian in Latin letters ("v Jurmale") names a place only after one of these, or before a word that places are called.
_BEFORE_SPELLED = re.compile(r"\b(v|vo|iz|pod|okolo|g|gorode?|goroda|zh?iv(u|[eijy]?[eo]m|et))$")
_AFTER_SPELLED = re.compile(r"^(kra[jiey]|kra[jy][aue]|novad\w*|dum[aeuy]|samoupravl\w+)\b")
_MAY_BE_SPELLED = re.compile(f"{_BEFORE_SPELLED.pattern[:-1]}\\b|\\b{_AFTER_SPELLED.pattern[1:]}", re.IGNORECASE)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
# Russian adjectives are listed in the nominative only.
_DECLINED = {
    "ская дума": (
        *("ской думы", "ской думе", "скую думу", "ской думой"),
        *("ское самоуправление", "ского самоуправления", "скому самоуправлению", "ском самоуправлении"),
    ),
    "ский новад": ("ского новада", "скому новаду", "ском новаде"),
}


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality as it has been since July 2025."""

    id: str
    names: dict[str, str]
    website: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution that services belong to.

    Attributes:
        kind: ``state``, ``state_company``, ``municipal``, ``municipal_type`` (one in every municipality) …
        codes: the codes by which the service catalogue names it.
        successor_id: who took over its work, if somebody did.
    """

    id: str
    names: dict[str, str]
    abbreviation: str | None
    kind: str
    website: str | None
    phone: str | None
    email: str | None
    codes: tuple[str, ...]
    successor_id: str | None


@dataclass(frozen=True, slots=True)
class MunicipalityMatch:
    """A municipality found in a text; ``start`` and ``end`` are character offsets of the words that name it."""

    municipality_id: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class InstitutionMatch:
    """An institution found in a text; offsets as in :class:`MunicipalityMatch`."""

    institution_id: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Hit:
    owner: str
    doc: Doc
    first: int
    last: int
    """Token after the last one."""
    slip: Slip | None = None
    """How a word of it is misspelled."""

    @property
    def form(self) -> str:
        return str(self.doc[self.first : self.last].text)

    @property
    def start(self) -> int:
        return int(self.doc[self.first].idx)

    @property
    def end(self) -> int:
        return self.start + len(self.form)


class _Forms:
    """Whole-word matching of many forms at once, longest first."""

    def __init__(
        self, nlp: MultiLanguage, forms: Iterable[tuple[str, str]], common: Callable[[str], str] = fold
    ) -> None:
        """``forms``: pairs of a form and the id it belongs to; ``common``: what spellings of one form have in common."""
        self._nlp = nlp
        self._common = common
        self._owner: dict[str, str] = {}
        folded: dict[str, str] = {}
        for form, owner in forms:
            key = self._common(form)
            if folded.setdefault(key, owner) != owner:
                # Two places whose names differ by diacritics alone: only the exact spelling may decide.
                folded[key] = ""
            self._owner[form.lower()] = owner
        self._folded = {key: owner for key, owner in folded.items() if owner}
        self._matcher = PhraseMatcher(nlp.vocab, attr="ORTH")
        # In portions: thousands of spaCy documents at once would cost 40 MB that are never given back.
        for keys in batched(folded, 256):
            self._matcher.add("form", [nlp.make_doc(key) for key in keys])

    def words(self) -> Iterator[str]:
        """The words that forms consist of, as spellings have them in common."""
        for key in self._folded:
            yield from key.split()

    def find(self, text: str, misspelled: Misspelled | None = None) -> list[_Hit]:
        """Hits in the order of the text, none overlapping another; ``misspelled`` tells which word a strange one may be."""
        doc = self._nlp.make_doc(text[:_MAX_CHARS])
        words = [self._common(token.text) or token.text for token in doc]
        slips = {at: slip for at, word in enumerate(words) if misspelled and (slip := misspelled.meant(word))}
        for at, slip in slips.items():
            words[at] = slip.word
        folded = Doc(doc.vocab, words=words)
        spans = sorted(
            ((start, end) for _, start, end in self._matcher(folded)), key=lambda span: (span[0] - span[1], span[0])
        )
        taken: set[int] = set()
        hits: list[_Hit] = []
        for start, end in spans:
            if taken.intersection(range(start, end)):
                continue
            form = doc[start:end].text
            slip = next((slips[at] for at in range(start, end) if at in slips), None)
            if slip is None:
                owner = self._owner.get(form.lower()) or self._folded.get(self._common(form))
            else:
                mended = "".join(words[at] + doc[at].whitespace_ for at in range(start, end)).strip()
                owner = self._folded.get(mended)
            if owner:
                hits.append(_Hit(owner, doc, start, end, slip))
                taken.update(range(start, end))
        return sorted(hits, key=lambda hit: hit.first)


class Gazetteer:
    """The municipalities and institutions, and how people call them; immutable, thread-safe for reading."""

    def __init__(self, data_dir: Path = DATA_DIR) -> None:
        """Reads the two files of ``data_dir`` (about a second).

        Raises:
            OSError, ValueError, KeyError: a file is missing or broken.
        """
        places = _read(data_dir / "municipalities.jsonl")
        bodies = _read(data_dir / "institutions.jsonl")
        self.municipalities: dict[str, Municipality] = {row["id"]: _municipality(row) for row in places}
        self.institutions: dict[str, Institution] = {row["id"]: _institution(row) for row in bodies}
        self._caution = {fold(form) for row in places for form in row["caution_forms"]}
        self._caution_as_written = {form.lower() for row in places for form in row["caution_forms"]}
        self._caution_body = {fold(form) for row in bodies for form in row["caution_forms"]}
        # The town after which a municipality is called is meant by its name, though hamlets share it.
        centres = {fold(form) for row in places for form in _forms_of_centre(row)}
        self._ambiguous = {fold(form) for row in places for form in row["ambiguous_forms"]} - centres
        nlp = MultiLanguage()
        listed = [
            (form, row["id"]) for row in places for written in row["surface_forms"] for form in _declined(written)
        ]
        transcribed = _transcribed(places, {fold(form) for form, _ in listed})
        self._transcribed = {fold(form) for form, _ in transcribed}
        listed += transcribed
        self._places = _Forms(nlp, listed)
        self._misspelled = Misspelled(_well_known(places), known=(*self._places.words(), *_NO_SLIPS))
        self._spelled = _Forms(nlp, (pair for pair in listed if _CYRILLIC.search(pair[0])), _sound)
        self._bodies = _Forms(nlp, ((form, row["id"]) for row in bodies for form in row["surface_forms"]))

    @cached_property
    def by_code(self) -> dict[str, str]:
        """Institution code of the service catalogue → id; those whose work moved lead to the successor."""
        return {code: body.successor_id or body.id for body in self.institutions.values() for code in body.codes}

    def institution_names(self, code: str, name: str) -> tuple[str, ...]:
        """Every name of the institution with catalogue ``code``, for searching; ``name`` is the catalogue's own."""
        body = self.institutions.get(self.by_code.get(code, ""))
        names = [code, name]
        if body is not None:
            names += [*body.names.values(), body.abbreviation or ""]
        return tuple(dict.fromkeys(name for name in names if name))

    # --- municipalities ---------------------------------------------------------------------------------------------

    def find_municipality(self, text: str) -> MunicipalityMatch | None:
        """The municipality that ``text`` speaks of; None when there is none, or several and none is the goal."""
        hits = [hit for hit in self._places.find(text, self._misspelled) if self._is_place(hit)]
        if not hits and _MAY_BE_SPELLED.search(text) and not _CYRILLIC.search(text):
            hits = [hit for hit in self._spelled.find(text) if _is_spelled_place(hit)]
        if not hits:
            return None
        if len({hit.owner for hit in hits}) > 1:
            # "no Rīgas uz Ogri": what is asked for happens where the way leads.
            goals = [hit for hit in hits if hit.first > 0 and fold(hit.doc[hit.first - 1].text) in _TOWARDS]
            if len({hit.owner for hit in goals}) != 1:
                # "mes deklareti Rīgā, bet dzīvojam Salaspilī, vai Salaspils dārziņā …": who is named twice is meant.
                named = Counter(hit.owner for hit in hits).most_common(2)
                if named[0][1] == named[1][1]:
                    return None
                goals = [hit for hit in hits if hit.owner == named[0][0]]
            hits = goals
        hit = hits[0]
        return MunicipalityMatch(hit.owner, hit.form, hit.start, hit.end)

    def _is_place(self, hit: _Hit) -> bool:
        words = [fold(token.text) for token in hit.doc]
        after = words[hit.last] if hit.last < len(words) else ""
        before = words[hit.first - 1] if hit.first else ""
        if before == "." and hit.first > 1:
            before = words[hit.first - 2]
        if _STREET.match(after) or _STREET_BEFORE.match(before) or _is_name_of_other(hit, before, after):
            return False
        form = fold(hit.form)
        if form in self._ambiguous:
            return False
        said_so = bool(_BEFORE_PLACE.match(before) or _AFTER_PLACE.match(after))
        if hit.slip is not None:
            # The town after a word that places are called by ("Kekeva municipality") may be wrong in more.
            called = hit.last - hit.first > 1 or bool(_AFTER_PLACE.match(after))
            amid = _capital(hit) and hit.slip.word not in self._caution
            return hit.slip.is_likely(
                called=called, said_so=said_so or called, capital=hit.form[:1].isupper(), amid=amid
            )
        if form in self._transcribed:
            return hit.form[:1].isupper() and (said_so or _capital(hit))
        # "ogre" may be a monster; "Ogrē" with its mark is a town ("valkā", listed with its mark, is a word again).
        written = hit.form.lower()
        if form not in self._caution or (written != form and written not in self._caution_as_written):
            return True
        if sum(word.isalnum() for word in words) == hit.last - hit.first:
            return True
        return said_so or _capital(hit)

    # --- institutions -----------------------------------------------------------------------------------------------

    def find_institution(self, text: str) -> InstitutionMatch | None:
        """The institution that ``text`` names; the longest name wins, then the first."""
        hits = [hit for hit in self._bodies.find(text) if self._is_body(hit)]
        if not hits:
            return None
        hit = max(hits, key=lambda hit: (hit.last - hit.first, -hit.first))
        return InstitutionMatch(hit.owner, hit.form, hit.start, hit.end)

    def _is_body(self, hit: _Hit) -> bool:
        if fold(hit.form) not in self._caution_body:
            return True
        # Short names that are also words (UR, TA, VI, собес): only as abbreviations, in capitals amid small letters.
        written = hit.form
        head = re.split(r"[a-zāčēģīķļņšūž]", written, maxsplit=1)[0]
        shouted = hit.doc.text.isupper() and len(hit.doc) > hit.last - hit.first
        return len(head) >= 2 and head.isupper() and not shouted


def _sound(written: str) -> str:
    """What Russian in Cyrillic and the ways of typing it in Latin letters have in common."""
    return search_form(fold(written), "ru").replace("ts", "c")


def _declined(form: str) -> Iterator[str]:
    """A form; the other cases of a Russian adjective with its noun; what else a municipality is called in English."""
    yield form
    if form.endswith(" Municipality"):
        yield form.removesuffix("Municipality") + "County"
    for ending, others in _DECLINED.items():
        if form.endswith(ending):
            yield from (form.removesuffix(ending) + other for other in others)


def _transcribed(places: Iterable[dict[str, Any]], listed: Set[str]) -> list[tuple[str, str]]:
    """Villages, parishes and quarters in Russian, where the data file has them in Latvian only or not in every case."""
    return [
        (form, row["id"])
        for row in places
        for place in row["places"]
        if place["in_surface_forms"] and (name := place["forms"].get("nom"))
        for form in in_russian(name)
        if fold(form) not in listed
    ]


def _well_known(places: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Words of the names of towns and municipalities of today and before, folded: those whose misspelling is recognised. Parishes
    are not among them: too many differ by a letter from a common word."""
    for row in places:
        yield from (fold(row["genitive_lv"]), *(fold(word) for name in row["names_en"] for word in name.split()[:1]))
        for place in row["places"]:
            if place["kind"] in ("pilseta", "valstspilseta"):
                yield from (fold(form) for form in place["forms"].values())
        for form in row["surface_forms"]:
            words = fold(form).split()
            if _CYRILLIC.search(form) or (len(words) == 2 and words[1].startswith("novad")):
                yield from words


def _is_name_of_other(hit: _Hit, before: str, after: str) -> bool:
    """Whether the name of a place is part of another name: a firm's, a beer's, a university's."""
    if _NAMED_AFTER.match(after) or _OF_A_FIRM.match(before):
        return True
    return any(
        quoted.start() < hit.start and hit.end < quoted.end() and quoted[1].strip() != hit.form
        for quoted in _QUOTED.finditer(hit.doc.text)
    )


def _is_spelled_place(hit: _Hit) -> bool:
    before = hit.doc[: hit.first].text.lower().rstrip(" .")
    after = hit.doc[hit.last :].text.lower()
    return hit.last - hit.first > 1 or bool(_BEFORE_SPELLED.search(before) or _AFTER_SPELLED.match(after))


def _capital(hit: _Hit) -> bool:
    """Whether the name is written with a capital letter that does not merely open a sentence."""
    if hit.doc.text.isupper() or not hit.form[:1].isupper():
        return False
    before = hit.doc[hit.first - 1].text if hit.first else "."
    return before not in {".", "!", "?", "…"} or hit.last - hit.first > 1


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _first(values: Sequence[str], default: str) -> str:
    return values[0] if values else default


def _forms_of_centre(row: dict[str, Any]) -> Iterator[str]:
    centre = row.get("centre")
    for place in row["places"]:
        if centre and place["name"] == centre:
            yield from place["forms"].values()
    if centre:
        yield centre


def _municipality(row: dict[str, Any]) -> Municipality:
    name = row["name_lv"]
    return Municipality(
        id=row["id"],
        names={"lv": name, "ru": _first(row["names_ru"], name), "en": _first(row["names_en"], name)},
        website=row.get("website"),
        phone=(row.get("contact") or {}).get("phone"),
    )


def _institution(row: dict[str, Any]) -> Institution:
    contact = row.get("contact") or {}
    return Institution(
        id=row["id"],
        names={lang: row.get(f"name_{lang}") or row[f"name_{DEFAULT_LANGUAGE}"] for lang in LANGUAGES},
        abbreviation=row.get("abbreviation") or None,
        kind=row["level"],
        website=row.get("website"),
        phone=contact.get("phone"),
        email=contact.get("email"),
        codes=tuple(row.get("codes") or ()),
        successor_id=row.get("successor_id"),
    )
