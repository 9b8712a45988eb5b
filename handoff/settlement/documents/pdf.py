"""A statement on paper: what it comes to, how that was reckoned, and every case behind it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

from handoff.settlement.documents.paper import ACCENT, QUIET, Column, Paper
from handoff.settlement.documents.wording import NOTHING, Wording
from handoff.settlement.statement import Adjustment, CaseLine, Share, Statement
from kit.i18n import Catalogue


def pdf(statement: Statement, texts: Catalogue, lang: str) -> bytes:
    """The statement as a tagged PDF with its font inside. The same statement gives the same bytes.

    Args:
        texts: the catalogue of documents.
        lang: of the words and figures; names stay as they were at the closing.
    """
    say = Wording(texts, lang)
    digest = statement.digest()
    month = say.month(statement.month)
    kind = say.say(f"kind.{statement.kind}")
    paper = Paper(
        title=f"{say.say('title')} {statement.number}",
        subject=say.say("subject", kind=kind, party=statement.party, month=month),
        keywords=say.say("keywords", number=statement.number, digest=digest),
        author=say.say("system"),
        lang=say.lang,
        at=statement.closed_at,
    )
    paper.page()
    paper.text("P", say.say("system"), size=9, bold=True, colour=ACCENT, after=10)
    paper.text("H1", f"{say.say('title')} {statement.number}", size=19, bold=True, after=0)
    paper.text("P", f"{kind}, {month}", size=11.5, colour=QUIET, after=10)
    _parties(paper, say, statement, digest)
    _summary(paper, say, statement)
    _tariffs(paper, say, statement)
    _fees(paper, say, statement)
    _division(paper, say, statement)
    _adjustments(paper, say, statement)
    paper.space(4)
    paper.text("P", say.say("kept", number=statement.number), size=8, colour=QUIET)
    _lines(paper, say, statement)
    _served_lines(paper, say, statement)
    return paper.save(
        lambda page, pages: (
            (
                f"{say.say('foot', number=statement.number)} · {statement.party} · {month}",
                say.say("foot_digest", digest=digest),
            ),
            say.say("page", page=say.count(page), pages=say.count(pages)),
        )
    )


def _parties(paper: Paper, say: Wording, statement: Statement, digest: str) -> None:
    closed = say.say("closed_by", moment=say.moment(statement.closed_at), who=statement.closed_by)
    paper.pairs(
        [
            (say.say(f"party.{statement.kind}"), statement.party),
            (say.say("number"), statement.number),
            (say.say("of_month"), say.month(statement.month)),
            (say.say("closed"), closed),
            (say.say("currency"), statement.currency),
            (say.say("entries"), say.count(len(statement.lines))),
            (say.say("digest"), digest),
        ]
    )
    paper.space(10)


def summary_rows(statement: Statement, say: Wording) -> list[tuple[str, Decimal]]:
    """The parts of the total, in the order in which they are read: each is a table further down."""
    adjusted = sum((one.amount for one in statement.adjustments), Decimal(0))
    if statement.kind == "centre":
        parts = [("variable.centre", statement.variable), ("fee.centre", statement.fee)]
    else:
        parts = [
            ("variable.institution", sum((one.cases_amount for one in statement.fees), Decimal(0))),
            ("fixed", sum((one.fixed for one in statement.fees), Decimal(0))),
        ]
    rows = [(say.say(key), amount) for key, amount in parts]
    rows.append((say.say("adjusted"), adjusted))
    return rows


def _summary(paper: Paper, say: Wording, statement: Statement) -> None:
    paper.text("H2", say.say("summary"), size=12, bold=True)
    paper.table(
        [Column(say.say("what"), 3), Column(f"{say.say('column.amount')}, {statement.currency}", 1, True)],
        [(name, say.decimal(amount)) for name, amount in summary_rows(statement, say)],
        (say.say(f"total.{statement.kind}"), say.decimal(statement.total)),
        size=9.5,
    )
    late = [line for line in statement.lines if line.late]
    if late:
        amount = f"{say.price(sum((line.amount for line in late), Decimal(0)))}\u00a0{statement.currency}"
        paper.text("P", say.say("late", n=len(late), count=say.count(len(late)), amount=amount), after=8)


def _tariffs(paper: Paper, say: Wording, statement: Statement) -> None:
    paper.text("H2", say.say("tariffs"), size=12, bold=True)
    if not statement.tariffs:
        paper.text("P", say.say("none.tariffs"), after=10)
        return
    columns = [
        Column(say.say("column.case_kind"), 3.4),
        Column(say.say("column.channel"), 2.6),
        Column(say.say("column.level"), 1.2, True),
        Column(say.say("column.price"), 1.4, True),
        Column(say.say("column.cases"), 1.5, True),
        Column(f"{say.say('column.amount')}, {statement.currency}", 1.9, True),
    ]
    rows = [
        (
            say.named("case_kind", one.case_kind),
            say.named("channel", one.channel),
            str(one.level),
            say.price(one.price),
            say.count(one.cases),
            say.price(one.amount),
        )
        for one in statement.tariffs
    ]
    cases = sum(one.cases for one in statement.tariffs)
    amount = sum((one.amount for one in statement.tariffs), Decimal(0))
    paper.table(columns, rows, (say.say("total"), "", "", "", say.count(cases), say.price(amount)))


def _fees(paper: Paper, say: Wording, statement: Statement) -> None:
    if not statement.fees:
        return
    paper.text("H2", say.say("fees"), size=12, bold=True)
    columns = [
        Column(say.say("column.account"), 3.2),
        Column(say.say("column.channel"), 1.8),
        Column(say.say("column.fixed"), 1.6, True),
        Column(say.say("column.cases"), 1.4, True),
        Column(say.say("column.cases_amount"), 1.7, True),
        Column(f"{say.say('column.fee')}, {statement.currency}", 1.7, True),
    ]
    rows = [
        (
            one.account,
            say.named("channel", one.channel),
            say.decimal(one.fixed),
            say.count(one.cases),
            say.decimal(one.cases_amount),
            say.decimal(one.amount),
        )
        for one in statement.fees
    ]
    total = (
        say.say("total"),
        "",
        say.decimal(sum((one.fixed for one in statement.fees), Decimal(0))),
        say.count(sum(one.cases for one in statement.fees)),
        say.decimal(sum((one.cases_amount for one in statement.fees), Decimal(0))),
        say.decimal(sum((one.amount for one in statement.fees), Decimal(0))),
    )
    paper.table(columns, rows, total)


def _division(paper: Paper, say: Wording, statement: Statement) -> None:
    if not statement.shares and statement.kind == "centre":
        return
    paper.text("H2", say.say(f"division.{statement.kind}"), size=12, bold=True)
    if not statement.shares:
        paper.text("P", say.say("none.shares"), after=10)
        return
    centre = statement.kind == "centre"
    columns = [
        Column(say.say("column.institution" if centre else "column.centre"), 3),
        Column(say.say("column.fee"), 1.4, True),
        Column(say.say("column.served"), 1.6, True),
        Column(say.say("column.exact"), 2.6, True),
        Column(say.say("column.added"), 0.9, True),
        Column(f"{say.say('column.share')}, {statement.currency}", 1.5, True),
    ]
    rows = [
        (
            one.institution if centre else one.centre,
            say.decimal(one.fee),
            served(one, say),
            say.fraction(one.exact),
            f"{one.cents_added:+d}" if one.cents_added else NOTHING,
            say.decimal(one.amount),
        )
        for one in statement.shares
    ]
    amount = sum((one.amount for one in statement.shares), Decimal(0))
    paper.table(columns, rows, (say.say("total"), "", "", "", "", say.decimal(amount)))
    for note in division_notes(statement, say):
        paper.text("P", note, size=8, colour=QUIET, after=5)


def served(share: Share, say: Wording) -> str:
    """How many of how many cases the centre served, with what was counted where that was not the cases of this institution."""
    text = say.say("served", served=say.count(share.served), all=say.count(share.served_by_all))
    return text if share.basis == "served" else f"{text}\n{say.named('basis', share.basis)}"


def division_notes(statement: Statement, say: Wording) -> Iterator[str]:
    """The rule by which fees were divided, and what departs from it here."""
    yield say.say("division.rule")
    for basis in ("month", "equal"):
        if any(one.basis == basis for one in statement.shares):
            yield say.say(f"division.{basis}")


def source(adjustment: Adjustment, statement: Statement, say: Wording) -> str:
    """Where an amount can be followed. A page of the console is called by its name: its address says nothing on paper."""
    if not adjustment.source.startswith("#/"):
        return adjustment.source
    return say.say("source", page=say.named("source", adjustment.kind), month=say.month(statement.month))


def _adjustments(paper: Paper, say: Wording, statement: Statement) -> None:
    if not statement.adjustments:
        return
    paper.text("H2", say.say("adjustments"), size=12, bold=True)
    columns = [
        Column(say.say("column.adjustment"), 1.6),
        Column(say.say("column.text"), 4),
        Column(say.say("column.source"), 2),
        Column(f"{say.say('column.amount')}, {statement.currency}", 1.5, True),
    ]
    rows = [
        (say.named("adjustment", one.kind), one.text, source(one, statement, say), say.decimal(one.amount))
        for one in statement.adjustments
    ]
    amount = sum((one.amount for one in statement.adjustments), Decimal(0))
    paper.table(columns, rows, (say.say("total"), "", "", say.decimal(amount)))


def _lines(paper: Paper, say: Wording, statement: Statement) -> None:
    paper.page(landscape=True)
    paper.text("H2", say.say("lines"), size=14, bold=True, after=2)
    if not statement.lines:
        paper.text("P", say.say("none.lines"))
        return
    paper.text("P", say.say("lines.order"), size=8, colour=QUIET, after=6)
    centre = statement.kind == "institution"
    columns = [
        Column(say.say("column.no"), 1.2),
        Column(say.say("column.closed"), 1.2),
        Column(say.say("column.case_kind"), 3.6),
        Column(say.say("column.level"), 0.9),
        Column(say.say("column.subject"), 5.4 if centre else 7.4),
        *([Column(say.say("column.centre"), 2.2)] if centre else []),
        Column(say.say("column.outcome"), 2.3),
        Column(say.say("column.price"), 0.95, True),
        Column(f"{say.say('column.amount')}, {statement.currency}", 1.45, True),
    ]
    rows = []
    for line in statement.lines:
        row = [
            str(line.case_no),
            say.day_of(line.closed_at),
            _what(line, say),
            str(line.level),
            _subject(line, say),
            *([line.centre or NOTHING] if centre else []),
            say.named("outcome", line.outcome),
            say.price(line.price),
            say.price(line.amount),
        ]
        rows.append(row)
    amount = sum((line.amount for line in statement.lines), Decimal(0))
    total = [say.say("total"), *[""] * (len(columns) - 2), say.price(amount)]
    paper.table(columns, rows, total, size=7.2, cells=False)


def _served_lines(paper: Paper, say: Wording, statement: Statement) -> None:
    """The cases by which the centre's shares were reckoned: without amounts, since these stand in the fees of who pays."""
    if not statement.served_lines:
        return
    paper.space(8)
    paper.text("H2", say.say("served_lines"), size=14, bold=True, after=2)
    paper.text("P", say.say("served_lines.rule"), size=8, colour=QUIET, after=6)
    columns = [
        Column(say.say("column.no"), 1.2),
        Column(say.say("column.closed"), 1.2),
        Column(say.say("column.case_kind"), 3.6),
        Column(say.say("column.level"), 0.9),
        Column(say.say("column.subject"), 7.4),
        Column(say.say("column.outcome"), 2.3),
        Column(say.say("column.sign"), 0.95, True),
    ]
    for _, some in groupby(statement.served_lines, key=lambda line: line.payer_id):
        lines = list(some)
        paper.text("H3", lines[0].payer, size=10, bold=True, after=3)
        rows = [
            (
                str(line.case_no),
                say.day_of(line.closed_at),
                _what(line, say),
                str(line.level),
                _subject(line, say),
                say.named("outcome", line.outcome),
                say.count(line.sign),
            )
            for line in lines
        ]
        total = [say.say("total"), *[""] * 5, say.count(sum(line.sign for line in lines))]
        paper.table(columns, rows, total, size=7.2, cells=False)


def _what(line: CaseLine, say: Wording) -> str:
    where = say.named("channel", line.channel)
    kind = say.named("case_kind", line.case_kind)
    # A web chat session needs no channel beside it.
    first = kind if line.case_kind == "chat_session" else f"{kind}, {where}"
    return f"{first}\n{line.account}" if line.account else first


def _subject(line: CaseLine, say: Wording) -> str:
    parts = [part for part in (line.institution, line.service) if part]
    notes = []
    if line.kind != "settled":
        notes.append(say.named("entry_kind", line.kind))
    if line.late:
        notes.append(say.say("late_mark"))
    if line.why:
        notes.append(line.why)
    first = " · ".join(parts) or NOTHING
    return f"{first}\n{'. '.join(one.rstrip('.') for one in notes)}." if notes else first
