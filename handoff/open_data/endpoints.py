"""Routes of the open data: a catalogue, and each table as CSV and JSON with a description of its columns.

The catalogue follows DCAT-AP (dcat:Catalog in JSON-LD), the descriptions CSV on the Web (CSVW).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from handoff.console.doors import Doors
from handoff.open_data.administration import LICENCES, OpenDataPublication
from handoff.open_data.datasets import DATASETS, Column, Dataset
from handoff.open_data.schemas import Switch
from handoff.open_data.service import OpenData, Row
from handoff.open_data.suppression import LEAST
from handoff.staff.schemas import Viewer
from kit.errors import NotFound, TooMany
from kit.i18n import LANGUAGES, Catalogue
from kit.ratelimit import Limiter

OPEN_DATA: Final = "open-data"
_PUBLISHER: Final = "https://www.vraa.gov.lv"
_KINDS: Final = {"string": "string", "integer": "integer", "decimal": "decimal", "boolean": "boolean"}
_CSV, _JSON = "text/csv; charset=utf-8; header=present", "application/json"


class OpenDataApi:
    """``/open-data``: for everybody, unless it is switched off."""

    def __init__(self, tables: OpenData, publication: OpenDataPublication, texts: Catalogue, limiter: Limiter) -> None:
        self._tables = tables
        self._publication = publication
        self._texts = texts
        self._limiter = limiter
        self._licence = LICENCES[publication.licence]
        self._url = publication.url

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix=f"/{OPEN_DATA}")
        router.add_api_route("", self._catalogue, methods=["GET"])
        router.add_api_route("/{name}", self._file, methods=["GET"])
        return router

    async def _catalogue(self, request: Request) -> Response:
        await self._let_in(request)
        return _answer(request, json.dumps(self._described(), ensure_ascii=False, indent=1), "application/ld+json")

    async def _file(self, name: str, request: Request) -> Response:
        await self._let_in(request)
        dataset_id, _, kind = name.partition(".")
        dataset = DATASETS.get(dataset_id)
        if dataset is None:
            raise NotFound("not_found")
        match kind:
            case "csv":
                return _answer(
                    request, _as_csv(dataset, await self._tables.rows(dataset)), _CSV, f"{name}-metadata.json"
                )
            case "json":
                rows = list(await self._tables.rows(dataset))
                return _answer(request, json.dumps(rows, ensure_ascii=False), _JSON)
            case "csv-metadata.json":
                told = json.dumps(self._columns(dataset), ensure_ascii=False, indent=1)
                return _answer(request, told, "application/csvm+json")
        raise NotFound("not_found")

    async def _let_in(self, request: Request) -> None:
        address = request.client.host if request.client else "unknown"
        if not await self._limiter.allow(OPEN_DATA, address):
            raise TooMany("too_many", retry_after_s=await self._limiter.retry_after_s(OPEN_DATA, address))
        if not await self._publication.is_on():
            raise NotFound("not_found")

    def _in_all(self, key: str, **values: object) -> list[dict[str, str]]:
        return [{"@language": lang, "@value": self._texts.text(lang, key, **values)} for lang in LANGUAGES]

    def _described(self) -> dict[str, Any]:
        return {
            "@context": {
                "dcat": "http://www.w3.org/ns/dcat#",
                "dct": "http://purl.org/dc/terms/",
                "foaf": "http://xmlns.com/foaf/0.1/",
                "xsd": "http://www.w3.org/2001/XMLSchema#",
            },
            "@id": self._url,
            "@type": "dcat:Catalog",
            "dct:title": self._in_all("open_data.title"),
            "dct:description": self._in_all("open_data.description", least=LEAST),
            "dct:publisher": {"@id": _PUBLISHER, "@type": "foaf:Organization", "foaf:name": "VRAA"},
            "dct:license": {"@id": self._licence},
            "dct:language": [
                {"@id": f"http://publications.europa.eu/resource/authority/language/{one}"} for one in ("LAV",)
            ],
            "dcat:dataset": [self._dataset(one) for one in DATASETS.values()],
        }

    def _dataset(self, dataset: Dataset) -> dict[str, Any]:
        place = f"{self._url}/{dataset.id}"

        def file(end: str, kind: str, **more: Any) -> dict[str, Any]:
            return {
                "@id": f"{place}.{end}",
                "@type": "dcat:Distribution",
                "dcat:accessURL": {"@id": f"{place}.{end}"},
                "dcat:downloadURL": {"@id": f"{place}.{end}"},
                "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{kind}"},
                "dct:license": {"@id": self._licence},
                **more,
            }

        return {
            "@id": place,
            "@type": "dcat:Dataset",
            "dct:identifier": dataset.id,
            "dct:title": self._in_all(f"open_data.dataset.{dataset.id}"),
            "dct:description": self._in_all(f"open_data.about.{dataset.id}", least=LEAST),
            "dct:accrualPeriodicity": {"@id": "http://publications.europa.eu/resource/authority/frequency/MONTHLY"},
            "dct:spatial": {"@id": "http://publications.europa.eu/resource/authority/country/LVA"},
            "dcat:theme": {"@id": "http://publications.europa.eu/resource/authority/data-theme/GOVE"},
            "dcat:distribution": [
                file("csv", "text/csv", **{"dct:conformsTo": {"@id": "https://www.w3.org/TR/tabular-metadata/"}}),
                file("json", "application/json"),
            ],
        }

    def _columns(self, dataset: Dataset) -> dict[str, Any]:
        def column(one: Column) -> dict[str, Any]:
            required = one.name in ("month", "together")
            return {
                "name": one.name,
                "titles": one.name,
                "datatype": {"base": "gYearMonth"} if one.name == "month" else _KINDS[one.kind],
                "required": required,
                "dc:description": {
                    lang: self._texts.text(lang, f"open_data.column.{one.name}", least=LEAST) for lang in LANGUAGES
                },
            }

        return {
            "@context": ["http://www.w3.org/ns/csvw", {"@language": "lv"}],
            "url": f"{self._url}/{dataset.id}.csv",
            "dc:title": {lang: self._texts.text(lang, f"open_data.dataset.{dataset.id}") for lang in LANGUAGES},
            "dc:license": {"@id": self._licence},
            "dialect": {"delimiter": ",", "encoding": "utf-8", "header": True},
            "tableSchema": {"columns": [column(one) for one in dataset.columns]},
        }


class OpenDataSwitchApi:
    """``/console/api/open-data``: shapes in docs/protocol.md."""

    def __init__(self, publication: OpenDataPublication, doors: Doors) -> None:
        self._publication = publication
        self._doors = doors

    def router(self) -> APIRouter:
        """The routes."""
        api = APIRouter(prefix=f"/console/api/{OPEN_DATA}")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        publication = self._publication

        async def view(viewer: Viewer = looking) -> dict[str, Any]:
            return await publication.view(viewer)

        async def preview(
            dataset: str, page: Annotated[int, Query(ge=1, le=100_000)] = 1, viewer: Viewer = looking
        ) -> dict[str, Any]:
            return await publication.preview(viewer, dataset, page)

        async def switch(b: Switch, viewer: Viewer = changing) -> dict[str, Any]:
            return await publication.switch(viewer, b)

        api.add_api_route("", view, methods=["GET"])
        api.add_api_route("", switch, methods=["PUT"])
        api.add_api_route("/{dataset}", preview, methods=["GET"])
        return api


def _as_csv(dataset: Dataset, rows: Sequence[Row]) -> str:
    """RFC 4180, as machines read it. Nothing in it was typed by citizens."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = [one.name for one in dataset.columns]
    writer.writerow(names)
    for row in rows:
        writer.writerow([_plain(row[name]) for name in names])
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "" if value is None else value


def _answer(request: Request, text: str, kind: str, described_by: str | None = None) -> Response:
    body = text.encode()
    mark = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "cache-control": "public, max-age=3600",
        "etag": mark,
        "access-control-allow-origin": "*",
        "content-type": kind,
    }
    if described_by is not None:
        headers["link"] = f'<{described_by}>; rel="describedby"; type="application/csvm+json"'
    if mark in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)
