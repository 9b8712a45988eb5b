"""Rasa component that decides what kind of turn a message is.

A multinomial logistic regression over TF-IDF n-grams of the folded text (`components.text`), turns of phrase and names that the
training data lists (`lookup:` items), and a few features of shape. It needs neither tokenizer nor featurizer in the pipeline and no
TensorFlow: prediction is a look-up of n-grams and one sum of rows. Where sentence vectors come with the messages
(`components.vectors`), a second regression stands on them, and the two are put together: letters know the turn of phrase, the
vector knows what is meant by words never seen here.

Decision. Questions about services are spread over ten intents (`ask_cost`, `ask_where` …). The kind "question about a service"
is decided first, by the *sum* of their probabilities; the aspect is the best of them. So "how much is it and where do I go",
split between two aspects, never loses to small talk.

Confidence. Probabilities are made honest by one temperature, fitted on the predictions for examples held out. Below `threshold`
the intent is `nlu_fallback`.
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy import sparse

from components import text as folding
from components.vectors import Vector, key_of, read_vectors, vector_of

logger = logging.getLogger(__name__)

FALLBACK_INTENT: Final = "nlu_fallback"
SERVICE_PREFIX: Final = "ask_"
LANGUAGE_INTENT: Final = "choose_language"
#: Kinds that win from a probability of their own.
CARE_FIRST: Final = ("emergency", "handoff")

#: Look-up tables of the training data: names of services, names of places, and turns of phrase.
SERVICE_TABLE: Final = "service_words"
PLACE_TABLE: Final = "place_words"
CUE_TABLES: Final = "cue_"
ASPECT_CUE: Final = "cue_aspect_"

CONCEPT_TABLES: Final = "concept_"

BLOCKS: Final = ("char", "word", "focus", "frame", "concept", "cue", "shape")

#: Which words name a language, in folded text.
_LANGUAGES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("lv", re.compile(r"\b(latvi(e|s)\w*|latis\w*|latvian\w*|lv)\b")),
    ("ru", re.compile(r"\b(kriev\w*|kriviski|rusk\w*|rusian\w*|rus|ru)\b")),
    ("en", re.compile(r"\b(angl\w*|english|eng|inglis\w*|englis\w*|en)\b")),
)

FloatArray = npt.NDArray[np.float64]


def wished_language(text: str) -> str | None:
    """The language a message asks for (`lv`, `ru`, `en`); the last one named wins ("nē latviski, bet krieviski")."""
    folded = folding.fold(text)
    found = [(match.end(), code) for code, pattern in _LANGUAGES for match in pattern.finditer(folded)]
    return max(found)[1] if found else None


def compile_cue(phrases: list[str]) -> re.Pattern[str]:
    """One pattern for a cue's phrases: `*` ends a word anyhow, `…` stands for up to three words between."""
    alternatives: list[str] = []
    for phrase in phrases:
        pattern = ""
        gap = r"\W+"
        for word in phrase.split():
            if word == "…":
                gap = r"\W+(?:\w+\W+){0,3}?"
                continue
            stem = re.escape(folding.fold(word.rstrip("*")).strip())
            pattern += (gap if pattern else "") + stem + (r"\w*" if word.endswith("*") else "")
            gap = r"\W+"
        alternatives.append(pattern)
    return re.compile(r"\b(?:" + "|".join(sorted(set(alternatives))) + r")\b")


def stem_of(word: str) -> str:
    """The part of a folded word that its endings leave alone, roughly; empty for short words, which are mostly grammar."""
    return word[:5] if len(word) > 3 and word[0].isalpha() else ""


@dataclass
class Vocabulary:
    """What the featurizer learned; everything that has to be stored."""

    features: dict[str, int]
    idf: FloatArray
    block_weights: dict[str, float]
    cues: dict[str, list[str]]
    concepts: dict[str, list[str]]
    #: Stems of words that belong to public services, and of names of places.
    service_stems: set[str]
    place_stems: set[str]
    #: Words that carry the form of a question rather than its matter: the same whatever service is meant.
    form_words: set[str]


