"""Routes of the reports: figures, the rows behind each, what was asked in vain, and files to take away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from handoff.cases.schemas import csv_lines
from handoff.console import schemas as console
from handoff.console.doors import Doors
from handoff.reports.contacts import FILTERS, Wanted
from handoff.reports.metrics import METRICS, Metric
from handoff.reports.ports import Names
from handoff.reports.repository import Figures
from handoff.reports.service import SEES_DEMAND, Report, Reports, figures_only
from handoff.reports.workbook import workbook
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, iso
from kit.i18n import Catalogue

_PAGE: Final = 50
_SECOND: Final = 1_000_000
#: Groupings of which the console has the names.
_NAMED_BY_CONSOLE: Final = frozenset({"channel", "language", "reason", "weekday", "hour", "day", "month"})
#: Groups in the order of time, not of size.
_IN_TIME: Final = frozenset({"hour", "weekday", "day", "month"})
#: Columns of the file of rows, with what stands above each.
_ROW_COLUMNS: Final = {
    "no": "console.column.no",
    "opened_at": "console.column.opened_at",
    "closed_at": "console.column.closed_at",
    "channel": "console.column.channel",
    "language": "console.column.language",
    "service": "console.column.service",
    "institution": "console.column.institution",
    "municipality": "console.column.municipality",
    "centre": "console.reports.column.centre",
    "level": "console.column.level",
    "outcome": "console.column.outcome",
    "reason": "console.reports.by.reason",
    "rating": "console.column.rating",
    "wait_s": "console.reports.column.wait",
    "handle_s": "console.reports.column.handle",
    "typed": "console.reports.column.typed",
    "not_understood": "console.reports.column.not_understood",
}
#: Columns whose values have names in the console's catalogue.
_SAID: Final = ("channel", "language", "level", "outcome", "reason")


class ReportsApi:
    """``reports``, ``reports/rows``, ``reports/demand`` and the files: shapes in docs/protocol.md."""

    def __init__(self, reports: Reports, doors: Doors, names: Names, texts: Catalogue) -> None:
        """``texts``: the console's, for what files say."""
        self._reports = reports
        self._doors = doors
        self._names = names
        self._texts = texts

    def router(self) -> APIRouter:
        """The routes."""
        api = APIRouter(prefix="/console/api")
        looking, picked = Depends(self._doors.viewer), Depends(self._wanted)

        async def report(by: str = "channel", wanted: Wanted = picked, viewer: Viewer = looking) -> dict[str, Any]:
            figures_only(viewer)
            return await self._report(viewer, await self._reports.report(wanted, by))

        async def rows(
            metric: str,
            which: str = "part",
            by: str | None = None,
            group: str = "",
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            wanted: Wanted = picked,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            figures_only(viewer)
            total, found = await self._reports.rows(wanted, metric, which, _group(by, group), page, _PAGE)
            centres = await self._reports.centres()
            return {
                "rows": [self._row(viewer, row, centres) for row in found],
                "total": total,
                "page": page,
                "pages": max(1, -(-total // _PAGE)),
            }

        async def rows_csv(
            metric: str,
            which: str = "part",
            by: str | None = None,
            group: str = "",
            wanted: Wanted = picked,
            viewer: Viewer = looking,
        ) -> Response:
            figures_only(viewer)
            # Before anything is sent: what is refused must be an answer, not half a file.
            await self._reports.rows(wanted, metric, which, _group(by, group), 1, 1)
            await self._reports.note_export(viewer, f"rows:{metric}", wanted)
            found = self._reports.every_row(wanted, metric, which, _group(by, group))
            lines = self._row_lines(viewer, found, await self._reports.centres())
            return _file(StreamingResponse(lines, media_type="text/csv; charset=utf-8"), wanted, f"{metric}.csv")

        async def demand(wanted: Wanted = picked, viewer: Viewer = looking) -> dict[str, Any]:
            total, found = await self._reports.demand(viewer, wanted.from_day, wanted.to_day)
            return {
                "from": wanted.from_day.isoformat(),
                "to": wanted.to_day.isoformat(),
                "total": total,
                "kept_days": self._reports.demand_kept_days,
                "groups": [
                    {"id": one.id, "lang": one.lang, "count": one.count, "why": one.why, "texts": list(one.texts)}
                    for one in found
                ],
            }

        async def export(by: str = "channel", wanted: Wanted = picked, viewer: Viewer = looking) -> Response:
            figures_only(viewer)
            found = await self._reports.report(wanted, by, compare=False)
            await self._reports.note_export(viewer, f"csv:{by}", wanted)
            head, lines = await self._table(viewer.lang, found)
            rows = (dict(zip(head, line, strict=True)) for line in lines)
            answer = StreamingResponse(csv_lines(rows, head, viewer.lang), media_type="text/csv; charset=utf-8")
            return _file(answer, wanted, f"{by}.csv")

        async def export_xlsx(by: str = "channel", wanted: Wanted = picked, viewer: Viewer = looking) -> Response:
            figures_only(viewer)
            found = await self._reports.report(wanted, by, compare=False)
            await self._reports.note_export(viewer, f"xlsx:{by}", wanted)
            sheets = await self._sheets(viewer.lang, found)
            title = self._texts.text(viewer.lang, "console.reports.title")
            made = await asyncio.to_thread(workbook, title, sheets)
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            return _file(Response(made, media_type=kind), wanted, f"{by}.xlsx")

        api.add_api_route("/reports", report, methods=["GET"])
        api.add_api_route("/reports/rows", rows, methods=["GET"])
        api.add_api_route("/reports/rows.csv", rows_csv, methods=["GET"])
        api.add_api_route("/reports/demand", demand, methods=["GET"])
        api.add_api_route("/reports.csv", export, methods=["GET"])
        api.add_api_route("/reports.xlsx", export_xlsx, methods=["GET"])
        return api

    async def _wanted(
        self,
        from_: Annotated[str | None, Query(alias="from")] = None,
        to: str | None = None,
        service: str | None = None,
        institution: str | None = None,
        municipality: str | None = None,
        centre: str | None = None,
        channel: str | None = None,
        language: str | None = None,
    ) -> Wanted:
        """Without dates: the last thirty days."""
        to_day = console.day(to) or self._reports.today
        given = (service, institution, municipality, centre, channel, language)
        only = {name: value for name, value in zip(FILTERS, given, strict=True) if value}
        return Wanted(console.day(from_) or to_day - timedelta(days=29), to_day, only)

    # --- figures ------------------------------------------------------------------------------------------------------

    async def _report(self, viewer: Viewer, found: Report) -> dict[str, Any]:
        before = found.wanted.before()
        name = await self._namer(found.by, viewer.lang)
        groups = [
            {"id": key, "name": name(key), "figures": _seen(METRICS, figures)}
            for key, figures in _in_order(found.by, found.now.groups)
        ]
        filters = {one: (await self._namer(one, viewer.lang))(value) for one, value in found.wanted.only.items()}
        return {
            "at": iso(found.at),
            "from": found.wanted.from_day.isoformat(),
            "to": found.wanted.to_day.isoformat(),
            "before": {"from": before.from_day.isoformat(), "to": before.to_day.isoformat()},
            "by": found.by,
            "along": found.along,
            "only": [{"by": one, "id": found.wanted.only[one], "name": text} for one, text in filters.items()],
            "metrics": [
                {"id": one.id, "how": one.how, "unit": one.unit, "family": one.family, "better": one.better}
                for one in METRICS.values()
            ],
            "total": _seen(METRICS, found.now.total),
            "total_before": _seen(METRICS, found.before.total),
            "groups": groups,
            "trend": self._trend(METRICS, found.along, found.wanted, found.now.trend),
            "trend_before": self._trend(METRICS, found.along, before, found.before.trend),
            "reasons": [
                {"id": key, "count": count}
                for key, count in sorted(found.now.reasons.items(), key=lambda one: (-one[1], one[0] or ""))
            ],
            "sees": {"conversations": viewer.supervises, "demand": viewer.role in SEES_DEMAND},
        }

    def _trend(
        self, metrics: Mapping[str, Metric], along: str, wanted: Wanted, found: Mapping[str | None, Figures]
    ) -> list[dict[str, Any]]:
        """Every day or month of the period, also those on which nothing happened."""
        nothing: Figures = {name: (None if one.how in ("median", "p95") else 0, 0) for name, one in metrics.items()}
        return [{"id": key, "figures": _seen(metrics, found.get(key, nothing))} for key in _steps(along, wanted)]

    async def _namer(self, by: str, lang: str) -> Any:
        if by in _NAMED_BY_CONSOLE:
            return lambda key: key
        if by == "centre":
            centres = await self._reports.centres()
            return lambda key: None if key is None else centres.get(key, key)
        name = {
            "service": self._names.service,
            "institution": self._names.institution,
            "municipality": self._names.municipality,
        }[by]
        return lambda key: None if key is None else name(key, lang)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _row(self, viewer: Viewer, row: Row[Any], centres: Mapping[str, str]) -> dict[str, Any]:
        def named(name: Any, key: str | None) -> str | None:
            return None if key is None else name(key, viewer.lang)

        return {
            "no": row.no,
            # Whoever settles accounts counts cases and reads no conversations.
            "conversation_id": row.id if viewer.supervises else None,
            "opened_at": iso(row.opened_at),
            "closed_at": iso(row.closed_at),
            "channel": row.channel,
            "language": row.lang,
            "service": named(self._names.service, row.service_id),
            "institution": named(self._names.institution, row.institution_id),
            "municipality": named(self._names.municipality, row.municipality_id),
            "centre": centres.get(row.centre_id or ""),
            "level": row.level,
            "outcome": row.outcome or None,
            "reason": row.reason,
            "rating": row.rating,
            "wait_s": row.wait_us // _SECOND if row.queued and row.wait_us is not None else None,
            "handle_s": row.handle_us // _SECOND if row.handle_us is not None else None,
            "typed": row.typed,
            "not_understood": row.not_understood,
        }

    async def _row_lines(
        self, viewer: Viewer, found: AsyncIterator[Row[Any]], centres: Mapping[str, str]
    ) -> AsyncIterator[str]:
        lang = viewer.lang
        seconds = ("wait_s", "handle_s")
        heads = [self._texts.text(lang, key) + (", s" if one in seconds else "") for one, key in _ROW_COLUMNS.items()]
        yield next(csv_lines((), list(_ROW_COLUMNS), lang, heads))
        async for row in found:
            told = self._row(viewer, row, centres)
            told |= {one: self._said(lang, one, told[one]) for one in _SAID if told[one] is not None}
            lines: Iterator[str] = csv_lines([told], list(_ROW_COLUMNS), lang)
            next(lines)
            yield next(lines)

    def _said(self, lang: str, group: str, value: Any) -> str:
        """What the console calls one of a kind's values; one that it has no word for is said as it is."""
        key = f"console.{group}.{value}"
        return self._texts.text(lang, key) if self._texts.has(key) else str(value)

    # --- files --------------------------------------------------------------------------------------------------------

    async def _table(self, lang: str, found: Report) -> tuple[list[str], list[list[Any]]]:
        """The figures by group, the last line being those of all."""
        name = await self._namer(found.by, lang)
        shown = self._labels(lang, found.by)
        lines = [
            [shown(key, name(key)), *_flat(METRICS, figures)] for key, figures in _in_order(found.by, found.now.groups)
        ]
        lines.append([self._texts.text(lang, "console.reports.all"), *_flat(METRICS, found.now.total)])
        return [self._texts.text(lang, f"console.reports.by.{found.by}"), *self._heads(lang, METRICS)], lines

    def _labels(self, lang: str, by: str) -> Any:
        def shown(key: str | None, name: str | None) -> str:
            if key is None:
                return self._texts.text(lang, f"console.reports.none.{by}")
            group = {
                "channel": "channel",
                "language": "language",
                "reason": "reason",
                "weekday": "reports.weekday",
            }.get(by)
            return (name or key) if group is None else self._said(lang, group, key)

        return shown

    def _heads(self, lang: str, metrics: Mapping[str, Metric]) -> list[str]:
        found = []
        for one in metrics.values():
            name = self._texts.text(lang, f"console.reports.metric.{one.id}")
            match one.how:
                case "count":
                    found.append(name)
                case "share":
                    found += [
                        f"{name}, %",
                        self._texts.text(lang, "console.reports.part", name=name),
                        self._texts.text(lang, "console.reports.whole", name=name),
                    ]
                case "mean":
                    found.append(name)
                case _:
                    found.append(f"{name}, s")
        return found

    async def _sheets(self, lang: str, found: Report) -> list[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]:
        def text(key: str, **values: object) -> str:
            return self._texts.text(lang, f"console.reports.{key}", **values)

        head, lines = await self._table(lang, found)
        nothing: Figures = dict.fromkeys(METRICS, (None, 0))
        steps = [[key, *_flat(METRICS, found.now.trend.get(key, nothing))] for key in _steps(found.along, found.wanted)]
        words: list[list[Any]] = [[text(f"metric.{one}"), text(f"formula.{one}")] for one in METRICS]
        period = f"{found.wanted.from_day:%d.%m.%Y} – {found.wanted.to_day:%d.%m.%Y}"
        about: list[list[Any]] = [
            [text("sheet.period"), period],
            [text("sheet.at"), f"{found.at.astimezone(RIGA):%d.%m.%Y %H:%M}"],
        ]
        for one, value in found.wanted.only.items():
            name = await self._namer(one, lang)
            about.append([text(f"by.{one}"), self._labels(lang, one)(value, name(value))])
        return [
            (text("sheet.figures"), head, lines),
            (text("sheet.trend"), [text(f"by.{found.along}"), *head[1:]], steps),
            (text("sheet.formulas"), [text("sheet.figure"), text("sheet.formula")], [*words, *about]),
        ]


def _group(by: str | None, group: str) -> tuple[str, str] | None:
    return (by, group) if by else None


def _seen(metrics: Mapping[str, Metric], figures: Figures) -> dict[str, dict[str, Any]]:
    return {name: one.seen(*figures[name]) for name, one in metrics.items()}


def _in_order(by: str, groups: Mapping[str | None, Figures]) -> list[tuple[str | None, Figures]]:
    """Times in their order, everything else the largest first; what is not known comes last."""
    if by in _IN_TIME:
        return sorted(
            groups.items(), key=lambda one: (int(one[0] or 0) if by in ("hour", "weekday") else 0, one[0] or "")
        )
    return sorted(groups.items(), key=lambda one: (one[0] is None, -(one[1]["contacts"][1]), one[0] or ""))


def _steps(along: str, wanted: Wanted) -> list[str]:
    if along == "day":
        days = (wanted.to_day - wanted.from_day).days + 1
        return [(wanted.from_day + timedelta(days=number)).isoformat() for number in range(days)]
    first, last = wanted.from_day, wanted.to_day
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    begins = first.year * 12 + first.month - 1
    return [f"{(begins + number) // 12:04}-{(begins + number) % 12 + 1:02}" for number in range(months)]


def _flat(metrics: Mapping[str, Metric], figures: Figures) -> list[Any]:
    """The figures as cells; a share is rounded down, as everywhere: what misses a target must not look as if it met it."""
    cells: list[Any] = []
    for name, one in metrics.items():
        part, whole = figures[name]
        match one.how:
            case "count":
                cells.append(whole)
            case "share":
                cells += [int(1000 * (part or 0) // whole) / 10 if whole else None, int(part or 0), int(whole)]
            case "mean":
                cells.append(int(100 * (part or 0) // whole) / 100 if whole else None)
            case _:
                cells.append(None if part is None else part // _SECOND)
    return cells


def _file(answer: Response, wanted: Wanted, name: str) -> Response:
    period = f"{wanted.from_day.isoformat()}_{wanted.to_day.isoformat()}"
    answer.headers["content-disposition"] = f'attachment; filename="parskats_{period}_{name}"'
    return answer
