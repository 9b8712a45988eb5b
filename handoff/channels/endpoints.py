"""Routes of the social channels: the platforms' webhooks, and what administrators and supervisors ask of the console's API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from handoff.broker import Names
from handoff.cases.schemas import csv_lines
from handoff.channels import repository, schemas
from handoff.channels.administration import Administration
from handoff.channels.inbox import Inbox, describe
from handoff.channels.models import ChannelAccount
from handoff.channels.ports import Account, BadPayload, BadSignature, PlatformConnector
from handoff.channels.repository import CommentFilter
from handoff.channels.response_times import Judged, Report, ResponseTimes, Summary, Times
from handoff.channels.service import Channels
from handoff.console import schemas as console
from handoff.console.doors import Doors, administrators_only, supervisors_only
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.db import Database
from kit.ratelimit import Limiter
from kit.vault import VaultError

log = structlog.get_logger(__name__)
#: No platform sends as much in one call; whoever does is not one.
BODY_LIMIT = 1_048_576
BAD_SIGNATURES = "hook-bad-signature"
_PAGE = 50
#: The report's rows as CSV; names as in the calls.
_COLUMNS = (
    "case_no",
    "conversation_id",
    "channel",
    "account",
    "institution",
    "state",
    "by",
    "written_at",
    "received_at",
    "due_at",
    "answered_at",
    "withdrawn_at",
    "closed_at",
    "working_s",
    "plain_s",
    "outcome",
)


class Hooks:
    """``/hooks/{channel}/{account_id}``: what platforms call. Nothing of a body is ever logged.

    An answer tells a stranger nothing: no body, and the same 404 for an account that is unknown, switched off, or of another
    channel.
    """

    def __init__(self, db: Database, channels: Channels, inbox: Inbox, limiter: Limiter) -> None:
        """``limiter``: knows the door ``hook-bad-signature``."""
        self._db = db
        self._channels = channels
        self._inbox = inbox
        self._limiter = limiter

    def router(self) -> APIRouter:
        """The webhooks' routes."""
        router = APIRouter()
        path = "/hooks/{channel}/{account_id}"
        router.add_api_route(path, self._challenge, methods=["GET"], include_in_schema=False)
        router.add_api_route(path, self._receive, methods=["POST"], include_in_schema=False)
        return router

    async def _find(self, channel: str, account_id: str) -> tuple[ChannelAccount, PlatformConnector] | None:
        connector = self._channels.connector(channel)
        if connector is None:
            return None
        async with self._db.read() as session:
            row = await repository.account(session, account_id)
        return (row, connector) if row is not None and row.channel == channel else None

    async def _challenge(self, channel: str, account_id: str, request: Request) -> Response:
        found = await self._find(channel, account_id)
        if found is None or not found[0].enabled:
            return Response(status_code=404)
        row, connector = found
        try:
            answer = connector.challenge(self._channels.opened(row), dict(request.query_params))
        except VaultError:
            return Response(status_code=503)
        if answer is None:
            return Response(status_code=403)
        return Response(answer[0], media_type=answer[1])

    async def _receive(self, channel: str, account_id: str, request: Request) -> Response:
        found = await self._find(channel, account_id)
        if found is None:
            return Response(status_code=404)
        try:
            raw = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if raw is None:
            return Response(status_code=413)
        row, connector = found
        headers = dict(request.headers)
        try:
            account = self._channels.opened(row)
        except VaultError:
            # The platform tries again later; nothing is lost while somebody looks for the key.
            log.error("credentials of a channel account cannot be decrypted", account=row.id)
            return Response(status_code=503)
        try:
            connector.verify(account, headers, raw)
        except BadSignature:
            if not row.enabled:
                return Response(status_code=404)
            # Only bad ones are counted: nobody can shut the platform out by knocking.
            allowed = await self._limiter.allow(BAD_SIGNATURES, row.id)
            return Response(status_code=401 if allowed else 429)
        try:
            await self._keep(row, account, connector, headers, raw)
        except Exception as error:
            # Not stored, so not acknowledged: the platform tells it again.
            log.error("a webhook could not be stored", account=row.id, error=describe(error))
            return Response(status_code=503)
        return Response(status_code=200)

    async def _keep(
        self,
        row: ChannelAccount,
        account: Account,
        connector: PlatformConnector,
        headers: Mapping[str, str],
        raw: bytes,
    ) -> None:
        """Stores what a properly signed call tells; when this returns it is safe.

        An application has one webhook for all its pages: that stays when the page whose address it has is switched off. Refused
        again and again, the platform would give it up.
        """
        try:
            events = connector.parse(account, raw)
        except Exception as error:
            # What the platform sends cannot be read, or a fault of ours: kept, to be read again once that is mended.
            where = error.where if isinstance(error, BadPayload) else describe(error)
            log.warning("a webhook could not be read", account=row.id, where=where)
            await self._inbox.store_unreadable(row, raw, where)
            return
        if not row.enabled:
            events = [event for event in events if event.page_id not in (None, row.platform_id)]
        await self._inbox.store(row, events, lambda other: self._proves(connector, other, headers, raw))

    def _proves(
        self, connector: PlatformConnector, other: ChannelAccount, headers: Mapping[str, str], raw: bytes
    ) -> bool:
        """Whether a call is signed for another account as well: one application serves several pages."""
        try:
            connector.verify(self._channels.opened(other), headers, raw)
        except (BadSignature, VaultError):
            return False
        return True