class Featurizer:
    """Turns texts into rows of weights. The blocks are each of length one, so that none drowns the others.

    * char, word: n-grams of the folded text;
    * focus: words of the part that asks;
    * frame: the same with every word of matter replaced ("kur var dabūt _service_"), so that what was learned about one service
      holds for all;
    * concept: words of one meaning in three languages (`concept_*` tables), alone and in pairs;
    * cue: phrases of the training data's `cue_*` tables, and which of the aspects' phrases comes first;
    * shape: length, marks, letters that form no words, and how many words are known as matters of public services.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._cues = [(name, compile_cue(phrases)) for name, phrases in sorted(vocabulary.cues.items())]
        self._concept_words: dict[str, str] = {}
        self._concept_stems: dict[str, str] = {}
        for name, entries in sorted(vocabulary.concepts.items()):
            for entry in entries:
                table = self._concept_stems if entry.endswith("*") else self._concept_words
                table.setdefault(folding.fold(entry.rstrip("*")).strip(), name)
        self._stem_lengths = sorted({len(stem) for stem in self._concept_stems}, reverse=True)
        self._concept_of = lru_cache(maxsize=20_000)(self._find_concept)

    def blocks(self, text: str, own_stems: Counter[str] | None = None) -> dict[str, list[str]]:
        """The raw features of a text, by block.

        `own_stems`: in training, how often each stem occurs in examples about services; a stem that only this example has is
        treated as unknown, as it would be for a new message.
        """
        text = folding.shorten(text)
        folded = folding.fold(text)
        words = folding.tokens(folded)
        part = folding.focus(text)
        asked = folded if part is text else folding.fold(part)
        asking = words if part is text else folding.tokens(asked)
        return {
            "char": folding.char_features(words),
            "word": folding.word_features(words, "w:"),
            "focus": folding.word_features(asking, "f:"),
            "frame": folding.frame_features([self._frame_word(word) for word in asking]),
            "concept": self._concept_features(words, asking),
            "cue": self._cue_features(folded, asked),
            "shape": folding.shape_features(text, folded, words) + self._known_features(words, own_stems),
        }

    def _frame_word(self, word: str) -> str:
        if word in self.vocabulary.form_words:
            return word
        stem = stem_of(word)
        if not stem:
            return word
        if stem in self.vocabulary.place_stems:
            return "_place_"
        return "_service_" if stem in self.vocabulary.service_stems else "_other_"

    def _known_features(self, words: list[str], own_stems: Counter[str] | None) -> list[str]:
        known = other = 0
        for word in words:
            stem = stem_of(word)
            if not stem or word in self.vocabulary.form_words or stem in self.vocabulary.place_stems:
                continue
            if stem in self.vocabulary.service_stems and not (own_stems is not None and own_stems[stem] == 1):
                known += 1
            else:
                other += 1
        share = known / (known + other) if known + other else 0.0
        return [
            f"known:{min(known, 3)}",
            f"other:{min(other, 3)}",
            f"known-other:{min(known, 2)}-{min(other, 2)}",
            f"known-share:{round(share * 4)}" if known + other else "known-share:none",
        ]

    def _find_concept(self, word: str) -> str:
        exact = self._concept_words.get(word)
        if exact:
            return exact
        for length in self._stem_lengths:
            if length <= len(word):
                found = self._concept_stems.get(word[:length])
                if found:
                    return found
        return ""

    def _concept_features(self, words: list[str], asking: list[str]) -> list[str]:
        """The concepts of a text, and which of them meet in the part that asks, in their order."""
        inside = {concept for concept in map(self._concept_of, words) if concept}
        asked = [concept for concept in map(self._concept_of, asking) if concept]
        pairs = {f"{a}>{b}" for at, a in enumerate(asked) for b in asked[at + 1 : at + 4]}
        return [f"k:{concept}" for concept in sorted(inside)] + [f"k:{pair}" for pair in sorted(pairs)]

    def _cue_features(self, folded: str, asked: str) -> list[str]:
        found: list[str] = []
        first: tuple[int, int, str] | None = None
        for name, pattern in self._cues:
            anywhere = pattern.search(folded)
            if not anywhere:  # what is asked is a part of the whole
                continue
            found.append(f"c:{name}")
            match = anywhere if asked is folded else pattern.search(asked)
            if match:
                found.append(f"cf:{name}")
                if name.startswith(ASPECT_CUE):
                    found_at = (match.start(), -match.end(), name)
                    first = found_at if first is None else min(first, found_at)
        found.append(f"first:{first[2]}" if first else "first:none")
        return found

    @classmethod
    def fit(
        cls,
        examples: list[tuple[str, str]],
        tables: dict[str, list[str]],
        block_weights: dict[str, float],
        min_count: int,
    ) -> tuple[Featurizer, sparse.csr_matrix]:
        """Learn the vocabulary from (text, intent) pairs and look-up tables; also the matrix of the examples' features."""
        service_counts, service_stems, form_words = _word_classes(examples, tables.get(SERVICE_TABLE, []))
        place_stems = {
            stem_of(w) for name in tables.get(PLACE_TABLE, []) for w in folding.tokens(folding.fold(name))[:1]
        }
        place_stems.discard("")
        cues = {name: phrases for name, phrases in tables.items() if name.startswith(CUE_TABLES)}
        concepts = {name: words for name, words in tables.items() if name.startswith(CONCEPT_TABLES)}
        vocabulary = Vocabulary(
            features={},
            idf=np.zeros(0),
            block_weights=block_weights,
            cues=cues,
            concepts=concepts,
            service_stems=service_stems,
            place_stems=place_stems,
            form_words=form_words,
        )
        featurizer = cls(vocabulary)
        blocks = [
            featurizer.blocks(text, service_counts if intent.startswith(SERVICE_PREFIX) else None)
            for text, intent in examples
        ]
        counts: Counter[str] = Counter()
        for of_text in blocks:
            counts.update({name for names in of_text.values() for name in names})
        kept = sorted(name for name, count in counts.items() if count >= min_count)
        vocabulary.features = {name: index for index, name in enumerate(kept)}
        vocabulary.idf = np.array([np.log((1 + len(examples)) / (1 + counts[name])) + 1 for name in kept])
        rows = [featurizer.weigh(of_text) for of_text in blocks]
        starts = np.concatenate([[0], np.cumsum([len(columns) for columns, _ in rows])])
        columns = np.concatenate([columns for columns, _ in rows])
        values = np.concatenate([values for _, values in rows]).astype(np.float32)
        return featurizer, sparse.csr_matrix((values, columns, starts), shape=(len(rows), len(kept)))

    def weigh(self, blocks: dict[str, list[str]]) -> tuple[npt.NDArray[np.int32], FloatArray]:
        """Column numbers and TF-IDF weights of a text's features."""
        features, idf = self.vocabulary.features, self.vocabulary.idf
        columns: list[int] = []
        weights: list[FloatArray] = []
        for block, names in blocks.items():
            counts = Counter(column for column in map(features.get, names) if column is not None)
            if not counts:
                continue
            found = np.fromiter(counts, dtype=np.int32, count=len(counts))
            values = idf[found] * (1.0 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts))))
            columns.extend(counts)
            weights.append(values * (self.vocabulary.block_weights[block] / np.sqrt(values @ values)))
        if not weights:
            return np.zeros(0, dtype=np.int32), np.zeros(0)
        return np.array(columns, dtype=np.int32), np.concatenate(weights)

    def row(self, text: str) -> tuple[npt.NDArray[np.int32], FloatArray]:
        """Column numbers and weights of one text."""
        return self.weigh(self.blocks(text))


