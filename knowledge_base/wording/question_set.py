"""The question set: questions of which it is known what answers them, and what a change of wording makes of each.

The files' questions are those that weights were fitted to (``data/tuning``). Those that are kept aside for measuring are never
among them: what editors improve on is no measure any more.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from knowledge_base.search import FloatArray, SearchIndex
from knowledge_base.wording.models import SetQuestion
from knowledge_base.wording.ports import Decided, Deciding

_FOLDER = Path(__file__).parent.parent / "data" / "tuning"
_FILES = ("services.jsonl", "short.jsonl")
#: From worst to best: a wrong answer given as if it were certain, honest not knowing, choices without and with the right one, the
#: right answer. Choices without the right one are as good as not knowing: the way to a person is beside them.
VALUE: Final = {"wrong": 0, "honest": 1, "choices": 2, "right": 3}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the set.

    Attributes:
        service_id: the service that answers it; None: none of ours.
        also: further services that answer it as well.
        origin: ``data`` (the files') or ``editor``.
        row_id: of an editor's, its id.
    """

    key: str
    text: str
    lang: str
    service_id: str | None
    also: tuple[str, ...] = ()
    origin: str = "data"
    row_id: str | None = None
    by: str | None = None

    @property
    def accepted(self) -> frozenset[str]:
        """Every service that is a right answer."""
        return frozenset((self.service_id, *self.also)) if self.service_id else frozenset()


def key_of(lang: str, text: str) -> str:
    """By which a question is known, however its words are spaced and capitalised."""
    same = f"{lang}:{' '.join(text.casefold().split())}"
    return hashlib.blake2b(same.encode(), digest_size=12).hexdigest()


@cache
def shipped() -> tuple[Question, ...]:
    """The files' questions."""
    found: dict[str, Question] = {}
    for name in _FILES:
        for line in (_FOLDER / name).read_text("utf-8").splitlines():
            row = json.loads(line)
            key = key_of(row["lang"], row["text"])
            also = tuple(row.get("also_ok", ()))
            found.setdefault(key, Question(key, row["text"], row["lang"], row["service_id"], also))
    return tuple(found.values())


def combined(rows: Iterable[SetQuestion]) -> tuple[list[Question], list[Question]]:
    """(the questions that count, those that were taken out): the files' and the editors'."""
    own = {row.key: row for row in rows}
    kept: list[Question] = []
    gone: list[Question] = []
    for question in shipped():
        row = own.pop(question.key, None)
        (gone if row is not None and row.removed else kept).append(question)
    for row in own.values():
        made = Question(row.key, row.text, row.lang, row.service_id, (), "editor", row.id, row.by_name)
        (gone if row.removed else kept).append(made)
    return kept, gone


def fingerprint(questions: Iterable[Question]) -> str:
    """A mark of a set; another one when a question was added, taken out or is answered by another service."""
    parts = sorted(f"{one.key}:{one.service_id}" for one in questions)
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def without(questions: Sequence[Question], gone: Collection[str]) -> list[Question]:
    """The questions as they are answered rightly where some services are withdrawn: by another that is as good, or by none."""
    found = []
    for question in questions:
        left = [one for one in (question.service_id, *question.also) if one is not None and one not in gone]
        changed = replace(question, service_id=left[0] if left else None, also=tuple(left[1:]))
        found.append(question if question.accepted.isdisjoint(gone) else changed)
    return found


def asked(index: SearchIndex, deciding: Deciding, question: Question, vector: FloatArray | None) -> tuple[str, Decided]:
    """What would come of a question (one of :data:`VALUE`), and how the assistant would decide."""
    found = index.search(question.text, question.lang, _SHOWN, vector)
    decided = deciding.decide(found, index.language_for(question.text, question.lang))
    return said(question, decided), decided


def said(question: Question, decided: Decided) -> str:
    """What a decision is worth to whoever asks ``question``; one of :data:`VALUE`."""
    if decided.outcome == "answered":
        return "right" if decided.service_ids[0] in question.accepted else "wrong"
    if decided.outcome == "choices":
        return "choices" if question.accepted.intersection(decided.service_ids) else "honest"
    return "honest" if question.service_id is not None else "right"


def compared(
    questions: Sequence[Question], before: Sequence[tuple[str, Decided]], after: Sequence[tuple[str, Decided]]
) -> dict[str, Any]:
    """A ``Check`` of docs/protocol.md without names: totals before and after, and every question that would fare otherwise."""
    rows: list[dict[str, Any]] = []
    for question, (was, old), (now, new) in zip(questions, before, after, strict=True):
        if (was, old) == (now, new):
            continue
        verdict = "better" if VALUE[now] > VALUE[was] else "worse" if VALUE[now] < VALUE[was] else "other"
        rows.append(
            {
                "text": question.text,
                "lang": question.lang,
                "expected": question.service_id,
                "verdict": verdict,
                "before": {"said": was, "services": list(old.service_ids)},
                "after": {"said": now, "services": list(new.service_ids)},
            }
        )
    order = {"worse": 0, "better": 1, "other": 2}
    rows.sort(key=lambda row: (order[row["verdict"]], VALUE[row["after"]["said"]]))
    totals = [Counter(word for word, _ in one) for one in (before, after)]
    counted = Counter(row["verdict"] for row in rows)
    worth = [sum(VALUE[word] * count for word, count in one.items()) for one in totals]
    return {
        "total": len(questions),
        "before": {word: totals[0][word] for word in VALUE},
        "after": {word: totals[1][word] for word in VALUE},
        "better": counted["better"],
        "worse": counted["worse"],
        "other": counted["other"],
        # One more wrong answer outweighs any number of better ones.
        "is_worse": totals[1]["wrong"] > totals[0]["wrong"] or worth[1] < worth[0],
        "rows": rows,
    }
