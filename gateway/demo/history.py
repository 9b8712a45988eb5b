"""Writes a past into a demo's database that has none: contacts of a year, and what people made of them.

Everything that a report, a statement or a forecast is computed from is there as the service itself would have left it. Nothing is
left open: no conversation waits, no clock runs, nobody is told anything.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any, Final

from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

import actions
import handoff
from gateway.demo.books import Books, Titles
from gateway.demo.days import days, moments, roster
from gateway.demo.story import Stories, Told
from gateway.demo.talk import Account, Colleague, PriceOf, World, columns_of
from gateway.demo.words import Stock
from gateway.seed import PRICES_ID
from gateway.settings import Settings
from gateway.setup import Say
from handoff.broker import Policy
from handoff.cases.models import Case, CaseEntry
from handoff.cases.service import list_in_force
from handoff.channels.models import ChannelAccount, ChannelThread, OutboxRow
from handoff.citizens.models import ChannelIdentity, Citizen, IdentityConversation, IdentityLink
from handoff.conversations.models import Conversation, Event, Message, Turn
from handoff.presence.models import PresenceRecord, PresenceSpan, WorkedDay
from handoff.queue import repository as queues
from handoff.search.models import SearchDocument
from handoff.service_clock.service import WorkingCalendar
from handoff.service_clock.tasks import read_calendar
from handoff.service_level.models import LevelClock
from handoff.service_level.targets import LiveTargets, usual
from handoff.settlement import repository as settlements
from handoff.settlement.reckoning import Prices
from handoff.settlement.repository import month_of
from handoff.staff import repository as people
from handoff.staff.models import Audit
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from kit.clock import RIGA, Clock, SystemClock, midnight
from kit.db import Database
from kit.i18n import Catalogue
from kit.vault import Vault
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.learning.models import LifeCursor
from knowledge_base.service import Content, read_content

#: About so many contacts.
CONTACTS: Final = 6200
_SEED: Final = 20261130
_MONTHS: Final = 12
#: So many months ago prices were set anew.
_DEARER: Final = 5
#: What was asked in vain is gathered from so far back.
_LIFE: Final = timedelta(days=28)
_LINKED: Final = 0.02
_PORTION: Final = 4000

#: (channel, the platform's id, name, institution, municipality, settings): those that the simulator plays.
ACCOUNTS: Final[tuple[tuple[str, str, str, str | None, str | None, dict[str, Any]], ...]] = (
    (
        "facebook",
        "100200300400501",
        "Valsts sociālās apdrošināšanas aģentūra (demo)",
        "vsaa",
        None,
        {"comment_policy": "public", "human_agent": True},
    ),
    (
        "facebook",
        "100200300400502",
        "Siguldas novads (demo)",
        None,
        "siguldas-novads",
        {"comment_policy": "never", "human_agent": True},
    ),
    (
        "x",
        "1410000000000000001",
        "Pilsonības un migrācijas lietu pārvalde (demo)",
        "pmlp",
        None,
        {"comment_policy": "public"},
    ),
    (
        "telegram",
        "7010000001",
        "Latvija.gov.lv palīgs (demo)",
        "vdaa",
        None,
        {"username": "latvija_demo_bot"},
    ),
)
_TABLES: Final[tuple[tuple[str, Any], ...]] = (
    ("conversation", Conversation),
    ("case", Case),
    ("case_entry", CaseEntry),
    ("channel_identity", ChannelIdentity),
    ("identity_conversation", IdentityConversation),
    ("citizen", Citizen),
    ("identity_link", IdentityLink),
    ("channel_thread", ChannelThread),
    ("message", Message),
    ("turn", Turn),
    ("outbox", OutboxRow),
    ("event", Event),
    ("clock", LevelClock),
    ("search_document", SearchDocument),
)
#: Tables whose rows are numbered here, with the column.
_NUMBERED: Final = {"case": Case.no, "case_entry": CaseEntry.id, "event": Event.seq, "clock": LevelClock.id}


async def make_history(settings: Settings, say: Say, *, contacts: int = CONTACTS, clock: Clock | None = None) -> bool:
    """Makes the past, unless there is a present already; whether it did.

    Raises:
        ValueError: this is production, or no demo.
    """
    if not settings.demo or settings.environment == "production":
        raise ValueError("a made-up history belongs to the demo only")
    now = (clock or SystemClock()).now()
    db = Database(settings.database_url)
    try:
        async with db.read() as session:
            marks = (await session.scalars(select(Audit).where(Audit.action == people.MADE_UP))).all()
            cases = await session.scalar(select(Case.no).limit(1))
        if marks and not any(one.detail.get("whole") for one in marks):
            say("demo history: was interrupted and is not whole; `make clean` begins anew")
        if marks or cases is not None:
            return False
        began = monotonic()
        say(f"demo history: making up a year of about {contacts} contacts …")
        made = await _Making(db, settings, now, contacts).run()
        say(f"demo history: {made} contacts, closed months and rosters in {monotonic() - began:.0f} s")
        return True
    finally:
        await db.close()


@dataclass
class _Making:
    """One making of a history."""

    db: Database
    settings: Settings
    now: datetime
    contacts: int
    chance: random.Random = field(default_factory=lambda: random.Random(_SEED))
    last: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    #: The last conversation in the web chat, its identity, and its citizen if that is linked.
    in_browser: tuple[str, str, str | None] | None = None

    async def run(self) -> int:
        """Writes it; how many contacts there are."""
        today = self.now.astimezone(RIGA).date()
        first = _months_before(month_of(self.now), _MONTHS)
        opens, closes = time.fromisoformat(self.settings.opens), time.fromisoformat(self.settings.closes)
        async with self.db.read() as session:
            _, calendar = await read_calendar(session, WorkingCalendar(opens, closes))
        content, staff = await self._begin(first)
        names = Titles({one.id: one.titles()["lv"] for one in content.services.values()})
        targets = LiveTargets(self.db, _Present(self.now), _usual(), _unchanged)
        books = Books(self.db, calendar, targets, self._texts(), names, staff, first, self.now)
        await books.first_prices(PRICES_ID)
        operators = [_colleague(staff[one]) for one in ("anna", "janis", "olga")]
        rota = roster(self.chance, first, today, [one.id for one in operators], calendar)
        async with self.db.read() as session:
            lines = await queues.queues(session)
            accounts = (await session.scalars(select(ChannelAccount).order_by(ChannelAccount.name))).all()
        world = World(
            self.chance,
            calendar,
            Stock(content, Gazetteer(), self.chance),
            self._texts(),
            Policy(),
            {name: target.span for name, target in _usual().items()},
            lines,
            operators,
            {str(staff[one].institution_id): _colleague(staff[one]) for one in ("ieva", "peteris")},
            [_account(one) for one in accounts],
            rota,
            _no_price,
        )
        await self._presence(rota, {one.id: one for one in operators}, calendar, first)
        await books.agree()
        stories = Stories(world, self.now)
        opened = moments(self.chance, first, self.now, self.contacts, calendar)
        dearer = _months_before(month_of(self.now), _DEARER)
        compared = midnight(dearer) - timedelta(days=18)
        made = 0
        for part in ([one for one in opened if one < compared], [one for one in opened if one >= compared]):
            if part and part[0] >= compared:
                await books.dearer(dearer)
            world.price_of = await self._prices([first, dearer])
            made += await self._write(stories, part)
        await books.correct(self.chance)
        await books.close_months()
        await books.dispute()
        await books.plan()
        async with self.db.unit() as unit:
            unit.session.add(LifeCursor(id=1, at=self.now - _LIFE))
            people.audit(unit.session, self.now, None, people.MADE_UP, None, whole=True, contacts=made)
        return made

    def _texts(self) -> Catalogue:
        return Catalogue(_folder(handoff) / "locales", _folder(actions) / "locales")

    async def _begin(self, first: date) -> tuple[Content, dict[str, Viewer]]:
        """The mark comes first, so that nothing of it can ever be taken for real; with it the accounts on platforms."""
        enabled = self.settings.simulator_url is not None
        vault = Vault(self.settings.credentials_key.get_secret_value())
        async with self.db.unit() as unit:
            session = unit.session
            people.audit(session, self.now, None, people.MADE_UP, None, whole=False)
            known = {one.platform_id for one in (await session.scalars(select(ChannelAccount))).all()}
            for channel, platform_id, name, institution, municipality, kept in ACCOUNTS:
                if platform_id in known:
                    continue
                session.add(
                    ChannelAccount(
                        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{channel} {platform_id}")),
                        channel=channel,
                        platform_id=platform_id,
                        name=name,
                        institution_id=institution,
                        municipality_id=municipality,
                        credentials=vault.seal({}),
                        settings=kept,
                        enabled=enabled,
                        created_at=midnight(first),
                        # The simulator brings the keys in a moment: until then it is asked nothing.
                        polled_at=self.now + timedelta(minutes=3),
                        checked_at=self.now + timedelta(minutes=3),
                    )
                )
        async with self.db.read() as session:
            content = await read_content(session)
            staff = {one.email.split("@")[0]: viewer_of(one, "") for one in await people.everybody(session)}
        return content, staff

    async def _prices(self, begins: Sequence[date]) -> PriceOf:
        """The approved lists, looked up as :func:`handoff.cases.service.tariff_in_force` does."""
        async with self.db.read() as session:
            lists: list[tuple[str, date, Prices]] = []
            for day in (*begins, self.now.astimezone(RIGA).date()):
                row = await list_in_force(session, day)
                if row is not None and row.id not in [one for one, _, _ in lists]:
                    lists.append((row.id, row.valid_from, await settlements.prices_of(session, row.id)))
        lists.sort(key=lambda one: one[1], reverse=True)

        def price_of(kind: str, channel: str, level: int, day: date) -> tuple[str | None, Decimal | None]:
            prices = next((one for _, valid_from, one in lists if valid_from <= day), None)
            found = prices.of(kind, channel, level) if prices is not None else None
            return (found.id, found.price) if found is not None else (None, None)

        return price_of

    # --- contacts -----------------------------------------------------------------------------------------------------

    async def _write(self, stories: Stories, opened: Sequence[datetime]) -> int:
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        made = 0
        for at in opened:
            told = stories.tell(at)
            if told is not None:
                made += 1
                self._add(rows, told, stories)
        if not rows:
            return 0
        for name, by in (("case_entry", "recorded_at"), ("event", "at"), ("clock", "started_at")):
            rows[name].sort(key=lambda one: one[by])
        async with self.db.unit() as unit:
            session = unit.session
            await self._number(session, rows)
            for name, model in _TABLES:
                for portion in _portions(rows[name]):
                    await session.execute(insert(_table(model)), portion)
            if unit.dialect == "postgresql":
                for name, column in _NUMBERED.items():
                    table = column.class_.__tablename__
                    sequence = func.pg_get_serial_sequence(f'"{table}"', column.key)
                    await session.execute(select(func.setval(sequence, max(1, self.last[name]))))
        return made

    def _add(self, rows: dict[str, list[dict[str, Any]]], told: Told, stories: Stories) -> None:
        talk, row, world = told.talk, told.talk.row, stories.world
        rows["conversation"].append(columns_of(row))
        no = self.last["case"] = self.last.get("case", 0) + 1
        case = {"no": no, "conversation_id": row.id, "channel": row.channel, "site": row.site}
        rows["case"].append({**case, "opened_at": row.opened_at})
        rows["case_entry"].append(talk.entry(no))
        talk.rows["event"][0]["data"]["case_no"] = no
        for name, found in talk.rows.items():
            rows[name] += found
        follower = told.follower
        for fresh in stories.fresh:
            rows["channel_identity"].append(
                {
                    "id": fresh.identity_id,
                    "channel": fresh.account.channel,
                    "scope": fresh.account.id,
                    "external_id": fresh.author_id,
                    "display_name": fresh.name,
                    "name_key": None,
                    "first_seen_at": fresh.first_seen_at,
                }
            )
        stories.fresh.clear()
        identity = follower.identity_id if follower is not None else world.id()
        if follower is None:
            rows["channel_identity"].append(
                {
                    "id": identity,
                    "channel": row.channel,
                    "scope": row.site,
                    "external_id": row.id,
                    "display_name": None,
                    "name_key": None,
                    "first_seen_at": row.opened_at,
                }
            )
            citizen: str | None = None
            alone = [one for one in stories.followers[-40:] if not one.citizen]
            if alone and self.chance.random() < _LINKED:
                other = self.chance.choice(alone)
                other.citizen = True
                code_at = row.opened_at + timedelta(minutes=2)
                citizen = self._link(rows, [identity, other.identity_id], None, "code_word", code_at, world)
            elif self.in_browser is not None and self.in_browser[0] == row.previous_id:
                _, before, citizen = self.in_browser
                new = [identity] if citizen is not None else [before, identity]
                citizen = self._link(rows, new, citizen, "browser", row.opened_at, world)
            self.in_browser = row.id, identity, citizen
        rows["identity_conversation"].append({"conversation_id": row.id, "identity_id": identity})

    def _link(
        self,
        rows: dict[str, list[dict[str, Any]]],
        identities: Sequence[str],
        citizen: str | None,
        evidence: str,
        at: datetime,
        world: World,
    ) -> str:
        """These are one person's, ``citizen`` if he is one already; his number."""
        act = world.id()
        if citizen is None:
            citizen = world.id()
            rows["citizen"].append({"id": citizen, "created_at": at})
        for one in identities:
            rows["identity_link"].append(
                {
                    "identity_id": one,
                    "citizen_id": citizen,
                    "act_id": act,
                    "evidence": evidence,
                    "reason": None,
                    "proof_id": None,
                    "replaces_id": None,
                    "linked_by": None,
                    "linked_at": at,
                    "undone_by": None,
                    "undone_at": None,
                    "undo_reason": None,
                }
            )
        return citizen

    async def _number(self, session: AsyncSession, rows: dict[str, list[dict[str, Any]]]) -> None:
        for name, column in _NUMBERED.items():
            if name == "case":
                continue
            if name not in self.last:
                self.last[name] = await session.scalar(select(func.max(column))) or 0
            for row in rows[name]:
                self.last[name] += 1
                row[column.key] = self.last[name]

    # --- who was there ------------------------------------------------------------------------------------------------

    async def _presence(
        self, rota: Any, operators: dict[str, Colleague], calendar: WorkingCalendar, first: date
    ) -> None:
        spans: list[dict[str, Any]] = []
        for there in rota.values():
            for staff_id, day in there.items():
                for kind, begins, ends in (
                    ("available", day.begins, day.lunch),
                    ("away", day.lunch, day.back),
                    ("available", day.back, day.ends),
                ):
                    ends = min(ends, self.now - timedelta(minutes=3))
                    if begins >= ends:
                        continue
                    span = {"id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), "staff_id": staff_id}
                    place = {"centre_id": operators[staff_id].centre_id, "kind": kind}
                    spans.append({**span, **place, "began_at": begins, "ended_at": ends, "last_seen_at": ends})
        yesterday = self.now.astimezone(RIGA).date() - timedelta(days=1)
        worked = []
        for day in days(first, yesterday):
            opens, closes = calendar.hours(day)
            open_ = calendar.is_working_day(day)
            times = (f"{opens:%H:%M}", f"{closes:%H:%M}") if open_ else (None, None)
            worked.append({"day": day, "opens": times[0], "closes": times[1]})
        async with self.db.unit() as unit:
            session = unit.session
            session.add(PresenceRecord(id=str(uuid.uuid4()), began_at=midnight(first), last_seen_at=self.now))
            for portion in _portions(spans):
                await session.execute(insert(_table(PresenceSpan)), portion)
            for portion in _portions(worked):
                await session.execute(insert(_table(WorkedDay)), portion)


@dataclass(frozen=True)
class _Present:
    at: datetime

    def now(self) -> datetime:
        return self.at


def _usual() -> Any:
    policy = Policy()
    return usual(policy.chat_target, policy.comment_target, policy.level2_target)


def _unchanged(_targets: LiveTargets) -> None:
    return


def _no_price(_kind: str, _channel: str, _level: int, _day: date) -> tuple[str | None, Decimal | None]:
    return None, None


def _colleague(viewer: Viewer) -> Colleague:
    languages = {"janis": ("lv", "en"), "olga": ("lv", "ru")}.get(viewer.email.split("@")[0], ("lv", "ru", "en"))
    return Colleague(viewer.id, viewer.name, viewer.centre_id, languages)


def _account(row: ChannelAccount) -> Account:
    public = (row.settings or {}).get("comment_policy") == "public"
    return Account(row.id, row.channel, row.institution_id, row.municipality_id, public)


def _months_before(month: date, number: int) -> date:
    at = month.year * 12 + month.month - 1 - number
    return date(at // 12, at % 12 + 1, 1)


def _portions(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _PORTION):
        yield rows[start : start + _PORTION]


def _table(model: Any) -> Table:
    """Rows go in by the table: by the model SQLAlchemy would look at each of them."""
    found: Table = model.__table__
    return found


def _folder(package: Any) -> Path:
    return Path(package.__path__[0])
