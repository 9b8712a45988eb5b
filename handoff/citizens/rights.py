"""What a citizen may ask of us: his data, and to be forgotten. Done by those who supervise, with a reason, on record."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.attachments.models import StoredAttachment
from handoff.attachments.service import Attachments
from handoff.broker import Broker
from handoff.cases.models import Case
from handoff.channels import repository as platforms
from handoff.citizens import personal_data, repository
from handoff.citizens.desk import CitizenDesk
from handoff.citizens.models import CitizenNote, IdentityConversation
from handoff.citizens.personal_data import Subject
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation, Event
from handoff.conversations.scope import sees
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import ENDED, HELD
from kit.clock import RIGA, iso
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.sealed_file import SealedFileError
from kit.textual import clean
from kit.vault import Vault

log = structlog.get_logger(__name__)
#: Why a link of somebody forgotten is no longer in force.
_ERASED = "erased"
#: An archive up to this size is made in memory; a larger one in a file without a name, which is gone when it is closed.
_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Exported:
    """A ZIP archive and the name it is saved under.

    Attributes:
        size: bytes.
    """

    name: str
    size: int
    archive: IO[bytes]

    def chunks(self) -> Iterator[bytes]:
        """What is in it, once; afterwards it is gone."""
        with self.archive:
            while chunk := self.archive.read(_CHUNK):
                yield chunk


class CitizenRights:
    """Export, erasure, and what colleagues note about a citizen."""

    def __init__(self, desk: CitizenDesk, vault: Vault | None = None, attachments: Attachments | None = None) -> None:
        """``vault``: opens what is kept sealed of citizens, for their own export; ``attachments``: their files."""
        self._desk = desk
        self._vault = vault
        self._attachments = attachments
        self._broker: Broker = desk.broker

    async def subject(self, session: AsyncSession, conversation: Conversation) -> Subject:
        """The citizen behind a conversation with everything that is his. Without an identity it is this conversation alone."""
        who = await self._desk.citizens.identity_of(session, conversation)
        identities = tuple(one.id for one in await self._desk.identities(session, who))
        rows = await session.scalars(
            select(IdentityConversation.conversation_id).where(IdentityConversation.identity_id.in_(identities))
        )
        ids = tuple(sorted({conversation.id, *rows}))
        text = self._broker.texts.text("lv", "citizens.erased_text")
        return Subject(identities, ids, text, self._vault)

    # --- export -----------------------------------------------------------------------------------------------------------

    async def export(self, viewer: Viewer, conversation_id: str, reason: str) -> Exported:
        """Everything we hold about the citizen: JSON for machines, a page and tables for people, his files, in one ZIP.

        A file that is not known to be harmless, or does not open, is told of without its contents: its ``file`` is empty.

        Raises:
            Forbidden: he does not supervise.
            NotFound: no such conversation.
            PieturaError: ``reason_needed``.
        """
        reason = _checked(viewer, reason)
        broker = self._broker
        async with broker.db.unit() as unit:
            session = unit.session
            who = await self.subject(session, await self._conversation(session, viewer, conversation_id))
            data = {one.name: await one.export(session, who) for one in personal_data.HOLDINGS}
            data = {name: rows for name, rows in data.items() if rows}
            files = await self._attachments.kept(session, who.conversations) if self._attachments is not None else []
            now = broker.clock.now()
            number = await session.scalar(select(Case.no).where(Case.conversation_id == conversation_id))
            counts = {name: len(rows) for name, rows in data.items()}
            people.audit(session, now, viewer.id, "citizen_exported", conversation_id, reason=reason, counts=counts)
        title = broker.texts.text(viewer.lang, "citizens.export.title", no=number or "–")
        archive = await asyncio.to_thread(self._archive, viewer.lang, title, now, data, files)
        size = archive.tell()
        archive.seek(0)
        return Exported(f"pietura-{number or 'dati'}.zip", size, archive)

    def _archive(
        self,
        lang: str,
        title: str,
        now: datetime,
        data: dict[str, list[dict[str, Any]]],
        files: Sequence[StoredAttachment],
    ) -> IO[bytes]:
        """The archive itself; files go through it piece by piece, however large they are."""
        content: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  closed by who reads it
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            written = {row.id: self._add_file(archive, number, row) for number, row in enumerate(files, 1)}
            for one in data.get("attachments", []):
                one["file"] = written.get(one["id"])
            whole = {"made_at": iso(now), **data}
            archive.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=1))
            parts = {self._part(lang, name): rows for name, rows in data.items()}
            archive.writestr("data.html", _page(lang, title, f"{now.astimezone(RIGA):%d.%m.%Y %H:%M}", parts))
            for name, rows in data.items():
                archive.writestr(f"{name}.csv", _table(rows))
        return content

    def _add_file(self, archive: zipfile.ZipFile, number: int, row: StoredAttachment) -> str | None:
        """Puts a file's contents in; its name there (stored names have no path), None if it does not open."""
        if self._attachments is None:
            return None
        name = f"attachments/{number:03}-{row.name}"
        try:
            chunks = self._attachments.contents(row)
            first = next(chunks, b"")
            with archive.open(name, "w", force_zip64=True) as entry:
                entry.write(first)
                for chunk in chunks:
                    entry.write(chunk)
        except (FileNotFoundError, SealedFileError) as error:
            log.error("an attachment cannot be given out", attachment=row.id, why=type(error).__name__)
            return None
        return name

    def _part(self, lang: str, name: str) -> str:
        texts = self._broker.texts
        key = f"citizens.part.{name}"
        return texts.text(lang, key) if texts.has(key) else name

    # --- erasure ----------------------------------------------------------------------------------------------------------

    async def preview(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """What would be erased, what would stay, and what stands in the way; nothing is changed.

        Raises:
            Forbidden, NotFound: as for :meth:`export`.
        """
        _supervises(viewer)
        async with self._broker.db.unit() as unit:
            session = unit.session
            conversation = await self._conversation(session, viewer, conversation_id)
            who = await self.subject(session, conversation)
            found = {one.name: len(await one.export(session, who)) for one in personal_data.HOLDINGS}
            open_ones = await self._open(session, who)
            number = await session.scalar(select(Case.no).where(Case.conversation_id == conversation_id))
            kept = await personal_data.kept(session, who)
            people.audit(session, self._broker.clock.now(), viewer.id, "erasure_looked_at", conversation_id)
        told = {name: count for name, count in found.items() if name not in ("cases", "events", "search")}
        return {
            "case_no": number,
            "conversations": len(who.conversations),
            "parts": [{"name": self._part(viewer.lang, name), "count": count} for name, count in told.items() if count],
            "kept": kept,
            "open": open_ones,
        }

    async def erase(
        self, viewer: Viewer, conversation_id: str, reason: str, case_no: int, seen_conversations: int
    ) -> dict[str, Any]:
        """Forgets the citizen: his names, words, contact details and numbers go; cases, times and prices stay.

        Args:
            case_no: of the conversation it was begun from, typed by the person: the second step.
            seen_conversations: how many there were when he was asked.

        Raises:
            Forbidden, NotFound: as for :meth:`export`.
            PieturaError: ``reason_needed``; ``erase_number``: the number is another one.
            Conflict: ``erase_open``: one of the conversations is not over; ``erase_sending``: something is still to be sent
                there; ``erase_changed``: there are more conversations than were seen.
        """
        reason = _checked(viewer, reason)
        broker = self._broker
        async with broker.db.unit() as unit:
            session = unit.session
            conversation = await self._conversation(session, viewer, conversation_id)
            number = await session.scalar(select(Case.no).where(Case.conversation_id == conversation_id))
            if number != case_no:
                raise PieturaError("erase_number")
            await repository.alone(session)
            who = await self.subject(session, conversation)
            # Nobody writes into them meanwhile: the rows are held until it is done.
            await session.execute(
                select(Conversation.id).where(Conversation.id.in_(who.conversations)).with_for_update()
            )
            if len(who.conversations) != seen_conversations:
                raise Conflict("erase_changed")
            if await self._open(session, who):
                raise Conflict("erase_open")
            for one in who.conversations:
                if await platforms.has_sends(session, one, platforms.PENDING):
                    raise Conflict("erase_sending")
            kept = await personal_data.kept(session, who)
            now = broker.clock.now()
            await repository.undo_links(session, who.identities, viewer.id, now, _ERASED)
            files = await self._attachments.erase(unit, who.conversations) if self._attachments is not None else 0
            counts = {one.name: await one.erase(session, who) for one in personal_data.HOLDINGS}
            counts["attachments"] += files
            # What was loaded before must not be written back over what is gone.
            session.expire_all()
            events = broker.events(unit)
            for one in who.conversations:
                events.add("erased", one, actor_kind="staff", actor_id=viewer.id)
            people.audit(
                session, now, viewer.id, "citizen_erased", conversation_id, reason=reason, counts=counts, kept=kept
            )
        return {
            "parts": [
                {"name": self._part(viewer.lang, name), "count": count} for name, count in counts.items() if count
            ],
            "kept": kept,
        }

    async def _open(self, session: AsyncSession, who: Subject) -> int:
        return (
            await session.scalar(
                select(func.count())
                .select_from(Conversation)
                .where(Conversation.id.in_(who.conversations), Conversation.state.not_in([*ENDED]))
            )
            or 0
        )

    # --- what the card tells besides ----------------------------------------------------------------------------------------

    async def details(self, session: AsyncSession, viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
        """Notes about the citizen, contact details with the time of consent, what may be done with his data."""
        who = await self.subject(session, conversation)
        if not viewer.serves:
            who = Subject((), (conversation.id,))
        rows = await session.execute(
            select(CitizenNote, Staff.name)
            .join(Staff, Staff.id == CitizenNote.author_id)
            .where(CitizenNote.identity_id.in_(who.identities))
            .order_by(CitizenNote.at.desc())
        )
        noted = [
            {
                "id": one.id,
                "text": one.text,
                "at": iso(one.at),
                "author": {"id": one.author_id, "name": name},
                "may_delete": viewer.supervises or one.author_id == viewer.id,
            }
            for one, name in rows.tuples()
        ]
        consents = []
        given = await session.execute(
            select(Conversation, func.max(Event.at))
            .join(Event, Event.conversation_id == Conversation.id)
            .where(Conversation.id.in_(who.conversations), Conversation.contact.is_not(None), Event.kind == "contact")
            .group_by(Conversation.id)
            .order_by(func.max(Event.at).desc())
        )
        for one, at in given.tuples():
            readable = one.id == conversation.id or await repository.readable(session, viewer, one.id) is not None
            if readable and one.contact:
                consents.append({"conversation": one.id, "at": iso(at), **one.contact})
        may = ["note"] if self._may_note(viewer, conversation) and who.identities else []
        return {
            "notes": noted,
            "consents": consents,
            "rights": [*may, *(["export", "erase"] if viewer.supervises else [])],
        }

    def _may_note(self, viewer: Viewer, conversation: Conversation) -> bool:
        if not viewer.serves or not sees(viewer, conversation):
            return False
        return viewer.supervises or (conversation.holder_id == viewer.id and conversation.state in {*HELD, *ENDED})

    async def note(self, viewer: Viewer, conversation_id: str, note_id: str, text: str) -> None:
        """Notes something about the citizen for whoever serves him next; the same ``note_id`` again changes nothing.

        Raises:
            NotFound, Forbidden: he may not see, or does not serve him.
            PieturaError: ``text_empty``; ``identity_unknown``.
        """
        text = clean(text)[:2000]
        if not text:
            raise PieturaError("text_empty")
        async with self._broker.db.unit() as unit:
            session = unit.session
            conversation = await self._conversation(session, viewer, conversation_id)
            if not self._may_note(viewer, conversation):
                raise Forbidden()
            who = await self._desk.citizens.identity_of(session, conversation)
            if who is None:
                raise PieturaError("identity_unknown")
            there = await session.get(CitizenNote, note_id)
            if there is not None:
                if (there.author_id, there.identity_id) != (viewer.id, who.id):
                    raise Forbidden()
                return
            now = self._broker.clock.now()
            session.add(CitizenNote(id=note_id, identity_id=who.id, author_id=viewer.id, text=text, at=now))
            people.audit(session, now, viewer.id, "citizen_noted", conversation_id, note=note_id)

    async def drop_note(self, viewer: Viewer, conversation_id: str, note_id: str) -> None:
        """Deletes a note about the citizen: his own, or, who supervises, anybody's.

        Raises:
            NotFound, Forbidden.
        """
        async with self._broker.db.unit() as unit:
            session = unit.session
            who = await self.subject(session, await self._conversation(session, viewer, conversation_id))
            there = await session.get(CitizenNote, note_id)
            if there is None or there.identity_id not in who.identities:
                raise NotFound()
            if not viewer.supervises and there.author_id != viewer.id:
                raise Forbidden()
            people.audit(
                session, self._broker.clock.now(), viewer.id, "citizen_note_dropped", conversation_id, note=note_id
            )
            await session.delete(there)

    async def _conversation(self, session: AsyncSession, viewer: Viewer, conversation_id: str) -> Conversation:
        found = await conversations.visible(session, viewer, conversation_id)
        if found is None:
            raise NotFound()
        return found


def _supervises(viewer: Viewer) -> None:
    if not viewer.supervises:
        raise Forbidden()


def _checked(viewer: Viewer, reason: str) -> str:
    _supervises(viewer)
    reason = clean(reason)[:1000]
    if not reason:
        raise PieturaError("reason_needed")
    return reason


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def _table(rows: list[dict[str, Any]]) -> str:
    """CSV with a mark of the encoding and semicolons, as spreadsheets here open it; what looks like a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(rows[0])
    for row in rows:
        cells = [_cell(value) for value in row.values()]
        writer.writerow([f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells])
    return "\ufeff" + out.getvalue()


def _page(lang: str, title: str, made: str, parts: dict[str, list[dict[str, Any]]]) -> str:
    """A page that needs nothing but itself; every text is escaped."""
    head = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse;width:100%;font-size:14px}th,td{border:1px solid #bbb;padding:.3rem .5rem;"
        "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee}</style>"
    )
    body = [f"<h1>{html.escape(title)}</h1><p>{html.escape(made)}</p>"]
    for name, rows in parts.items():
        body.append(f"<h2>{html.escape(name)} ({len(rows)})</h2><table><thead><tr>")
        body += [f'<th scope="col">{html.escape(column)}</th>' for column in rows[0]]
        body.append("</tr></thead><tbody>")
        for row in rows:
            cells = "".join(f"<td>{html.escape(_cell(value))}</td>" for value in row.values())
            body.append(f"<tr>{cells}</tr>")
        body.append("</tbody></table>")
    return head + "".join(body) + "</html>"
