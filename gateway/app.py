"""The application: every part made once, put together, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import time
from pathlib import Path

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import select
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import actions
import handoff
from actions.assistant import PieturaAssistant
from actions.operator_knowledge import OperatorKnowledge
from actions.safety import SafetyRules
from actions.tryout import AssistantTryout
from actions.understanding import RasaClient, Understander
from connectors.webchat.endpoints import WebChat
from connectors.webchat.tokens import Tokens
from gateway.health import Health
from gateway.platforms import connectors as platform_connectors
from gateway.settings import Settings
from handoff.answering.endpoints import AnsweringApi
from handoff.answering.service import Answering
from handoff.assistant.turns import Turns
from handoff.broker import Broker, Policy
from handoff.channels.administration import Administration
from handoff.channels.delivery import Delivery
from handoff.channels.endpoints import BAD_SIGNATURES, ChannelsApi, Hooks, ResponseTimesApi
from handoff.channels.inbox import Inbox
from handoff.channels.lookup import Lookup
from handoff.channels.outbox import Outbox
from handoff.channels.ports import PlatformConnector
from handoff.channels.response_times import ResponseTimes
from handoff.channels.service import Channels
from handoff.channels.tasks import Watch
from handoff.citizens.desk import CitizenDesk
from handoff.citizens.endpoints import CitizenApi
from handoff.citizens.service import Citizens
from handoff.console.cards import Cards
from handoff.console.doors import COOKIE
from handoff.console.endpoints import Console
from handoff.console.feed import ConsoleFeed
from handoff.desk import Desk
from handoff.gate import CitizenGate
from handoff.live import Feed
from handoff.notes.endpoints import NotesApi
from handoff.notes.service import Notes
from handoff.publications.endpoints import PublicationApi
from handoff.publications.service import Publications
from handoff.publications.tasks import Publisher
from handoff.service_clock.models import CalendarException
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.service import Accounts
from handoff.tasks import Sweep
from kit import language
from kit.bus import Bus, Notice, RedisBus
from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.errors import PieturaError
from kit.i18n import Catalogue
from kit.ratelimit import Limiter
from kit.vault import Vault
from knowledge_base.editor.endpoints import EditorApi
from knowledge_base.editor.service import EditorsDesk
from knowledge_base.editor.tasks import KnowledgeWatch
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.service import KnowledgeBase

log = structlog.get_logger(__name__)


class ServiceNames:
    """Names for the broker, from the knowledge base."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    def service(self, service_id: str, lang: str) -> str:
        """The service's title; the id itself when the service is gone."""
        return self._knowledge.title(service_id, lang) if self._knowledge.known(service_id) else service_id

    def institution(self, institution_id: str, lang: str) -> str:
        """The institution's name."""
        return self._knowledge.institution_name(institution_id, lang)

    def services(self, lang: str) -> list[dict[str, str]]:
        """Every service: ``id`` and ``name``."""
        return [{"id": one, "name": self._knowledge.title(one, lang)} for one in self._knowledge.service_ids()]

    def knows_service(self, service_id: str) -> bool:
        """Whether there is such a service."""
        return self._knowledge.known(service_id)

    def municipality(self, municipality_id: str, lang: str) -> str:
        """The municipality's name."""
        return self._knowledge.municipality_name(municipality_id, lang)

    def knows_municipality(self, municipality_id: str) -> bool:
        """Whether there is such a municipality."""
        return municipality_id in self._knowledge.municipality_ids()


