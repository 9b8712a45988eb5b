"""The examples that come with the product (``nlu_data``), as far as editors see them: read, counted, never changed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from kit.i18n import LANGUAGES
from knowledge_base import text as txt
from knowledge_base.wording.question_set import key_of as key_of_text

_FOLDER = Path(__file__).resolve().parents[2] / "nlu_data"
#: What the classifier says when nothing is likely: nobody learns it.
_NONE: Final = "nlu_fallback"
#: Rasa's mark of an entity: the words stay, the mark goes.
_MARK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


@dataclass(frozen=True, slots=True)
class Example:
    """A message and what it is an example of; ``folded``: as it is compared."""

    intent: str
    lang: str
    text: str
    folded: str


@dataclass(frozen=True)
class BaseExamples:
    """Every example of the product.

    Attributes:
        of: (intent, language) → its examples, in the order of the files.
        by_folded: folded text → what it is an example of.
        intents: every kind of turn there is, by name.
    """

    of: Mapping[tuple[str, str], tuple[Example, ...]]
    by_folded: Mapping[str, tuple[Example, ...]]
    intents: tuple[str, ...]

    def counts(self) -> Counter[tuple[str, str]]:
        """How many there are of (intent, language)."""
        return Counter({key: len(rows) for key, rows in self.of.items()})


def folded(text: str) -> str:
    """A text as the classifier sees it, near enough: letter case, accents, marks and spaces tell nothing apart."""
    plain = txt.fold(text)
    return " ".join(txt.tokens(plain)) or " ".join(plain.split())


def key_of(lang: str, text: str) -> str:
    """By which an example is known in its language."""
    return key_of_text(lang, folded(text))


@cache
def base_examples(folder: Path = _FOLDER) -> BaseExamples:
    """Reads the files once.

    Raises:
        OSError, yaml.YAMLError: they are missing or broken.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[tuple[str, str], dict[str, Example]] = defaultdict(dict)
    by_folded: dict[str, list[Example]] = defaultdict(list)
    for lang in LANGUAGES:
        for file in sorted((folder / lang).glob("*.yml")):
            with file.open(encoding="utf-8") as opened:
                blocks = yaml.load(opened, Loader=loader).get("nlu", ())  # noqa: S506 – a safe loader, the C one if it is there
            for block in blocks:
                if block.get("intent", _NONE) == _NONE:
                    continue
                for line in block["examples"].splitlines():
                    text = _MARK.sub(r"\1", line.strip().removeprefix("-").strip())
                    if text and text not in found[block["intent"], lang]:
                        example = Example(block["intent"], lang, text, folded(text))
                        found[block["intent"], lang][text] = example
                        by_folded[example.folded].append(example)
    return BaseExamples(
        of={key: tuple(rows.values()) for key, rows in found.items()},
        by_folded={key: tuple(rows) for key, rows in by_folded.items()},
        intents=tuple(sorted({intent for intent, _ in found})),
    )
