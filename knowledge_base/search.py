"""Which service does a question mean: an in-memory index with calibrated probabilities.

Lexical views of the same services are fused:

* ``bm25``: stems against titles, everyday names, example questions and names of institutions;
* ``texts``: stems against the answers that citizens read;
* ``nearest``: the best single snippet, by stems and by character n-grams (typing mistakes, missing diacritics);

and, where a sentence encoder is at hand, views by meaning, over snippets of all languages at once:

* ``meaning_nearest``: the best single snippet;
* ``meaning_profile``: the mean of a service's snippets.

Tried and left out, for they added nothing once meaning was there: classifiers by letters and by meaning, and means by letters.

Nothing is trained when the index is built, so an editor's change is searchable within seconds.

The index is immutable: a change makes a new one out of it, counting anew only what the changed services say, and swaps the
reference, so searching needs no lock.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kit.i18n import LANGUAGES
from knowledge_base import text as txt

FloatArray = NDArray[np.float32]

PARAMS_FILE = Path(__file__).parent / "data" / "search_params.json"
NOTHING_FILE = Path(__file__).parent / "data" / "not_services.jsonl"
LEXICAL: tuple[str, ...] = ("bm25", "texts", "nearest_stem", "nearest_char")
BY_MEANING: tuple[str, ...] = ("meaning_nearest", "meaning_profile")
SCORERS: tuple[str, ...] = (*LEXICAL, *BY_MEANING)
FEATURES: tuple[str, ...] = (
    *("odds", "odds_three", "score", "margin", "coverage"),
    *("evidence", "nearest", "none", "known", "length", "agreement"),
)
"""What the calibration looks at, in this order; see `_LanguageIndex.fuse`."""

_MAX_QUERY_CHARS = 1000
_LEAST_SCORE = 1e-4
#: A long story is not a sure one: beyond so much matched IDF, and so many words, calibration gives no more credit.
_ENOUGH_EVIDENCE = 12.0
_ENOUGH_WORDS = 6
_NGRAMS = (3, 4, 5)
#: So many changed services are always put into the index that is there; of a large catalogue, a tenth.
_FEW = 5


class Encoder(Protocol):
    """Sentence embeddings, when a model is at hand."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit-length rows, one for each of ``texts``; comparable across calls and languages."""
        ...

    def encode_one(self, text: str) -> FloatArray:
        """The same for a single message."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that a question may mean.

    Attributes:
        probability: calibrated probability that this service is the meant one.
        score: fused score before calibration; only comparable within one search.
    """

    service_id: str
    probability: float
    score: float


