"""What a training learns, as Rasa reads it: the product's examples, the questions about services, and what editors have added.

The same as ``pietura train`` learns, but in a folder of its own: the model that serves and its files are not touched.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gateway import run as runner
from gateway import training
from gateway.settings import ROOT
from kit.i18n import LANGUAGES
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, key_of


def digest_of(base: str, learnt: Iterable[Mapping[str, str]]) -> str:
    """A mark of everything that is learnt; ``base``: of the product's part (:func:`gateway.run.model_inputs`)."""
    digest = hashlib.sha256(base.encode())
    for one in learnt:
        digest.update(f"\0{one['intent']}\0{one['lang']}\0{one['text']}".encode())
    return digest.hexdigest()


def write(folder: Path, learnt: Iterable[Mapping[str, str]]) -> None:
    """Writes ``questions.yml``, ``editors.yml`` and ``config.yml`` into ``folder``."""
    training.write_questions(folder / "questions.yml")
    by_intent: dict[str, dict[str, None]] = defaultdict(dict)
    for one in learnt:
        by_intent[one["intent"]][one["text"]] = None
    blocks = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
        for intent, texts in sorted(by_intent.items())
    ]
    (folder / "editors.yml").write_text(_yaml({"version": "3.1", "nlu": blocks}), "utf-8")
    config = yaml.safe_load((ROOT / "config.yml").read_text("utf-8"))
    for component in config["pipeline"]:
        if component.get("vectors"):
            component["vectors"] = str(folder / "vectors.npz")
    (folder / "config.yml").write_text(_yaml(config), "utf-8")


def write_vectors(folder: Path, store: EmbeddingStore) -> int:
    """Writes the vector of every example; how many had to be computed. When one is missing the classifier goes without any."""
    files = [file for lang in LANGUAGES for file in sorted((ROOT / "nlu_data" / lang).glob("*.yml"))]
    every = training.examples(*files, folder / "questions.yml", folder / "editors.yml")
    keys = {text: key_of(text) for text in dict.fromkeys(every) if text}
    # Most are the product's: they were computed when it was trained, by the same encoder (:func:`gateway.run.model_inputs`).
    with np.load(training.VECTORS, allow_pickle=False) as arrays:
        known = dict(zip(arrays["keys"].tolist(), arrays["vectors"], strict=True))
    missing = [text for text, key in keys.items() if key not in known]
    known |= {keys[text]: vector for text, vector in zip(missing, store.encode(missing), strict=True)}
    vectors = np.stack([known[key] for key in keys.values()]).astype(np.float16)
    np.savez(folder / "vectors.npz", keys=np.array(list(keys.values())), vectors=vectors)
    return len(missing)


def rasa_arguments(folder: Path) -> tuple[str, ...]:
    """Rasa's training of what lies in ``folder``; the model comes to ``folder/model.tar.gz``."""
    found = list(runner.TRAIN_ARGUMENTS)
    found[found.index("--config") + 1] = str(folder / "config.yml")
    found[found.index("models/questions.yml")] = str(folder / "questions.yml")
    found.insert(found.index(str(folder / "questions.yml")), str(folder / "editors.yml"))
    found[found.index("--out") + 1] = str(folder)
    found[found.index("--fixed-model-name") + 1] = "model"
    return tuple(found)


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), allow_unicode=True, width=10_000)