def _word_classes(examples: list[tuple[str, str]], service_names: list[str]) -> tuple[Counter[str], set[str], set[str]]:
    """How often stems occur in examples about services; the stems of services; the words of form.

    A word is one of form when it turns up in many kinds of turn, or belongs to one aspect far more than to the others ("cik",
    "документы"); names of services are spread over all aspects.
    """
    by_word: dict[str, Counter[str]] = defaultdict(Counter)
    stems: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    for text, intent in examples:
        words = set(folding.tokens(folding.fold(text)))
        for word in words:
            by_word[word][intent] += 1
        of_services = intent.startswith(SERVICE_PREFIX)
        (stems if of_services else elsewhere).update({stem_of(word) for word in words} - {""})
    form_words: set[str] = set()
    for word, intents in by_word.items():
        aspects = {name: count for name, count in intents.items() if name.startswith(SERVICE_PREFIX)}
        total = sum(aspects.values())
        kinds = len(intents) - len(aspects) + bool(aspects)
        if (kinds >= 5 and sum(intents.values()) >= 12) or (total >= 8 and max(aspects.values()) >= 0.5 * total):
            form_words.add(word)
    named = {stem_of(word) for name in service_names for word in folding.tokens(folding.fold(name))}
    learned = {stem for stem, count in stems.items() if count >= 2 and count > elsewhere[stem]}
    return stems + Counter(dict.fromkeys(named - {""}, 2)), (named | learned) - {""}, form_words