class Gateway:
    """All parts of one worker."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        understander: Understander | None = None,
        policy: Policy | None = None,
        knowledge: KnowledgeBase | None = None,
        connectors: Mapping[str, PlatformConnector] | None = None,
    ) -> None:
        """``clock``, ``understander``, ``policy`` and ``connectors`` are replaced in tests; ``knowledge`` is loaded when not
        given."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self.db = Database(settings.database_url)
        self.bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else Bus()
        self.rasa = RasaClient(settings.bot_url, settings.bot_token.get_secret_value(), settings.bot_timeout_s)
        self._understander = understander or self.rasa
        self._policy = policy or Policy()
        self._loaded = knowledge
        served = platform_connectors(self.clock) if connectors is None else connectors
        self.channels = Channels(served, Vault(settings.credentials_key.get_secret_value()))
        self._tasks: list[asyncio.Task[None]] = []

    async def build(self, app: FastAPI) -> None:
        """Loads what must be loaded, and mounts the routes."""
        settings = self.settings
        language.warm_up()
        async with self.db.read() as session:
            self.knowledge = self._loaded or await KnowledgeBase.load(
                session, EmbeddingStore(SentenceEncoder(), settings.cache_dir)
            )
            rows = (await session.scalars(select(CalendarException))).all()
        opens, closes = time.fromisoformat(settings.opens), time.fromisoformat(settings.closes)
        calendar = WorkingCalendar(opens, closes, {row.day: row.working for row in rows})
        # The first question about a holiday computes the year's: not while a citizen waits.
        calendar.next_opening(self.clock.now())
        spoken = Catalogue(_folder(actions) / "locales")
        assistant = PieturaAssistant(self.knowledge, self._understander, SafetyRules(), spoken)
        names = ServiceNames(self.knowledge)
        texts = Catalogue(_folder(handoff) / "locales")
        self.outbox = Outbox(self.channels, texts, self.clock)
        self.broker = Broker(
            self.db, self.bus, self.clock, assistant, lambda: calendar, texts, names, self._policy, self.outbox
        )
        self.citizens = Citizens(self.clock, texts, self.channels, settings.secret_key.get_secret_value())
        self.broker.citizens = self.citizens
        self.feed = Feed(self.db, self.bus)
        self.turns = Turns(self.broker)
        self.sweep = Sweep(self.broker, self.turns)
        self.lookup = Lookup(self.broker, self.channels)
        self.inbox = Inbox(
            self.broker, self.outbox, turns_under_way=lambda: self.turns.under_way, opened=self.lookup.wish
        )
        self.delivery = Delivery(self.broker, self.outbox)
        self.watch = Watch(self.broker, self.channels, self.inbox, settings.poll_every_s)
        publications = Publications(self.db, self.bus, self.clock, self.outbox)
        self.publisher = Publisher(publications)
        limiter = Limiter(
            {
                "webchat-connect": settings.chat_connects,
                "login-address": settings.login_attempts_address,
                "login-account": settings.login_attempts_account,
                BAD_SIGNATURES: settings.hook_bad_signatures,
            },
            settings.redis_url,
        )
        gate = CitizenGate(self.broker, self.feed)
        self.webchat = WebChat(
            gate,
            Tokens(settings.secret_key.get_secret_value(), self.clock),
            limiter,
            messages_per_s=settings.chat_messages_per_s,
            burst=settings.chat_burst,
            demo=settings.demo,
        )
        cards = Cards(names, names.municipality, texts, self.clock, self.channels, self.broker.marks_on_platform)
        self.console_feed = ConsoleFeed(self.db, self.feed, cards)
        console = Console(
            self.broker,
            Desk(self.broker),
            Accounts(self.db, self.clock),
            self.console_feed,
            cards,
            limiter,
            names,
            secure_cookie=settings.environment == "production",
        )
        self.texts = texts
        administration = Administration(
            self.broker,
            self.channels,
            self.outbox,
            self.inbox,
            self.watch,
            knows_municipality=names.knows_municipality,
            municipality=names.municipality,
            public_url=settings.public_url,
            production=settings.environment == "production",
        )
        app.include_router(self.webchat.router())
        app.include_router(Hooks(self.db, self.channels, self.inbox, limiter).router())
        app.include_router(ChannelsApi(administration, console.doors).router())
        response_times = ResponseTimes(self.broker)
        app.include_router(ResponseTimesApi(response_times, console.doors, names, names.municipality).router())
        app.include_router(PublicationApi(publications, console.doors, texts).router())
        looked_up = OperatorKnowledge(self.knowledge, self._understander, spoken)
        app.include_router(AnsweringApi(Answering(self.broker, looked_up, names.municipality), console.doors).router())
        editors = EditorsDesk(self.db, self.clock, self._knowledge_published)
        self.knowledge_watch = KnowledgeWatch(self.db, self.knowledge, editors)
        self.bus.listen(self._on_notice)
        tryout = AssistantTryout(assistant, self.knowledge, spoken)
        app.include_router(EditorApi(editors, tryout, console.doors.viewer, console.doors.changing).router())
        notes = Notes(self.broker)
        app.include_router(NotesApi(notes, console.doors).router())
        app.include_router(CitizenApi(CitizenDesk(self.broker, self.citizens), console.doors, texts).router())
        app.include_router(console.router())
        app.include_router(Health(self).router())

    async def _knowledge_published(self) -> None:
        await self.bus.publish({"kind": "knowledge"})

    async def _on_notice(self, notice: Notice) -> None:
        if notice["kind"] == "knowledge":
            self.knowledge_watch.wake()

    async def start(self) -> None:
        """Begins to work."""
        await self.bus.start()
        await self.feed.start()
        self.webchat.start()
        self._tasks = [
            asyncio.create_task(self.feed.run()),
            asyncio.create_task(self.console_feed.run()),
            asyncio.create_task(self.sweep.run()),
            asyncio.create_task(self.inbox.run()),
            asyncio.create_task(self.delivery.run()),
            asyncio.create_task(self.watch.run()),
            asyncio.create_task(self.lookup.run()),
            asyncio.create_task(self.publisher.run()),
            asyncio.create_task(self.knowledge_watch.run()),
        ]

    async def stop(self) -> None:
        """Stops in good order: no new work, what is under way is finished, sockets are told to come back."""
        await self.turns.drain(5.0)
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        # A send that is cut off is unknown afterwards: better to wait for its answer.
        await self.delivery.drain(5.0)
        await self.channels.close()
        await self.webchat.stop()
        await self.console_feed.close_all()
        await self.rasa.close()
        await self.bus.stop()
        await self.db.close()


