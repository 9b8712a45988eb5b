"""Answering aids for whoever answers a citizen, and the desk of those who write canned answers.

Nothing here is said to the citizen: it is put into the composer, where a person reads it before he sends it.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.answering import repository
from handoff.answering.models import CannedAnswer
from handoff.answering.phrases import phrases
from handoff.answering.ports import FoundService, Knowledge, KnownAnswer
from handoff.answering.schemas import WriteCanned, answer_view, canned_view
from handoff.answering.variables import VARIABLES, check, fill, named
from handoff.broker import Broker
from handoff.cases import repository as ledger
from handoff.channels import repository as platforms
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.queue.service import clock_wording
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES
from kit.textual import clean

#: Suggested answers for one question; each has a key.
SUGGESTED: Final = 3
#: Below this the newest message names no service, and the one before it may be the question.
_NAMES_A_SERVICE: Final = 0.3
#: So many of the last messages may hold the question.
_LOOKED_AT: Final = 3
_FOUND: Final = 8


class Answering:
    """Suggested answers, the knowledge base, and canned answers; permission is checked here, from the session's viewer."""

    def __init__(self, broker: Broker, knowledge: Knowledge, municipality: Any) -> None:
        """``municipality``: function from (id, lang) to a name."""
        self._broker = broker
        self._knowledge = knowledge
        self._municipality = municipality

    # --- the knowledge base ---------------------------------------------------------------------------------------------

    async def suggestions(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """The likeliest answers to what the citizen asked since a person last answered him.

        Raises:
            NotFound: there is no such conversation for the viewer.
        """
        async with self._broker.db.read() as session:
            conversation = await conversations.visible(session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
            asked = await repository.unanswered(session, conversation_id, _LOOKED_AT)
        best: tuple[float, int, list[KnownAnswer]] | None = None
        for number, message in enumerate(asked):
            found = await self._knowledge.suggest(
                message.text,
                conversation.lang,
                viewer.lang,
                about=conversation.service_id,
                place=conversation.municipality_id,
                limit=SUGGESTED,
            )
            likely = max((one.probability or 0.0 for one in found), default=0.0)
            # A later message is the question, unless it names nothing ("paldies, gaidu") and an earlier one does.
            if found and (best is None or (best[0] < _NAMES_A_SERVICE <= likely)):
                best = (likely, number, found)
            if likely >= _NAMES_A_SERVICE:
                break
        if best is None:
            return {"question": None, "answers": []}
        question = asked[best[1]]
        place = conversation.municipality_id
        return {
            "question": {"seq": question.seq, "text": question.text},
            "answers": [answer_view(answer, self._latvian(viewer, answer, place)) for answer in best[2]],
        }

    def _latvian(self, viewer: Viewer, answer: KnownAnswer, place: str | None) -> str | None:
        """The Latvian text of an answer in another language, for whoever is to send it; None where it is Latvian itself."""
        if answer.lang == DEFAULT_LANGUAGE:
            return None
        known = self._knowledge.answers(answer.service_id, DEFAULT_LANGUAGE, viewer.lang, place=place)
        return next((one.text for one in known if one.aspect == answer.aspect), None)

    async def find(self, viewer: Viewer, text: str, lang: str | None) -> list[FoundService]:
        """Services for the words of a search; nothing for an empty one.

        Raises:
            Forbidden: the viewer answers nobody.
        """
        _answers_people(viewer)
        text = clean(text)
        return await self._knowledge.find(text, _language(lang, viewer), _FOUND) if text else []

    def known(self, viewer: Viewer, service_id: str, lang: str | None, place: str | None) -> list[dict[str, Any]]:
        """All that is known about a service, with the Latvian beside another language.

        Raises:
            Forbidden: the viewer answers nobody.
            NotFound: there is no such service.
        """
        _answers_people(viewer)
        found = self._knowledge.answers(service_id, _language(lang, viewer), viewer.lang, place=place)
        if not found:
            raise NotFound()
        return [answer_view(one, self._latvian(viewer, one, place)) for one in found]

    # --- canned answers -------------------------------------------------------------------------------------------------

    async def canned_for(self, viewer: Viewer, conversation_id: str) -> list[dict[str, Any]]:
        """Canned answers for a conversation, in its language and filled in; Latvian where there is no translation.

        Raises:
            NotFound: there is no such conversation for the viewer.
        """
        async with self._broker.db.read() as session:
            conversation = await conversations.visible(session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
            rows = await repository.canned_for(
                session, [one for one in (conversation.institution_id, viewer.institution_id) if one]
            )
            values = await self._values(session, viewer, conversation) if rows else {}
        gaps = {name: self._broker.texts.text(conversation.lang, f"answering.variable.{name}") for name in VARIABLES}
        return [_filled(row, conversation.lang, values, gaps) for row in rows]

    def phrase_book(self, viewer: Viewer) -> list[dict[str, Any]]:
        """The phrase book, with the groups' names in the viewer's language.

        Raises:
            Forbidden: the viewer answers nobody.
        """
        _answers_people(viewer)
        texts = self._broker.texts
        return [
            {**one, "group_name": texts.text(viewer.lang, f"answering.phrases.{one['group']}")} for one in phrases()
        ]

    async def _values(self, session: AsyncSession, viewer: Viewer, conversation: Conversation) -> dict[str, str | None]:
        broker, lang = self._broker, conversation.lang
        names = broker.names
        case_no = await ledger.number_of(session, conversation.id)
        thread = (await platforms.threads(session, [conversation.id])).get(conversation.id)
        contact = conversation.contact or {}
        calendar = broker.calendar()
        service_id, institution_id, place = (
            conversation.service_id,
            conversation.institution_id,
            conversation.municipality_id,
        )
        return {
            "citizen": contact.get("name") or (thread.author_name if thread is not None else None),
            "operator": viewer.name,
            "institution": names.institution(institution_id, lang) if institution_id else None,
            "service": names.service(service_id, lang) if service_id else None,
            "municipality": self._municipality(place, lang) if place else None,
            "case_no": str(case_no) if case_no is not None else None,
            # Hours that differ by weekday are no single span: the operator fills the gap.
            "hours": f"{clock_wording(lang, calendar.opens)}–{clock_wording(lang, calendar.closes)}"
            if calendar.even
            else None,
        }

    async def canned(self, viewer: Viewer) -> list[dict[str, Any]]:
        """Every canned answer, as its editors see it.

        Raises:
            Forbidden: the viewer does not write them.
        """
        writers_only(viewer)
        async with self._broker.db.read() as session:
            rows = await repository.canned(session)
            staff = {one.id: one.name for one in await people.everybody(session)}
        return [self._view(viewer, row, staff.get(row.changed_by or "")) for row in rows]

    async def add(self, viewer: Viewer, wanted: WriteCanned) -> dict[str, Any]:
        """A new canned answer.

        Raises:
            Forbidden: the viewer does not write them.
            PieturaError: ``shortcut_taken``, ``unknown_variable``, ``stray_brace``, ``bad_institution``.
        """
        writers_only(viewer)
        canned_id = str(uuid.uuid4())
        try:
            async with self._broker.db.unit() as unit:
                values = await self._checked(unit.session, viewer, wanted, None)
                row = CannedAnswer(id=canned_id, version=1, **values)
                unit.session.add(row)
                self._audit(unit.session, viewer, "canned_added", row, None)
        except IntegrityError as error:
            raise PieturaError("shortcut_taken", shortcut=wanted.shortcut) from error
        return self._view(viewer, row, viewer.name)

    async def change(self, viewer: Viewer, canned_id: str, wanted: WriteCanned) -> dict[str, Any]:
        """Changes a canned answer.

        Raises:
            Forbidden, PieturaError: as for :meth:`add`; ``version_missing``.
            NotFound: it is gone.
            Conflict: ``edited_meanwhile`` with ``who``: somebody else has changed it since.
        """
        writers_only(viewer)
        if wanted.version is None:
            raise PieturaError("version_missing")
        try:
            async with self._broker.db.unit() as unit:
                row = await self._there(unit.session, canned_id)
                before = repository.audit_view(row)
                values = await self._checked(unit.session, viewer, wanted, canned_id)
                if not await repository.change(unit.session, canned_id, wanted.version, values):
                    raise await self._edited(unit.session, row)
                await unit.session.refresh(row)
                self._audit(unit.session, viewer, "canned_changed", row, before)
        except IntegrityError as error:
            raise PieturaError("shortcut_taken", shortcut=wanted.shortcut) from error
        return self._view(viewer, row, viewer.name)

    async def drop(self, viewer: Viewer, canned_id: str, version: int) -> None:
        """Deletes a canned answer; the trail keeps what it was called, not what it said.

        Raises:
            Forbidden: the viewer does not write them.
            NotFound: it is gone.
            Conflict: ``edited_meanwhile``.
        """
        writers_only(viewer)
        async with self._broker.db.unit() as unit:
            row = await self._there(unit.session, canned_id)
            if not await repository.drop(unit.session, canned_id, version):
                raise await self._edited(unit.session, row)
            self._audit(unit.session, viewer, "canned_deleted", row, repository.audit_view(row))

    async def _there(self, session: AsyncSession, canned_id: str) -> CannedAnswer:
        row = await repository.one(session, canned_id)
        if row is None:
            raise NotFound()
        return row

    async def _edited(self, session: AsyncSession, row: CannedAnswer) -> Conflict:
        await session.refresh(row)
        who = await session.get(Staff, row.changed_by) if row.changed_by else None
        return Conflict("edited_meanwhile", who=who.name if who else "–")

    async def _checked(
        self, session: AsyncSession, viewer: Viewer, wanted: WriteCanned, canned_id: str | None
    ) -> dict[str, Any]:
        texts = {lang: clean(getattr(wanted.texts, lang)) for lang in LANGUAGES}
        if not texts[DEFAULT_LANGUAGE]:
            raise PieturaError("text_empty")
        for text in texts.values():
            check(text)
        taken = await repository.by_shortcut(session, wanted.shortcut)
        if taken is not None and taken.id != canned_id:
            raise PieturaError("shortcut_taken", shortcut=wanted.shortcut)
        if wanted.institution_id and await people.institution(session, wanted.institution_id) is None:
            raise PieturaError("bad_institution")
        return repository.values_of(
            wanted.shortcut,
            clean(wanted.title),
            texts,
            wanted.institution_id,
            viewer.id,
            self._broker.clock.now(),
        )

    def _audit(
        self, session: AsyncSession, viewer: Viewer, action: str, row: CannedAnswer, before: dict[str, Any] | None
    ) -> None:
        after = None if action == "canned_deleted" else repository.audit_view(row)
        people.audit(session, self._broker.clock.now(), viewer.id, action, row.id, before=before, after=after)

    def _view(self, viewer: Viewer, row: CannedAnswer, changed_by: str | None) -> dict[str, Any]:
        institution = self._broker.names.institution(row.institution_id, viewer.lang) if row.institution_id else None
        return canned_view(row, institution, changed_by)


def writers_only(viewer: Viewer) -> None:
    """Refuses whoever does not write canned answers.

    Raises:
        Forbidden: he is neither editor, supervisor nor administrator.
    """
    if viewer.role != "editor" and not viewer.supervises:
        raise Forbidden()


def _answers_people(viewer: Viewer) -> None:
    if viewer.role in ("editor", "accountant"):
        raise Forbidden()


def _language(wanted: str | None, viewer: Viewer) -> str:
    return wanted if wanted in LANGUAGES else viewer.lang


def _filled(row: CannedAnswer, lang: str, values: dict[str, str | None], gaps: dict[str, str]) -> dict[str, Any]:
    own = bool(row.texts.get(lang))
    text = row.texts[lang] if own else row.texts[DEFAULT_LANGUAGE]
    return {
        "id": row.id,
        "shortcut": row.shortcut,
        "title": row.title,
        "text": fill(text, values, gaps),
        "lang": lang if own else DEFAULT_LANGUAGE,
        "gaps": [f"[{gaps[name]}]" for name in named(text) if not values.get(name)],
        # For whoever is to send it in a language he may not know.
        "latvian": fill(row.texts[DEFAULT_LANGUAGE], values, gaps) if own and lang != DEFAULT_LANGUAGE else None,
    }
