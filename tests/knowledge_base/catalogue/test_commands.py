"""``pietura catalogue`` as it is typed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from knowledge_base.catalogue import report
from knowledge_base.catalogue.unify import UnifiedService

runner = CliRunner()


def _pietura(*words: str | Path) -> Any:
    # The command opens a loop of its own, so the tests of this module must not run in one.
    return runner.invoke(app, ["catalogue", *map(str, words)])


def _title(url: str, service_id: str) -> str:
    with sqlite3.connect(url.split("///", 1)[1]) as db:
        found = db.execute("SELECT title_lv FROM kb_service WHERE id = ?", (service_id,)).fetchone()
    return str(found[0]) if found else ""


def test_report(tmp_path: Path) -> None:
    result = _pietura("report", "--json", tmp_path / "r.json")
    assert result.exit_code == 0
    assert "626 rows are 319 services: 44 described, 275 known only by the catalogue" in result.output
    assert "Rows without a known organisation: 0" in result.output
    found = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert found["rows"] == 626 == sum(kind["rows"] for kind in found["kinds"])
    assert sum(count for _, count in found["reasons"]) == 626


def test_the_document_has_the_figures_and_the_doubts_of_today(unified: list[UnifiedService]) -> None:
    document = (Path(__file__).parents[3] / "docs" / "catalogue.md").read_text("utf-8")
    found = report.figures(unified)
    assert f"**{found.rows} rows are {found.services} services**" in document
    assert report.doubts_table(found) in document, "write it anew with report.doubts_table"


def test_out_and_in(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "kb.jsonld"
    result = _pietura("export", file, "--database", sqlite_url)
    assert (result.exit_code, result.output) == (0, f"{file}: 158 services and 275 known only by the catalogue\n")
    document = json.loads(file.read_text("utf-8"))

    same = _pietura("import", file, "--database", sqlite_url)
    assert same.exit_code == 0
    assert "new: 0; changes: 0; unchanged: 158" in same.output
    assert "dry run: nothing written" in same.output

    node = next(node for node in document["@graph"] if node["dct:identifier"] == "pasv-nin")
    node["dct:title"][0]["@value"] = "Īpašuma nodoklis"
    file.write_text(json.dumps(document), "utf-8")
    dry = _pietura("import", file, "--database", sqlite_url)
    assert "pasv-nin: title_lv: Nekustamā īpašuma nodoklis → Īpašuma nodoklis" in dry.output
    assert _title(sqlite_url, "pasv-nin") == "Nekustamā īpašuma nodoklis"
    written = _pietura("import", file, "--apply", "--database", sqlite_url)
    assert written.exit_code == 0
    assert _title(sqlite_url, "pasv-nin") == "Īpašuma nodoklis"

    node["dct:identifier"] = "Nē!"
    document["@graph"][-1]["dct:title"][0]["@value"] = "Cits"
    file.write_text(json.dumps(document), "utf-8")
    refused = _pietura("import", file, "--apply", "--database", sqlite_url)
    assert refused.exit_code == 1
    assert "refused: urn:pietura:service:pasv-nin: dct:identifier: 'Nē!' is no identifier" in refused.output


@pytest.mark.parametrize(("form", "begins"), [("csv", "id,title_lv,title_ru,title_en"), ("json", "{")])
def test_other_forms(sqlite_url: str, tmp_path: Path, form: str, begins: str) -> None:
    file = tmp_path / "kb"
    assert _pietura("export", file, "--format", form, "--database", sqlite_url).exit_code == 0
    assert file.read_text("utf-8").startswith(begins)


def test_the_database_of_the_environment(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    assert _pietura("export", tmp_path / "kb").exit_code == 0


def test_what_cannot_be_done_is_said(sqlite_url: str, tmp_path: Path) -> None:
    nowhere = f"sqlite+aiosqlite:///{tmp_path / 'none.db'}"
    result = _pietura("export", tmp_path / "kb", "--database", nowhere)
    assert (result.exit_code, "run `pietura setup` first" in result.output) == (1, True)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "broken").write_text("{", "utf-8")
    result = _pietura("import", tmp_path / "broken", "--database", sqlite_url)
    assert (result.exit_code, "cannot be read" in result.output) == (1, True)
    result = _pietura("export", tmp_path / "no" / "kb", "--database", sqlite_url)
    assert (result.exit_code, "cannot be written" in result.output) == (1, True)