class SecurityHeaders:
    """Headers that every answer carries unless its route has set its own."""

    def __init__(self, app: ASGIApp, *, production: bool) -> None:
        self._app = app
        self._headers = {
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        }
        if production:
            self._headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; adds the headers to HTTP answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


def _folder(package: object) -> Path:
    return Path(str(getattr(package, "__file__", ""))).parent


def create_app(settings: Settings | None = None, gateway: Gateway | None = None) -> FastAPI:
    """The ASGI application of one worker."""
    gateway = gateway or Gateway(settings or Settings())

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await gateway.build(app)
        await gateway.start()
        yield
        await gateway.stop()

    app = FastAPI(
        title="Pietura",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if gateway.settings.environment == "development" else None,
    )
    app.state.gateway = gateway
    _add_errors(app, gateway)

    app.add_middleware(SecurityHeaders, production=gateway.settings.environment == "production")

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/demo" if gateway.settings.demo else "/console")

    return app


def _add_errors(app: FastAPI, gateway: Gateway) -> None:
    """Every refusal is a small JSON object with a code and a sentence in the person's language."""

    def language_of(request: Request) -> str:
        wanted = request.headers.get("x-pietura-lang") or request.headers.get("accept-language", "lv")
        return next((lang for lang in ("lv", "ru", "en") if wanted.lower().startswith(lang)), "lv")

    def body(request: Request, code: str, details: dict[str, object]) -> dict[str, object]:
        key = f"error.{code}"
        try:
            title = gateway.texts.text(language_of(request), key, **details)
        except KeyError:
            title = gateway.texts.text(language_of(request), "error.changed" if code == "taken" else "error.internal")
        return {"code": code, "title": title, "detail": title, **details}

    @app.exception_handler(PieturaError)
    async def on_refusal(request: Request, error: PieturaError) -> Response:
        response = JSONResponse(body(request, error.code, error.details), error.status)
        if "retry_after_s" in error.details:
            response.headers["retry-after"] = str(error.details["retry_after_s"])
        if error.status == 401 and request.cookies.get(COOKIE) and error.code == "unauthorised":
            response.delete_cookie(COOKIE, path="/console")
        return response

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        where = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()[:5]
        )
        return JSONResponse(body(request, "bad_request", {"detail": where}), 422)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 403: "forbidden", 401: "unauthorised"}.get(error.status_code, "bad_request")
        return JSONResponse(body(request, code, {"detail": str(error.detail)}), error.status_code)

    @app.exception_handler(Exception)
    async def on_failure(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, exc_info=error)
        return JSONResponse(body(request, "internal", {}), 500)
