"""``pietura eval services``, ``dialogue``, ``files`` …: a report for people, then one line of JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from gateway.evaluation import baseline, dialogue, places, report, services
from gateway.evaluation.questions import BadQuestions, DialogueLine, PlaceLine, ServiceQuestion, read, read_either
from gateway.evaluation.trial import Answered, begin
from knowledge_base.gazetteer import Gazetteer

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
    _measure(_read(ServiceQuestion, files), [], details)


@app.command("dialogue")
def eval_dialogue(files: Files, details: Json = None) -> None:
    """Messages of every kind of turn: text, lang, kind, note."""
    _measure([], _read(DialogueLine, files), details)


@app.command("files")
def eval_files(files: Files, details: Json = None) -> None:
    """Lines of either kind, told apart by their ``service_id``; the figures of a mix are under ``services`` and ``dialogue``."""
    try:
        questions, lines = read_either(files)
    except BadQuestions as error:
        _refuse(str(error))
        raise
    _measure(questions, lines, details)


@app.command("municipalities")
def eval_municipalities(files: Files) -> None:
    """Messages that name a municipality or none: text, lang, municipality, style."""
    results = places.find_all(Gazetteer().find_municipality, _read(PlaceLine, files))
    typer.echo(report.places_report(results))
    typer.echo(json.dumps(places.figures(results), ensure_ascii=False))


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
    """The figures on our own kept-aside questions: ``services``, ``short``, ``dialogue``, ``voices`` and ``municipality``."""
    questions = read(ServiceQuestion, [baseline.SERVICES])
    short = read(ServiceQuestion, [baseline.SHORT])
    lines = read(DialogueLine, [baseline.DIALOGUE])
    hard = read(DialogueLine, [baseline.VOICES])
    placed = read(PlaceLine, [baseline.MUNICIPALITY])
    async with begin() as trial:
        about_services = await services.ask_all(trial, questions, progress)
        in_short = await services.ask_all(trial, short, progress)
        in_dialogue = await dialogue.ask_all(trial, lines, progress)
        of_voices = await dialogue.ask_all(trial, hard, progress)
        in_places = places.find_all(trial.knowledge.find_municipality, placed)
    return {
        "services": services.figures(about_services),
        "short": services.figures(in_short),
        "dialogue": dialogue.figures(in_dialogue),
        "voices": dialogue.figures(of_voices),
        "municipality": places.figures(in_places),
    }


def _measure(questions: list[ServiceQuestion], lines: list[DialogueLine], details: Path | None) -> None:
    """Asks everything in one trial; prints the tables and, as the last line, the figures."""
    asked, said = asyncio.run(_ask(questions, lines))
    found: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    if asked:
        found["services"] = services.figures(asked)
        rows += [_service_row(r) for r in asked]
        typer.echo(report.services_report(asked))
    if said:
        found["dialogue"] = dialogue.figures(said)
        rows += [_dialogue_row(r) for r in said]
        typer.echo(report.dialogue_report(said, found["dialogue"]))
    if len(found) == 1:
        (found,) = found.values()
    if details:
        _write(details, found, rows)
    typer.echo(json.dumps(found, ensure_ascii=False))


async def _ask(
    questions: list[ServiceQuestion], lines: list[DialogueLine]
) -> tuple[list[services.ServiceResult], list[dialogue.DialogueResult]]:
    async with begin() as trial:
        asked = await services.ask_all(trial, questions, progress)
        return asked, await dialogue.ask_all(trial, lines, progress)


def _read[Line: (ServiceQuestion, DialogueLine, PlaceLine)](kind: type[Line], files: Sequence[Path]) -> list[Line]:
    try:
        return read(kind, files)
    except BadQuestions as error:
        _refuse(str(error))
        raise


def _refuse(why: str) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(2)


def _write(path: Path, found: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
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
