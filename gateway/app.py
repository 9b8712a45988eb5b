"""The application: every part made once, put together, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import actions
import handoff
from actions.assistant import PieturaAssistant
from actions.deciding import SetDecision
from actions.guides import GuidesOfPlans
from actions.operator_knowledge import OperatorKnowledge
from actions.plan_preview import PlanPreview
from actions.safety import SafetyRules
from actions.tryout import AssistantTryout
from actions.understanding import RasaClient, Understander
from connectors.webchat.endpoints import WebChat
from connectors.webchat.files import UPLOADS, UPLOADS_ADDRESS
from connectors.webchat.tokens import Tokens
from gateway.demand import DemandOfLife
from gateway.health import Health
from gateway.invitations import InvitationsOfSites
from gateway.life import AuditTrail, LifeOfConversations
from gateway.monitoring.endpoints import MetricsApi, Timing
from gateway.platforms import connectors as platform_connectors
from gateway.retraining.endpoints import RetrainingApi
from gateway.retraining.guard import TrainingGuard
from gateway.retraining.service import Retraining
from gateway.retraining.serving import ServingFiles, ServingWatch
from gateway.retraining.tasks import RetrainingWatch
from gateway.settings import Settings
from handoff.answering.endpoints import AnsweringApi
from handoff.answering.service import Answering
from handoff.assistant.turns import Turns
from handoff.attachments.endpoints import STAFF_UPLOADS, AttachmentsApi
from handoff.attachments.scanner import clamd
from handoff.attachments.schemas import Limits
from handoff.attachments.service import Attachments
from handoff.attachments.storage import AttachmentStore
from handoff.attachments.tasks import AttachmentWatch
from handoff.board.endpoints import BoardApi
from handoff.board.service import Board
from handoff.broker import Broker, Policy
from handoff.callbacks.endpoints import CallbacksApi
from handoff.callbacks.service import Callbacks
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
from handoff.corrections.endpoints import CorrectionsApi
from handoff.corrections.service import Corrections
from handoff.desk import Desk
from handoff.forecast.endpoints import ForecastApi
from handoff.forecast.service import Forecasts
from handoff.forecast.tasks import ForecastWatch
from handoff.gate import CitizenGate
from handoff.guides.endpoints import GuidesApi
from handoff.guides.service import Guides
from handoff.level2.endpoints import MailApi
from handoff.level2.mailer import SmtpPost, Writer
from handoff.level2.tasks import Level2Watch
from handoff.live import Feed
from handoff.macros.endpoints import MacrosApi
from handoff.macros.service import Macros
from handoff.notes.endpoints import NotesApi
from handoff.notes.service import Notes
from handoff.notices.endpoints import NoticesApi
from handoff.notices.live import LiveNotices
from handoff.notices.service import Notices
from handoff.open_data.administration import OpenDataPublication
from handoff.open_data.endpoints import OPEN_DATA, OpenDataApi, OpenDataSwitchApi
from handoff.open_data.service import OpenData
from handoff.presence.tasks import PresenceWatch
from handoff.publications.endpoints import PublicationApi
from handoff.publications.service import Publications
from handoff.publications.tasks import Publisher
from handoff.push.endpoints import PushApi
from handoff.push.sender import PushSender
from handoff.push.service import Push
from handoff.push.tasks import PushWatch
from handoff.queue.administration import QueueAdministration
from handoff.queue.endpoints import QueuesApi
from handoff.queue.router import Router
from handoff.reports.endpoints import ReportsApi
from handoff.reports.service import Reports
from handoff.reports.tasks import ContactWatch
from handoff.search.bulk import BulkDesk
from handoff.search.endpoints import SearchApi
from handoff.search.service import Search
from handoff.search.tasks import SearchFill
from handoff.service_clock.endpoints import HoursApi
from handoff.service_clock.hours import Hours
from handoff.service_clock.tasks import LiveCalendar
from handoff.service_level.administration import TargetDesk
from handoff.service_level.endpoints import QualityApi, ServiceLevelApi
from handoff.service_level.quality import Quality
from handoff.service_level.tasks import ClockWatch
from handoff.settlement.disputes import Disputes
from handoff.settlement.documents import texts as document_words
from handoff.settlement.documents.endpoints import DocumentApi
from handoff.settlement.documents.printing import Printer
from handoff.settlement.documents.wording import Wording as DocumentWording
from handoff.settlement.endpoints import SettlementApi
from handoff.settlement.prices import PriceLists
from handoff.settlement.service import Settlement
from handoff.settlement.statement import Adjustment
from handoff.settlement.tasks import ClosingWatch
from handoff.shifts.endpoints import ShiftsApi
from handoff.shifts.service import Shifts
from handoff.sites.endpoints import SitesApi
from handoff.sites.live import LiveSites
from handoff.sites.service import Sites
from handoff.spelling.endpoints import SpellingApi
from handoff.spelling.service import Spelling
from handoff.staff.administration import People
from handoff.staff.endpoints import PeopleApi
from handoff.staff.service import Accounts
from handoff.staff.trail import AuditReader
from handoff.staffing.endpoints import StaffingApi
from handoff.staffing.service import FixedPart
from handoff.tasks import Sweep
from kit import language
from kit.bus import Bus, Notice, RedisBus
from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.errors import PieturaError
from kit.i18n import LANGUAGES, Catalogue
from kit.ratelimit import Limiter
from kit.rounds import GoesRound
from kit.vault import Vault
from knowledge_base.editor.endpoints import EditorApi
from knowledge_base.editor.service import EditorsDesk
from knowledge_base.editor.tasks import KnowledgeWatch
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.exchange.endpoints import ExchangeApi
from knowledge_base.exchange.service import Exchange
from knowledge_base.learning.endpoints import LearningApi
from knowledge_base.learning.service import Learning
from knowledge_base.learning.tasks import LearningWatch
from knowledge_base.plans.endpoints import PlansApi
from knowledge_base.plans.live import LivePlans
from knowledge_base.plans.service import PlansDesk
from knowledge_base.service import KnowledgeBase
from knowledge_base.turns.endpoints import TurnsApi
from knowledge_base.turns.service import TurnsDesk
from knowledge_base.unification.endpoints import UnificationApi
from knowledge_base.unification.service import Unification
from knowledge_base.wording.endpoints import WordingApi
from knowledge_base.wording.service import Wording
from knowledge_base.wording.tasks import WordingWatch

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


class Loop(Protocol):
    """Something that goes on by itself until it is cancelled."""

    async def run(self) -> None:
        """Goes on."""
        ...


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
        look = ServingFiles(settings.data_dir).url if settings.rasa_kept else None
        self.rasa = RasaClient(settings.bot_url, settings.bot_token.get_secret_value(), settings.bot_timeout_s, look)
        self._understander = understander or self.rasa
        self._policy = policy or Policy()
        self._loaded = knowledge
        served = platform_connectors(self.clock) if connectors is None else connectors
        vault = Vault(settings.credentials_key.get_secret_value())
        self.channels = Channels(served, vault)
        self.attachment_store = AttachmentStore(settings.data_dir / "attachments", vault)
        self._loops: tuple[Loop, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []

    async def build(self, app: FastAPI) -> None:
        """Loads what must be loaded, and mounts the routes."""
        settings = self.settings
        language.warm_up()
        async with self.db.read() as session:
            self.knowledge = self._loaded or await KnowledgeBase.load(
                session, EmbeddingStore(SentenceEncoder(), settings.cache_dir)
            )
        opens, closes = time.fromisoformat(settings.opens), time.fromisoformat(settings.closes)
        self.calendar = LiveCalendar(self.db, opens, closes)
        await self.calendar.once()
        # The first question about a holiday computes the year's: not while a citizen waits.
        self.calendar().next_opening(self.clock.now())
        spoken = Catalogue(_folder(actions) / "locales")
        trail = AuditTrail(self.db, self.clock)
        plans_desk = PlansDesk(self.db, self.clock, self.knowledge, self._plans_changed, trail, InvitationsOfSites())
        self.plans = LivePlans(self.db, self.clock, plans_desk)
        await self.plans.once()
        self._rules = SafetyRules()
        assistant = PieturaAssistant(self.knowledge, self._understander, self._rules, spoken, self.plans)
        names = ServiceNames(self.knowledge)
        texts = Catalogue(_folder(handoff) / "locales")
        self.outbox = Outbox(self.channels, texts, self.clock)
        self.broker = Broker(
            self.db, self.bus, self.clock, assistant, self.calendar, texts, names, self._policy, self.outbox
        )
        self.citizens = Citizens(self.clock, texts, self.channels, settings.secret_key.get_secret_value())
        self.broker.citizens = self.citizens
        await self.broker.targets.once()
        self.clock_watch = ClockWatch(self.broker)
        self.attachments = self._attachments(texts)
        self.broker.attachments = self.attachments
        self.notices = LiveNotices(self.db, self.clock)
        await self.notices.once()
        self.broker.notices = self.notices
        self.sites = LiveSites(self.db)
        await self.sites.once()
        self.broker.sites = self.sites
        self.attachment_watch = AttachmentWatch(self.attachments)
        self.feed = Feed(self.db, self.bus)
        self.turns = Turns(self.broker)
        self.sweep = Sweep(self.broker, self.turns)
        self.router = Router(self.broker)
        self.bus.listen(self.router.on_notice)
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
                UPLOADS: settings.chat_uploads,
                UPLOADS_ADDRESS: settings.chat_uploads_address,
                STAFF_UPLOADS: settings.staff_uploads,
                BAD_SIGNATURES: settings.hook_bad_signatures,
                OPEN_DATA: settings.open_data_pace,
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
        cards = Cards(
            names,
            names.municipality,
            texts,
            self.clock,
            self.channels,
            self.broker.marks_on_platform,
            self.broker.level2,
        )
        self.console_feed = ConsoleFeed(self.db, self.feed, cards)
        desk = Desk(self.broker)
        accounts = Accounts(self.db, self.clock)
        console = Console(
            self.broker,
            desk,
            accounts,
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
        _add(app, self.webchat.router())
        _add(app, Hooks(self.db, self.channels, self.inbox, limiter).router())
        _add(app, ChannelsApi(administration, console.doors).router())
        response_times = ResponseTimes(self.broker)
        _add(app, ResponseTimesApi(response_times, console.doors, names, names.municipality).router())
        _add(app, PublicationApi(publications, console.doors, texts).router())
        looked_up = OperatorKnowledge(self.knowledge, self._understander, spoken)
        answering = Answering(self.broker, looked_up, names.municipality)
        _add(app, AnsweringApi(answering, console.doors).router())
        editors = EditorsDesk(self.db, self.clock, self._knowledge_published, trail)
        self.knowledge_watch = KnowledgeWatch(self.db, self.knowledge, editors)
        self.bus.listen(self._on_notice)
        tryout = AssistantTryout(assistant, self.knowledge, spoken)
        _add(app, EditorApi(editors, tryout, console.doors.viewer, console.doors.changing).router())
        exchange = Exchange(self.db, self.clock, self.knowledge.gazetteer, self._knowledge_published, trail)
        _add(app, ExchangeApi(exchange, console.doors.viewer, console.doors.changing, console.texts).router())
        preview = PlanPreview(assistant, self.clock)
        _add(app, PlansApi(plans_desk, preview, console.doors.viewer, console.doors.changing).router())
        wording = Wording(self.db, self.clock, self.knowledge, self._knowledge_published, trail)
        self.wording_watch = WordingWatch(
            self.db, self.clock, self.knowledge, wording, SetDecision(self.knowledge), (editors, exchange)
        )
        _add(app, WordingApi(wording, console.doors.viewer, console.doors.changing).router())
        life = LifeOfConversations(self.db)
        turns = self._mount_training(app, console, trail)
        self.learning = Learning(self.db, self.clock, self.knowledge, life, wording, trail, turns)
        _add(app, LearningApi(self.learning, console.doors.viewer, console.doors.changing).router())
        self.unification = Unification(self.db, self.clock, self.knowledge, trail)
        _add(app, UnificationApi(self.unification, console.doors.viewer, console.doors.changing).router())
        reports = Reports(self.broker, DemandOfLife(self.db, life))
        shown = Catalogue(_folder(handoff) / "console" / "locales")
        _add(app, ReportsApi(reports, console.doors, names, shown).router())
        tables = OpenData(self.broker, names)
        publication = OpenDataPublication(
            self.db,
            self.clock,
            tables,
            texts,
            at_first=bool(settings.open_data),
            licence=settings.open_data_licence,
            url=f"{settings.public_url}/{OPEN_DATA}",
        )
        _add(app, OpenDataApi(tables, publication, texts, limiter).router())
        _add(app, OpenDataSwitchApi(publication, console.doors).router())
        notes = Notes(self.broker)
        _add(app, NotesApi(notes, console.doors).router())
        _add(app, AttachmentsApi(self.broker, self.attachments, console.doors, limiter).router())
        _add(app, CorrectionsApi(Corrections(self.broker), console.doors).router())
        book = GuidesOfPlans(self.plans, self.knowledge, spoken)
        self.webchat.begins = book.offered
        guides = Guides(self.broker, desk, book)
        self.broker.on_press = guides.pressed
        _add(app, GuidesApi(guides, console.doors).router())
        self.macros = Macros(self.broker, desk, notes, answering)
        _add(app, MacrosApi(self.macros, console.doors).router())
        vault = Vault(settings.credentials_key.get_secret_value())
        callbacks = Callbacks(self.broker, vault)
        self.broker.on_contact = callbacks.wanted_by_citizen
        _add(app, CallbacksApi(callbacks, console.doors).router())
        self.spelling = Spelling(self.knowledge.names_in_latvian)
        _add(app, SpellingApi(self.spelling, console.doors).router())
        self._mount_board_and_mails(app, console, response_times, names)
        citizens = CitizenDesk(self.broker, self.citizens)
        _add(app, CitizenApi(citizens, console.doors, texts, vault, self.attachments).router())
        _add(app, SearchApi(Search(self.broker, cards), BulkDesk(self.broker, desk), console.doors).router())
        self.search_fill = SearchFill(self.db)
        self.presence_watch = PresenceWatch(self.db, self.clock, self.calendar)
        hours = Hours(self.db, self.clock, self.calendar, self._calendar_changed)
        _add(app, HoursApi(hours, console.doors).router())
        targets = TargetDesk(self.db, self.clock, self.broker.targets, self._targets_changed)
        _add(app, ServiceLevelApi(self.broker, targets, console.doors, names).router())
        self.quality = Quality(self.db, self.clock, self.broker.targets, texts)
        _add(app, QualityApi(self.quality, console.doors).router())
        _add(app, NoticesApi(Notices(self.db, self.clock, self._notices_changed), console.doors).router())
        self._mount_planning(app, console)
        self._mount_settlement(app, console, names)
        sites = Sites(self.db, self.clock, self._sites_changed, self._words_of_widget)
        _add(app, SitesApi(sites, console.doors).router())
        _add(app, QueuesApi(QueueAdministration(self.broker), console.doors, names, self.channels).router())
        read = AuditReader(self.db, self.clock)
        people = PeopleApi(People(self.broker), accounts, read, console.doors, limiter, console.texts)
        _add(app, people.router())
        key = settings.push_private_key.get_secret_value()
        sender = PushSender(key, settings.push_reached_at, self.clock, settings.push_stand_in) if key else None
        self.push = Push(self.broker, Vault(settings.credentials_key.get_secret_value()), sender)
        self.push_watch = PushWatch(self.push)
        _add(app, PushApi(self.push, console.doors).router())
        _add(app, console.router())
        self.health = Health(self)
        _add(app, self.health.router())
        _add(app, MetricsApi(self).router())

    def _attachments(self, texts: Catalogue) -> Attachments:
        settings = self.settings
        limits = Limits(
            file=settings.attachment_mb * 1024 * 1024,
            conversation=settings.attachments_conversation_mb * 1024 * 1024,
        )
        return Attachments(self.db, self.bus, self.clock, self.attachment_store, texts, limits, clamd(settings.clamd))

    def _mount_board_and_mails(
        self, app: FastAPI, console: Console, response_times: ResponseTimes, names: ServiceNames
    ) -> None:
        settings, broker = self.settings, self.broker
        broker.level2.mails = bool(settings.smtp_host)
        post = None
        if settings.smtp_host:
            password = settings.smtp_password.get_secret_value()
            post = SmtpPost(
                settings.smtp_host, settings.smtp_port, settings.smtp_user, password, settings.smtp_security
            )
        writer = Writer(self.texts, names, broker.level2, settings.public_url, settings.mail_from)
        self.level2_watch = Level2Watch(broker, post, writer)
        self.board = Board(broker, response_times, self.feed, self.console_feed)
        _add(app, MailApi(broker, self.level2_watch, console.doors).router())
        _add(app, BoardApi(self.board, self.level2_watch, console.doors, names).router())

    def _mount_training(self, app: FastAPI, console: Console, trail: AuditTrail) -> TurnsDesk:
        turns = TurnsDesk(self.db, self.clock, self.knowledge, TrainingGuard(self._rules), trail)
        _add(app, TurnsApi(turns, console.doors.viewer, console.doors.changing).router())
        self.retraining = Retraining(self.db, self.clock, self.settings, turns, self._training_changed)
        self.retraining_watch = RetrainingWatch(self.retraining)
        _add(app, RetrainingApi(self.retraining, console.doors.viewer, console.doors.changing).router())
        return turns

    def _mount_planning(self, app: FastAPI, console: Console) -> None:
        self.fixed_part = FixedPart(self.db, self.clock, self.calendar, self.texts)
        _add(app, StaffingApi(self.fixed_part, console.doors).router())
        targets = self.broker.targets
        self.forecasts = Forecasts(self.db, self.clock, self.calendar, lambda day: targets.on(day)["chat_begun"])
        _add(app, ForecastApi(self.forecasts, console.doors).router())
        shifts = Shifts(self.db, self.clock, self.calendar, self.forecasts)
        _add(app, ShiftsApi(shifts, console.doors).router())

    def _mount_settlement(self, app: FastAPI, console: Console, names: ServiceNames) -> None:
        self.settlement = Settlement(self.db, self.clock, names, self._month_closing, self.adjustments)
        self.quality.variable_part = lambda session, year: self.settlement.variable_part(session, year.months)
        self.closing_watch = ClosingWatch(self.settlement)
        lists, disputes = PriceLists(self.db, self.clock), Disputes(self.db, self.clock, names)
        self.printer = Printer()
        documents = DocumentApi(self.settlement, self.printer, console.doors, self.db, self.clock)
        _add(app, documents.router())
        _add(app, SettlementApi(lists, self.settlement, disputes, console.doors).router())

    async def adjustments(self, month: date) -> list[tuple[str, Adjustment]]:
        """What a month's statements of centres hold besides cases and fees: the quality part and the fixed part (R16)."""
        async with self.db.read() as session:
            quality = await self.quality.quality_adjustments(session, month)
            return [*quality, *await self.fixed_part.fixed_adjustments(session, month)]

    async def _month_closing(self) -> None:
        await self.bus.publish({"kind": "month"})

    async def _training_changed(self) -> None:
        await self.bus.publish({"kind": "training"})

    async def _knowledge_published(self) -> None:
        await self.bus.publish({"kind": "knowledge"})

    async def _calendar_changed(self) -> None:
        await self.bus.publish({"kind": "calendar"})

    async def _targets_changed(self) -> None:
        await self.broker.targets.once()
        await self.bus.publish({"kind": "targets"})

    async def _notices_changed(self) -> None:
        await self.notices.once()
        await self.bus.publish({"kind": "notices"})

    async def _plans_changed(self) -> None:
        await self.plans.once()
        await self.bus.publish({"kind": "plans"})

    async def _sites_changed(self) -> None:
        await self.sites.once()
        await self.bus.publish({"kind": "sites"})

    def _words_of_widget(self) -> dict[str, object]:
        """What a site may replace: the widget's words, and the assistant's first ones as they go over the wire."""
        first = {lang: self.broker.assistant.greeting(lang) for lang in LANGUAGES}
        return {
            "catalogue": self.webchat.catalogue(),
            "greeting": {lang: {"text": one.text, **one.extras()} for lang, one in first.items()},
        }

    async def _on_notice(self, notice: Notice) -> None:
        if notice["kind"] == "sites":
            self.sites.wake()
        if notice["kind"] == "notices":
            self.notices.wake()
        if notice["kind"] == "plans":
            self.plans.wake()
        if notice["kind"] == "calendar":
            self.calendar.wake()
        if notice["kind"] == "targets":
            self.broker.targets.wake()
        if notice["kind"] == "month":
            self.closing_watch.wake()
        if notice["kind"] == "knowledge":
            self.knowledge_watch.wake()
        if notice["kind"] == "training":
            self.retraining_watch.wake()

    async def start(self) -> None:
        """Begins to work."""
        await self.bus.start()
        await self.feed.start()
        self.webchat.start()
        loops: list[Loop] = [
            self.feed,
            self.console_feed,
            self.sweep,
            self.router,
            self.inbox,
            self.delivery,
            self.watch,
            self.lookup,
            self.publisher,
            self.level2_watch,
            self.broker.targets,
            self.clock_watch,
            self.board,
            self.knowledge_watch,
            self.attachment_watch,
            self.search_fill,
            self.calendar,
            self.wording_watch,
            LearningWatch(self.learning),
            self.notices,
            self.presence_watch,
            self.plans,
            self.closing_watch,
            ForecastWatch(self.forecasts),
            self.sites,
            self.push_watch,
            self.retraining_watch,
            ContactWatch(self.db, self.clock),
        ]
        if self.settings.rasa_kept:
            loops.append(ServingWatch(ServingFiles(self.settings.data_dir), self.rasa.use))
        self._loops = tuple(loops)
        self._tasks = [asyncio.create_task(one.run()) for one in loops]

    def background(self) -> dict[str, Any]:
        """Whether everything that goes on by itself still does, and does not fail each time: a loop that has ended, or comes to
        nothing, would be missed by nobody for long. What has a part of its own in health is told there."""
        # What has come to its end has done its work: the search is filled once.
        ended = sorted(_name_of(task) for task in self._tasks if task.done() and (task.cancelled() or task.exception()))
        failing = sorted(
            f"{type(one).__name__} ({one.rounds.last_error})"
            for one in self._loops
            if one is not self.clock_watch and isinstance(one, GoesRound) and one.rounds.last_error is not None
        )
        return {
            "ok": not ended and not failing,
            "running": len(self._tasks) - len(ended),
            "ended": ", ".join(ended) or None,
            "failing": ", ".join(failing) or None,
        }

    async def stop(self) -> None:
        """Stops in good order: no new work, what is under way is finished, sockets are told to come back."""
        await self.turns.drain(5.0)
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.retraining.stop()
        # A send that is cut off is unknown afterwards: better to wait for its answer.
        await self.delivery.drain(5.0)
        await self.push_watch.drain(2.0)
        if self.push.sender is not None:
            await self.push.sender.close()
        await self.channels.close()
        await self.webchat.stop()
        await self.console_feed.close_all()
        self.spelling.close()
        await self.forecasts.close()
        self.printer.close()
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


