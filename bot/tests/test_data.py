"""The training data, the domain and the rules fit together."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from components.text import fold

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("lv", "ru", "en")
LEAST = {"handoff": 80, "emergency": 70, "out_of_scope": 120, **{
    f"ask_{a}": 60 for a in ("general", "how", "where", "cost", "deadline", "documents", "eligibility", "amount", "status", "result")
}}  # fmt: skip


def examples() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for language in LANGUAGES:
        for file in sorted((ROOT / "nlu_data" / language).glob("*.yml")):
            for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
                found[language, item["intent"]] += [line[2:].strip() for line in item["examples"].splitlines()]
    return found


def intents() -> list[str]:
    listed: list[str] = yaml.safe_load((ROOT / "bot/domain/intents.yml").read_text())["intents"]
    return listed


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_has_enough_examples(language: str) -> None:
    found = examples()
    short = {
        name: len(set(found[language, name]))
        for name in intents()
        if name != "nlu_fallback" and len(set(found[language, name])) < LEAST.get(name, 40)
    }
    assert not short


def test_no_unknown_intents() -> None:
    assert {name for _, name in examples()} <= set(intents())


def test_no_text_has_two_meanings() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for (_, intent), texts in examples().items():
        for text in texts:
            meanings[text.lower()].add(intent)
    assert not {text: names for text, names in meanings.items() if len(names) > 1}


def test_every_intent_has_one_rule_and_a_plan() -> None:
    rules = yaml.safe_load((ROOT / "nlu_data/rules.yml").read_text())["rules"]
    planned = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in rules}
    assert sorted(planned) == sorted(intents()) and len(rules) == len(planned)
    responses = yaml.safe_load((ROOT / "bot/domain/responses.yml").read_text())["responses"]
    assert set(planned.values()) == set(responses)
    for variants in responses.values():
        assert len(variants) == 1 and set(variants[0]) == {"custom"} and variants[0]["custom"]["plan"]


def test_conversation_tests_are_not_taught() -> None:
    stories = yaml.safe_load((ROOT / "nlu_data/tests/test_turns.yml").read_text(encoding="utf-8"))["stories"]
    asked = {fold(step["user"].strip()) for story in stories for step in story["steps"] if "user" in step}
    taught = {fold(text) for texts in examples().values() for text in texts}
    assert not asked & taught