async def _body(request: Request) -> bytes | None:
    """The body as it came; None when it is longer than any platform's."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > BODY_LIMIT:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)


class ChannelsApi:
    """``/console/api/channels``: for administrators; supervisors may read the board."""

    def __init__(self, administration: Administration, doors: Doors) -> None:
        self._administration = administration
        self._doors = doors

    def router(self) -> APIRouter:
        """The routes, behind the console's doors."""
        api = APIRouter(prefix="/console/api/channels")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        admin = self._administration

        async def listing(viewer: Viewer = looking) -> dict[str, Any]:
            administrators_only(viewer)
            return {
                "accounts": await admin.board(viewer.lang),
                "kinds": admin.kinds(),
                "owners": await admin.owners(viewer.lang),
            }

        async def board(viewer: Viewer = looking) -> dict[str, Any]:
            supervisors_only(viewer)
            return {"accounts": await admin.board(viewer.lang)}

        async def add(b: schemas.NewAccount, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            return await admin.one(await admin.add(viewer, b), viewer.lang)

        async def change(account_id: str, b: schemas.ChangedAccount, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            await admin.change(viewer, account_id, b)
            return await admin.one(account_id, viewer.lang)

        async def test(account_id: str, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            health = await admin.test(viewer, account_id)
            account = await admin.one(account_id, viewer.lang)
            return {"ok": health.ok, "check": account["check"], "account": account}

        async def subscribe(account_id: str, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            health = await admin.subscribe(viewer, account_id)
            account = await admin.one(account_id, viewer.lang)
            return {"ok": health.ok, "check": account["check"], "account": account}

        api.add_api_route("", listing, methods=["GET"])
        api.add_api_route("", add, methods=["POST"], status_code=201)
        api.add_api_route("/board", board, methods=["GET"])
        self._add_stuck_routes(api)
        api.add_api_route("/{account_id}", change, methods=["PUT"])
        api.add_api_route("/{account_id}/test", test, methods=["POST"])
        api.add_api_route("/{account_id}/subscribe", subscribe, methods=["POST"])
        return api

    def _add_stuck_routes(self, api: APIRouter) -> None:
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        admin = self._administration

        async def events(account: str | None = None, viewer: Viewer = looking) -> dict[str, Any]:
            administrators_only(viewer)
            return {"rows": await admin.dead_events(account)}

        async def retry_event(event_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            return await admin.retry_event(viewer, event_id)

        async def discard_event(event_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            return await admin.discard_event(viewer, event_id)

        async def outbox(account: str | None = None, viewer: Viewer = looking) -> dict[str, Any]:
            administrators_only(viewer)
            return {"rows": await admin.troubled_sends(account, viewer.lang)}

        async def retry_send(row_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            return await admin.retry_send(viewer, row_id)

        async def mark_sent(row_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            administrators_only(viewer)
            return await admin.mark_sent(viewer, row_id)

        api.add_api_route("/events", events, methods=["GET"])
        api.add_api_route("/events/{event_id}/retry", retry_event, methods=["POST"])
        api.add_api_route("/events/{event_id}/discard", discard_event, methods=["POST"])
        api.add_api_route("/outbox", outbox, methods=["GET"])
        api.add_api_route("/outbox/{row_id}/retry", retry_send, methods=["POST"])
        api.add_api_route("/outbox/{row_id}/mark_sent", mark_sent, methods=["POST"])


class ResponseTimesApi:
    """``/console/api/response_times``: how soon comments are answered, for supervisors and administrators."""

    def __init__(
        self, service: ResponseTimes, doors: Doors, names: Names, municipality: Callable[[str, str], str]
    ) -> None:
        """``municipality``: function from (id, lang) to a name."""
        self._service = service
        self._doors = doors
        self._names = names
        self._municipality = municipality

    def router(self) -> APIRouter:
        """The routes, behind the console's doors."""
        api = APIRouter(prefix="/console/api")
        looking = Depends(self._doors.viewer)
        picked = Depends(self._filter)

        async def report(wanted: CommentFilter = picked, viewer: Viewer = looking) -> dict[str, Any]:
            supervisors_only(viewer)
            return self._report(viewer, wanted, await self._service.report(wanted))

        async def rows(
            wanted: CommentFilter = picked,
            figure: str = "placed",
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            supervisors_only(viewer)
            found = await self._service.rows(wanted, figure)
            view = await self._row_view(viewer.lang)
            return {
                "rows": [view(row) for row in found[(page - 1) * _PAGE : page * _PAGE]],
                "total": len(found),
                "page": page,
                "pages": max(1, -(-len(found) // _PAGE)),
            }

        async def export(wanted: CommentFilter = picked, figure: str = "placed", viewer: Viewer = looking) -> Response:
            supervisors_only(viewer)
            return await self._export(viewer, await self._service.rows(wanted, figure))

        api.add_api_route("/response_times", report, methods=["GET"])
        api.add_api_route("/response_times/rows", rows, methods=["GET"])
        api.add_api_route("/response_times.csv", export, methods=["GET"])
        return api

    async def _filter(
        self,
        from_: Annotated[str | None, Query(alias="from")] = None,
        to: str | None = None,
        channel: str | None = None,
        account: str | None = None,
        institution: str | None = None,
    ) -> CommentFilter:
        """Without dates: this month so far."""
        to_day = console.day(to) or self._service.today()
        return CommentFilter(
            from_day=console.day(from_) or to_day.replace(day=1),
            to_day=to_day,
            channel=channel or None,
            account_id=account or None,
            institution_id=institution or None,
        )

    def _report(self, viewer: Viewer, wanted: CommentFilter, found: Report) -> dict[str, Any]:
        owners = {one.institution_id for one in found.choices if one.institution_id is not None}
        return {
            "from": wanted.from_day.isoformat(),
            "to": wanted.to_day.isoformat(),
            "at": iso(found.at),
            "target": {
                "percent": float(found.total.wanted * 100),
                "working_s": int(found.target.total_seconds()),
            },
            "total": _summary_view(found.total),
            "accounts": [
                {"account": self._account_view(one, viewer.lang), **_summary_view(figures)}
                for one, figures in found.accounts
            ],
            "choices": {
                "accounts": [self._account_view(one, viewer.lang) for one in found.choices],
                "institutions": [
                    {"id": owner, "name": self._names.institution(owner, viewer.lang)} for owner in sorted(owners)
                ],
            },
        }

    def _account_view(self, row: ChannelAccount, lang: str) -> dict[str, Any]:
        return {"id": row.id, "name": row.name, "channel": row.channel, "owner": self._owner(row, lang)}

    def _owner(self, row: ChannelAccount, lang: str) -> str:
        if row.institution_id is not None:
            return self._names.institution(row.institution_id, lang)
        return self._municipality(row.municipality_id, lang) if row.municipality_id is not None else "–"

    async def _row_view(self, lang: str) -> Callable[[Judged], dict[str, Any]]:
        accounts = {key: self._account_view(row, lang) for key, row in (await self._service.accounts()).items()}

        def view(row: Judged) -> dict[str, Any]:
            one = row.comment
            return {
                "conversation_id": one.conversation_id,
                "case_no": one.case_no,
                "account": accounts[one.account_id],
                "state": row.standing,
                "by": row.by,
                "written_at": iso(one.created_at),
                "received_at": iso(one.received_at),
                "due_at": iso(row.due_at),
                "answered_at": iso(row.answered_at),
                "withdrawn_at": iso(one.deleted_at) if row.standing == "withdrawn" else None,
                "closed_at": iso(one.closed_at),
                "working_s": row.working_s,
                "plain_s": row.plain_s,
                "outcome": one.outcome,
            }

        return view

    async def _export(self, viewer: Viewer, found: list[Judged]) -> Response:
        view = await self._row_view(viewer.lang)
        await self._service.note_export(viewer)

        def flat() -> Iterator[dict[str, Any]]:
            for row in map(view, found):
                account = row["account"]
                yield {
                    **row,
                    "channel": account["channel"],
                    "account": account["name"],
                    "institution": account["owner"],
                }

        headers = {"content-disposition": 'attachment; filename="atbilzu-laiki.csv"'}
        lines = csv_lines(flat(), _COLUMNS, viewer.lang)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


def _summary_view(found: Summary) -> dict[str, Any]:
    counts = found.counts
    return {
        **counts,
        # Not reduced, and no decimals: 187 of 200 is what it is.
        "share": {"in_time": counts["in_time"], "counted": counts["counted"]} if found.share is not None else None,
        "met": found.met,
        "working": _times_view(found.working),
        "plain": _times_view(found.plain),
    }


def _times_view(times: Times) -> dict[str, int | None]:
    return {"median_s": times.median_s, "p95_s": times.p95_s}