def _name_of(task: asyncio.Task[None]) -> str:
    return str(getattr(task.get_coro(), "__qualname__", task.get_name())).removesuffix(".run")


def _folder(package: object) -> Path:
    return Path(str(getattr(package, "__file__", ""))).parent


def _add(app: FastAPI, router: APIRouter) -> None:
    """Its routes as they are. FastAPI's own ``include_router`` keeps routers within routers, makes every route a second time with
    the first request, and asks all of them one after the other what has changed: with forty routers most of a request's time."""
    app.router.routes.extend(router.routes)


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
    # Around everything, so that what is made of a fault is measured and logged as well.
    inner = app.build_middleware_stack
    app.build_middleware_stack = lambda: Timing(inner())  # type: ignore[method-assign]

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/demo" if gateway.settings.demo else "/console")

    return app


def _add_errors(app: FastAPI, gateway: Gateway) -> None:
    """Every refusal is a small JSON object with a code and a sentence in the person's language."""
    months = document_words()

    def language_of(request: Request) -> str:
        wanted = request.headers.get("x-pietura-lang") or request.headers.get("accept-language", "lv")
        return next((lang for lang in ("lv", "ru", "en") if wanted.lower().startswith(lang)), "lv")

    def body(request: Request, code: str, details: dict[str, object]) -> dict[str, object]:
        lang = language_of(request)
        said = details
        if "month" in details:
            # In the sentence by its name; programs get it as it is.
            month = date.fromisoformat(f"{details['month']}-01")
            said = {**details, "month": DocumentWording(months, lang).month(month)}
        try:
            title = gateway.texts.text(lang, f"error.{code}", **said)
        except KeyError:
            title = gateway.texts.text(lang, "error.changed" if code == "taken" else "error.internal")
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