@dataclass(frozen=True, slots=True)
class SearchableService:
    """What the index needs to know of a service; texts by language."""

    id: str
    titles: Mapping[str, str]
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    institutions: Sequence[str] = ()
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def mark(self) -> str:
        """A mark of everything in it: another one when anything has changed."""
        by_language = [
            [(lang, list(texts.get(lang, ()))) for lang in LANGUAGES]
            for texts in (self.aliases, self.examples, self.texts)
        ]
        everything = [sorted(self.titles.items()), by_language, list(self.institutions)]
        return hashlib.blake2b(json.dumps(everything, ensure_ascii=False).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Components:
    """What the scorers say of a question.

    Attributes:
        scores: by scorer, a score for every service.
        none: how much the question is like messages that are about no service.
    """

    scores: Mapping[str, FloatArray]
    none: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic model over `FEATURES`: probability that the first (or one of the first three) is the right one."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    first: tuple[float, ...]
    """Intercept, then one weight a feature."""
    among_three: tuple[float, ...]

    def probabilities(self, features: Sequence[float]) -> tuple[float, float]:
        """(the first is right, one of the first three is right), both in 0…1."""
        scaled = [(x - m) / s for x, m, s in zip(features, self.mean, self.scale, strict=True)]
        first = _logistic(self.first, scaled)
        return first, max(first, _logistic(self.among_three, scaled))


def _logistic(weights: Sequence[float], features: Sequence[float]) -> float:
    z = weights[0] + sum(w * x for w, x in zip(weights[1:], features, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-35.0, min(35.0, z))))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which probability on to answer, and from which on to offer up to three choices."""

    answer: float
    choices: float


@dataclass(frozen=True, slots=True)
class SearchParams:
    """Everything that `tune.py` finds out; kept in ``data/search_params.json``."""

    weights: Mapping[str, Mapping[str, float]]
    calibration: Mapping[str, Calibration]
    thresholds: Mapping[str, Thresholds]
    temperature: Mapping[str, float]
    """By language: how far apart scores are, so that their softmax says how likely each service is."""

    @classmethod
    def load(cls, path: Path = PARAMS_FILE) -> SearchParams:
        """Reads tuned parameters.

        Raises:
            OSError, ValueError, KeyError: the file is missing or broken.
        """
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return cls(
            weights=raw["weights"],
            calibration={
                lang: Calibration(**{name: tuple(values) for name, values in entry.items()})
                for lang, entry in raw["calibration"].items()
            },
            thresholds={lang: Thresholds(**entry) for lang, entry in raw["thresholds"].items()},
            temperature=raw["temperature"],
        )

    @classmethod
    def untuned(cls) -> SearchParams:
        """Plain starting values, for tuning and tests."""
        weights = {"bm25": 0.25, "texts": 0.1, "nearest_stem": 0.1, "nearest_char": 0.1}
        weights |= dict.fromkeys(BY_MEANING, 0.225)
        count = len(FEATURES)
        flat = Calibration(
            mean=(0.0,) * count,
            scale=(1.0,) * count,
            first=(0.0, 1.0, *(0.0,) * (count - 1)),
            among_three=(0.0, 0.0, 1.0, *(0.0,) * (count - 2)),
        )
        return cls(
            weights=dict.fromkeys(LANGUAGES, weights),
            calibration=dict.fromkeys(LANGUAGES, flat),
            thresholds=dict.fromkeys(LANGUAGES, Thresholds(0.7, 0.3)),
            temperature=dict.fromkeys(LANGUAGES, 0.05),
        )


@dataclass(frozen=True, slots=True)
class Ranking:
    """Raw outcome of a search in one language: services by falling score, with what calibration needs."""

    order: NDArray[np.intp]
    scores: FloatArray
    shares: FloatArray
    """Softmax of the scores: how likely each service is if one of them is meant at all."""
    features: tuple[float, ...]


def read_nothing(path: Path = NOTHING_FILE) -> dict[str, list[str]]:
    """Messages about no service (small talk, other people's business, nonsense) by language."""
    out: dict[str, list[str]] = {lang: [] for lang in LANGUAGES}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        out[row["lang"]].append(row["text"])
    return out


# --- sparse text spaces -------------------------------------------------------------------------------------------


class _Space:
    """TF-IDF rows of unit length over a vocabulary."""

    def __init__(self, bags: Sequence[Counter[str]]) -> None:
        self._column: dict[str, int] = {}
        self._settle(self._counted(bags))

    def _counted(self, bags: Sequence[Mapping[str, int]]) -> sparse.csr_matrix:
        """A row a bag of damped counts; new terms join the vocabulary."""
        column = self._column
        indptr = np.zeros(len(bags) + 1, np.intp)
        columns: list[NDArray[np.int32]] = []
        counts: list[FloatArray] = []
        for at, bag in enumerate(bags):
            columns.append(np.fromiter((column.setdefault(term, len(column)) for term in bag), np.int32, len(bag)))
            counts.append(np.fromiter(bag.values(), np.float32, len(bag)))
            indptr[at + 1] = indptr[at] + len(bag)
        values = 1.0 + np.log(np.concatenate(counts)) if counts else np.empty(0, np.float32)
        indices = np.concatenate(columns) if columns else np.empty(0, np.int32)
        return sparse.csr_matrix((values, indices, indptr), shape=(len(bags), len(column)), dtype=np.float32)

    def _settle(self, rows: sparse.csr_matrix) -> None:
        """Weighs the terms of ``rows`` (each of any length) and keeps what search needs."""
        total = rows.shape[0]
        frequency = np.bincount(rows.indices, minlength=rows.shape[1])
        idf = np.log((1.0 + total) / (1.0 + frequency)) + 1.0
        # A term that has left the index is as unknown as one that was never there.
        self._idf: FloatArray = np.where(frequency > 0, idf, 0.0).astype(np.float32)
        values = rows.data * self._idf[rows.indices]
        filled = np.flatnonzero(np.diff(rows.indptr))
        squares = np.zeros(total, np.float32)
        if len(filled):
            squares[filled] = np.add.reduceat(values * values, rows.indptr[filled])
        norms = np.sqrt(squares)
        values /= np.repeat(np.where(norms > 0, norms, 1.0).astype(np.float32), np.diff(rows.indptr))
        matrix = sparse.csr_matrix((values, rows.indices, rows.indptr), shape=rows.shape, dtype=np.float32)
        self._rows = total
        # Only the posting lists are kept: nobody asks for a row again.
        self._by_term = matrix.T.tocsr()

    def replaced(self, kept: NDArray[np.intp], bags: Sequence[Mapping[str, int]], order: NDArray[np.intp]) -> _Space:
        """Another space: the ``kept`` rows and those of ``bags``, put into ``order``.

        A row's own length does not matter, for each is scaled to one: so the counts behind it are had back from its weights.
        """
        made = _Space.__new__(_Space)
        made._column = dict(self._column)
        fresh = made._counted(bags)
        old = self._by_term.T.tocsr()[kept]
        weight = self._idf[old.indices]
        old.data = np.divide(old.data, weight, out=np.zeros_like(old.data), where=weight > 0)
        old.resize((old.shape[0], fresh.shape[1]))
        made._settle(sparse.vstack([old, fresh], format="csr")[order])
        return made

    def _row(self, bag: Mapping[str, int]) -> tuple[NDArray[np.int32], FloatArray]:
        known = [(self._column[term], count) for term, count in bag.items() if term in self._column]
        columns = np.fromiter((column for column, _ in known), np.int32, len(known))
        values = np.fromiter((1.0 + math.log(count) for _, count in known), np.float32, len(known))
        values *= self._idf[columns]
        norm = float(np.sqrt(np.dot(values, values)))
        return columns, values / norm if norm else values

    def similarities(self, bag: Mapping[str, int]) -> FloatArray:
        """Cosine of ``bag`` with every row."""
        columns, values = self._row(bag)
        indptr, indices, data = self._by_term.indptr, self._by_term.indices, self._by_term.data
        if len(columns) == 0:
            return np.zeros(self._rows, np.float32)
        starts, ends = indptr[columns], indptr[columns + 1]
        lengths = ends - starts
        # One gather over all posting lists instead of a sparse product: half the time for a single query.
        offsets = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
        at = np.arange(int(lengths.sum())) + offsets
        found = np.bincount(indices[at], weights=data[at] * np.repeat(values, lengths), minlength=self._rows)
        return found.astype(np.float32)


def _stem_bag(stems: Sequence[str]) -> Counter[str]:
    """Stems and neighbouring pairs: ``slimib pabalst`` is more than its two words."""
    bag = Counter(stems)
    bag.update(f"{a} {b}" for a, b in pairwise(stems))
    return bag


def _char_bag(words: Iterable[str]) -> Counter[str]:
    bag: Counter[str] = Counter()
    for word in words:
        padded = f" {word} "
        for size in _NGRAMS:
            if len(padded) <= size:
                bag[padded] += 1
                break
            bag.update(padded[at : at + size] for at in range(len(padded) - size + 1))
    return bag


class _Bm25:
    """BM25 over services, each a bag of weighted stems."""

    _K1 = 1.2
    _B = 0.4

    def __init__(self, bags: Sequence[Mapping[str, float]]) -> None:
        postings: dict[str, tuple[list[int], list[float]]] = {}
        for at, bag in enumerate(bags):
            for stem, tf in bag.items():
                rows, values = postings.setdefault(stem, ([], []))
                rows.append(at)
                values.append(tf)
        self._postings = {
            stem: (np.array(rows, np.intp), np.array(values, np.float32)) for stem, (rows, values) in postings.items()
        }
        self._settle(np.array([sum(bag.values()) for bag in bags], np.float32))

    def _settle(self, lengths: FloatArray) -> None:
        """Weighs the stems. ``lengths``: of each service's bag."""
        total = len(lengths)
        self._lengths = lengths
        self._size = total
        self.idf = {
            stem: math.log(1.0 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
            for stem, (rows, _) in self._postings.items()
        }
        self._unknown = math.log(1.0 + (total + 0.5) / 0.5)
        mean = float(lengths.mean()) if total else 1.0
        self._norm: FloatArray = (self._K1 * (1 - self._B + self._B * lengths / max(mean, 1e-6))).astype(np.float32)

    def replaced(self, bags: Mapping[int, Mapping[str, float]], size: int) -> _Bm25:
        """Another: some services' bags replaced, or added at the end; ``size``: how many services there are then."""
        made = _Bm25.__new__(_Bm25)
        stay = np.ones(self._size, bool)
        stay[[at for at in bags if at < self._size]] = False
        postings: dict[str, tuple[NDArray[np.intp], FloatArray]] = {}
        for stem, (rows, values) in self._postings.items():
            stays = stay[rows]
            if stays.all():
                postings[stem] = (rows, values)
            elif stays.any():
                postings[stem] = (rows[stays], values[stays])
        nobody = (np.empty(0, np.intp), np.empty(0, np.float32))
        lengths = np.zeros(size, np.float32)
        lengths[: self._size] = self._lengths
        for at, bag in bags.items():
            lengths[at] = sum(bag.values())
            for stem, tf in bag.items():
                rows, values = postings.get(stem, nobody)
                postings[stem] = (np.append(rows, at), np.append(values, np.float32(tf)))
        made._postings = postings
        made._settle(lengths)
        return made

    def scores(self, stems: Iterable[str]) -> FloatArray:
        """Scores in about 0…1: the share of the question's weight that a service explains."""
        out = np.zeros(self._size, np.float32)
        weight = 0.0
        for stem in dict.fromkeys(stems):
            found = self._postings.get(stem)
            # A word the index has never seen says little either way: it must not drown the known ones.
            weight += self.idf[stem] if found else 0.3 * self._unknown
            if found:
                rows, tf = found
                out[rows] += np.float32(self.idf[stem] * (self._K1 + 1)) * tf / (tf + self._norm[rows])
        return out / np.float32(weight * (self._K1 + 1)) if weight else out

    def coverage(self, stems: Iterable[str], service: int) -> tuple[float, float]:
        """How much of the question a service's texts hold, by IDF: as a share (0…1), and absolutely.

        The share alone is full for "thank you" too; the absolute sum tells that this says little.
        """
        have = total = 0.0
        for stem in dict.fromkeys(stems):
            found = self._postings.get(stem)
            weight = self.idf.get(stem, self._unknown)
            total += weight
            if found is not None and service in found[0]:
                have += weight
        return (have / total if total else 0.0), min(have, _ENOUGH_EVIDENCE) / 10

    def known_share(self, stems: Sequence[str]) -> float:
        """Share of words that stand anywhere in the index (0…1)."""
        return sum(stem in self._postings for stem in stems) / len(stems) if stems else 0.0


class _Runs:
    """Snippets in runs, one run an owner; owners without any snippet stay at zero."""

    def __init__(self, owners: Sequence[int] | NDArray[np.intp], count: int) -> None:
        """``owners``: of each snippet; those of one owner stand together; ``count``: how many owners there are."""
        self.count = count
        self._owners = np.array(owners, np.intp)
        self._filled, self._starts = np.unique(self._owners, return_index=True)

    def replaced(self, lengths: Mapping[int, int], size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], _Runs]:
        """Other runs for ``size`` owners and the last one: which snippets stay, how these and the new ones (``lengths`` by
        owner, in that order) are put into order, and the runs that come of it."""
        last = self.count - 1
        # The place of the last owner is that of the first new one now.
        gone = np.array([at for at in lengths if at < last], np.intp)
        kept = np.flatnonzero(np.isin(self._owners, gone, invert=True))
        owners = self._owners[kept]
        owners = np.where(owners == last, size, owners)
        fresh = np.repeat(np.array(sorted(lengths), np.intp), [lengths[at] for at in sorted(lengths)])
        joined = np.concatenate((owners, fresh))
        order = np.argsort(joined, kind="stable")
        return kept, order, _Runs(joined[order], size + 1)

    def best(self, values: FloatArray) -> FloatArray:
        """The largest value of each owner's snippets."""
        return self._reduced(np.maximum, values)

    def total(self, rows: FloatArray) -> FloatArray:
        """The sum of each owner's rows."""
        return self._reduced(np.add, rows)

    def _reduced(self, by: np.ufunc, values: FloatArray) -> FloatArray:
        out = np.zeros((self.count, *values.shape[1:]), np.float32)
        if len(self._starts):
            out[self._filled] = by.reduceat(values, self._starts)
        return out


def _spoken(service: SearchableService) -> list[str]:
    """Everything by which people call a service, in any language."""
    own = [title for title in service.titles.values() if title]
    own += [text for texts in (*service.aliases.values(), *service.examples.values()) for text in texts]
    return list(dict.fromkeys(own))


# --- by meaning -----------------------------------------------------------------------------------------------------


class _Meaning:
    """The snippets of all languages as sentence vectors; one for the whole index, for a vector knows no language."""

    def __init__(
        self, services: Sequence[SearchableService], nothing: Mapping[str, Sequence[str]], encoder: Encoder
    ) -> None:
        self._encoder = encoder
        owners: list[int] = []
        snippets: list[str] = []
        for at, service in enumerate(services):
            own = _spoken(service)
            owners += [at] * len(own)
            snippets += own
        for texts in nothing.values():
            owners += [len(services)] * len(texts)
            snippets += texts
        self._settle(encoder.encode(snippets), _Runs(owners, len(services) + 1))

    def _settle(self, vectors: FloatArray, runs: _Runs) -> None:
        self._count = runs.count - 1
        self._vectors = vectors
        self._runs = runs
        # The last is of messages about nothing.
        means = self._runs.total(self._vectors)
        self._means = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)

    def replaced(self, changed: Mapping[int, SearchableService], size: int) -> _Meaning:
        """Another: the snippets of some services replaced, or added at the end. Only what was not there is computed."""
        made = _Meaning.__new__(_Meaning)
        made._encoder = self._encoder
        own = {at: _spoken(service) for at, service in changed.items()}
        fresh = self._encoder.encode([text for at in sorted(own) for text in own[at]])
        kept, order, runs = self._runs.replaced({at: len(texts) for at, texts in own.items()}, size)
        rows = self._vectors[kept]
        made._settle((np.concatenate((rows, fresh)) if len(fresh) else rows)[order], runs)
        return made

    def scores(self, question: str, vector: FloatArray | None = None) -> tuple[dict[str, FloatArray], float]:
        """Scores of every service by each view, and how much the question is like messages about no service."""
        if vector is None:
            vector = self._encoder.encode_one(question)
        nearest = self._runs.best(np.asarray(self._vectors @ vector, np.float32))
        profile = np.asarray(self._means @ vector, np.float32)
        found: dict[str, FloatArray] = {"meaning_nearest": nearest, "meaning_profile": profile}
        return {name: values[: self._count] for name, values in found.items()}, float(profile[self._count])


