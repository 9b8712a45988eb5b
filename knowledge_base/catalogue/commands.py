"""``pietura catalogue``: the report on the unified catalogue, and its exchange with others."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kit.clock import RIGA, SystemClock
from kit.db import Database
from knowledge_base.catalogue import cpsv, report, snapshot
from knowledge_base.catalogue.store import read_catalogue
from knowledge_base.catalogue.unify import BrokenCatalogue
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.importer import DATA_DIR, read_data

app = typer.Typer(no_args_is_help=True, help="The old catalogue made one, and exchange of services as CPSV-AP.")
Url = Annotated[str | None, typer.Option("--database", help="Database; without it, the one the platform uses.")]
_SHOWN = 40


class Format(StrEnum):
    """Forms of the export."""

    jsonld = "jsonld"
    csv = "csv"
    json = "json"


@app.command("report")
def show_report(
    as_json: Annotated[Path | None, typer.Option("--json", help="Also writes the figures here.")] = None,
) -> None:
    """How many rows became how many services, and what an editor should look at."""
    try:
        unified = read_catalogue(DATA_DIR, read_data().services)
    except (OSError, BrokenCatalogue) as error:
        _refuse(f"the catalogue cannot be read: {error}")
    found = report.figures(unified)
    typer.echo(report.text(found))
    if as_json:
        _write(as_json, json.dumps(found.as_dict(), ensure_ascii=False, indent=1) + "\n")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write; an existing file is replaced.")],
    form: Annotated[Format, typer.Option("--format", help="jsonld is CPSV-AP 3.2.")] = Format.jsonld,
    database: Url = None,
) -> None:
    """Writes the whole knowledge base for others; editors' notes stay here."""
    taken = asyncio.run(_take(_existing(database)))
    if not taken.services:
        _refuse("there is nothing to export: the knowledge base is empty; run `pietura setup` first")
    if form is Format.csv:
        body = snapshot.to_csv(taken)
    elif form is Format.json:
        body = json.dumps(snapshot.to_json(taken), ensure_ascii=False, indent=1) + "\n"
    else:
        body = json.dumps(cpsv.export(taken, Gazetteer()), ensure_ascii=False, indent=1) + "\n"
    _write(file, body)
    typer.echo(f"{file}: {len(taken.services)} services and {len(taken.further())} known only by the catalogue")


@app.command("import")
def load(
    file: Annotated[Path, typer.Argument(help="CPSV-AP in JSON-LD.", exists=True, dir_okay=False)],
    apply: Annotated[bool, typer.Option("--apply", help="Write; without it, only say what would change.")] = False,
    database: Url = None,
) -> None:
    """Takes services from a CPSV-AP file: whole or not at all, and a dry run unless told otherwise."""
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        _refuse(f"{file}: cannot be read: {error}")
    outcome, left = asyncio.run(_load(_existing(database), document, apply))
    typer.echo(f"new: {len(outcome.new)}; changes: {len(outcome.changes)}; unchanged: {outcome.unchanged}")
    for service_id in outcome.new[:_SHOWN]:
        typer.echo(f"  new: {service_id}")
    for change in outcome.changes[:_SHOWN]:
        typer.echo(f"  {change}")
    if len(outcome.changes) > _SHOWN:
        typer.echo(f"  … and {len(outcome.changes) - _SHOWN} more")
    if left:
        typer.echo(f"not taken, for only the catalogue knows them: {left}")
    for problem in outcome.problems:
        typer.echo(f"refused: {problem}", err=True)
    if outcome.problems:
        _refuse("nothing was written: the file has problems")
    typer.echo(
        "written; the gateway takes it over at its next start" if outcome.applied else "dry run: nothing written"
    )


async def _take(url: str) -> snapshot.Snapshot:
    db = Database(url)
    try:
        async with db.read() as session:
            return await snapshot.take(session)
    finally:
        await db.close()


async def _load(url: str, document: object, apply: bool) -> tuple[cpsv.Outcome, int]:
    gazetteer = Gazetteer()
    parsed = cpsv.parse(document, gazetteer)
    today: date = SystemClock().now().astimezone(RIGA).date()
    db = Database(url)
    try:
        async with db.unit() as unit:
            outcome = await cpsv.load(unit.session, parsed, gazetteer, today=today, apply=apply)
        return outcome, len(parsed.left)
    finally:
        await db.close()


def _existing(database: str | None) -> str:
    """URL of the database; the same as the gateway's settings give, which this package may not import.

    Raises:
        typer.Exit: it is an SQLite file that is not there; connecting would make an empty one.
    """
    folder = os.environ.get("PIETURA_DATA_DIR") or DATA_DIR.parent.parent / "var"
    url = database or os.environ.get("DATABASE_URL") or f"sqlite+aiosqlite:///{Path(folder) / 'pietura.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            url = "postgresql+asyncpg://" + url.removeprefix(prefix)
    if url.startswith("sqlite") and not Path(url.split("///", 1)[1]).exists():
        _refuse(f"there is no database at {url.split('///', 1)[1]}; run `pietura setup` first")
    return url


def _write(file: Path, body: str) -> None:
    try:
        file.write_text(body, "utf-8")
    except OSError as error:
        _refuse(f"{file}: cannot be written: {error}")


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)
