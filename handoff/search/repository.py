"""All SQL of the search. Every query carries the rule of who sees what (:mod:`handoff.conversations.scope`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    and_,
    any_,
    bindparam,
    cast,
    column,
    delete,
    except_,
    func,
    intersect,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Case
from handoff.channels.models import ChannelThread
from handoff.conversations.models import Conversation, Message
from handoff.conversations.scope import scope
from handoff.notes.models import Note
from handoff.queue.models import COMMON
from handoff.search import index
from handoff.search.models import SavedView, SearchBacklog, SearchDocument
from handoff.search.schemas import Query
from handoff.search.words import Term
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import ENDED
from kit.clock import midnight
from kit.stemming import fold

#: Beyond this it is only said that there are more.
COUNTED = 1000
_FTS = table("search_text", column("rowid"))
_WORDS = table("search_text", column("conversation_id"), column("words"))
#: Conversations of which all ids are taken, rather than to go through them in their order: about where both cost the same.
_FEW = 4000
_TSQUERY = TSQUERY()
_Ids = Select[Any] | CompoundSelect[Any]


@dataclass(frozen=True)
class Cursor:
    """Where the next page goes on: after this conversation, in the order of the search."""

    hits: int
    at: datetime
    id: str


@dataclass
class Wanted:
    """A search made ready: filters as conditions, words as terms.

    Attributes:
        numbered: the conversations whose case has the number that the query is, perhaps.
        holders: members of staff by term: their conversations count as if the name stood in them.
    """

    conditions: list[ColumnElement[bool]]
    terms: list[Term] = field(default_factory=list)
    numbered: list[str] = field(default_factory=list)
    holders: dict[int, list[str]] = field(default_factory=dict)

    @property
    def included(self) -> list[Term]:
        """What must be there."""
        return [term for term in self.terms if not term.excluded]


def filters(query: Query, from_day: Any, to_day: Any) -> list[ColumnElement[bool]]:
    """Conditions for the filters of a query; days are Riga's, of the opening."""
    c = Conversation
    found: list[ColumnElement[bool]] = []
    if query.state == "open":
        found.append(c.state.not_in([*ENDED]))
    elif query.state == "over":
        found.append(c.state.in_([*ENDED]))
    elif query.state:
        found.append(c.state == query.state)
    same = (
        (c.channel, query.channel),
        (c.service_id, query.service),
        (c.topic, query.topic),
        (c.outcome, query.outcome),
        (c.lang, query.lang),
        (c.holder_id, query.holder),
        (c.centre_id, query.centre),
    )
    found += [attribute == value for attribute, value in same if value]
    if query.institution:
        found.append(or_(c.institution_id == query.institution, c.level2_institution_id == query.institution))
    if from_day is not None:
        found.append(c.opened_at >= midnight(from_day))
    if to_day is not None:
        found.append(c.opened_at < midnight(to_day + timedelta(days=1)))
    match query.rating:
        case "none":
            found.append(c.rating.is_(None))
        case "any":
            found.append(c.rating.is_not(None))
        case "low":
            found.append(c.rating <= 2)
        case "":
            pass
        case score:
            found.append(c.rating == int(score))
    if query.level2:
        found.append(c.level2_at.is_not(None))
    if query.unread:
        found.append(c.unread > 0)
    if query.later:
        found.append(c.outcome == "answer_later")
    if query.queue:
        # What was queued before there were queues counts to the common one.
        found += [c.queued_at.is_not(None), func.coalesce(c.queue_id, COMMON) == query.queue]
    return found


async def numbered(session: AsyncSession, case_no: int | None) -> list[str]:
    """The conversation of the case with this number, if there is one."""
    if case_no is None:
        return []
    return list(await session.scalars(select(Case.conversation_id).where(Case.no == case_no)))


async def holders(session: AsyncSession, terms: Sequence[Term]) -> dict[int, list[str]]:
    """Members of staff whose name has the word, by the term's place."""
    if not any(term.folded for term in terms):
        return {}
    staff = (await session.execute(select(Staff.id, Staff.name))).tuples().all()
    found: dict[int, list[str]] = {}
    for number, term in enumerate(terms):
        if term.folded:
            named = [key for key, name in staff if any(term.fits(part) for part in fold(name).split())]
            if named:
                found[number] = named
    return found


