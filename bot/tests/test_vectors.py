"""Sentence vectors: read from files and messages, used where they are, ignored where they are broken."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rasa.shared.nlu.training_data.message import Message

from components.turn_classifier import TurnClassifier
from components.vectors import Vector, key_of, read_vectors, vector_of
from tests.test_turn_classifier import EXAMPLES, taught

_AXES = {"ask_cost": 0, "ask_where": 1, "greet": 2, "emergency": 3, "handoff": 4}


def axis(intent: str) -> Vector:
    """A vector that says one intent and nothing else."""
    found = np.zeros(8, dtype=np.float32)
    found[_AXES[intent]] = 1.0
    return found


def encoded(vector: Vector) -> str:
    """As it comes in a message."""
    return base64.b64encode(vector.astype("<f2").tobytes()).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Vectors of all examples."""
    path = tmp_path / "vectors.npz"
    np.savez(path, keys=np.array([key_of(t) for t, _ in EXAMPLES]), vectors=np.stack([axis(i) for _, i in EXAMPLES]))
    return path


def test_a_vector_tells_what_letters_cannot(tmp_path: Path, file: Path) -> None:
    classifier = taught(tmp_path, vectors=str(file), vector_share=0.8)
    message = Message({"text": "xyzzy", "metadata": {"vector": encoded(axis("ask_where"))}})
    classifier.process([message])
    assert message.get("intent")["name"] == "ask_where"


def test_the_stored_model_keeps_what_it_learnt_of_vectors(tmp_path: Path, file: Path) -> None:
    classifier = taught(tmp_path, vectors=str(file), vector_share=0.8)
    classifier.persist()
    again = TurnClassifier.load(
        classifier.config,
        classifier._model_storage,
        classifier._resource,
        SimpleNamespace(),
    )
    assert np.allclose(
        again.probabilities("xyzzy", axis("handoff")), classifier.probabilities("xyzzy", axis("handoff"))
    )


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"vector": 5}, {"vector": "§"}, {"vector": encoded(np.zeros(3, np.float32))}, {"vector": "AAA"},
     {"vector": encoded(np.full(8, np.nan, np.float32))}, "vector"],
)  # fmt: skip
def test_without_a_sound_vector_letters_decide(tmp_path: Path, file: Path, metadata: Any) -> None:
    assert vector_of(metadata, 8) is None
    classifier = taught(tmp_path, vectors=str(file))
    message = Message({"text": "cik maksā pase", "metadata": metadata})
    classifier.process([message])
    assert message.get("intent")["name"] == "ask_cost"


def test_one_example_without_a_vector_leaves_them_all_out(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    np.savez(path, keys=np.array([key_of(EXAMPLES[0][0])]), vectors=np.stack([axis("greet")]))
    classifier = taught(tmp_path, vectors=str(path))
    assert not len(classifier.meaning)
    assert classifier.decide("sveiki", axis("emergency"))[0] == "greet"


def test_no_file_is_no_vectors_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    assert read_vectors(tmp_path / "none.npz") == {}
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(Exception):  # noqa: B017 – NumPy raises what zip files raise
        read_vectors(broken)
