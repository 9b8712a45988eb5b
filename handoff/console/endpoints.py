"""Routes of the operators' console. Identity comes from the session cookie only; every object is checked against it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.websockets import WebSocketDisconnect

from handoff.broker import Broker
from handoff.cases import repository as ledger
from handoff.cases import service as cases
from handoff.cases.models import Case
from handoff.cases.schemas import case_row, csv_lines
from handoff.channels import repository as platforms
from handoff.citizens import repository as citizens
from handoff.console import schemas as body
from handoff.console.cards import Cards
from handoff.console.doors import COOKIE, Doors, money_only, supervisors_only
from handoff.console.feed import ConsoleFeed, ConsoleSocket
from handoff.console.threads import Threads
from handoff.conversations import repository
from handoff.conversations.schemas import message_view
from handoff.conversations.scope import sees
from handoff.desk import CASE_OUTCOMES, OUTCOMES, TOPICS, Desk
from handoff.notes import repository as private
from handoff.notes.service import Notes
from handoff.presence.service import Presence
from handoff.queue.service import moment_wording
from handoff.staff import repository as people
from handoff.staff.models import Institution
from handoff.staff.schemas import Viewer
from handoff.staff.service import Accounts
from kit.bus import Notice
from kit.clock import RIGA
from kit.errors import NotFound, PieturaError, TooMany, Unauthorised
from kit.i18n import LANGUAGES, Catalogue
from kit.ratelimit import Limiter

log = structlog.get_logger(__name__)
HERE = Path(__file__).parent
STATIC = HERE / "static"
_PAGE = 50
_SILENCE_S = 60.0
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self';"
    " media-src 'self' data:; frame-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class CatalogueNames(Protocol):
    """What the console asks of the catalogue of services."""

    def services(self, lang: str) -> list[dict[str, str]]:
        """Every service: ``id`` and ``name``."""
        ...

    def knows_service(self, service_id: str) -> bool:
        """Whether there is such a service."""
        ...

    def municipality(self, municipality_id: str, lang: str) -> str:
        """The municipality's name."""
        ...

    def knows_municipality(self, municipality_id: str) -> bool:
        """Whether there is such a municipality."""
        ...


