"""Life events and social groups as ways in: "piedzima bērns", "esmu pensionārs" → the services that belong to it.

A message opens this way only if it tells the event and nothing else, or asks in general what to do or what one is
entitled to. So the matcher has to *explain every word*: by the event's own vocabulary, by words that say nothing, by
relatives, places and dates, or by a general wish. One word that is left over ("pabalsts", "cik", "aplieciba") means a
concrete question, which search answers better: a wrong detour is worse than none. No probabilities, hence; an editor
teaches it a new way of saying by adding a phrase to ``data/life_events.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES
from knowledge_base.records import Lang, LangLists, NonEmpty, ServiceId
from knowledge_base.text import fold, is_cyrillic, search_form, stems_of, tokens

_HERE = Path(__file__).parent
LIFE_EVENTS_FILE: Final = _HERE / "data" / "life_events.json"
PLACES_FILE: Final = _HERE / "data" / "municipalities.jsonl"

_MAX_CHARS = 300
_MAX_WORDS = 30
"""Who writes more than this tells a story, and a story has a question in it."""
_NUMBER = re.compile(r"^\d+(?:-?\w{1,4})?$")

_CHILD, _RELATIVE, _FAMILY, _PEOPLE, _PLACE = "<child>", "<relative>", "<family>", "<people>", "<place>"
_TO_COUNTRY, _FROM_COUNTRY = "<to>", "<from>"
_ANYWHERE = frozenset({_CHILD, _RELATIVE, _FAMILY, _PEOPLE, _PLACE})
"""Classes of words that may stand beside any event without changing it."""
_COUNTRIES = frozenset({_TO_COUNTRY, _FROM_COUNTRY})
_EXACT = 0.5
"""What a word in the very form of the phrase is worth more than its mere stem ("piedzims" is not yet "piedzima")."""

_LIGHT = 0.25
"""What a light word is worth beside a whole one, 1."""


class LifeEvent(BaseModel):
    """A life event (``event``) or a social group (``group``) with its services in the order in which they are due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: ServiceId
    kind: Literal["event", "group"]
    names: dict[Lang, NonEmpty]
    opening: dict[Lang, NonEmpty]
    services: tuple[ServiceId, ...]
    phrases: LangLists

    def called(self, lang: str) -> str:
        """Its name in ``lang``, or in Latvian."""
        return next((name for code, name in self.names.items() if code == lang), self.names["lv"])

    def said(self, lang: str) -> str:
        """The sentence that opens the list of services, in ``lang``, or in Latvian."""
        return next((text for code, text in self.opening.items() if code == lang), self.opening["lv"])


