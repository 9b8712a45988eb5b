"""``pietura eval services`` and ``pietura eval dialogue``: a report for people, then one line of JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from gateway.evaluation import baseline, dialogue, report, services
from gateway.evaluation.questions import BadQuestions, DialogueLine, ServiceQuestion, read
from gateway.evaluation.trial import Answered, begin

app = typer.Typer(no_args_is_help=True, help="Measures the assistant on question files (JSON lines).")
Files = Annotated[list[Path], typer.Argument(help="JSON lines.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also writes every question and what came of it here.")]


def progress(done: int, total: int) -> None:
    """How far it is, on standard error."""
    if sys.stderr.isatty() or done % 100 == 0 or done == total:
        sys.stderr.write(f"\r  {done} of {total}" + ("\n" if done == total else ""))
        sys.stderr.flush()


@app.command("services")
def eval_services(files: Files, details: Json = None) -> None:
    """Service questions: text, lang, service_id, also_ok, aspect, municipality, style."""
    questions = _read(ServiceQuestion, files)
    results = asyncio.run(_ask_services(questions))
    found = services.figures(results)
    typer.echo(report.services_report(results))
    if details:
        _write(details, found, [_service_row(r) for r in results])
    typer.echo(json.dumps(found, ensure_ascii=False))


@app.command("dialogue")
def eval_dialogue(files: Files, details: Json = None) -> None:
    """Messages of every kind of turn: text, lang, kind, note."""
    lines = _read(DialogueLine, files)
    results = asyncio.run(_ask_dialogue(lines))
    found = dialogue.figures(results)
    typer.echo(report.dialogue_report(results, found))
    if details:
        _write(details, found, [_dialogue_row(r) for r in results])
    typer.echo(json.dumps(found, ensure_ascii=False))


@app.command("files")
def eval_files(files: Files) -> None:
    """Either kind of file, told apart by what its first line holds."""
    by_kind: dict[bool, list[Path]] = {True: [], False: []}
    for file in files:
        try:
            with file.open(encoding="utf-8") as opened:
                by_kind["service_id" in json.loads(opened.readline())].append(file)
        except (OSError, ValueError) as error:
            _refuse(f"{file}: cannot be read: {error}")
    if by_kind[True]:
        eval_services(by_kind[True])
    if by_kind[False]:
        eval_dialogue(by_kind[False])


@app.command("baseline")
def eval_baseline(
    write: Annotated[bool, typer.Option("--write", help="Commits to the figures found now.")] = False,
) -> None:
    """Our own kept-aside questions against the committed figures; exit 1 when one has fallen."""
    found = asyncio.run(measure_kept())
    if write:
        written = {"depends_on": baseline.depends_on(), **found}
        baseline.FILE.write_text(json.dumps(written, indent=1) + "\n", "utf-8")
        typer.echo(f"written to {baseline.FILE}")
        return
    fallen = baseline.falls(found, baseline.committed())
    typer.echo("\n".join(fallen) or "nothing has fallen")
    if fallen:
        raise typer.Exit(1)


async def measure_kept() -> dict[str, Any]:
    """The figures on our own kept-aside questions: ``services``, ``short``, ``dialogue`` and ``voices``."""
    questions = read(ServiceQuestion, [baseline.SERVICES])
    short = read(ServiceQuestion, [baseline.SHORT])
    lines = read(DialogueLine, [baseline.DIALOGUE])
    hard = read(DialogueLine, [baseline.VOICES])
    async with begin() as trial:
        about_services = await services.ask_all(trial, questions, progress)
        in_short = await services.ask_all(trial, short, progress)
        in_dialogue = await dialogue.ask_all(trial, lines, progress)
        of_voices = await dialogue.ask_all(trial, hard, progress)
    return {
        "services": services.figures(about_services),
        "short": services.figures(in_short),
        "dialogue": dialogue.figures(in_dialogue),
        "voices": dialogue.figures(of_voices),
    }


async def _ask_services(questions: list[ServiceQuestion]) -> list[services.ServiceResult]:
    async with begin() as trial:
        return await services.ask_all(trial, questions, progress)


async def _ask_dialogue(lines: list[DialogueLine]) -> list[dialogue.DialogueResult]:
    async with begin() as trial:
        return await dialogue.ask_all(trial, lines, progress)


def _read[Line: (ServiceQuestion, DialogueLine)](kind: type[Line], files: Sequence[Path]) -> list[Line]:
    try:
        return read(kind, files)
    except BadQuestions as error:
        _refuse(str(error))
        raise


def _refuse(why: str) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(2)


def _write(path: Path, found: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"figures": found, "rows": rows}, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _service_row(result: services.ServiceResult) -> dict[str, Any]:
    return _row(
        result.question,
        result.answered,
        ranking=result.ranking,
        probability=result.probability,
        said=result.said,
        found_aspect=result.aspect,
        found_municipality=result.municipality,
        found_lang=result.answered.lang,
    )


def _dialogue_row(result: dialogue.DialogueResult) -> dict[str, Any]:
    return _row(
        result.line,
        result.answered,
        found_kind=result.kind,
        services=result.services,
        found_aspect=result.aspect,
        stored=result.answered.stored,
    )


def _row(asked: BaseModel, answered: Answered, **found: Any) -> dict[str, Any]:
    """A question, what was found of it, and what the assistant made of it."""
    reply = answered.reply
    return {
        **asked.model_dump(mode="json"),
        **found,
        "outcome": reply.outcome if reply else None,
        "trace": reply.trace if reply else None,
        "took_ms": round(answered.took_ms, 1),
    }
