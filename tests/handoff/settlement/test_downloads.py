"""Statements saved over HTTP: who may, under which name, once more without being made anew, and on record."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import select
from structlog.testing import CapturingLogger

from handoff.settlement import documents
from handoff.settlement.models import SettlementStatement
from handoff.settlement.statement import Statement
from handoff.staff.models import Audit
from tests.settlement.golden import Ledger, riga
from tests.stage import Stage


async def test_a_statement_is_saved(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger()
    ledger.case("chat_session", "webchat", 1, "riga", riga(2026, 10, 1), service="s1")
    ledger.case("comment", "facebook", 1, "riga", riga(2026, 10, 5), account="acc-vsaa-fb")
    await ledger.write(stage.gateway.db)
    gunta, liga, anna = [await stage.staff(who) for who in ("gunta", "liga", "anna")]
    (await gunta.http.post("/settlement/periods/2026-10/close")).raise_for_status()
    for _ in range(100):
        rows = (await gunta.http.get("/settlement/statements?month=2026-10")).raise_for_status().json()["statements"]
        if rows:
            break
        await asyncio.sleep(0.05)
    head = next(row for row in rows if row["party_id"] == "vsaa")
    path = f"/settlement/statements/{head['number']}"

    pdf = await gunta.http.get(f"{path}.pdf")
    assert pdf.status_code == 200, pdf.text
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"] == f'attachment; filename="Pietura-{head["number"]}.pdf"'
    assert head["digest"] in pdf.headers["etag"]
    said = pypdf.PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
    assert "VSAA" in said
    assert head["digest"] in said
    russian = await liga.http.get(f"{path}.xlsx?lang=ru")
    assert russian.headers["content-disposition"].endswith('.xlsx"')
    assert russian.content[:2] == b"PK"
    # The process that prints makes what this one would.
    async with stage.gateway.db.read() as session:
        content = await session.scalar(
            select(SettlementStatement.content).where(SettlementStatement.number == head["number"])
        )
    statement = Statement.read(content or "")
    assert statement.digest() == head["digest"]
    assert documents.pdf(statement, documents.texts(), "lv") == pdf.content

    again = await gunta.http.get(f"{path}.pdf", headers={"if-none-match": pdf.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await anna.http.get(f"{path}.pdf")).status_code == 403
    assert (await gunta.http.get("/settlement/statements/2026-10-X99.pdf")).status_code == 404
    assert (await gunta.http.get(f"{path}.pdf?lang=de")).status_code == 422
    async with stage.gateway.db.read() as session:
        told = (await session.scalars(select(Audit).where(Audit.action == "statement_saved").order_by(Audit.id))).all()
    assert [(one.object_id, one.detail["form"], one.detail["lang"]) for one in told] == [
        (head["number"], "pdf", "lv"),
        (head["number"], "xlsx", "ru"),
    ]
    # Of a process that dies the log tells what it said last.
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'the font is gone' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("handoff.settlement.documents.printing.sys.executable", str(broken))
    said = CapturingLogger()
    monkeypatch.setattr("handoff.settlement.documents.printing.log", said)
    failed = await gunta.http.get(f"{path}.pdf")
    assert failed.json()["code"] == "document_not_made"
    assert [one.kwargs for one in said.calls] == [{"number": head["number"], "code": 3, "said": "the font is gone"}]