class _Words(BaseModel):
    """The words of one language that the matcher knows besides the phrases, all folded.

    Attributes:
        fillers: words that say nothing; ``abc*`` means every word that begins with ``abc``.
        same: light words that say the same as another one.
        light: words that say nothing beside a strong word, but make a sense with a weak one ("esmu pensijā").
        wants: light words by which a thing is wanted; explained only by an event with a phrase that wants something.
        tail: words that say nothing once a general wish was found ("kādi pabalsti *pienākas*").
        relatives, children, family, people, places: matched by stem, or as written if ``=`` stands at the end.
        negations: words that turn the sense around; explained only by a phrase that has them.
        wishes: sequences of words that ask in general; ``a|b`` is one word of the two, ``a?`` may be missing.
        openers: nouns that are a general wish when the message begins with them ("pabalsti pensionāriem").
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    same: dict[NonEmpty, NonEmpty]
    fillers: list[NonEmpty]
    light: list[NonEmpty]
    wants: list[NonEmpty]
    tail: list[NonEmpty]
    relatives: list[NonEmpty]
    children: list[NonEmpty]
    family: list[NonEmpty]
    people: list[NonEmpty]
    places: list[NonEmpty]
    numbers: list[NonEmpty]
    countries: list[NonEmpty]
    from_words: list[NonEmpty]
    negations: list[NonEmpty]
    wishes: list[NonEmpty]
    openers: list[NonEmpty]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: dict[Lang, _Words]
    events: list[LifeEvent]


class _Word(NamedTuple):
    """A word of a message.

    Attributes:
        form: folded (Russian: in skeleton form).
        key: what phrases and messages are compared by: a stem, a class, or ``!`` and the form of a negation.
        kind: ``filler``, ``light``, ``number`` or ``content``.
    """

    form: str
    key: str
    kind: str


class _Core(NamedTuple):
    """What must be in a message for it to say what a phrase says."""

    keys: frozenset[str]
    forms: frozenset[str]
    weight: float
    weak: bool
    """No word of it tells the event by itself ("mums būs bērns"): then it must be the whole message, as written."""


@dataclass(frozen=True, slots=True)
class _Slot:
    forms: frozenset[str]
    optional: bool


class _Language:
    """The matcher of one language."""

    def __init__(self, lang: str, words: _Words, events: Sequence[LifeEvent], places: Mapping[str, bool]) -> None:
        """``places``: folded names of places; True for those that are ordinary words too."""
        self._lang = lang
        whole = [word for word in words.fillers if not word.endswith("*")]
        starts = [re.escape(word[:-1]) for word in words.fillers if word.endswith("*")]
        self._fillers = self._forms([*whole, *words.from_words])
        self._filler_starts = re.compile("|".join(starts)) if starts else None
        self._light = self._forms(words.light)
        self._wants = self._forms(words.wants)
        self._same = {self._form(word): self._form(other) for word, other in words.same.items()}
        self._tail = self._forms(words.tail)
        self._negations = self._forms(words.negations)
        self._from = self._forms(words.from_words)
        self._openers = self._forms(words.openers)
        self._countries = frozenset(self._stem(form) for form in self._folded(words.countries))
        self._classes: dict[str, str] = {}
        self._class_forms: dict[str, str] = {}
        for name, listed in (
            (_PEOPLE, words.people),
            (_FAMILY, words.family),
            (_PLACE, words.places),
            (_RELATIVE, words.relatives),
            (_CHILD, words.children),
        ):
            folded = self._folded(listed)
            self._classes.update((self._stem(form), name) for form in folded if not form.endswith("="))
            self._class_forms.update((form[:-1], name) for form in folded if form.endswith("="))
        self._numbers = self._forms(words.numbers)
        self._places = places
        self._wishes = self._by_first_word(words.wishes)

        self._vocabulary: list[frozenset[str]] = []
        self._cores: list[list[_Core]] = []
        for event in events:
            read = [self._read(phrase) for phrase in event.phrases.as_dict()[lang]]
            self._vocabulary.append(frozenset(word.key for phrase in read for word in phrase if self._explain(word)))
            cores = [self._core(event.id, phrase) for phrase in read]
            self._cores.append(list(dict.fromkeys(cores)))

    # --- reading ----------------------------------------------------------------------------------------------------

    def _folded(self, listed: Iterable[str]) -> list[str]:
        return [fold(word) for word in listed]

    def _forms(self, listed: Iterable[str]) -> frozenset[str]:
        return frozenset(map(self._form, listed))

    def _form(self, word: str) -> str:
        return search_form(fold(word), self._lang)

    def _stem(self, word: str) -> str:
        return stems_of((word,), self._lang)[0]

    def _slots(self, template: str) -> tuple[_Slot, ...]:
        return tuple(
            _Slot(self._forms(slot.removesuffix("?").split("|")), slot.endswith("?")) for slot in template.split()
        )

    def _by_first_word(self, templates: Iterable[str]) -> dict[str, list[tuple[_Slot, ...]]]:
        """Wishes by the words that they can begin with, the longer ones first ("ko darīt tālāk" before "ko darīt")."""
        out: dict[str, list[tuple[_Slot, ...]]] = {}
        for slots in sorted(map(self._slots, templates), key=len, reverse=True):
            for slot in slots:
                for form in slot.forms:
                    out.setdefault(form, []).append(slots)
                if not slot.optional:
                    break
        return out

    def _read(self, text: str) -> list[_Word]:
        out: list[_Word] = []
        before = ""
        for token in tokens(text):
            word = fold(token).strip("'")
            form = search_form(word, self._lang)
            out.append(self._word(token, word, form, before))
            before = form
        return out

    def _word(self, token: str, word: str, form: str, before: str) -> _Word:
        if form in self._negations:
            return _Word(form, "!" + form, "content")
        if form in self._light:
            return _Word(form, self._same.get(form, form), "light")
        if form in self._fillers or (self._filler_starts is not None and self._filler_starts.match(form)):
            return _Word(form, "", "filler")
        if _NUMBER.match(form):
            return _Word(form, form, "number")
        if form in self._numbers:
            return _Word(form, self._stem(word), "number")
        stem = self._stem(word)
        if stem in self._countries:
            return _Word(form, _FROM_COUNTRY if before in self._from else _TO_COUNTRY, "content")
        if name := self._class_forms.get(word) or self._classes.get(stem):
            return _Word(form, name, "content")
        # An ordinary word is a place only where it looks like one.
        doubtful = self._places.get(word)
        if doubtful is False or (doubtful and before and token[0].isupper()):
            return _Word(form, _PLACE, "content")
        return _Word(form, stem, "content")

    def _core(self, event_id: str, phrase: list[_Word]) -> _Core:
        """What is required of a message; weak phrases need their light words as well.

        Raises:
            ValueError: nothing is left by which the event could be told.
        """
        strong = [word for word in phrase if word.kind in {"content", "number"}]
        telling = {word.key for word in strong if word.kind == "content" and not word.key.startswith("<")}
        kept = strong if len(telling) > 1 else [word for word in phrase if word.kind != "filler"]
        if not telling and len(kept) < 2:
            said = " ".join(word.form for word in phrase)
            raise ValueError(f"{event_id}: the phrase {said!r} ({self._lang}) has no word that tells the event")
        return _Core(
            frozenset(word.key for word in kept),
            frozenset(word.form for word in kept),
            weight=sum({word.key: _LIGHT if word.kind == "light" else 1.0 for word in kept}.values()),
            weak=not telling,
        )

    def _explain(self, word: _Word) -> bool:
        """Whether the word has to be in the event's vocabulary."""
        return word.kind == "content" or word.form in self._wants

    # --- matching ---------------------------------------------------------------------------------------------------

    def find(self, text: str) -> int | None:
        """Number of the event that ``text`` tells, and nothing but that."""
        words = self._read(text)
        if not words or len(words) > _MAX_WORDS:
            return None
        found = self._told(words)
        if found is None and (rest := self._without_wish(words)) is not None:
            found = self._told(rest)
        return found

    def _told(self, words: list[_Word]) -> int | None:
        keys = {word.key for word in words if word.kind != "filler"}
        # A filler can be part of no core, but a light word or a number may.
        strong = {word.key for word in words if word.kind in {"content", "number"}}
        content = {word.key for word in words if self._explain(word)} - _ANYWHERE
        countries = bool(content & _COUNTRIES)
        content -= _COUNTRIES
        forms = {word.form for word in words}
        negations = {key for key in content if key.startswith("!")}
        best: tuple[float, set[int]] = (0.0, set())
        for at, vocabulary in enumerate(self._vocabulary):
            if not content <= vocabulary or (countries and not vocabulary & _COUNTRIES):
                continue
            for core in self._cores[at]:
                if not core.keys <= keys or not negations <= core.keys:
                    continue
                if core.weak and not (strong <= core.keys and core.forms <= forms):
                    continue
                # Porter's stem of "pensioner" is that of "pension": alone, only the form itself tells them apart.
                if self._lang == "en" and len(core.keys) == 1 and not core.forms <= forms:
                    continue
                score = core.weight + _EXACT * len(core.forms & forms)
                if score > best[0]:
                    best = score, {at}
                elif score == best[0]:
                    best[1].add(at)
        return best[1].pop() if len(best[1]) == 1 else None

    def _without_wish(self, words: list[_Word]) -> list[_Word] | None:
        """What is left when general wishes are taken out; None if there is no wish."""
        taken: set[int] = set()
        first = next((at for at, word in enumerate(words) if word.kind == "content"), None)
        if first is not None and words[first].form in self._openers:
            taken.add(first)
        for start in range(len(words)):
            if start in taken:
                continue
            for slots in self._wishes.get(words[start].form, ()):
                if found := self._wish_at(slots, words, start):
                    taken |= found
                    break
        if not taken:
            return None
        # Explained from now on, and still there for the phrases that need them ("atgriežos *Latvijā*").
        return [
            word._replace(kind="light") if word.form in self._tail else word
            for at, word in enumerate(words)
            if at not in taken
        ]

    @staticmethod
    def _wish_at(slots: tuple[_Slot, ...], words: list[_Word], start: int) -> set[int]:
        """Places of the words that make up the wish at ``start``; empty if it is not there."""
        at = start
        taken: set[int] = set()
        for slot in slots:
            # Fillers may stand between: "ko man tagad darīt".
            ahead = at
            while taken and ahead < len(words) and words[ahead].form not in slot.forms:
                if words[ahead].kind not in {"filler", "light"}:
                    break
                ahead += 1
            if ahead < len(words) and words[ahead].form in slot.forms:
                taken.add(ahead)
                at = ahead + 1
            elif not slot.optional:
                return set()
        return taken