class Found(Protocol):
    """Statements for one search on one kind of database (:func:`found`)."""

    async def look(self, session: AsyncSession) -> None:
        """What has to be known before the statements are made."""
        ...

    def page(self, relevant: bool, cursor: Cursor | None, limit: int) -> Select[Conversation, int]:
        """One page: conversations with the number of things that were found in them (0 when that is not asked).

        ``relevant``: the most fitting first, of the :data:`COUNTED` newest.
        """
        ...

    def count(self) -> Select[int]:
        """How many there are, counted no further than :data:`COUNTED` and one."""
        ...

    def places(self, ids: Sequence[str]) -> Select[str, str, str]:
        """Where in these conversations the words stand: (conversation, kind, ref), the newest first."""
        ...


def found(dialect: str, viewer: Viewer, wanted: Wanted) -> Found:
    """The statements of a search on a database of this kind."""
    made = _FoundByMessage if dialect == "sqlite" else _FoundByConversation
    return made(viewer, wanted)


class _Statements:
    """What is the same on both: pages, counts and places, of what one kind of database finds."""

    def __init__(self, viewer: Viewer, wanted: Wanted) -> None:
        self._wanted = wanted
        self._conditions = [scope(viewer), *wanted.conditions]

    async def look(self, session: AsyncSession) -> None:
        """See :class:`Found`."""

    def _documents(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        """Documents in which one of ``terms`` stands."""
        raise NotImplementedError

    def _matching(self) -> Sequence[ColumnElement[bool]]:
        """Conversations with the words."""
        raise NotImplementedError

    def _all(self) -> list[ColumnElement[bool]]:
        return [*self._conditions, *self._matching()]

    def page(self, relevant: bool, cursor: Cursor | None, limit: int) -> Select[Conversation, int]:
        """See :class:`Found`."""
        c = Conversation
        newest: list[ColumnElement[Any]] = [c.last_at.desc(), c.id.desc()]
        included = self._wanted.included
        if not (relevant and included):
            conditions = self._all()
            if cursor is not None:
                conditions.append(_before(c.last_at, c.id, cursor))
            return select(c, literal_column("0")).where(*conditions).order_by(*newest).limit(limit)
        few = select(c.id).where(*self._all()).order_by(*newest).limit(COUNTED).cte("few")
        ranked = select(few.c.id, self._hits(few.c.id).label("hits")).cte("ranked")
        statement = select(c, ranked.c.hits).join(ranked, ranked.c.id == c.id)
        if cursor is not None:
            hits = ranked.c.hits
            statement = statement.where(
                or_(hits < cursor.hits, and_(hits == cursor.hits, _before(c.last_at, c.id, cursor)))
            )
        return statement.order_by(ranked.c.hits.desc(), *newest).limit(limit)

    def _hits(self, conversation_id: ColumnElement[str]) -> ColumnElement[int]:
        """In how many things of a conversation the words stand."""
        of_it = SearchDocument.conversation_id == conversation_id
        counted = select(func.count()).select_from(SearchDocument)
        return counted.where(of_it, self._documents(self._wanted.included)).scalar_subquery()

    def count(self) -> Select[int]:
        """See :class:`Found`."""
        few = select(Conversation.id).where(*self._all()).limit(COUNTED + 1).subquery()
        return select(func.count()).select_from(few)

    def places(self, ids: Sequence[str]) -> Select[str, str, str]:
        """See :class:`Found`."""
        return (
            select(SearchDocument.conversation_id, SearchDocument.kind, SearchDocument.ref)
            .where(SearchDocument.conversation_id.in_(ids), self._documents(self._wanted.included))
            .order_by(SearchDocument.id.desc())
        )


def _before(at: Any, key: Any, cursor: Cursor) -> ColumnElement[bool]:
    return or_(at < cursor.at, and_(at == cursor.at, key < cursor.id))


class _FoundByMessage(_Statements):
    """SQLite: FTS5 tells the documents of a word, and they their conversations."""

    def _documents(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        match = " OR ".join(_fts5(term) for term in terms)
        hits = select(_FTS.c.rowid).where(
            text("search_text MATCH :match").bindparams(bindparam("match", match, unique=True))
        )
        return SearchDocument.id.in_(hits)

    def _having(self, number: int, term: Term) -> _Ids:
        """Conversations in which a term stands, or whose holder has the name."""
        said = select(SearchDocument.conversation_id.label("id")).where(self._documents([term]))
        held = self._wanted.holders.get(number)
        if not held:
            return said
        return union(said, select(Conversation.id).where(Conversation.holder_id.in_(held)))

    def _matching(self) -> Sequence[ColumnElement[bool]]:
        terms = self._wanted.terms
        having = [_as_select(self._having(number, term)) for number, term in enumerate(terms) if not term.excluded]
        without = [_as_select(self._having(number, term)) for number, term in enumerate(terms) if term.excluded]
        conditions: list[ColumnElement[bool]] = []
        if having:
            together: _Ids = intersect(*having) if len(having) > 1 else having[0]
            if without:
                together = except_(_as_select(together), *without)
            conditions.append(Conversation.id.in_(_as_select(together)))
        elif without:
            conditions += [Conversation.id.not_in(one) for one in without]
        if not conditions:
            return []
        if not self._wanted.numbered:
            return conditions
        return [or_(Conversation.id.in_(self._wanted.numbered), and_(*conditions))]


class _FoundByConversation(_Statements):
    """PostgreSQL: each conversation has one row with all its words (``search_text``, kept by triggers).

    The planner knows too little of how often words stand together to choose: at 100 000 conversations a wrong guess costs half
    a minute. So it is looked first whether there are few: then their ids are known, and nothing else is looked at. Else the
    conversations are gone through in the order that is asked for, each one's row being looked at, and soon there are enough.
    """

    def __init__(self, viewer: Viewer, wanted: Wanted) -> None:
        super().__init__(viewer, wanted)
        terms = list(enumerate(wanted.terms))
        of_holders = [number for number, _ in terms if wanted.holders.get(number)]
        # Those that may be a colleague's name stand for themselves: each is found by the word or by him.
        together = [term for number, term in terms if number not in of_holders]
        self._parts = [
            part
            for part in (
                _Part([term for term in together if not term.excluded], [term for term in together if term.excluded]),
                *(_part_of(wanted.terms[number], wanted.holders[number]) for number in of_holders),
            )
            if part.included or part.excluded
        ]

    async def look(self, session: AsyncSession) -> None:
        """See :class:`Found`."""
        for part in self._parts:
            if part.included:
                few = func.search_text_few(part.words(), _FEW, type_=ARRAY(String))
                ids = await session.scalar(select(few))
                if ids is not None:
                    part.ids = await self._that_say(session, ids, [term for term in part.included if term.phrase])

    async def _that_say(self, session: AsyncSession, ids: Sequence[str], phrases: Sequence[Term]) -> Sequence[str]:
        """Those of these conversations in which each phrase stands: looked at once, for the page and for the count."""
        for term in phrases:
            among = SearchDocument.conversation_id == any_(cast(list(ids), ARRAY(String)))
            said = select(SearchDocument.conversation_id).where(among, _stands_in(term)).distinct()
            ids = (await session.scalars(said)).all()
        return ids

    def _matching(self) -> Sequence[ColumnElement[bool]]:
        conditions = [part.condition() for part in self._parts]
        if self._wanted.numbered and conditions:
            return [or_(Conversation.id.in_(self._wanted.numbered), and_(*conditions))]
        return conditions

    def _documents(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        return or_(*(_stands_in(term) for term in terms))


@dataclass
class _Part:
    """Words that are looked for together.

    Attributes:
        holders: members of staff whose conversations count as well, or do not if the word must not be there.
        ids: the conversations with the words, if they are few.
    """

    included: list[Term]
    excluded: list[Term]
    holders: list[str] = field(default_factory=list)
    ids: Sequence[str] | None = None

    def words(self) -> ColumnElement[Any]:
        """The words as they are asked of a conversation's row; whether a phrase's follow each other it does not tell."""
        words = [_tsquery(term) for term in self.included]
        words += [f"!{_tsquery(term)}" for term in self.excluded if not term.phrase]
        return cast(literal(" & ".join(words), String), _TSQUERY)

    def condition(self) -> ColumnElement[bool]:
        """Conversations with the words."""
        c = Conversation
        conditions: list[ColumnElement[bool]] = []
        if self.ids is not None:
            conditions.append(c.id == any_(cast(list(self.ids), ARRAY(String))))
        elif self.included or any(not term.phrase for term in self.excluded):
            # As a value and not as a condition: so it is asked of one conversation after the other.
            row = (
                select(_WORDS.c.words.op("@@")(self.words())).where(_WORDS.c.conversation_id == c.id).scalar_subquery()
            )
            conditions.append(func.coalesce(row, not self.included))
        if self.ids is None:
            conditions += [_said_in(term) for term in self.included if term.phrase]
        conditions += [not_(_said_in(term)) for term in self.excluded if term.phrase]
        if not self.holders:
            return and_(*conditions)
        if self.included:
            return or_(c.holder_id.in_(self.holders), *conditions)
        return and_(or_(c.holder_id.is_(None), c.holder_id.not_in(self.holders)), *conditions)


def _part_of(term: Term, holders: list[str]) -> _Part:
    return _Part([], [term], holders) if term.excluded else _Part([term], [], holders)


def _said_in(term: Term) -> ColumnElement[bool]:
    """Somewhere in the conversation a term stands."""
    said = select(SearchDocument.id).where(SearchDocument.conversation_id == Conversation.id, _stands_in(term))
    # As a value, for the same reason.
    return func.coalesce(said.limit(1).scalar_subquery(), 0) != 0


def _stands_in(term: Term) -> ColumnElement[bool]:
    """A document holds a term: stems are words and digits only, with one space between."""
    terms = literal(" ") + SearchDocument.terms + literal(" ")
    return or_(
        *(func.strpos(terms, f" {' '.join(way)}{'' if term.open_end(way[-1]) else ' '}") > 0 for way in term.ways)
    )


def _as_select(ids: _Ids) -> Select[Any]:
    # SQLite allows no brackets around the parts of a compound.
    return ids if isinstance(ids, Select) else select(ids.subquery().c.id)


def _fts5(term: Term) -> str:
    ways = [" + ".join(f'"{stem}"' for stem in way) + ("*" if term.open_end(way[-1]) else "") for way in term.ways]
    return f"({' OR '.join(ways)})"


def _tsquery(term: Term) -> str:
    ways = [" & ".join(f"'{stem}'{':*' if term.open_end(stem) else ''}" for stem in way) for way in term.ways]
    return f"({' | '.join(f'({way})' for way in ways)})"


async def said(session: AsyncSession, kind: str, refs: Sequence[str]) -> dict[str, Any]:
    """Messages or notes by their ids."""
    model: Any = Message if kind == "message" else Note
    return {row.id: row for row in await session.scalars(select(model).where(model.id.in_(refs)))}


# --- what is still to be taken in -----------------------------------------------------------------------------------------


async def backlog(session: AsyncSession) -> int:
    """How much from before there was a search cannot be found yet."""
    return await session.scalar(select(func.count()).select_from(SearchBacklog)) or 0


async def take_in(session: AsyncSession, limit: int) -> int:
    """Takes in some of what is from before; how much was left to look at. Two that do so at once do not do it twice."""
    rows = (
        await session.scalars(
            select(SearchBacklog)
            .order_by(SearchBacklog.kind, SearchBacklog.ref)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for kind in ("message", "note", "name"):
        refs = [row.ref for row in rows if row.kind == kind]
        if not refs:
            continue
        if kind == "name":
            await _take_names(session, refs)
        else:
            for one in (await said(session, kind, refs)).values():
                lang = one.lang if kind == "message" else "lv"
                await index.replace(session, kind, one.id, one.conversation_id, one.text, lang)
        await session.execute(
            delete(SearchBacklog)
            .where(SearchBacklog.kind == kind, SearchBacklog.ref.in_(refs))
            .execution_options(synchronize_session=False)
        )
    return len(rows)


async def _take_names(session: AsyncSession, ids: Sequence[str]) -> None:
    rows = await session.execute(
        select(Conversation.id, Conversation.contact, ChannelThread.author_name)
        .outerjoin(ChannelThread, ChannelThread.conversation_id == Conversation.id)
        .where(Conversation.id.in_(ids))
    )
    for key, contact, author in rows.tuples():
        if contact:
            await index.name(session, key, "contact", [contact.get("name")])
        if author:
            await index.name(session, key, "author", [author])


# --- saved views ------------------------------------------------------------------------------------------------------------


async def views(session: AsyncSession, viewer: Viewer) -> Sequence[SavedView]:
    """The views a person has: the shared ones first, then his own, each in their order."""
    rows = await session.scalars(
        select(SavedView)
        .where(or_(SavedView.shared, SavedView.owner_id == viewer.id))
        .order_by(SavedView.shared.desc(), SavedView.position, SavedView.name, SavedView.id)
    )
    return rows.all()


async def view(session: AsyncSession, viewer: Viewer, view_id: str) -> SavedView | None:
    """One of them."""
    found: SavedView | None = await session.scalar(
        select(SavedView).where(SavedView.id == view_id, or_(SavedView.shared, SavedView.owner_id == viewer.id))
    )
    return found
