"""Routes of price lists, months, statements and disputes, behind the console's doors."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query

from handoff.console.doors import Doors
from handoff.settlement import schemas as body
from handoff.settlement.disputes import Disputes
from handoff.settlement.prices import PriceLists
from handoff.settlement.service import LineFilter, Settlement
from handoff.staff.schemas import Viewer

_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
_Month = Annotated[str, Path(pattern=_MONTH)]
_Page = Annotated[int, Query(ge=1, le=100_000)]
_Id = Annotated[str | None, Query(max_length=64)]
_Kind = Literal["centre", "institution"]


class SettlementApi:
    """``/console/api/settlement``: shapes in docs/protocol.md."""

    def __init__(self, lists: PriceLists, settlement: Settlement, disputes: Disputes, doors: Doors) -> None:
        self._lists = lists
        self._settlement = settlement
        self._disputes = disputes
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of settlement."""
        api = APIRouter(prefix="/console/api/settlement")
        self._add_price_lists(api)
        self._add_months(api)
        self._add_statements(api)
        self._add_disputes(api)
        return api

    def _add_price_lists(self, api: APIRouter) -> None:
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        lists = self._lists

        async def every(viewer: Viewer = looking) -> dict[str, Any]:
            return await lists.lists(viewer)

        async def get(list_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await lists.get(viewer, list_id)

        async def create(b: body.NewPriceList, viewer: Viewer = changing) -> dict[str, Any]:
            return await lists.create(viewer, b)

        async def write(list_id: str, b: body.WritePriceList, viewer: Viewer = changing) -> dict[str, Any]:
            return await lists.write(viewer, list_id, b)

        async def delete(
            list_id: str, version: Annotated[int, Query(ge=1, le=2**31 - 1)], viewer: Viewer = changing
        ) -> None:
            await lists.delete(viewer, list_id, version)

        async def compare(list_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await lists.compare(viewer, list_id, b.version)

        async def approve(list_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await lists.approve(viewer, list_id, b.version)

        async def withdraw(list_id: str, b: body.Reasoned, viewer: Viewer = changing) -> dict[str, Any]:
            return await lists.withdraw(viewer, list_id, b.version, b.reason)

        api.add_api_route("/price_lists", every, methods=["GET"])
        api.add_api_route("/price_lists", create, methods=["POST"], status_code=201)
        api.add_api_route("/price_lists/{list_id}", get, methods=["GET"])
        api.add_api_route("/price_lists/{list_id}", write, methods=["PUT"])
        api.add_api_route("/price_lists/{list_id}", delete, methods=["DELETE"], status_code=204)
        api.add_api_route("/price_lists/{list_id}/compare", compare, methods=["POST"])
        api.add_api_route("/price_lists/{list_id}/approve", approve, methods=["POST"])
        api.add_api_route("/price_lists/{list_id}/withdraw", withdraw, methods=["POST"])

    def _add_months(self, api: APIRouter) -> None:
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        settlement = self._settlement

        async def months(viewer: Viewer = looking) -> dict[str, Any]:
            return await settlement.months(viewer)

        async def month(month: _Month, viewer: Viewer = looking) -> dict[str, Any]:
            return await settlement.month(viewer, _day(month))

        async def preview(month: _Month, viewer: Viewer = looking) -> dict[str, Any]:
            return await settlement.preview(viewer, _day(month))

        async def previewed(month: _Month, kind: _Kind, party_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await settlement.preview_statement(viewer, _day(month), kind, party_id)

        async def previewed_lines(
            month: _Month,
            kind: _Kind,
            party_id: str,
            wanted: Annotated[LineFilter, Depends(_line_filter)],
            page: _Page = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            return await settlement.preview_lines(viewer, _day(month), kind, party_id, wanted, page)

        async def close(month: _Month, viewer: Viewer = changing) -> dict[str, Any]:
            return await settlement.close(viewer, _day(month))

        async def try_again(month: _Month, viewer: Viewer = changing) -> dict[str, Any]:
            return await settlement.try_again(viewer, _day(month))

        async def give_back(month: _Month, b: body.GiveBack, viewer: Viewer = changing) -> dict[str, Any]:
            return await settlement.give_back(viewer, _day(month), b.reason)

        api.add_api_route("/periods", months, methods=["GET"])
        api.add_api_route("/periods/{month}", month, methods=["GET"])
        api.add_api_route("/periods/{month}/preview", preview, methods=["GET"])
        api.add_api_route("/periods/{month}/preview/{kind}/{party_id}", previewed, methods=["GET"])
        api.add_api_route("/periods/{month}/preview/{kind}/{party_id}/lines", previewed_lines, methods=["GET"])
        api.add_api_route("/periods/{month}/close", close, methods=["POST"], status_code=202)
        api.add_api_route("/periods/{month}/try_again", try_again, methods=["POST"])
        api.add_api_route("/periods/{month}/give_back", give_back, methods=["POST"])

    def _add_statements(self, api: APIRouter) -> None:
        looking = Depends(self._doors.viewer)
        settlement = self._settlement

        async def heads(
            month: Annotated[str | None, Query(pattern=_MONTH)] = None,
            kind: _Kind | None = None,
            party: _Id = None,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            return await settlement.statements(viewer, _day(month) if month else None, kind, party or None)

        async def statement(number: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await settlement.statement(viewer, number)

        async def lines(
            number: str,
            wanted: Annotated[LineFilter, Depends(_line_filter)],
            page: _Page = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            return await settlement.lines(viewer, number, wanted, page)

        api.add_api_route("/statements", heads, methods=["GET"])
        api.add_api_route("/statements/{number}", statement, methods=["GET"])
        api.add_api_route("/statements/{number}/lines", lines, methods=["GET"])

    def _add_disputes(self, api: APIRouter) -> None:
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        disputes = self._disputes

        async def listing(
            state: Literal["open", "accepted", "refused", "withdrawn"] | None = None,
            number: _Id = None,
            centre: _Id = None,
            institution: _Id = None,
            case_no: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
            page: _Page = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            return await disputes.listing(
                viewer,
                page,
                state=state,
                number=number or None,
                centre=centre or None,
                institution=institution or None,
                case_no=case_no,
            )

        async def create(b: body.NewDispute, viewer: Viewer = changing) -> dict[str, Any]:
            return await disputes.create(viewer, b)

        async def accept(dispute_id: str, b: body.Accept, viewer: Viewer = changing) -> dict[str, Any]:
            return await disputes.accept(viewer, dispute_id, b)

        async def refuse(dispute_id: str, b: body.Reasoned, viewer: Viewer = changing) -> dict[str, Any]:
            return await disputes.refuse(viewer, dispute_id, b)

        async def withdraw(dispute_id: str, b: body.Reasoned, viewer: Viewer = changing) -> dict[str, Any]:
            return await disputes.withdraw(viewer, dispute_id, b)

        api.add_api_route("/disputes", listing, methods=["GET"])
        api.add_api_route("/disputes", create, methods=["POST"], status_code=201)
        api.add_api_route("/disputes/{dispute_id}/accept", accept, methods=["POST"])
        api.add_api_route("/disputes/{dispute_id}/refuse", refuse, methods=["POST"])
        api.add_api_route("/disputes/{dispute_id}/withdraw", withdraw, methods=["POST"])


def _day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _line_filter(
    tariff: Annotated[str | None, Query(max_length=32)] = None,
    case_kind: Annotated[str | None, Query(max_length=24)] = None,
    channel: Annotated[str | None, Query(max_length=16)] = None,
    level: Annotated[int | None, Query(ge=0, le=2)] = None,
    price: Annotated[Decimal | None, Query(ge=0, le=Decimal("99999"), allow_inf_nan=False)] = None,
    centre: _Id = None,
    account: _Id = None,
    late: Literal["yes", "no"] | None = None,
    case_no: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    payer: _Id = None,
) -> LineFilter:
    return LineFilter(
        tariff=tariff or None,
        case_kind=case_kind or None,
        channel=channel or None,
        level=level,
        price=price,
        centre=centre or None,
        account=account or None,
        late=None if late is None else late == "yes",
        case_no=case_no,
        payer=payer or None,
    )
