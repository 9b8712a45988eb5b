"""What Rasa learns from, besides ``nlu_data``: the example questions of the knowledge base, and a vector for every example.

Run as a process of its own (``python -m gateway.training``): the encoder it loads is not needed afterwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from gateway.settings import ROOT, Settings
from kit.i18n import LANGUAGES
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder, key_of
from knowledge_base.importer import read_data

MODELS = ROOT / "bot" / "models"
QUESTIONS = MODELS / "questions.yml"
VECTORS = MODELS / "vectors.npz"


def service_questions() -> dict[str, list[str]]:
    """Questions about services by intent (``ask_<aspect>``), of every language."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in read_data().examples.values():
        for lang in LANGUAGES:
            for question in getattr(record, lang):
                # A bracket would be read as the mark of an entity, a slash in front as a command.
                plain = " ".join(question.text.split()).replace("[", "(").replace("]", ")").lstrip("/")
                if question.aspect:
                    found[f"ask_{question.aspect}"].append(plain)
    return found


def write_questions(path: Path = QUESTIONS) -> None:
    """Writes :func:`service_questions` in Rasa's form."""
    blocks = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in dict.fromkeys(texts))}
        for intent, texts in sorted(service_questions().items())
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, width=10_000), "utf-8")


def examples(*paths: Path) -> Iterator[str]:
    """The texts of examples in Rasa's files."""
    for path in paths:
        for block in yaml.safe_load(path.read_text("utf-8")).get("nlu", ()):
            if "intent" in block:
                yield from (line.strip().removeprefix("-").strip() for line in block["examples"].splitlines())


def write_vectors(store: EmbeddingStore, path: Path = VECTORS, questions: Path = QUESTIONS) -> int:
    """Writes the vector of every example, by the hash under which the bot looks for it; their number."""
    files = [file for lang in LANGUAGES for file in sorted((ROOT / "nlu_data" / lang).glob("*.yml"))]
    texts = [text for text in dict.fromkeys(examples(*files, questions)) if text]
    np.savez(path, keys=np.array([key_of(text) for text in texts]), vectors=store.encode(texts).astype(np.float16))
    return len(texts)


def main() -> None:
    """The command."""
    write_questions()
    write_vectors(EmbeddingStore(SentenceEncoder(), Settings().cache_dir))


if __name__ == "__main__":
    main()