# --- the index ----------------------------------------------------------------------------------------------------

# How much a text says of its service in the bag of words. Snippets of another language carry names and loan words.
_FIELD_WEIGHT = {"title": 3.0, "alias": 2.0, "example": 1.0, "institution": 0.6, "foreign": 0.5}


class _LanguageIndex:
    """The index as questions of one language see it."""

    def __init__(
        self,
        services: Sequence[SearchableService],
        nothing: Sequence[str],
        lang: str,
        params: SearchParams,
        meaning: _Meaning | None,
    ) -> None:
        self._lang = lang
        self._params = params
        owners: list[int] = []
        words: list[list[str]] = []
        bags: list[dict[str, float]] = []
        text_bags: list[dict[str, float]] = []
        for at, service in enumerate(services):
            own, bag, text_bag = self._pieces(service)
            owners += [at] * len(own)
            words += own
            bags.append(bag)
            text_bags.append(text_bag)
        # Messages about no service are a class of their own, so that "thank you" need not look like anything.
        owners += [len(services)] * len(nothing)
        words += [txt.words(snippet, lang) for snippet in nothing]
        self._bm25 = _Bm25(bags)
        self._texts = _Bm25(text_bags)
        self._stems = _Space(self._stem_bags(words))
        self._chars = _Space(self._char_bags(words))
        self._settle(_Runs(owners, len(services) + 1), meaning)

    def _settle(self, runs: _Runs, meaning: _Meaning | None) -> None:
        self._runs = runs
        self._count = runs.count - 1
        self._meaning = meaning

    def replaced(self, changed: Mapping[int, SearchableService], size: int, meaning: _Meaning | None) -> _LanguageIndex:
        """Another: some services replaced, or added at the end; ``size``: how many services there are then."""
        made = _LanguageIndex.__new__(_LanguageIndex)
        made._lang, made._params = self._lang, self._params
        pieces = {at: self._pieces(changed[at]) for at in sorted(changed)}
        words = [snippet for own, _, _ in pieces.values() for snippet in own]
        kept, order, runs = self._runs.replaced({at: len(own) for at, (own, _, _) in pieces.items()}, size)
        made._bm25 = self._bm25.replaced({at: bag for at, (_, bag, _) in pieces.items()}, size)
        made._texts = self._texts.replaced({at: bag for at, (_, _, bag) in pieces.items()}, size)
        made._stems = self._stems.replaced(kept, self._stem_bags(words), order)
        made._chars = self._chars.replaced(kept, self._char_bags(words), order)
        made._settle(runs, meaning)
        return made

    def _pieces(self, service: SearchableService) -> tuple[list[list[str]], dict[str, float], dict[str, float]]:
        """What a service brings: the words of its snippets, its bag of stems, and that of its answers."""
        lang = self._lang
        words: list[list[str]] = []
        bag: dict[str, float] = {}
        own = [
            ("title", [service.titles.get(lang, "")]),
            ("alias", service.aliases.get(lang, ())),
            ("example", service.examples.get(lang, ())),
        ]
        for kind, texts in own:
            for snippet in texts:
                if snippet:
                    words.append(txt.words(snippet, lang))
                    _pour(bag, txt.stems_of(words[-1], lang), _FIELD_WEIGHT[kind])
        if lang != "lv":
            # People of every language use the Latvian names of things: EDS, GMI, dzimtsaraksti.
            for snippet in (service.titles.get("lv", ""), *service.aliases.get("lv", ())):
                _pour(bag, txt.stems(snippet, "lv" if lang == "en" else lang), _FIELD_WEIGHT["foreign"])
        for name in service.institutions:
            _pour(bag, txt.stems(name, lang), _FIELD_WEIGHT["institution"])
        text_bag: dict[str, float] = {}
        for snippet in service.texts.get(lang, ()):
            _pour(text_bag, txt.stems(snippet, lang), 1.0)
        return words, bag, text_bag

    def _stem_bags(self, words: Iterable[Sequence[str]]) -> list[Counter[str]]:
        return [_stem_bag(txt.stems_of(found, self._lang)) for found in words]

    def _char_bags(self, words: Iterable[Sequence[str]]) -> list[Counter[str]]:
        return [_char_bag(self._forms(found)) for found in words]

    def _forms(self, words: Iterable[str]) -> list[str]:
        return [txt.search_form(word, self._lang) for word in words]

    def _best(self, similarities: FloatArray) -> tuple[FloatArray, float]:
        """The best snippet of each service, and the best of those about nothing."""
        out = self._runs.best(similarities)
        return out[: self._count], float(out[self._count])

    def components(self, question: str, vector: FloatArray | None = None) -> Components:
        """Scores of every service by each scorer; ``vector``: the question's sentence vector, if it is known already."""
        words = txt.words(question, self._lang)
        stems = txt.stems_of(words, self._lang)
        by_stem = self._stems.similarities(_stem_bag(stems))
        by_char = self._chars.similarities(_char_bag(self._forms(words)))
        stem, stem_none = self._best(by_stem)
        char, char_none = self._best(by_char)
        out = {"bm25": self._bm25.scores(stems), "texts": self._texts.scores(stems)}
        out |= {"nearest_stem": stem, "nearest_char": char}
        none = max(stem_none, char_none)
        if self._meaning is not None:
            by_meaning, none = self._meaning.scores(question, vector)
            out |= by_meaning
        return Components(out, none)

    def rank(self, question: str, vector: FloatArray | None = None) -> Ranking:
        """Services by fused score."""
        params = self._params
        return self.fuse(
            question, self.components(question, vector), params.weights[self._lang], params.temperature[self._lang]
        )

    def fuse(self, question: str, found: Components, weights: Mapping[str, float], temperature: float) -> Ranking:
        """Puts the scorers' results together."""
        parts = found.scores
        scores = np.zeros(self._count, np.float32)
        for name, values in parts.items():
            weight = weights.get(name, 0.0)
            if weight:
                scores += np.float32(weight) * values
        order = np.argsort(-scores, kind="stable")
        if not len(order):
            return Ranking(order, scores, scores, (0.0,) * len(FEATURES))
        stems = txt.stems(question, self._lang)
        top = int(order[0])
        powers = np.exp((scores - scores[top]) / np.float32(temperature))
        shares = powers / powers.sum()
        first = float(scores[top])
        second = float(scores[order[1]]) if len(order) > 1 else 0.0
        features = (
            _log_odds(float(shares[top])),
            _log_odds(float(shares[order[:3]].sum())),
            first,
            first - second,
            *self._bm25.coverage(stems, top),
            max(float(parts["nearest_stem"][top]), float(parts["nearest_char"][top])),
            found.none,
            self._bm25.known_share(stems),
            min(len(set(stems)), _ENOUGH_WORDS) / 10,
            sum(int(values.argmax()) == top for values in parts.values()) / len(parts),
        )
        return Ranking(order, scores, shares, features)

    def evidence(self, question: str) -> FloatArray:
        """How much of the question's weight each service explains, by stems alone."""
        return self._bm25.scores(txt.stems(question, self._lang))

    def known_share(self, question: str) -> float:
        """Share of the question's words that this language's index has seen."""
        return self._bm25.known_share(txt.stems(question, self._lang))


