"""The classifier by itself, taught a few examples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.message import Message

from components.turn_classifier import TurnClassifier, compile_cue, wished_language

EXAMPLES = [
    ("cik maksā pase", "ask_cost"), ("cik maksā izziņa", "ask_cost"), ("сколько стоит паспорт", "ask_cost"),
    ("kur taisa pasi", "ask_where"), ("kur dabūt izziņu", "ask_where"), ("где делают паспорт", "ask_where"),
    ("sveiki", "greet"), ("labdien", "greet"), ("привет", "greet"),
    ("deg māja", "emergency"), ("mājā ugunsgrēks", "emergency"), ("горит дом", "emergency"),
    ("gribu operatoru", "handoff"), ("savieno ar operatoru", "handoff"), ("дайте оператора", "handoff"),
]  # fmt: skip
TABLES = {
    "cue_aspect_cost": ["cik … maks*", "сколько стоит"],
    "concept_fire": ["deg", "ugunsgrēk*", "гор*"],
    "service_words": ["pase", "izziņa", "паспорт"],
    "place_words": ["Rīga"],
}


class Storage:
    """Keeps a component's files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def write_to(self, resource: Resource) -> Iterator[Path]:
        yield self._folder

    @contextmanager
    def read_from(self, resource: Resource) -> Iterator[Path]:
        yield self._folder


def taught(folder: Path, **config: Any) -> TurnClassifier:
    classifier = TurnClassifier({"min_count": 1, **config}, Storage(folder), Resource("turns"))
    classifier.fit(EXAMPLES, TABLES)
    return classifier


def test_learns_and_generalises_over_spelling(tmp_path: Path) -> None:
    classifier = taught(tmp_path)
    assert classifier.decide("Cik maksa PASE?")[0] == "ask_cost"
    assert classifier.decide("skolko stoit pasport")[0] == "ask_cost"
    assert classifier.decide("gorit dom")[0] == "emergency"


def test_kind_is_decided_before_aspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = taught(tmp_path, emergency_from=0.9, handoff_from=0.9)
    given = {"ask_cost": 0.3, "ask_where": 0.25, "greet": 0.4, "emergency": 0.03, "handoff": 0.02}
    monkeypatch.setattr(
        classifier, "probabilities", lambda text, vector: np.array([given[name] for name in classifier.classes])
    )
    intent, confidence, _ = classifier.decide("x")
    assert intent == "ask_cost"
    assert confidence == pytest.approx(0.55)


def test_safety_wins_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = taught(tmp_path, emergency_from=0.3, handoff_from=0.35)
    given = {"ask_cost": 0.6, "ask_where": 0.0, "greet": 0.0, "emergency": 0.31, "handoff": 0.09}
    monkeypatch.setattr(
        classifier, "probabilities", lambda text, vector: np.array([given[name] for name in classifier.classes])
    )
    assert classifier.decide("x")[0] == "emergency"


def test_a_faint_wish_wins_over_anything_but_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = taught(tmp_path, emergency_from=0.9, handoff_from=0.06, handoff_over_question_from=0.12)
    for given, kind in (
        ({"ask_cost": 0.1, "ask_where": 0.0, "greet": 0.8, "emergency": 0.0, "handoff": 0.1}, "handoff"),
        ({"ask_cost": 0.5, "ask_where": 0.3, "greet": 0.1, "emergency": 0.0, "handoff": 0.1}, "ask_cost"),
        ({"ask_cost": 0.5, "ask_where": 0.3, "greet": 0.0, "emergency": 0.0, "handoff": 0.2}, "handoff"),
    ):
        monkeypatch.setattr(
            classifier, "probabilities", lambda text, vector, of=given: np.array([of[n] for n in classifier.classes])
        )
        assert classifier.decide("x")[0] == kind


def test_unsure_is_fallback_and_output_is_whole(tmp_path: Path) -> None:
    classifier = taught(tmp_path, threshold=1.1)
    message = Message(data={"text": "sveiki"})
    classifier.process([message])
    assert message.get("intent")["name"] == "nlu_fallback"
    assert len(message.get("intent_ranking")) == len({intent for _, intent in EXAMPLES})
    assert 0 <= message.get("service_confidence") <= 1


def test_model_survives_storage(tmp_path: Path) -> None:
    classifier = taught(tmp_path)
    classifier.persist()
    context = SimpleNamespace(node_name="turns")
    loaded = TurnClassifier.load({}, Storage(tmp_path), Resource("turns"), context)
    for text, _ in [*EXAMPLES, ("nezināms vārds", ""), ("", "")]:
        np.testing.assert_allclose(loaded.probabilities(text), classifier.probabilities(text), rtol=1e-6)


def test_training_does_not_depend_on_order(tmp_path: Path) -> None:
    classifier = TurnClassifier({"min_count": 1}, Storage(tmp_path), Resource("turns"))
    classifier.fit(EXAMPLES[::-1], TABLES)
    np.testing.assert_array_equal(classifier.weights, taught(tmp_path).weights)


def test_untrained_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not been trained"):
        TurnClassifier({}, Storage(tmp_path), Resource("turns")).probabilities("x")
    with pytest.raises(ValueError, match="at least two"):
        TurnClassifier({}, Storage(tmp_path), Resource("turns")).fit([("a", "greet")], {})


def test_cue_phrases() -> None:
    cue = compile_cue(["cik … maks*", "par velti", "h&m"])
    assert cue.search("cik man tagad maksas pase")
    assert cue.search("par velti")
    assert cue.search("h&m")
    assert not cue.search("cik viens divi tris cetri maksa")
    assert not cue.search("pa velti")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("можно по-русски?", "ru"),
        ("po russki pozhalujsta", "ru"),
        ("krieviski, lūdzu", "ru"),
        ("can we speak English", "en"),
        ("angļu valodā", "en"),
        ("pārejam uz latviešu valodu", "lv"),
        ("не понимаю по-латышски, можно на русском", "ru"),
        ("valodu mainīt", None),
    ],
)
def test_wished_language(text: str, language: str | None) -> None:
    assert wished_language(text) == language
