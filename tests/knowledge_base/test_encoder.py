"""The sentence encoder: the same vector every time, one meaning near another, and a store that survives a torn file."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.encoder.sentence_encoder import DIMENSIONS, EmbeddingStore, SentenceEncoder


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
