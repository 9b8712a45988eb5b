"""Question files are read whole or refused with the place and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.evaluation import baseline
from gateway.evaluation.questions import (
    BadQuestions,
    DialogueLine,
    PlaceLine,
    ServiceQuestion,
    read,
    read_either,
)
from gateway.evaluation.repeated import repeated

_GOOD = '{"text": "cik maksā pase", "lang": "lv", "service_id": "pmlp-pase", "also_ok": ["pmlp-eid"], "style": "plain"}'

#: So many lines of the kept-aside files stand word for word in what is learnt from or tuned on.
_REPEATED = {"dialogue.jsonl": 58, "short.jsonl": 4}


def written(folder: Path, *lines: str) -> Path:
    """A file of these lines."""
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_what_is_known_of_a_question(tmp_path: Path) -> None:
    (question,) = read(ServiceQuestion, [written(tmp_path, _GOOD, "")])
    assert question.accepted == {"pmlp-pase", "pmlp-eid"}
    assert (question.aspect, question.municipality) == (None, None)


def test_notes_of_a_line() -> None:
    line = DialogueLine(
        text="t", lang="lv", kind="personal_data", note="pii.phone=29 123; pii.email=a@b.lv; expect=112|113; near"
    )
    assert line.personal_data == ["29 123", "a@b.lv"]
    assert line.noted("expect") == "112|113"
    assert line.noted("service") is None
    double = DialogueLine(text="t", lang="lv", kind="multi", note="services= a, b ;expect=113 | 112")
    assert double.listed("services", ",") == {"a", "b"}
    assert double.listed("expect", "|") == {"112", "113"}
    assert double.listed("also", ",") == frozenset()


def test_what_other_programs_write_is_read(tmp_path: Path) -> None:
    marked = tmp_path / "marked.jsonl"
    nulls = '{"text": "pase", "lang": "lv", "service_id": "pmlp-pase", "also_ok": null, "style": null, "aspect": null}'
    marked.write_text(f"\ufeff{nulls}\r\n", "utf-8", newline="")
    (question,) = read(ServiceQuestion, [marked])
    assert (question.also_ok, question.style) == ((), "plain")
    # Signs that end a line elsewhere are letters of a text here.
    spoken = written(
        tmp_path, '{"text": "labdien,\u2028man\u0085jautājums", "lang": "lv", "kind": "greet", "note": null}'
    )
    (line,) = read(DialogueLine, [spoken])
    assert line.text == "labdien,\u2028man\u0085jautājums"
    assert line.notes == {}
    assert read(PlaceLine, [written(tmp_path, '{"text": "Rīgā", "lang": "lv", "municipality": null, "style": null}')])


def test_lines_of_both_kinds_may_stand_in_one_file(tmp_path: Path) -> None:
    mixed = written(tmp_path, "", '{"text": "sveiki", "lang": "lv", "kind": "greet"}', _GOOD)
    questions, lines = read_either([mixed])
    assert ([q.service_id for q in questions], [line.kind for line in lines]) == (["pmlp-pase"], ["greet"])
    for bad, reason in (("{", "2: line: Invalid JSON"), ('{"text": "a", "lang": "lv"}', "2: kind: Field required")):
        with pytest.raises(BadQuestions, match=reason):
            read_either([written(tmp_path, _GOOD, bad)])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "2: line: Invalid JSON"),
        ('{"text": "a", "lang": "de", "service_id": "x"}', "2: lang: "),
        ('{"text": "", "lang": "lv", "service_id": "x"}', "2: text: "),
        ('{"text": "a", "lang": "lv"}', "2: service_id: Field required"),
        ('["a"]', "2: line: "),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(BadQuestions, match=reason):
        read(ServiceQuestion, [written(tmp_path, _GOOD, line)])


def test_missing_empty_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadQuestions, match="cannot be read"):
        read(ServiceQuestion, [tmp_path / "none.jsonl"])
    with pytest.raises(BadQuestions, match="no question"):
        read(ServiceQuestion, [written(tmp_path, "")])
    strange = tmp_path / "latin.jsonl"
    strange.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadQuestions, match="cannot be read"):
        read(ServiceQuestion, [strange])


def test_the_command_says_why_it_refuses(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["eval", "services", str(tmp_path / "none.jsonl")])
    assert outcome.exit_code == 2
    assert "cannot be read" in outcome.output


def test_hardly_any_kept_question_is_among_what_is_learnt_from() -> None:
    """Greetings are the same for everybody; more than there are now must not come in."""
    found = repeated()
    assert found.keys() == {path.name for path in baseline.FOLDER.glob("*.jsonl")}
    assert {name: count for name, count in found.items() if count > _REPEATED.get(name, 0)} == {}
