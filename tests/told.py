"""Understanding by key words: what the stage and the stand-in of Rasa say a message is, where a test is about something else."""

from __future__ import annotations

import re

_KINDS = (
    (r"^(sveiki|labdien|привет|hello)", "smalltalk", "greet", None),
    (r"paldies|спасибо|thank", "smalltalk", "thanks", None),
    (r"^(jā|да|yes)$", "smalltalk", "affirm", None),
    (r"^(nē|нет|no)$", "smalltalk", "deny", None),
    (r"ko tu vari", "smalltalk", "capabilities", None),
    (r"asdf|qwer", "clarify", "gibberish", None),
    (r"anekdot|pankūk", "out_of_scope", None, None),
    (r"sūdz|sudz", "complaint", None, None),
    (r"cik maks|сколько стоит|cost", "answer_service", None, "cost"),
    (r"dokument", "answer_service", None, "documents"),
    (r"cik liel", "answer_service", None, "amount"),
    (r"kā |как |how", "answer_service", None, "how"),
)


def kind_of(text: str) -> tuple[str, str | None, str | None, str, float]:
    """Plan, key, aspect, intent and confidence."""
    lowered = text.lower()
    for pattern, plan, key, aspect in _KINDS:
        if re.search(pattern, lowered):
            return plan, key, aspect, key or plan, 0.95
    return "answer_service", None, "general", "ask_general", 0.9
