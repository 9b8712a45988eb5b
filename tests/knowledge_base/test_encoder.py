"""The sentence encoder: the same vector every time, one meaning near another, and a store that survives a torn file."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from gateway.settings import ROOT
from gateway.training import examples, service_questions
from knowledge_base.encoder import ready
from knowledge_base.encoder.sentence_encoder import DIMENSIONS, EmbeddingStore, SentenceEncoder, key_of


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    """The model that is shipped."""
    return SentenceEncoder()


def test_vectors_are_of_length_one_and_do_not_depend_on_company(encoder: SentenceEncoder) -> None:
    texts = ["pase", "Kā man pieteikt bezdarbnieka statusu, ja strādāju ārzemēs?", "", "🙂", "a" * 5000]
    together = encoder.encode(texts)
    assert together.shape == (5, DIMENSIONS)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-3)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(encoder.encode_one(text), vector, atol=1e-5)


@pytest.mark.parametrize(
    ("one", "other", "stranger"),
    [
        ("kur var nomainīt tiesības", "где поменять водительские права", "kā pieteikt bērnu dārziņā"),
        ("piedzima meitiņa, kāda nauda pienākas", "we had a baby, what money do we get", "mašīnas tehniskā apskate"),
        ("gribu deklareties cita adrese", "Kā deklarēt dzīvesvietu?", "medību sezonas karte"),
    ],
)
def test_one_meaning_is_near_in_every_language(encoder: SentenceEncoder, one: str, other: str, stranger: str) -> None:
    a, b, c = encoder.encode([one, other, stranger])
    assert float(a @ b) > float(a @ c) + 0.1


def test_the_end_of_a_long_story_counts(encoder: SentenceEncoder) -> None:
    story = "Mēs dzīvojam laukos un ziemā te ir auksti. " * 30
    a, b, c = encoder.encode([story + "Cik maksā pase?", "Cik maksā pase?", "Kā noslēgt laulību?"])
    assert float(a @ b) > float(a @ c)


def test_it_is_safe_from_several_threads(encoder: SentenceEncoder) -> None:
    texts = [f"jautājums numur {number}" for number in range(40)]
    expected = {text: encoder.encode([text])[0] for text in texts}
    wrong: list[str] = []

    def ask() -> None:
        wrong.extend(text for text in texts if float(encoder.encode_one(text) @ expected[text]) < 0.999)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_store_computes_once_and_survives_a_torn_file(encoder: SentenceEncoder, tmp_path: Path) -> None:
    store = EmbeddingStore(encoder, tmp_path)
    first = store.encode(["pase", "ID karte", "pase"])
    assert np.allclose(first[0], first[2])
    (file,) = tmp_path.glob("*.npz")
    written = file.stat().st_mtime_ns
    assert np.allclose(store.encode(["ID karte", "pase"]), first[[1, 0]])
    assert file.stat().st_mtime_ns == written
    file.write_bytes(file.read_bytes()[:100])
    assert np.allclose(EmbeddingStore(encoder, tmp_path).encode(["pase"])[0], first[0], atol=1e-3)
    assert EmbeddingStore(encoder, None).encode([]).shape == (0, DIMENSIONS)
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_vectors_come_ready_with_the_product(encoder: SentenceEncoder) -> None:
    """For nearly all that Rasa learns from (``pietura vectors`` writes them anew), and near enough to what would be computed."""
    texts = {text for own in service_questions().values() for text in own}
    texts |= set(examples(*sorted((ROOT / "nlu_data").glob("??/*.yml"))))
    keys = {key_of(text): text for text in texts}
    found = ready.read(encoder.fingerprint, list(keys))
    assert len(found) > 0.95 * len(keys)
    some = sorted(found)[:: len(found) // 25]
    computed = encoder.encode([keys[key] for key in some])
    assert min(float(found[key] @ vector) for key, vector in zip(some, computed, strict=True)) > 0.98
    assert ready.read("another model", some) == {}


def test_a_changed_text_changes_its_own_row_only(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npz"
    numbers = np.random.default_rng(1).normal(size=(5, DIMENSIONS)).astype(np.float32)
    vectors = {key_of(str(at)): row / np.linalg.norm(row) for at, row in enumerate(numbers)}
    ready.write("m", vectors, file)
    before = ready.read("m", list(vectors), file)
    assert all(float(before[key] @ vectors[key]) > 0.99 for key in vectors)
    gone, *stay = vectors
    ready.write("m", {key: before[key].astype(np.float32) for key in stay} | {key_of("new"): vectors[gone]}, file)
    after = ready.read("m", [*vectors, key_of("new")], file)
    assert after.keys() == {*stay, key_of("new")}
    assert all(np.array_equal(after[key], before[key]) for key in stay)
    ready.write("m", dict.fromkeys(vectors, np.zeros(DIMENSIONS, np.float32)), tmp_path / "nothing.npz")
    assert not ready.read("m", list(vectors), tmp_path / "nothing.npz")[gone].any()
