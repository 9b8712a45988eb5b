"""Trains a Rasa pipeline on questions by intent and asks it: the other side of a comparison, never part of the service.

    python baseline.py CONFIG.yml TRAIN.jsonl ASK.jsonl OUT.jsonl

TRAIN holds `text` and `intent`, ASK holds `text`; OUT gets a line for each of ASK: `ranking` (names, best first) and
`confidence` and `intent` as the pipeline would act on them (`nlu_fallback` below its threshold). Progress goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import yaml


def write_training(rows: list[dict[str, str]], path: Path) -> None:
    """Questions by intent in Rasa's form."""
    by_intent: dict[str, list[str]] = {}
    for row in rows:
        text = " ".join(row["text"].split()).replace("[", "(").replace("]", ")")
        by_intent.setdefault(row["intent"], []).append(text)
    blocks = [
        {"intent": name, "examples": "".join(f"- {text}\n" for text in dict.fromkeys(texts))}
        for name, texts in sorted(by_intent.items())
    ]
    path.write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, width=10_000), "utf-8")


async def ask(model: str, texts: list[str], out: Path) -> None:
    """Asks a trained model every text."""
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    with out.open("w", encoding="utf-8") as file:
        for text in texts:
            parsed = await agent.parse_message(text)
            ranking = [item["name"] for item in parsed["intent_ranking"] if item["name"] != "nlu_fallback"]
            row = {
                "intent": parsed["intent"]["name"],
                "confidence": parsed["intent"]["confidence"],
                "ranking": ranking[:5],
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def main(config: str, train: str, asked: str, out: str) -> None:
    """The command."""
    from rasa.model_training import train_nlu

    rows = [json.loads(line) for line in Path(train).read_text("utf-8").splitlines()]
    texts = [json.loads(line)["text"] for line in Path(asked).read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        write_training(rows, Path(folder) / "nlu.yml")
        started = time.monotonic()
        model = train_nlu(config, str(Path(folder) / "nlu.yml"), folder)
        if model is None:
            raise SystemExit("training left no model")
        sys.stderr.write(f"trained in {time.monotonic() - started:.0f} s\n")
        asyncio.run(ask(model, texts, Path(out)))


if __name__ == "__main__":
    main(*sys.argv[1:5])
