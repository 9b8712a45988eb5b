"""Plans as pure functions: what is wrong with one, what an answer means, where it leads, and the ways back."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from knowledge_base.importer import DATA_DIR
from knowledge_base.plans import engine, repository
from knowledge_base.plans.content import Plan, Step, problems, steps_changed
from knowledge_base.plans.engine import Outcome, Run
from knowledge_base.plans.models import PlanVersion
from knowledge_base.plans.reading import Given, Miss, read, wish, yes_or_no
from knowledge_base.plans.store import load_plan, read_plans

TODAY = date(2026, 11, 24)
SERVICES = {"pmlp-pase", "vsaa-slimibas-pabalsts"}


def w(text: str) -> dict[str, str]:
    """A text that is the same in every language."""
    return {"lv": text, "ru": text, "en": text}


CHOICE: dict[str, Any] = {
    "id": "how",
    "kind": "ask",
    "text": w("How?"),
    "answer": "choice",
    "options": [
        {"id": "online", "label": {"lv": "Internetā", "ru": "В интернете", "en": "Online"}},
        {"id": "person", "label": {"lv": "Klātienē", "ru": "Лично", "en": "In person"}, "next": "person"},
    ],
}
STEPS: list[dict[str, Any]] = [
    {"id": "hello", "kind": "say", "text": w("Hello")},
    CHOICE,
    {"id": "count", "kind": "ask", "text": w("How many?"), "answer": "number", "least": 1, "most": 12},
    {"id": "many", "kind": "branch", "on": "count", "cases": [{"op": "more", "value": "2", "next": "person"}]},
    {"id": "born", "kind": "ask", "text": w("When?"), "answer": "date", "when": "past"},
    {"id": "fin", "kind": "end", "text": w("Bye")},
    {"id": "person", "kind": "hand_over", "text": w("A person"), "topic": "family"},
]


def plan(*steps: dict[str, Any], **more: Any) -> Plan:
    return Plan.model_validate({"name": w("Plan"), "steps": list(steps or STEPS), **more})


def codes(found: Plan) -> list[tuple[str, str | None]]:
    there = {"services": SERVICES, "events": {"birth"}, "institutions": {"vsaa"}, "invitations": {"rule"}}
    return [(p.code, p.step) for p in problems(found, **there)]


def begun(of: Plan) -> Outcome:
    return engine.begin(of, "p", 1)


def at(outcome: Outcome | None) -> str:
    assert outcome is not None
    assert outcome.run is not None
    return outcome.run.step


def go(of: Plan, run: Run | None, value: str | float) -> Outcome:
    assert run is not None
    return engine.given(of, run, Given(value))


# --- running ----------------------------------------------------------------------------------------------------------


def test_it_says_what_stands_before_the_question_and_waits() -> None:
    first = begun(plan())
    assert [step.id for step in first.said] == ["hello", "how"]
    assert at(first) == "how"


def test_answers_lead_on_and_the_end_ends_it() -> None:
    p = plan()
    asked = go(p, begun(p).run, "online")
    born = go(p, asked.run, 2)
    assert at(born) == "born"
    done = go(p, born.run, "2026-01-02")
    assert (done.run, done.end and done.end.id) == (None, "fin")


def test_an_option_and_a_branch_lead_elsewhere() -> None:
    p = plan()
    assert go(p, begun(p).run, "person").end == p.find("person")
    assert go(p, go(p, begun(p).run, "online").run, 3).end == p.find("person")


@pytest.mark.parametrize(
    ("op", "value", "answer", "fits"),
    [
        ("is", "2", 2, True),
        ("less", "10", 9, True),
        ("less", "10", 10, False),
        ("more", "9", 10, True),
        ("less", "2026-01-02", "2025-12-31", True),
        ("more", "2026-01-02", "2026-01-02", False),
        ("is", "online", "online", True),
    ],
)
def test_how_a_branch_compares(op: str, value: str, answer: str | float, fits: bool) -> None:
    assert engine._fits(answer, op, value) is fits


def test_back_asks_the_step_before_and_forgets_its_answer() -> None:
    p = plan()
    born = go(p, go(p, begun(p).run, "online").run, 2)
    assert born.run is not None
    back = engine.back(p, born.run)
    assert at(back) == "count"
    assert back is not None
    assert back.run is not None
    assert dict(back.run.answers) == {"how": "online"}
    first = engine.back(p, back.run)
    assert first is not None
    assert first.run is not None
    assert engine.back(p, first.run) is None


def test_a_correction_asks_again_what_came_after_it() -> None:
    p = plan()
    born = go(p, go(p, begun(p).run, "online").run, 2)
    assert born.run is not None
    mended = engine.correct(p, born.run, "how")
    assert at(mended) == "how"
    assert mended is not None
    assert mended.run is not None
    assert not mended.run.answers
    assert engine.correct(p, born.run, "born") is None


def test_a_run_survives_as_json() -> None:
    run = go(plan(), begun(plan()).run, "online").run
    assert run is not None
    assert Run.read(run.stored()) == run
    assert Run.read({}) is None
    assert Run.read("nonsense") is None


def test_a_guide_shows_help_once_and_then_names_the_step() -> None:
    step = {"id": "open", "kind": "do", "text": w("Open it"), "help": w("Try this")}
    p = plan(step, {"id": "fin", "kind": "end", "text": w("Bye")})
    first = begun(p)
    helped = go(p, first.run, "stuck")
    assert helped.help == p.find("open")
    assert at(helped) == "open"
    stuck = go(p, helped.run, "stuck")
    assert (stuck.run, stuck.stuck) == (None, p.find("open"))
    assert go(p, helped.run, "done").end == p.find("fin")


def test_steps_to_be_done_are_numbered() -> None:
    p = plan(
        {"id": "a", "kind": "do", "text": w("A")},
        {"id": "s", "kind": "say", "text": w("S")},
        {"id": "b", "kind": "do", "text": w("B")},
        {"id": "fin", "kind": "end", "text": w("Bye")},
    )
    assert [p.numbered(one) for one in ("a", "s", "b")] == [(1, 2), (0, 2), (2, 2)]


def test_a_round_that_was_made_by_hand_does_not_hang() -> None:
    p = plan({"id": "a", "kind": "say", "text": w("A"), "next": "a"})
    outcome = begun(p)
    assert outcome.run is None
    assert outcome.end is None


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Internetā", "online"),
        ("interneta!", "online"),
        ("В интернете", "online"),
        ("es gribu klātienē", "person"),
        ("otrais", "person"),
        ("1", "online"),
        ("первый", "online"),
        ("in person please", "person"),
        ("лично", "person"),
    ],
)
def test_a_choice_in_words(text: str, value: str) -> None:
    assert read(Step.model_validate(CHOICE), text, TODAY) == Given(value)


@pytest.mark.parametrize(
    "text", ["nevis klātienē", "internetā vai klātienē", "cik tas maksā?", "", "не лично", "es nezinu, kā labāk"]
)
def test_what_is_no_plain_choice_is_none(text: str) -> None:
    assert isinstance(read(Step.model_validate(CHOICE), text, TODAY), Miss)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.05.2026", "2026-05-12"),
        ("2026-05-12", "2026-05-12"),
        ("dzimis 2026. gada 12. maijā", "2026-05-12"),
        ("12 мая 2026", "2026-05-12"),
        ("12 May 2026", "2026-05-12"),
        ("vakar", "2026-11-23"),
        ("сегодня", "2026-11-24"),
    ],
)
def test_a_day_in_words(text: str, value: str) -> None:
    assert read(Step.model_validate(STEPS[4]), text, TODAY) == Given(value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("31.02.2026", "date_wrong"),
        ("12.05.", "date_year"),
        ("12. maijā", "date_year"),
        ("25.11.2026", "date_future"),
        ("tad, kad zied ceriņi", "date"),
        ("12.05.2026 vai 13.05.2026", "date"),
        ("05.05.0026", "date_wrong"),
    ],
)
def test_what_is_no_day_says_why(text: str, why: str) -> None:
    found = read(Step.model_validate(STEPS[4]), text, TODAY)
    assert isinstance(found, Miss)
    assert found.why == why


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("3 bērni", 3), ("7,5", 7.5), ("12", 12)])
def test_a_number(text: str, value: float) -> None:
    assert read(Step.model_validate(STEPS[2]), text, TODAY) == Given(value)


@pytest.mark.parametrize(
    ("text", "why"), [("0", "number_small"), ("13", "number_big"), ("2 vai 3", "number"), ("daudz", "number")]
)
def test_what_is_no_number_says_why(text: str, why: str) -> None:
    found = read(Step.model_validate(STEPS[2]), text, TODAY)
    assert isinstance(found, Miss)
    assert found.why == why


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Jā", "yes"),
        ("jā, lūdzu", "yes"),
        ("Да, конечно", "yes"),
        ("nē", "no"),
        ("Нет", "no"),
        ("nope", "no"),
        ("jā, bet ne tagad", None),
        ("varbūt", None),
        ("nezinu", None),
    ],
)
def test_yes_and_no(text: str, said: str | None) -> None:
    assert yes_or_no(text) == said


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Atpakaļ", "back"),
        ("назад", "back"),
        ("pārtraukt", "cancel"),
        ("отмена", "cancel"),
        ("cancel", "cancel"),
        ("kļūdījos", "correct"),
        ("хочу исправить", "correct"),
        ("turpināt", "go_on"),
        ("продолжить", "go_on"),
        ("es gribu atpakaļ savu naudu", None),
        ("kā atcelt iesniegumu?", None),
        ("labi", None),
        ("Labdien!", None),
        ("labot atbildi", "correct"),
    ],
)
def test_what_is_wanted_of_the_plan_itself(text: str, wanted: str | None) -> None:
    assert wish(text) == wanted


@pytest.mark.parametrize(
    ("text", "value"), [("Izdarīju", "done"), ("готово", "done"), ("nesanāk", "stuck"), ("не получается", "stuck")]
)
def test_a_step_of_a_guide_in_words(text: str, value: str) -> None:
    step = Step.model_validate({"id": "a", "kind": "do", "text": w("A")})
    assert read(step, text, TODAY) == Given(value)
    assert isinstance(read(step, "labi", TODAY), Miss)


# --- what is wrong with a plan ----------------------------------------------------------------------------------------


def test_a_good_plan_has_no_problems() -> None:
    assert codes(plan(triggers=[{"kind": "proactive", "value": "rule"}])) == []


def changed(place: int, **patch: Any) -> Plan:
    return plan(*[{**step, **patch} if at == place else step for at, step in enumerate(STEPS)])


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (changed(0, next="nowhere"), ("next_unknown", "hello")),
        (changed(0, next="fin"), ("unreachable", "how")),
        (changed(0, text={"lv": "A", "ru": "", "en": "A"}), ("text_missing", "hello")),
        (changed(0, next="hello"), ("loop", "hello")),
        (changed(0, kind="link", links=[{"title": w("A"), "url": "http://latvija.lv/a"}]), ("link_not_https", "hello")),
        (changed(0, kind="link"), ("link_missing", "hello")),
        (changed(1, options=CHOICE["options"][:1]), ("options_number", "how")),
        (changed(1, answer=None), ("answer_missing", "how")),
        (changed(2, least=5, most=1), ("bounds", "count")),
        (changed(3, on="hello"), ("branch_without_question", "many")),
        (changed(3, cases=[]), ("branch_without_cases", "many")),
        (changed(3, cases=[{"op": "more", "value": "x", "next": "fin"}]), ("case_unknown", "many")),
        (changed(6, kind="say"), ("dead_end", "person")),
        (changed(6, institution_id="nobody"), ("institution_unknown", "person")),
        (changed(5, kind="services", service_ids=["nothing"]), ("service_unknown", "fin")),
        (changed(5, id="hello"), ("id_twice", "hello")),
        (plan(triggers=[{"kind": "payload", "value": "handoff"}]), ("trigger_reserved", None)),
        (plan(triggers=[{"kind": "turn", "value": "emergency"}]), ("trigger_unknown", None)),
        (plan(triggers=[{"kind": "service", "value": "nothing"}]), ("trigger_unknown", None)),
        (plan(triggers=[{"kind": "proactive", "value": "nothing"}]), ("invitation_unknown", None)),
        (plan(triggers=[{"kind": "turn", "value": "complaint", "how": "offer"}]), ("trigger_not_offered", None)),
        (changed(1, optional=True), ("optional_choice", "how")),
        (plan(kind="guide"), ("source_missing", None)),
        (plan(name={"lv": "A", "ru": "A", "en": ""}), ("name_missing", None)),
    ],
)
def test_what_is_wrong_is_named_at_its_step(wrong: Plan, expected: tuple[str, str | None]) -> None:
    assert expected in codes(wrong)


def test_questions_that_never_end_are_a_dead_end() -> None:
    ask = {"kind": "ask", "text": w("?"), "answer": "text"}
    assert codes(plan({"id": "a", **ask}, {"id": "b", **ask, "next": "a"})) == [("dead_end", "a"), ("dead_end", "b")]


def test_differences_name_steps() -> None:
    before = plan().model_dump(mode="json")["steps"]
    after = [before[1], before[0], {**before[2], "most": 3.0}, *before[3:5], before[6], {**before[5], "id": "new"}]
    found = {(one["what"], one["id"]) for one in steps_changed(before, after)}
    assert {("changed", "count"), ("added", "new"), ("gone", "fin")} <= found
    assert ("moved", "how") in found
    assert steps_changed(before, before) == []
    # Stored before a question could be passed over: that it could not is no change.
    assert steps_changed([{key: step[key] for key in step if key != "optional"} for step in before], before) == []


# --- the plans that come with the product -----------------------------------------------------------------------------


def test_every_plan_of_the_files_may_be_published() -> None:
    rows = [line for path in (DATA_DIR / "services").glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    services = {json.loads(row)["id"] for row in rows if row.strip()}
    found = dict(read_plans(DATA_DIR, services))
    assert {name: plan for name, plan in found.items() if isinstance(plan, str)} == {}
    kinds = [plan.kind for plan in found.values() if isinstance(plan, Plan)]
    assert kinds.count("guide") >= 5


def test_the_files_never_replace_what_an_editor_wrote() -> None:
    async def loaded() -> list[str]:
        database = create_async_engine("sqlite+aiosqlite://")
        async with database.begin() as connection:
            await connection.run_sync(PlanVersion.__table__.create)  # type: ignore[attr-defined]
        async with AsyncSession(database, expire_on_commit=False) as session:
            done = [await load_plan(session, "p", plan()), await load_plan(session, "p", plan())]
            done.append(await load_plan(session, "p", changed(0, text=w("Other"))))
            shown = await repository.current(session, "p")
            assert shown is not None
            shown.origin = "editor"
            done.append(await load_plan(session, "p", plan()))
            shown.current = False
            done.append(await load_plan(session, "p", plan()))
        await database.dispose()
        return done

    assert asyncio.run(loaded()) == ["added", "unchanged", "changed", "kept", "kept"]
