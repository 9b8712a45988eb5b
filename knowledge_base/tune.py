"""Finds the search parameters: ``python -m knowledge_base.tune [QUESTIONS.jsonl …] [--dialogue LINES.jsonl …]``.

Question files hold one JSON object a line: ``text``, ``lang``, ``service_id`` and, if others are right too,
``also_ok``. Dialogue files hold ``text``, ``lang`` and ``kind``; lines that are about no service (small talk, other people's
business, nonsense) teach when to say nothing. Without arguments, those of ``data/tuning`` are taken. None of them may be in
the index or have taught the encoder: the example questions cannot serve here.

Three things are found, each with few parameters, so that some hundred questions are enough:

1. the weights of the scorers, by maximum likelihood of the right service (a convex problem);
2. the calibration, a logistic model from the shape of a result to the probability that it is right;
3. the thresholds, from the trade-off between answering and answering wrongly.

Everything reported is measured on questions that the parameters were not fitted to.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from kit.i18n import LANGUAGES
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.importer import DATA_DIR, DataSet, compose_texts, read_data
from knowledge_base.search import (
    PARAMS_FILE,
    SCORERS,
    Calibration,
    Components,
    Encoder,
    Ranking,
    SearchableService,
    SearchIndex,
    SearchParams,
    Thresholds,
    read_nothing,
)

Floats = NDArray[np.float64]


#: Of all questions, so many at most may be answered wrongly without asking back. The aim is 3 % on unseen questions,
#: which do a little worse than those at hand.
WRONG_AS_CERTAIN = 0.025
#: A service is offered as a choice when it is meant at least once in so many offers.
LEAST_CHOICE = 0.12
_FOLDS = 5
_SEED = 20261123
#: All lines about no service together count as much as this share of the questions.
_NEGATIVES_SHARE = 0.4
#: Kinds of turn that are about a service, or about one only with what was said before.
_NOT_NEGATIVE = frozenset(("followup", "multi", "personal_data", "emergency", "affirm", "deny"))
TUNING_DIR = DATA_DIR / "tuning"
#: What a real question counts in the fitting of another language. Few are at hand, and languages differ little in this.
_NEIGHBOUR = 0.35


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the services that are right for it; none for a negative.

    Attributes:
        kind: ``real`` or ``negative``.
        weight: how much it counts in fitting.
    """

    text: str
    lang: str
    right: frozenset[str]
    kind: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """A question and what every scorer says of it (services × scorers)."""

    question: Question
    scores: NDArray[np.float32]
    none: float
    right: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Fit:
    """Parameters of one language."""

    weights: dict[str, float]
    temperature: float
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the search made of a question that was kept from the fitting."""

    question: Question
    chances: tuple[float, ...]
    """Probabilities of the first three."""
    hits: tuple[bool, ...]
    """Which of the first three are right."""


# --- what is searched, and what is asked --------------------------------------------------------------------------


def searchable(data: DataSet, gazetteer: Gazetteer) -> list[SearchableService]:
    """The services of the data files as the index wants them."""
    out = []
    for service_id, record in sorted(data.services.items()):
        extra = data.aliases.get(service_id)
        aliases = extra.as_dict() if extra else {lang: [] for lang in LANGUAGES}
        aliases["lv"] = list(dict.fromkeys([*record.aliases_lv, *aliases["lv"]]))
        texts: dict[str, list[str]] = {}
        for (lang, _), text in compose_texts(record, data.answers.get(service_id)).items():
            texts.setdefault(lang, []).append(text)
        out.append(
            SearchableService(
                id=service_id,
                titles={"lv": record.title_lv, "ru": record.title_ru, "en": record.title_en},
                aliases=aliases,
                examples=data.examples[service_id].as_dict() if service_id in data.examples else {},
                institutions=gazetteer.institution_names(record.institution, record.institution_name),
                texts=texts,
            )
        )
    return out


def read_questions(path: Path) -> list[Question]:
    """Questions of a JSON-lines file.

    Raises:
        OSError, ValueError, KeyError: the file is missing or broken.
    """
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Question(row["text"], row["lang"], frozenset({row["service_id"], *row.get("also_ok", ())}), "real")
        for row in rows
    ]


def read_negatives(path: Path) -> list[Question]:
    """The lines of a dialogue file that are about no service.

    Raises:
        OSError, ValueError, KeyError: the file is missing or broken.
    """
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Question(row["text"], row["lang"], frozenset(), "negative") for row in rows if row["kind"] not in _NOT_NEGATIVE
    ]


def weighed(questions: Sequence[Question]) -> list[Question]:
    """The questions with weights by which, in each language, each kind counts as it should."""
    count = {(q.lang, q.kind): sum((o.lang, o.kind) == (q.lang, q.kind) for o in questions) for q in questions}
    share = {"real": 1.0, "negative": _NEGATIVES_SHARE}
    real = {lang: count.get((lang, "real"), 0) or 100 for lang in LANGUAGES}
    return [replace(q, weight=share[q.kind] * real[q.lang] / count[q.lang, q.kind]) for q in questions]


def points(index: SearchIndex, questions: Iterable[Question]) -> list[Point]:
    """Asks every scorer of ``index``."""
    out = []
    for question in questions:
        found = index.components(question.text, question.lang)
        right = np.array([index.position[i] for i in sorted(question.right) if i in index.position], np.intp)
        out.append(Point(question, np.stack([found.scores[s] for s in SCORERS], axis=1), found.none, right))
    return out


# --- fitting ------------------------------------------------------------------------------------------------------


def fit_weights(sample: Sequence[Point]) -> tuple[dict[str, float], float]:
    """Weights (sum 1) and temperature under which the right services are likeliest."""
    sample = [point for point in sample if len(point.right)]
    scores = np.stack([point.scores for point in sample]).astype(np.float64)
    counts = np.array([point.question.weight for point in sample])
    right = np.zeros(scores.shape[:2], bool)
    for row, point in zip(right, sample, strict=True):
        row[point.right] = True
    total = counts.sum()

    def loss(weights: Floats) -> tuple[float, Floats]:
        fused = scores @ weights
        powers = np.exp(fused - fused.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        hit = np.maximum((shares * right).sum(axis=1), 1e-12)
        among = shares * right / hit[:, None]
        slope = np.einsum("ps,psk,p->k", shares - among, scores, counts)
        value = -float(counts @ np.log(hit))
        # A weak pull to zero keeps scorers that say the same from taking opposite sides.
        return value / total + 1e-4 * float(weights @ weights), slope / total + 2e-4 * weights

    start = np.full(len(SCORERS), 4.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(SCORERS)).x
    size = float(found.sum())
    return {name: round(float(w) / size, 4) for name, w in zip(SCORERS, found, strict=True)}, round(1.0 / size, 5)


def fit_calibration(sample: Sequence[tuple[Point, Ranking]]) -> Calibration:
    """Logistic models over the features of a result."""
    features = np.array([ranking.features for _, ranking in sample])
    weights = np.array([point.question.weight for point, _ in sample])
    mean = np.average(features, axis=0, weights=weights)
    scale = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weights)) + 1e-6
    scaled = (features - mean) / scale
    models = []
    for depth in (1, 3):
        hit = np.array([bool(np.isin(ranking.order[:depth], point.right).any()) for point, ranking in sample])
        model = LogisticRegression(C=0.3, max_iter=1000).fit(scaled, hit, sample_weight=weights)
        models.append(tuple(round(float(v), 5) for v in (model.intercept_[0], *model.coef_[0])))
    return Calibration(
        mean=tuple(round(float(v), 5) for v in mean),
        scale=tuple(round(float(v), 5) for v in scale),
        first=models[0],
        among_three=models[1],
    )


def fit(index: SearchIndex, sample: Sequence[Point]) -> Fit:
    """Everything for one language."""
    weights, temperature = fit_weights(sample)
    ranked = [(point, rank(index, point, weights, temperature)) for point in sample]
    return Fit(weights, temperature, fit_calibration(ranked))


def rank(index: SearchIndex, point: Point, weights: dict[str, float], temperature: float) -> Ranking:
    """The result under given weights."""
    found = Components(dict(zip(SCORERS, point.scores.T, strict=True)), point.none)
    return index.fuse(point.question.text, point.question.lang, found, weights, temperature)


def try_out(index: SearchIndex, found: Fit, sample: Iterable[Point]) -> list[Outcome]:
    """What parameters make of questions they were not fitted to."""
    out = []
    for point in sample:
        ranking = rank(index, point, found.weights, found.temperature)
        candidates = index.candidates(ranking, found.calibration, limit=3)
        right = point.question.right
        out.append(
            Outcome(
                point.question,
                tuple(candidate.probability for candidate in candidates),
                tuple(candidate.service_id in right for candidate in candidates),
            )
        )
    return out


def cross_validate(index: SearchIndex, sample: Sequence[Point], neighbours: Sequence[Point]) -> list[Outcome]:
    """Outcomes of every question of ``sample`` under parameters that were fitted without it."""
    folds = np.random.default_rng(_SEED).permutation(len(sample)) % _FOLDS
    out: list[Outcome] = []
    for fold in range(_FOLDS):
        found = fit(index, [*(point for point, at in zip(sample, folds, strict=True) if at != fold), *neighbours])
        out += try_out(index, found, [point for point, at in zip(sample, folds, strict=True) if at == fold])
    return out


def neighbours(sample: Sequence[Point], lang: str) -> list[Point]:
    """The real questions of the other languages, with less weight."""
    return [
        replace(point, question=replace(point.question, weight=_NEIGHBOUR * point.question.weight))
        for point in sample
        if point.question.lang != lang and point.question.kind == "real"
    ]


# --- thresholds and report ----------------------------------------------------------------------------------------


def thresholds(outcomes: Sequence[Outcome], lang: str) -> Thresholds:
    """The lowest threshold that keeps wrong certain answers to real questions below `WRONG_AS_CERTAIN`.

    Questions of other languages count too, with less weight, for the reason given at `_NEIGHBOUR`.
    """
    real = [(o, 1.0 if o.question.lang == lang else _NEIGHBOUR) for o in outcomes if o.question.kind == "real"]
    total = sum(weight for _, weight in real)
    wrong, answer = 0.0, 1.0
    for outcome, weight in sorted(real, key=lambda pair: -(pair[0].chances or (0.0,))[0]):
        wrong += 0.0 if outcome.hits and outcome.hits[0] else weight
        if wrong > WRONG_AS_CERTAIN * total or not outcome.chances:
            break
        answer = outcome.chances[0]
    return Thresholds(round(max(answer, 0.5), 3), LEAST_CHOICE)


def report(outcomes: Sequence[Outcome], bounds: Thresholds) -> dict[str, float]:
    """Figures of one kind of questions; shares of all of them."""
    total = len(outcomes)
    certain = [o for o in outcomes if o.chances and o.chances[0] >= bounds.answer]
    rest = [o for o in outcomes if not (o.chances and o.chances[0] >= bounds.answer)]
    offered = [o for o in rest if o.chances and o.chances[0] >= bounds.choices]
    wrong = sum(not o.hits[0] for o in certain)
    return {
        "questions": total,
        "top1": round(sum(bool(o.hits and o.hits[0]) for o in outcomes) / total, 3),
        "top3": round(sum(any(o.hits) for o in outcomes) / total, 3),
        "calibration_error": round(calibration_error(outcomes), 3),
        "answered": round(len(certain) / total, 3),
        "wrong_as_certain": round(wrong / total, 3),
        "wrong_of_answered": round(wrong / len(certain), 3) if certain else 0.0,
        "offered": round(len(offered) / total, 3),
        "right_among_offered": round(sum(any(o.hits) for o in offered) / len(offered), 3) if offered else 0.0,
        "asked_again": round((len(rest) - len(offered)) / total, 3),
    }


def calibration_error(outcomes: Sequence[Outcome], bins: int = 8) -> float:
    """Expected calibration error over bins of equal size: mean distance of promised and kept."""
    ordered = sorted((o for o in outcomes if o.chances), key=lambda o: o.chances[0])
    error = 0.0
    for part in np.array_split(np.arange(len(ordered)), bins):
        if len(part):
            promised = float(np.mean([ordered[at].chances[0] for at in part]))
            kept = float(np.mean([ordered[at].hits[0] for at in part]))
            error += len(part) / len(ordered) * abs(promised - kept)
    return error


def tune(
    data: DataSet, encoder: Encoder, questions: Sequence[Question]
) -> tuple[SearchParams, dict[str, dict[str, dict[str, float]]]]:
    """Parameters, and what they are worth on questions kept from them (by language and kind)."""
    base = SearchParams.untuned()
    index = SearchIndex(searchable(data, Gazetteer()), base, encoder, read_nothing())
    sample = points(index, weighed(questions))
    fits: dict[str, Fit] = {}
    bounds: dict[str, Thresholds] = {}
    outcomes: list[Outcome] = []
    for lang in LANGUAGES:
        own = [point for point in sample if point.question.lang == lang]
        others = neighbours(sample, lang)
        outcomes += cross_validate(index, own, others)
        fits[lang] = fit(index, [*own, *others])
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for lang in LANGUAGES:
        bounds[lang] = thresholds(outcomes, lang)
        by_kind: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            if outcome.question.lang == lang:
                by_kind.setdefault(outcome.question.kind, []).append(outcome)
        figures[lang] = {kind: report(found, bounds[lang]) for kind, found in sorted(by_kind.items())}
    params = replace(
        base,
        weights={lang: fits[lang].weights for lang in LANGUAGES},
        temperature={lang: fits[lang].temperature for lang in LANGUAGES},
        calibration={lang: fits[lang].calibration for lang in LANGUAGES},
        thresholds=bounds,
    )
    return params, figures


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when parameters were written, 1 when the data files are broken."""
    parser = argparse.ArgumentParser(prog="python -m knowledge_base.tune", description=__doc__.splitlines()[0])
    parser.add_argument("questions", nargs="*", type=Path, help="JSON lines: text, lang, service_id, also_ok")
    parser.add_argument("--dialogue", type=Path, nargs="*", default=[], help="JSON lines: text, lang, kind")
    parser.add_argument("--out", type=Path, default=PARAMS_FILE)
    parser.add_argument("--cache", type=Path, default=DATA_DIR.parents[1] / "var" / "cache")
    given = parser.parse_args(arguments)
    data = read_data(DATA_DIR)
    if data.problems:
        sys.stderr.write("".join(f"{problem}\n" for problem in data.problems))
        return 1
    asked = given.questions or [TUNING_DIR / "services.jsonl", TUNING_DIR / "short.jsonl"]
    spoken = given.dialogue or [TUNING_DIR / "dialogue.jsonl"]
    questions = [q for path in asked for q in read_questions(path)]
    questions += [q for path in spoken for q in read_negatives(path)]
    encoder = EmbeddingStore(SentenceEncoder(), given.cache)
    began = time.perf_counter()
    params, figures = tune(data, encoder, questions)
    given.out.write_text(json.dumps({**asdict(params), "measured": figures}, indent=1) + "\n", "utf-8")
    spent = time.perf_counter() - began
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n{len(questions)} questions, {spent:.0f} s → {given.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
