"""What the encoder learns from: texts with the service they mean, the kind of turn they are, or both."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import tarfile
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
_DATA = Path("knowledge_base") / "data"
DATA = ROOT / _DATA
LANGUAGES = ("lv", "ru", "en")


@dataclass(frozen=True)
class Example:
    """A text and what it is; None where that is not known or does not apply."""

    text: str
    service: str | None
    kind: str | None


def services(root: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The services of the knowledge base by id."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root / _DATA / "services").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            record = json.loads(line)
            found[record["id"]] = record
    return found


def examples(root: Path = ROOT) -> list[Example]:
    """Everything there is to learn from; the questions kept for tuning and measuring are not read."""
    found = list(_of_services(root))
    for path in sorted(file for lang in LANGUAGES for file in (root / "nlu_data" / lang).glob("*.yml")):
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            if "intent" in block:
                lines = (line.strip().removeprefix("- ").strip() for line in block["examples"].splitlines())
                found += [Example(line, None, block["intent"]) for line in lines if line]
    return list(dict.fromkeys(found))


def new_since(revision: str) -> list[Example]:
    """What was not there to learn from at a revision of the repository.

    Raises:
        subprocess.CalledProcessError: git does not know the revision.
    """
    with tempfile.TemporaryDirectory() as name:
        archive = subprocess.run(  # noqa: S603
            ["git", "-C", str(ROOT), "archive", revision, "knowledge_base/data", "nlu_data"],  # noqa: S607
            check=True,
            stdout=subprocess.PIPE,
            timeout=60,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(name, filter="data")
        before = {example.text for example in examples(Path(name))}
    return [example for example in examples() if example.text not in before]


def _of_services(root: Path) -> Iterator[Example]:
    extra = json.loads((root / _DATA / "aliases_extra.json").read_text("utf-8"))
    for service_id, record in services(root).items():
        names = [record["title_lv"], record["title_ru"], record["title_en"], *record.get("aliases_lv", [])]
        for more in (extra.get(service_id) or {}).values():
            names += more
        yield from (Example(name, service_id, None) for name in names)
        asked = json.loads((root / _DATA / "examples" / f"{service_id}.json").read_text("utf-8"))
        for questions in asked.values():
            for question in questions:
                kind = f"ask_{question['aspect']}" if question.get("aspect") else None
                yield Example(question["text"], service_id, kind)


def folded(text: str) -> str:
    """Latin letters without their marks; Cyrillic stays as it is."""
    if re.search("[а-яё]", text.lower()):
        return text
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def roughened(text: str, chance: random.Random) -> str:
    """The text as it might have been typed: now and then without marks, now and then with a letter lost or swapped."""
    if chance.random() < 0.3:
        text = folded(text)
    if chance.random() < 0.2 and len(text) > 12:
        at = chance.randrange(1, len(text) - 2)
        swapped = text[at + 1] + text[at]
        text = text[:at] + (text[at + 1 :] if chance.random() < 0.5 else swapped + text[at + 2 :])
    return text
