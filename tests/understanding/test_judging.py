"""What counts as said right, wrong or honest; what a kind of turn is taken for."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.evaluation import dialogue, services
from gateway.evaluation.questions import DialogueLine, ServiceQuestion
from gateway.evaluation.trial import Answered
from handoff.assistant.ports import HandoffWish, Reply
from handoff.conversations.schemas import Link, Utterance
from kit.errors import PieturaError

_QUESTION = ServiceQuestion(
    text="cik maksā pase", lang="lv", service_id="pmlp-pase", also_ok=("pmlp-eid",), aspect="cost", municipality="cesis"
)


def replied(outcome: str, *, stored: str = "x", masked: tuple[str, ...] = (), **about: Any) -> Answered:
    """A message that was answered so."""
    given = {"utterances": (), "context": {}, "trace": {"candidates": [("pmlp-pase", 0.9)]}, **about}
    return Answered(Reply(outcome=outcome, lang="lv", **given), stored, masked, "lv", 12.0)


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (replied("answered", service_id="pmlp-pase"), "right"),
        (replied("answered", service_id="pmlp-eid"), "right"),
        (replied("answered", service_id="csdd-tehniska-apskate"), "wrong"),
        (replied("asked_back", service_id="csdd-tehniska-apskate"), "wrong"),
        (replied("choices", context={"pending": {"ids": ["a", "pmlp-eid"]}}), "choices"),
        (replied("choices", context={"pending": {"ids": ["a", "b"]}}), "choices_without"),
        (replied("clarify"), "honest"),
        (replied("handoff", handoff=HandoffWish("asked")), "honest"),
        (replied("emergency"), "wrong"),
        (Answered(None, "x", (), "lv", 1.0), "honest"),
    ],
)
def test_what_was_said(answered: Answered, said: str) -> None:
    assert services._said(_QUESTION, answered) == said


class _Searching:
    """A trial whose search finds nothing."""

    def ranked(self, text: str, lang: str) -> list[Any]:
        """Nothing."""
        del text, lang
        return []


def result(answered: Answered) -> services.ServiceResult:
    """A judged answer to the question above."""
    return services.judge(_Searching(), _QUESTION, answered)  # type: ignore[arg-type]


def test_figures_of_services() -> None:
    right = replied(
        "answered",
        service_id="pmlp-pase",
        context={"municipality_id": "cesis"},
        trace={"candidates": [("pmlp-eid", 0.9), ("b", 0.1)], "asked_aspect": "cost"},
    )
    wrong = replied(
        "answered", service_id="b", trace={"candidates": [("b", 0.8), ("pmlp-pase", 0.1)], "asked_aspect": "how"}
    )
    honest = replied("clarify", trace={})
    found = services.figures([result(right), result(wrong), result(wrong), result(honest)])
    assert found["lv"] == {
        **{
            "n": 4,
            "top1": 0.25,
            "top3": 0.75,
            "said_right": 0.25,
            "choices_right": 0.0,
            "honest": 0.25,
            "said_wrong": 0.5,
        },
        **{"aspect": 0.25, "municipality": 0.25},
    }
    assert found["styles"] == {"plain": {"n": 4, "top1": 0.25}}
    # A language in which nothing was asked is there all the same.
    assert found["ru"]["n"] == 0
    assert {found["ru"][name] for name in found["ru"] if name != "n"} == {None}


def test_calibration_error_is_the_distance_of_promise_and_truth() -> None:
    sure = [result(replied("answered", service_id="b", trace={"candidates": [("b", 0.9)]})) for _ in range(8)]
    assert services.calibration_error(sure) == pytest.approx(0.9)


class _Breaking(_Searching):
    """A trial over which every message breaks."""

    async def ask(self, text: str, **_about: Any) -> Answered:
        """Breaks."""
        raise PieturaError("text_empty")


async def test_a_line_over_which_something_breaks_counts_as_missed(capsys: pytest.CaptureFixture[str]) -> None:
    trial: Any = _Breaking()
    (asked,) = await services.ask_all(trial, [_QUESTION], lambda done, total: None)
    assert (asked.ranking, asked.said, asked.first) == ((), "honest", False)
    lines = [line("out_of_scope"), line("personal_data", "pii.phone=29123456", "zvaniet 29123456")]
    found = dialogue.figures(await dialogue.ask_all(trial, lines, lambda done, total: None))
    assert (found["accuracy"], found["oos_recall_at_5"], found["pii_masked"]) == (0.0, 0.0, 0.0)
    assert "line 2 came to nothing: PieturaError" in capsys.readouterr().err


def line(kind: str, note: str = "", text: str = "x") -> DialogueLine:
    """A message of a kind."""
    return DialogueLine(text=text, lang="lv", kind=kind, note=note)


@pytest.mark.parametrize(
    ("answered", "kind"),
    [
        (replied("handoff", handoff=HandoffWish("asked")), "handoff"),
        (replied("handoff", handoff=HandoffWish("complaint")), "complaint"),
        (replied("smalltalk", trace={"key": "greet"}), "greet"),
        (replied("clarify"), "unclear"),
        (replied("out_of_scope"), "out_of_scope"),
        (replied("answered", trace={"intent": "tech_problem"}), "tech_problem"),
        (replied("asked_back", trace={"intent": "complaint", "plan": "sudziba"}), "complaint"),
        (replied("answered", trace={"service": "a"}), "service"),
        (replied("answered", trace={"service": "a", "two_questions": ["a", "b"]}), "multi"),
        (Answered(None, "x", (), "lv", 1.0), "unavailable"),
    ],
)
def test_what_a_message_was_taken_for(answered: Answered, kind: str) -> None:
    assert dialogue.judge(line("greet"), answered).kind == kind


def test_figures_of_dialogue() -> None:
    call = Utterance("Zvaniet", "lv", links=(Link("113", "tel:113"),))
    told = [
        (line("emergency", "expect=113|112"), replied("emergency", utterances=(call,))),
        (line("emergency", "expect=110"), replied("emergency", utterances=(call,))),
        (line("out_of_scope"), replied("answered", trace={"service": "a"})),
        (line("out_of_scope", "also=unclear"), replied("clarify")),
        (
            line("personal_data", "pii.phone=29123456; pii.email=a@b.lv"),
            replied("clarify", stored="* a@b.lv", masked=("phone",)),
        ),
        (
            line("followup", "service=a; aspect=cost"),
            replied("answered", trace={"service": "a", "asked_aspect": "how", "follow_up": True}),
        ),
        (line("multi", "services=a, b"), replied("answered", trace={"service": "a", "two_questions": ["b", "a"]})),
    ]
    found = dialogue.figures([dialogue.judge(one, answered) for one, answered in told])
    assert found["kinds"]["emergency"] == {"n": 2, "recall": 1.0}
    assert found["emergency_recall"] == 0.5
    assert found["oos_recall_at_5"] == 0.5
    assert found["oos_said_wrong"] == 0.5
    assert found["pii_masked"] == 0.5
    assert (found["followup_service"], found["followup_aspect"]) == (1.0, 0.0)
    assert found["multi_both"] == 1.0
    assert found["handoff_recall"] is None
    assert found["accuracy"] == pytest.approx(6 / 7, abs=1e-4)