class Console:
    """The console's API, live feed and pages."""

    def __init__(
        self,
        broker: Broker,
        desk: Desk,
        accounts: Accounts,
        feed: ConsoleFeed,
        cards: Cards,
        limiter: Limiter,
        catalogue: CatalogueNames,
        *,
        secure_cookie: bool,
    ) -> None:
        self.doors = Doors(accounts)
        self._broker = broker
        self._desk = desk
        self._accounts = accounts
        self._feed = feed
        self._cards = cards
        self._limiter = limiter
        self._catalogue = catalogue
        self._secure = secure_cookie
        self._threads = Threads()
        self._notes = Notes(broker)
        self._presence = Presence(broker.db, broker.clock)
        self.texts = Catalogue(HERE / "locales")

    def router(self) -> APIRouter:
        """All routes of the console."""
        api = APIRouter(prefix="/console/api")
        viewer = Depends(self.doors.viewer)
        changing = Depends(self.doors.changing)
        own = Depends(self.doors.changing_own)
        self._broker.bus.listen(self._on_notice)
        api.add_api_route("/login", self._login, methods=["POST"])
        api.add_api_route("/logout", self._logout, methods=["POST"], status_code=204, dependencies=[own])
        api.add_api_route("/me", self._me, methods=["GET"])

        async def update_me(change: body.UpdateMe, viewer: Viewer = changing) -> dict[str, Any]:
            return await self._update_me(viewer, change)

        async def snapshot(viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._snapshot(viewer)

        async def one(conversation_id: str, viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._conversation(viewer, conversation_id)

        async def take(conversation_id: str, b: body.Version, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.take(viewer, conversation_id, b.version)
            return await self._card(viewer, conversation_id)

        async def say(conversation_id: str, b: body.NewMessage, viewer: Viewer = changing) -> dict[str, Any]:
            files = [str(one) for one in b.attachments]
            return message_view(await self._desk.reply(viewer, conversation_id, str(b.id), b.text, b.mode, files))

        async def hide(conversation_id: str, b: body.Hide, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.hide(viewer, conversation_id, b.version, b.reason)
            return await self._card(viewer, conversation_id)

        async def unhide(conversation_id: str, b: body.Version, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.unhide(viewer, conversation_id, b.version)
            return await self._card(viewer, conversation_id)

        async def give_back(conversation_id: str, b: body.Noted, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.return_to_bot(viewer, conversation_id, b.version, b.note)
            return await self._card(viewer, conversation_id)

        async def transfer(conversation_id: str, b: body.Transfer, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.transfer(viewer, conversation_id, b.version, b.to_user, b.note)
            return await self._card(viewer, conversation_id)

        async def to_queue(conversation_id: str, b: body.ToQueue, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.to_queue(viewer, conversation_id, b.version, b.queue_id, b.note)
            return await self._card(viewer, conversation_id)

        async def accept(conversation_id: str, b: body.Version, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.accept(viewer, conversation_id, b.version)
            return await self._card(viewer, conversation_id)

        async def decline(conversation_id: str, b: body.Version, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.decline(viewer, conversation_id, b.version)
            return await self._card(viewer, conversation_id)

        async def assign(conversation_id: str, b: body.Assign, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.assign(viewer, conversation_id, b.version, b.to_user, b.reason)
            return await self._card(viewer, conversation_id)

        async def level2(conversation_id: str, b: body.Level2, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.level2(viewer, conversation_id, b.version, b.institution_id, b.note)
            return await self._card(viewer, conversation_id)

        async def level2_done(conversation_id: str, b: body.Noted, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.level2_done(viewer, conversation_id, b.version, b.note)
            return await self._card(viewer, conversation_id)

        async def hold(conversation_id: str, b: body.Noted, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.hold(viewer, conversation_id, b.version, b.note)
            return await self._card(viewer, conversation_id)

        async def resume(conversation_id: str, b: body.Noted, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.resume(viewer, conversation_id, b.version)
            return await self._card(viewer, conversation_id)

        async def close(conversation_id: str, b: body.Close, viewer: Viewer = changing) -> dict[str, Any] | None:
            await self._desk.close(viewer, conversation_id, b.version, b.topic, b.outcome, b.comment, seq=b.seq)
            return await self._card(viewer, conversation_id)

        async def typing(conversation_id: str, b: body.Typing, viewer: Viewer = changing) -> None:
            await self._typing(viewer, conversation_id, b.on)

        async def read(conversation_id: str, b: body.ReadUpTo, viewer: Viewer = changing) -> None:
            await self._desk.read_up_to(viewer, conversation_id, b.seq)

        api.add_api_route("/me", update_me, methods=["PUT"])
        api.add_api_route("/snapshot", snapshot, methods=["GET"])
        api.add_api_route("/conversations/{conversation_id}", one, methods=["GET"])
        acts: dict[str, Callable[..., Any]] = {
            "take": take,
            "messages": say,
            "return": give_back,
            "transfer": transfer,
            "accept": accept,
            "decline": decline,
            "level2": level2,
            "level2_done": level2_done,
            "hold": hold,
            "resume": resume,
            "close": close,
            "hide": hide,
            "unhide": unhide,
            "assign": assign,
            "to_queue": to_queue,
        }
        for path, act in acts.items():
            api.add_api_route(f"/conversations/{{conversation_id}}/{path}", act, methods=["POST"])
        api.add_api_route("/conversations/{conversation_id}/typing", typing, methods=["POST"], status_code=204)
        api.add_api_route("/conversations/{conversation_id}/read", read, methods=["POST"], status_code=204)
        self._add_message_routes(api)
        self._add_case_routes(api)

        router = APIRouter()
        router.routes.extend(api.routes)
        router.add_api_websocket_route("/console/ws", self._socket)
        router.add_api_route("/console/texts/{lang}.json", self._texts_of, methods=["GET"], include_in_schema=False)
        router.add_api_route("/console/static/{path:path}", _static, methods=["GET"], include_in_schema=False)
        router.add_api_route("/console", _page, methods=["GET"], include_in_schema=False)
        router.add_api_route("/console/", _page, methods=["GET"], include_in_schema=False)
        return router

    def _add_message_routes(self, api: APIRouter) -> None:
        """What became of a message on its platform, and what staff decide about it."""
        viewer = Depends(self.doors.viewer)
        changing = Depends(self.doors.changing)

        async def send_again(conversation_id: str, seq: int, viewer: Viewer = changing) -> dict[str, Any]:
            return message_view(await self._desk.send_again(viewer, conversation_id, seq))

        async def mark_sent(conversation_id: str, seq: int, viewer: Viewer = changing) -> dict[str, Any]:
            return message_view(await self._desk.mark_sent(viewer, conversation_id, seq))

        async def history(conversation_id: str, seq: int, viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._history(viewer, conversation_id, seq)

        async def thread(conversation_id: str, viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._thread(viewer, conversation_id)

        path = "/conversations/{conversation_id}/messages/{seq}"
        api.add_api_route(f"{path}/send_again", send_again, methods=["POST"])
        api.add_api_route(f"{path}/mark_sent", mark_sent, methods=["POST"])
        api.add_api_route(f"{path}/history", history, methods=["GET"])
        api.add_api_route("/conversations/{conversation_id}/thread", thread, methods=["GET"])

    def _add_case_routes(self, api: APIRouter) -> None:
        viewer = Depends(self.doors.viewer)
        changing = Depends(self.doors.changing)

        async def listing(
            wanted: Annotated[ledger.CaseFilter, Depends(_case_filter)],
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = viewer,
        ) -> dict[str, Any]:
            return await self._cases(viewer, wanted, page)

        async def export(
            wanted: Annotated[ledger.CaseFilter, Depends(_case_filter)], viewer: Viewer = viewer
        ) -> Response:
            return await self._export(viewer, wanted)

        async def one(no: int, viewer: Viewer = viewer) -> dict[str, Any]:
            money_only(viewer)
            return await self._case(viewer, no)

        async def correct(no: int, b: body.Correction, viewer: Viewer = changing) -> dict[str, Any]:
            supervisors_only(viewer)
            changes = {str(name): value for name, value in b.changes.items()}
            async with self._broker.db.unit() as unit:
                now = self._broker.clock.now()
                await self._check_changes(unit.session, changes)
                await cases.correct(unit.session, no, changes, b.reason, viewer, now)
                people.audit(unit.session, now, viewer.id, "case_corrected", str(no), changes=sorted(b.changes))
            return await self._case(viewer, no)

        api.add_api_route("/cases", listing, methods=["GET"])
        api.add_api_route("/cases.csv", export, methods=["GET"])
        api.add_api_route("/cases/{no}", one, methods=["GET"])
        api.add_api_route("/cases/{no}/correct", correct, methods=["POST"])

    # --- who is it --------------------------------------------------------------------------------------------------

    async def _login(self, request: Request, wanted: body.Login, response: Response) -> dict[str, Any]:
        address = request.client.host if request.client else "unknown"
        email = wanted.email.strip().lower()
        for door, key in (("login-address", address), ("login-account", email)):
            if not await self._limiter.allow(door, key):
                raise TooMany("too_many", retry_after_s=await self._limiter.retry_after_s(door, key))
        signed_in = await self._accounts.sign_in(email, wanted.password)
        response.set_cookie(
            COOKIE, signed_in.cookie, httponly=True, samesite="strict", secure=self._secure, path="/console"
        )
        return await self._me_of(signed_in.viewer)

    async def _logout(self, request: Request, response: Response) -> None:
        await self._accounts.sign_out(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE, path="/console")

    async def _me(self, request: Request) -> dict[str, Any]:
        return await self._me_of(await self.doors.signed_in(request))

    async def _me_of(self, viewer: Viewer) -> dict[str, Any]:
        async with self._broker.db.read() as session:
            centre = await people.centre(session, viewer.centre_id) if viewer.centre_id else None
            staff = await people.active(session, viewer.id)
            made_up = await people.made_up(session)
        names = self._broker.names
        institution = viewer.institution_id
        return {
            "id": viewer.id,
            "name": viewer.name,
            "email": viewer.email,
            "role": viewer.role,
            "made_up": made_up,
            "centre": {"id": centre.id, "name": centre.name} if centre else None,
            "institution": (
                {"id": institution, "name": names.institution(institution, viewer.lang)} if institution else None
            ),
            "lang": viewer.lang,
            "availability": viewer.availability,
            "away_reason": staff.away_reason if staff else None,
            "capacity": staff.capacity if staff else 0,
            "settings": viewer.settings,
            "csrf": viewer.csrf,
            "must_change_password": viewer.must_change_password,
        }

    async def _update_me(self, viewer: Viewer, change: body.UpdateMe) -> dict[str, Any]:
        changes = change.model_dump(exclude_none=True)
        updated = await self._accounts.update(viewer, changes)
        for socket in self._feed.of(viewer.id):
            socket.viewer = updated
        if "availability" in changes:
            await self._tell_colleagues(viewer)
        return await self._me_of(updated)

    async def _tell_colleagues(self, viewer: Viewer) -> None:
        async with self._broker.db.unit() as unit:
            self._broker.events(unit).add("colleagues", None, actor_kind="staff", actor_id=viewer.id)

    # --- the inbox --------------------------------------------------------------------------------------------------

    async def _snapshot(self, viewer: Viewer) -> dict[str, Any]:
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.read() as session:
            # The cursor is read first: what happens in between is told twice, never left out.
            cursor = await repository.last_event_seq(session)
            conversations = await repository.board(session, viewer, now - timedelta(hours=12))
            facts = await self._cards.facts(session, conversations)
            institutions = await people.institutions(session)
            with_specialists = await people.with_specialists(session)
            colleagues = await self._cards.colleagues(session)
        for socket in self._feed.of(viewer.id):
            socket.shown |= {conversation.id for conversation in conversations}
        text = broker.texts.text
        calendar = broker.calendar()
        is_open = calendar.is_open(now)
        if is_open:
            closing = calendar.closing(now).astimezone(RIGA)
            opened = text(viewer.lang, "wait.now_open", time=f"{closing:%H:%M}")
        else:
            when = moment_wording(broker.texts, viewer.lang, calendar.next_opening(now), now, "day.starts")
            opened = text(viewer.lang, "wait.now_closed", when=when)
        return {
            "cursor": cursor,
            "conversations": [self._cards.card(viewer, one, facts) for one in conversations],
            "colleagues": colleagues,
            "institutions": self._named_institutions(institutions, viewer.lang),
            "level2_institutions": self._named_institutions(with_specialists, viewer.lang),
            "services": self._catalogue.services(viewer.lang),
            "topics": [{"id": topic, "name": text(viewer.lang, f"topic.{topic}")} for topic in TOPICS],
            "outcomes": [{"id": outcome, "name": text(viewer.lang, f"outcome.{outcome}")} for outcome in OUTCOMES],
            "case_outcomes": [
                {"id": outcome, "name": text(viewer.lang, f"outcome.{outcome}")} for outcome in CASE_OUTCOMES
            ],
            "open": {"is_open": is_open, "text": opened},
        }

    def _named_institutions(self, found: Sequence[Institution], lang: str) -> list[dict[str, str]]:
        return [{"id": one.id, "name": self._broker.names.institution(one.id, lang)} for one in found]

    async def _conversation(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        broker = self._broker
        async with broker.db.unit() as unit:
            session = unit.session
            conversation = await citizens.readable(session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
            # Who read a citizen's conversation is on record.
            people.audit(session, broker.clock.now(), viewer.id, "read_conversation", conversation_id)
            facts = await self._cards.facts(session, [conversation])
            messages = await repository.messages_after(session, conversation_id, 0)
            moments = await repository.timeline(session, conversation_id)
            thread = await self._threads.view(session, viewer, conversation_id)
            # Who only serves its citizen elsewhere reads what was said to the citizen, not what colleagues say to each other.
            sees_it = sees(viewer, conversation)
            noted = await private.of(session, conversation_id) if sees_it else []
            mentionable = await self._notes.mentionable(session, viewer, conversation) if sees_it else []
        card = self._cards.card(viewer, conversation, facts)
        if not sees_it:
            # He serves its citizen elsewhere: it is there to be read.
            card["may"] = []
        return {
            "card": card,
            "messages": [message_view(message) for message in messages],
            "timeline": [self._cards.moment(event, facts, viewer.lang) for event in moments],
            "seen": conversation.citizen_read_seq,
            "thread": thread,
            "notes": noted,
            "mentionable": mentionable,
            "may_note": sees_it,
        }

    async def _history(self, viewer: Viewer, conversation_id: str, seq: int) -> dict[str, Any]:
        """What a message said before it was edited or deleted; whoever looks is on record."""
        broker = self._broker
        async with broker.db.unit() as unit:
            session = unit.session
            if await citizens.readable(session, viewer, conversation_id) is None:
                raise NotFound()
            people.audit(session, broker.clock.now(), viewer.id, "read_history", conversation_id, seq=seq)
            return {"versions": await self._threads.history(session, conversation_id, seq)}

    async def _thread(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """What stands around a comment, fetched again while it is open. Who opened the conversation is on record already."""
        async with self._broker.db.read() as session:
            if await citizens.readable(session, viewer, conversation_id) is None:
                raise NotFound()
            return {"thread": await self._threads.view(session, viewer, conversation_id)}

    async def _card(self, viewer: Viewer, conversation_id: str) -> dict[str, Any] | None:
        """The card after an act; None when it took the conversation out of the viewer's sight."""
        async with self._broker.db.read() as session:
            conversation = await repository.visible(session, viewer, conversation_id)
            if conversation is None:
                return None
            facts = await self._cards.facts(session, [conversation])
        return self._cards.card(viewer, conversation, facts)

    async def _typing(self, viewer: Viewer, conversation_id: str, on: bool) -> None:
        async with self._broker.db.read() as session:
            conversation = await repository.visible(session, viewer, conversation_id)
        if conversation is None or viewer.id not in (conversation.holder_id, conversation.specialist_id):
            raise NotFound()
        kind = "specialist" if viewer.role == "specialist" else "operator"
        await self._broker.bus.publish(
            {
                "kind": "typing",
                "conversation": conversation_id,
                "author": {"kind": kind, "name": viewer.name},
                "by": viewer.id,
                "on": on,
            }
        )

    # --- the ledger -------------------------------------------------------------------------------------------------

    async def _case_names(self, lang: str) -> dict[str, Any]:
        names = self._broker.names
        async with self._broker.db.read() as session:
            staff = {one.id: one.name for one in await people.everybody(session)}
            centres = {one.id: one.name for one in await people.centres(session)}
            accounts = {one.id: one.name for one in await platforms.accounts(session)}
        return {
            "site": lambda key: accounts.get(key, key),
            "institution": lambda key: names.institution(key, lang) if key else None,
            "service": lambda key: names.service(key, lang) if key else None,
            "municipality": lambda key: self._catalogue.municipality(key, lang) if key else None,
            "staff": lambda key: staff.get(key) if key else None,
            "centre": lambda key: centres.get(key) if key else None,
        }

    async def _cases(self, viewer: Viewer, wanted: ledger.CaseFilter, page: int) -> dict[str, Any]:
        money_only(viewer)
        wanted = wanted if viewer.supervises else wanted.without_words()
        names = await self._case_names(viewer.lang)
        async with self._broker.db.read() as session:
            total = await ledger.count(session, wanted)
            found = await ledger.page(session, wanted, (page - 1) * _PAGE, _PAGE)
        return {
            "rows": [case_row(entry, late, names) for entry, late in found],
            "total": total,
            "page": page,
            "pages": max(1, -(-total // _PAGE)),
        }

    async def _export(self, viewer: Viewer, wanted: ledger.CaseFilter) -> Response:
        money_only(viewer)
        wanted = wanted if viewer.supervises else wanted.without_words()
        names = await self._case_names(viewer.lang)
        async with self._broker.db.unit() as unit:
            people.audit(unit.session, self._broker.clock.now(), viewer.id, "cases_exported", None)

        async def lines() -> AsyncIterator[str]:
            for start in range(0, 1_000_000, 1000):
                async with self._broker.db.read() as session:
                    found = await ledger.page(session, wanted, start, 1000)
                part = csv_lines((case_row(entry, late, names) for entry, late in found), lang=viewer.lang)
                for number, line in enumerate(part):
                    if number or not start:
                        yield line
                if len(found) < 1000:
                    return

        headers = {"content-disposition": 'attachment; filename="gadijumi.csv"'}
        return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)

    async def _check_changes(self, session: AsyncSession, changes: dict[str, Any]) -> None:
        """Refuses a correction to something that does not exist."""
        for name, value in changes.items():
            match name:
                case "institution_id":
                    right = value is None or await people.institution(session, str(value)) is not None
                case "service_id":
                    right = value is None or self._catalogue.knows_service(str(value))
                case "outcome":
                    right = value in CASE_OUTCOMES
                case "topic":
                    right = value is None or value in TOPICS
                case "level":
                    right = value in (0, 1, 2)
                case _:
                    right = value is None or self._catalogue.knows_municipality(str(value))
            if not right:
                raise PieturaError("bad_value", field=name)

    async def _case(self, viewer: Viewer, no: int) -> dict[str, Any]:
        names = await self._case_names(viewer.lang)
        async with self._broker.db.read() as session:
            case = await session.get(Case, no)
            lines = await ledger.entries(session, no)
            # One that was found not to be a case has no entry in force: what it was is shown, with how it ended.
            entry = await cases.in_force(session, no) or (lines[-1] if lines else None)
            if case is None or entry is None:
                raise NotFound("case_not_settled" if case is not None else "not_found")
            conversation = await repository.get(session, entry.conversation_id)
            facts = await self._cards.facts(session, [])
            # What was said and noted is not the accountant's.
            moments = await repository.timeline(session, entry.conversation_id) if viewer.supervises else []
        late = ledger.Late(conversation.rating, conversation.first_reply_at) if conversation else ledger.Late()
        return {
            "row": case_row(entry, late, names),
            "entries": [
                {
                    **case_row(line, ledger.Late(), names),
                    "id": line.id,
                    "kind": line.kind,
                    "sign": line.sign,
                    "recorded_at": line.recorded_at.isoformat().replace("+00:00", "Z"),
                    "recorded_by": names["staff"](line.recorded_by),
                    "why": line.why,
                }
                for line in lines
            ],
            "timeline": [self._cards.moment(event, facts, viewer.lang) for event in moments],
        }

    # --- live -------------------------------------------------------------------------------------------------------

    async def _socket(self, websocket: WebSocket, cursor: int | None = None) -> None:
        origin = websocket.headers.get("origin")
        if origin is None or urlsplit(origin).netloc != websocket.url.netloc:
            await websocket.close(4403)
            return
        cookie = websocket.cookies.get(COOKIE)
        await websocket.accept()
        try:
            viewer = await self._accounts.viewer(cookie)
        except Unauthorised:
            await websocket.close(4401)
            return
        if viewer.must_change_password:
            await websocket.close(4403)
            return
        socket = ConsoleSocket(websocket, viewer)
        silent = False
        self._feed.add(socket)
        try:
            await self._came(viewer)
            if cursor is not None:
                await self._feed.replay(socket, cursor)
            while True:
                message = await asyncio.wait_for(websocket.receive(), _SILENCE_S)
                if message["type"] == "websocket.disconnect":
                    return
                # Every ping asks anew who he is: a session that ended ends the feed.
                socket.viewer = await self._accounts.viewer(cookie)
                await self._presence.heard(socket.viewer)
                await self._focus(socket, body.has_focus(message.get("text")))
                await self._look(socket, body.looking_at(message.get("text")))
                await socket.send({"kind": "pong"})
        except Unauthorised:
            await socket.close(4401)
        except TimeoutError:
            # The line is lost, or the machine asleep: nothing has told us, and he has been gone all the while.
            silent = True
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            self._feed.remove(socket)
            with contextlib.suppress(Exception):
                await self._focus(socket, False)
                await self._look(socket, None)
            if not self._feed.of(viewer.id):
                with contextlib.suppress(Exception):
                    await self._went(viewer, silent=silent)

    async def _on_notice(self, notice: Notice) -> None:
        """An account or its sessions have changed: consoles of the person go on as what he is now, or end."""
        if notice["kind"] != "sessions":
            return
        for socket in self._feed.of(notice["staff"]):
            try:
                socket.viewer = await self._accounts.viewer(socket.websocket.cookies.get(COOKIE))
            except Unauthorised:
                await socket.close(4401)

    async def _look(self, socket: ConsoleSocket, conversation_id: str | None) -> None:
        """Tells colleagues who see the conversation that somebody has it open; with each ping, for nothing of it is kept."""
        viewer = socket.viewer
        left = socket.looking if socket.looking != conversation_id else None
        if conversation_id is not None and conversation_id != socket.looking:
            async with self._broker.db.read() as session:
                if await repository.visible(session, viewer, conversation_id) is None:
                    conversation_id = None
        socket.looking = conversation_id
        if left is not None and any(other.looking == left for other in self._feed.of(viewer.id) if other is not socket):
            left = None  # another window of his still does
        for seen, on in ((left, False), (conversation_id, True)):
            if seen is not None:
                await self._broker.bus.publish(
                    {"kind": "looking", "conversation": seen, "by": viewer.id, "name": viewer.name, "on": on}
                )

    async def _focus(self, socket: ConsoleSocket, focused: bool) -> None:
        """Notes whether a console of the person has the focus: whoever has it before his eyes is not told elsewhere."""
        if not focused and not socket.focused:
            return
        socket.focused = focused
        here = focused or any(other.focused for other in self._feed.of(socket.viewer.id))
        async with self._broker.db.unit() as unit:
            await self._presence.focused(unit, socket.viewer, self._broker.clock.now() if here else None)

    async def _came(self, viewer: Viewer) -> None:
        async with self._broker.db.unit() as unit:
            await self._presence.came(unit, viewer, self._broker.clock.now())
            self._broker.events(unit).add("colleagues", None, actor_kind="staff", actor_id=viewer.id)

    async def _went(self, viewer: Viewer, *, silent: bool) -> None:
        async with self._broker.db.unit() as unit:
            # Away at once for colleagues; his conversations are kept for him a while longer (the sweep knows how long).
            await self._presence.went(unit, viewer, self._broker.clock.now(), silent=silent)
            self._broker.events(unit).add("colleagues", None, actor_kind="staff", actor_id=viewer.id)

    # --- pages ------------------------------------------------------------------------------------------------------

    async def _texts_of(self, lang: str) -> Response:
        if lang not in LANGUAGES:
            raise NotFound()
        return JSONResponse(self.texts.all(lang), headers={"cache-control": "no-cache"})


def _case_filter(
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    channel: str | None = None,
    level: Annotated[str | None, Query(pattern="^[012]?$")] = None,
    outcome: str | None = None,
    institution: str | None = None,
    operator: str | None = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
) -> ledger.CaseFilter:
    return ledger.CaseFilter(
        from_day=body.day(from_),
        to_day=body.day(to),
        channel=channel or None,
        level=int(level) if level else None,
        outcome=outcome or None,
        institution_id=institution or None,
        operator_id=operator or None,
        text=q or None,
    )


async def _page() -> Response:
    return FileResponse(STATIC / "index.html", headers={"content-security-policy": _CSP, "cache-control": "no-cache"})


async def _static(path: str) -> Response:
    wanted = (STATIC / path).resolve()
    if not wanted.is_relative_to(STATIC) or not wanted.is_file():
        raise NotFound()
    return FileResponse(wanted, headers={"cache-control": "no-cache"})