class LifeEvents:
    """The life events and social groups; immutable, thread-safe for reading."""

    def __init__(self, raw: _File, places: Mapping[str, bool]) -> None:
        """Use :meth:`load`."""
        self._events = tuple(raw.events)
        self._by_id = {event.id: event for event in self._events}
        self._languages = {lang: _Language(lang, raw.words[lang], self._events, places) for lang in LANGUAGES}

    @classmethod
    def load(cls, path: Path = LIFE_EVENTS_FILE, places: Path = PLACES_FILE) -> LifeEvents:
        """Reads the life events (about a fifth of a second).

        Raises:
            OSError, ValueError, KeyError: a file is missing or broken.
        """
        return cls(_File.model_validate_json(path.read_text("utf-8")), _read_places(places))

    def __iter__(self) -> Iterator[LifeEvent]:
        """Life events, then social groups."""
        return iter(self._events)

    def get(self, event_id: str) -> LifeEvent:
        """The life event or group with this id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[event_id]

    def find(self, text: str, lang: str) -> LifeEvent | None:
        """The event that ``text`` tells; None if it tells none, several, or asks something concrete as well.

        Args:
            text: the citizen's words.
            lang: the language they are thought to be in; short messages are often taken for another one, so the
                others are tried after it.
        """
        if len(text) > _MAX_CHARS:
            return None
        first = "ru" if is_cyrillic(text) else lang if lang in self._languages else DEFAULT_LANGUAGE
        order = [first] if is_cyrillic(text) else [first, *(other for other in LANGUAGES if other != first)]
        for name in order:
            found = self._languages[name].find(text)
            if found is not None:
                return self._events[found]
        return None


def _read_places(path: Path) -> dict[str, bool]:
    """Folded names of places in all their forms; True for those that are ordinary words, too."""
    names: dict[str, bool] = {}
    for line in path.read_text("utf-8").splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        doubtful = {fold(form) for form in (*row["caution_forms"], *row["ambiguous_forms"])}
        for form in row["surface_forms"]:
            if tokens(form) == [form]:
                folded = fold(form)
                names[folded] = names.get(folded, False) or folded in doubtful
    return names