def softmax(scores: FloatArray) -> FloatArray:
    """Probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    result: FloatArray = raised / raised.sum(axis=-1, keepdims=True)
    return result


def fit_temperature(scores: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """The temperature that makes held-out probabilities honest (least negative log-likelihood), 0.1…5."""
    from scipy.optimize import minimize_scalar

    def loss(temperature: float) -> float:
        chosen = softmax(scores.astype(np.float64) / temperature)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(minimize_scalar(loss, bounds=(0.1, 5.0), method="bounded").x)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TurnClassifier(IntentClassifier, GraphComponent):
    """Intent classifier for short messages in Latvian, Russian and English."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Defaults; `config.yml` may override each."""
        return {
            # Below this probability of the best kind the intent is `nlu_fallback`.
            "threshold": 0.35,
            # Missing an emergency costs a life, a false one a sentence about 112; missing a wish for a person costs trust, a
            # false one a minute of an operator. So these kinds win from a lower probability than the best.
            "emergency_from": 0.3,
            "handoff_from": 0.35,
            # Where the best other kind is a question about a service, an answer would be lost, and every answer has the way to a
            # person beside it: there a wish must be as likely as this.
            "handoff_over_question_from": 0.0,
            # Inverse of regularisation: larger trusts the examples more.
            "C": 10.0,
            "max_iter": 45,
            # Features must occur in at least so many examples.
            "min_count": 3,
            # Share of the examples held out to fit the temperature; 0 leaves the probabilities as they come.
            "calibration_share": 0.2,
            "ranking_length": 8,
            # File with the vectors of the training examples, from the working folder; without it letters decide alone.
            "vectors": "",
            # What the vector's opinion counts beside the letters', 0…1; found on questions kept from all training.
            "vector_share": 0.5,
            "vector_C": 30.0,
            # Half of the examples are questions about services, of what people write it is less: by so much, in log-odds, the
            # examples say too loudly that a message is such a question. Found on questions kept from all training.
            "service_prior": 0.0,
            "weight_char": 1.0,
            "weight_word": 0.7,
            "weight_focus": 0.7,
            "weight_frame": 0.7,
            "weight_concept": 1.0,
            "weight_cue": 0.7,
            "weight_shape": 0.6,
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Packages beyond Rasa's own."""
        return ["scipy"]

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self.config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self.featurizer: Featurizer | None = None
        self.classes: list[str] = []
        self._index: dict[str, int] = {}
        self.weights: npt.NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self.bias: npt.NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._is_service: npt.NDArray[np.bool_] = np.zeros(0, dtype=bool)
        #: Regression on sentence vectors: (numbers + 1) × intents, the last row is the bias; empty when there is none.
        self.meaning: npt.NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TurnClassifier:
        """An untrained classifier."""
        return cls(config, model_storage, resource)

    # ------------------------------------------------------------------ training

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from all examples that carry an intent, and from the look-up tables.

        Raises:
            ValueError: there are fewer than two intents to tell apart.
        """
        examples = [(e.get(TEXT), e.get(INTENT)) for e in training_data.intent_examples if e.get(TEXT)]
        tables: dict[str, list[str]] = {}
        for table in training_data.lookup_tables:
            tables.setdefault(table["name"], []).extend(table["elements"])
        self.fit(examples, tables)
        self.persist()
        return self._resource

    def fit(self, examples: list[tuple[str, str]], tables: dict[str, list[str]]) -> None:
        """Fit vocabulary, weights and temperature to (text, intent) pairs."""
        examples = sorted(set(examples))  # the order of files must not change the model
        self._name_classes(sorted({intent for _, intent in examples}))
        if len(self.classes) < 2:
            raise ValueError("The turn classifier needs examples of at least two intents.")
        truth = np.array([self.classes.index(intent) for _, intent in examples])
        block_weights = {name: float(self.config[f"weight_{name}"]) for name in BLOCKS}
        self.featurizer, matrix = Featurizer.fit(examples, tables, block_weights, int(self.config["min_count"]))
        weights, bias = self._fit_weights(matrix, truth, float(self.config["C"]))
        temperature = self._fit_temperature(matrix, truth)
        self._fit_meaning([text for text, _ in examples], truth)
        # The temperature is folded into the weights: nothing to do at prediction.
        self.weights = weights / temperature
        self.bias = bias / temperature
        logger.info(
            "Turn classifier: %d examples, %d intents, %d features, temperature %.2f",
            len(examples), len(self.classes), matrix.shape[1], temperature,
        )  # fmt: skip

    def _name_classes(self, classes: list[str]) -> None:
        self.classes = classes
        self._index = {name: index for index, name in enumerate(classes)}
        self._is_service = np.array([name.startswith(SERVICE_PREFIX) for name in classes])

    def _fit_meaning(self, texts: list[str], truth: npt.NDArray[np.int64]) -> None:
        """The regression on sentence vectors, when the file has one for every example."""
        known = read_vectors(Path(self.config["vectors"])) if self.config["vectors"] else {}
        found = [known.get(key_of(text)) for text in texts]
        missing = sum(vector is None for vector in found)
        if missing:
            if known:
                logger.warning("%d of %d examples have no vector: letters decide alone", missing, len(texts))
            return
        matrix = sparse.csr_matrix(np.stack([vector for vector in found if vector is not None]))
        weights, bias = self._fit_weights(matrix, truth, float(self.config["vector_C"]))
        self.meaning = np.vstack([weights, bias[None, :]])

    def _fit_weights(
        self, matrix: sparse.csr_matrix, truth: npt.NDArray[np.int64], trust: float
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Multinomial logistic regression by L-BFGS, rare intents weighing as much as frequent ones.

        Written out because scikit-learn's works in double precision and takes five times as long here.
        """
        from scipy.optimize import minimize

        rows, columns = matrix.shape
        kinds = len(self.classes)
        per_kind = np.maximum(np.bincount(truth, minlength=kinds), 1)
        weight = (rows / (kinds * per_kind))[truth].astype(np.float32)
        target = np.zeros((rows, kinds), dtype=np.float32)
        target[np.arange(rows), truth] = 1.0
        turned = matrix.T.tocsr()
        penalty = np.float32(1.0 / trust)

        def loss_and_gradient(flat: FloatArray) -> tuple[float, FloatArray]:
            point = flat.astype(np.float32).reshape(columns + 1, kinds)
            scores = matrix @ point[:-1] + point[-1]
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=1, keepdims=True)
            chosen = np.maximum(scores[np.arange(rows), truth], 1e-12)
            loss = -float(weight @ np.log(chosen)) + 0.5 * float(penalty) * float(np.vdot(point[:-1], point[:-1]))
            residual = (scores - target) * weight[:, None]
            gradient = np.empty_like(point)
            gradient[:-1] = turned @ residual + penalty * point[:-1]
            gradient[-1] = residual.sum(axis=0)
            return loss, gradient.astype(np.float64).ravel()

        start = np.zeros((columns + 1) * kinds)
        options = {"maxiter": int(self.config["max_iter"]), "ftol": 1e-6, "gtol": 1e-3, "maxcor": 8}
        result = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options)
        point = result.x.astype(np.float32).reshape(columns + 1, kinds)
        return np.ascontiguousarray(point[:-1]), point[-1]

    def _fit_temperature(self, matrix: sparse.csr_matrix, truth: npt.NDArray[np.int64]) -> float:
        """The temperature that fits the predictions on examples that were held out from a second fit."""
        share = float(self.config["calibration_share"])
        if share <= 0 or len(truth) < 100:
            return 1.0
        held = np.random.default_rng(7).random(len(truth)) < share
        weights, bias = self._fit_weights(matrix[~held], truth[~held], float(self.config["C"]))
        return fit_temperature(matrix[held] @ weights + bias, truth[held])

    # ---------------------------------------------------------------- prediction

    def probabilities(self, text: str, vector: Vector | None = None) -> FloatArray:
        """Probability of each of `classes` for a text, and the sentence vector that came with it.

        Raises:
            RuntimeError: the classifier was not trained.
        """
        if self.featurizer is None:
            raise RuntimeError("The turn classifier has not been trained.")
        columns, values = self.featurizer.row(text)
        scores: FloatArray = values @ self.weights[columns] + self.bias
        prior = float(self.config["service_prior"]) * self._is_service
        if vector is None or not len(self.meaning):
            return softmax(scores + prior)
        share = float(self.config["vector_share"])
        by_meaning = softmax(vector @ self.meaning[:-1] + self.meaning[-1])
        # A product of opinions: what either holds impossible stays unlikely.
        return softmax((1 - share) * np.log(softmax(scores) + 1e-6) + share * np.log(by_meaning + 1e-6) + prior)

    def decide(self, text: str, vector: Vector | None = None) -> tuple[str, float, FloatArray]:
        """Intent, probability of its kind, and all probabilities."""
        probabilities = self.probabilities(text, vector)
        careful = {name: float(probabilities[self._index[name]]) for name in CARE_FIRST if name in self._index}
        service = float(probabilities[self._is_service].sum())
        others = np.where(self._is_service, 0.0, probabilities)
        least = {name: float(self.config[f"{name}_from"]) for name in careful}
        if "handoff" in careful and service >= np.delete(others, self._index["handoff"]).max():
            least["handoff"] = max(least["handoff"], float(self.config["handoff_over_question_from"]))
        careful = {name: p for name, p in careful.items() if p >= least[name]}
        if careful:
            name = max(careful, key=careful.__getitem__)
            return name, careful[name], probabilities
        best_other = int(others.argmax())
        if service >= others[best_other]:
            return self.classes[int(np.where(self._is_service, probabilities, 0.0).argmax())], service, probabilities
        return self.classes[best_other], float(others[best_other]), probabilities

    def process(self, messages: list[Message]) -> list[Message]:
        """Put `intent`, `intent_ranking` and, for a wished language, `entities` on each message."""
        for message in messages:
            text = message.get(TEXT) or ""
            vector = vector_of(message.get("metadata"), len(self.meaning) - 1 if len(self.meaning) else 0)
            name, confidence, probabilities = self.decide(text, vector)
            if confidence < float(self.config["threshold"]) and name not in CARE_FIRST:
                name = FALLBACK_INTENT
            order = np.argsort(-probabilities)[: int(self.config["ranking_length"])]
            ranking = [{"name": self.classes[i], "confidence": float(probabilities[i])} for i in order]
            message.set(INTENT, {"name": name, "confidence": confidence}, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
            message.set("service_confidence", float(probabilities[self._is_service].sum()), add_to_output=True)
            language = wished_language(text) if name == LANGUAGE_INTENT else None
            if language:
                entity = {
                    "entity": "language",
                    "value": language,
                    "start": 0,
                    "end": len(text),
                    "extractor": "TurnClassifier",
                }
                message.set(ENTITIES, [*message.get(ENTITIES, []), entity], add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing that follows in the pipeline learns from this classifier's output."""
        return training_data

    # ---------------------------------------------------------------- the model's files

    def persist(self) -> None:
        """Write JSON and NumPy arrays: a model file must not be able to run code, as a pickle could."""
        if self.featurizer is None:
            raise RuntimeError("The turn classifier has not been trained.")
        vocabulary = self.featurizer.vocabulary
        described = {
            "classes": self.classes,
            "features": sorted(vocabulary.features, key=vocabulary.features.__getitem__),
            "block_weights": vocabulary.block_weights,
            "cues": vocabulary.cues,
            "concepts": vocabulary.concepts,
            "service_stems": sorted(vocabulary.service_stems),
            "place_stems": sorted(vocabulary.place_stems),
            "form_words": sorted(vocabulary.form_words),
        }
        with self._model_storage.write_to(self._resource) as folder:
            (folder / "turns.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
            np.savez(
                folder / "turns.npz", idf=vocabulary.idf, weights=self.weights, bias=self.bias, meaning=self.meaning
            )

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TurnClassifier:
        """Read what `persist` wrote.

        Raises:
            ValueError: the model holds no trained turn classifier.
        """
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            described = json.loads((folder / "turns.json").read_text(encoding="utf-8"))
            with np.load(folder / "turns.npz", allow_pickle=False) as arrays:
                idf, component.weights, component.bias = arrays["idf"], arrays["weights"], arrays["bias"]
                component.meaning = arrays["meaning"]
        component._name_classes(described["classes"])
        component.featurizer = Featurizer(
            Vocabulary(
                features={name: index for index, name in enumerate(described["features"])},
                idf=idf,
                block_weights=described["block_weights"],
                cues=described["cues"],
                concepts=described["concepts"],
                service_stems=set(described["service_stems"]),
                place_stems=set(described["place_stems"]),
                form_words=set(described["form_words"]),
            )
        )
        return component
