"""Question files are read whole or refused with the place and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.evaluation.questions import BadQuestions, DialogueLine, ServiceQuestion, read

_GOOD = '{"text": "cik maksā pase", "lang": "lv", "service_id": "pmlp-pase", "also_ok": ["pmlp-eid"], "style": "plain"}'


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