def _log_odds(chance: float) -> float:
    chance = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(chance / (1.0 - chance))


def _pour(bag: dict[str, float], stems: Iterable[str], weight: float) -> None:
    for stem in stems:
        bag[stem] = bag.get(stem, 0.0) + weight


class SearchIndex:
    """Immutable, thread-safe search over services in Latvian, Russian and English."""

    def __init__(
        self,
        services: Sequence[SearchableService],
        params: SearchParams | None = None,
        encoder: Encoder | None = None,
        nothing: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Builds the index (about two seconds for 160 services).

        Args:
            services: what is to be found.
            params: tuned parameters; those of the package when left out.
            encoder: sentence embeddings, if a model is at hand.
            nothing: by language, messages that are about no service; see :func:`read_nothing`.

        Raises:
            ValueError: a service id is there twice.
        """
        self.service_ids: tuple[str, ...] = tuple(service.id for service in services)
        if len(set(self.service_ids)) != len(self.service_ids):
            raise ValueError("a service id is there twice")
        self.params = params or SearchParams.load()
        nothing = nothing or {}
        self._marks = {service.id: service.mark() for service in services}
        self._meaning = _Meaning(services, nothing, encoder) if encoder is not None and services else None
        meaning = self._meaning
        self._languages = {
            lang: _LanguageIndex(services, nothing.get(lang, ()), lang, self.params, meaning) for lang in LANGUAGES
        }

    def updated(self, services: Sequence[SearchableService]) -> SearchIndex | None:
        """The index of ``services``, made out of this one: only what the changed ones say is counted and encoded.

        It finds what one built from nothing would find; what is new stands at the end. Itself when nothing has changed; None
        when a service is gone or so much is new that building costs no more.
        """
        marks = {service.id: service.mark() for service in services}
        changed = [service for service in services if self._marks.get(service.id) != marks[service.id]]
        if len(changed) > max(_FEW, len(services) // 10) or not self._marks.keys() <= marks.keys() or not self._marks:
            return None
        if not changed:
            return self
        made = SearchIndex.__new__(SearchIndex)
        new = [service.id for service in changed if service.id not in self.position]
        made.service_ids = (*self.service_ids, *new)
        made.params = self.params
        made._marks = marks
        at = {service_id: place for place, service_id in enumerate(made.service_ids)}
        wanted = {at[service.id]: service for service in changed}
        size = len(made.service_ids)
        made._meaning = self._meaning.replaced(wanted, size) if self._meaning is not None else None
        made._languages = {lang: index.replaced(wanted, size, made._meaning) for lang, index in self._languages.items()}
        return made

    @cached_property
    def position(self) -> dict[str, int]:
        """Service id → place in the arrays of a `Ranking`."""
        return {service_id: at for at, service_id in enumerate(self.service_ids)}

    def language_for(self, text: str, lang: str) -> str:
        """The language to search in: ``lang``, unless the words are plainly of another one.

        Language detection errs on short texts; a wrong language must not cost the answer.
        """
        lang = lang if lang in LANGUAGES else LANGUAGES[0]
        if txt.is_cyrillic(text):
            return "ru"
        share = {code: self._languages[code].known_share(text) for code in LANGUAGES}
        best = max(LANGUAGES, key=lambda code: share[code])
        return best if share[lang] < 0.34 and share[best] >= 0.6 else lang

    def components(self, text: str, lang: str) -> Components:
        """Scores by scorer, for tuning and for looking into a result."""
        return self._languages[lang].components(text[:_MAX_QUERY_CHARS])

    def fuse(
        self, text: str, lang: str, found: Components, weights: Mapping[str, float], temperature: float
    ) -> Ranking:
        """Ranks from components that were computed before, for tuning."""
        return self._languages[lang].fuse(text[:_MAX_QUERY_CHARS], found, weights, temperature)

    def evidence(self, text: str, lang: str, service_ids: Sequence[str]) -> tuple[float, ...]:
        """How much of ``text`` each of some services explains (about 0…1), by stems alone: cheap, and no probability.

        One that is not in the index, as it has just been published or withdrawn, explains nothing.
        """
        scores = self._languages[self.language_for(text, lang)].evidence(text[:_MAX_QUERY_CHARS])
        places = [self.position.get(service_id) for service_id in service_ids]
        return tuple(float(scores[place]) if place is not None else 0.0 for place in places)

    def search(self, text: str, lang: str, limit: int = 5, vector: FloatArray | None = None) -> list[Candidate]:
        """The services that ``text`` may mean, the likeliest first.

        Args:
            text: the citizen's words; only the first 1000 characters count.
            lang: ``lv``, ``ru`` or ``en``.
            limit: how many at most.
            vector: of ``text``, where it is known already.

        Returns:
            Candidates with calibrated probabilities; empty when no word or letter sequence is known.
        """
        text = text[:_MAX_QUERY_CHARS]
        lang = self.language_for(text, lang)
        return self.candidates(self._languages[lang].rank(text, vector), self.params.calibration[lang], limit)

    def candidates(self, ranking: Ranking, calibration: Calibration, limit: int) -> list[Candidate]:
        """The best of a ranking, with probabilities that never rise from one to the next."""
        order = [int(at) for at in ranking.order[: max(limit, 3)] if ranking.scores[at] > _LEAST_SCORE]
        if not order:
            return []
        first, three = calibration.probabilities(ranking.features)
        shares = [float(ranking.shares[at]) for at in order]
        chances = [first]
        # What is left of the three goes to the second and third by their shares; the tail shares the remainder.
        near = shares[1:3]
        chances += [min(first, max(0.0, three - first) * share / (sum(near) or 1.0)) for share in near]
        rest = 1.0 - sum(shares[:3])
        chances += [min(chances[-1], (1.0 - three) * share / max(rest, share)) for share in shares[3:]]
        return [
            Candidate(self.service_ids[at], round(chance, 4), round(float(ranking.scores[at]), 4))
            for at, chance in zip(order[:limit], chances, strict=False)
        ]
