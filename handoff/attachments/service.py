"""Taking files in, sending them with messages, giving them out, and forgetting them.

Who may do what is decided by those who call: the gate for citizens (by their token), the console for staff (by scope). Here it is
held that a file belongs to one conversation, is sent once, and is given out only once it is known to be harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.attachments import repository
from handoff.attachments.models import StoredAttachment
from handoff.attachments.scanner import Scanner, ScannerUnavailable
from handoff.attachments.schemas import IMAGE_TYPES, TYPES, Limits, State, Upload, attachment_view, megabytes
from handoff.attachments.sniff import cleaned_name
from handoff.attachments.storage import AttachmentStore, Stored
from handoff.conversations.events import EventLog
from handoff.conversations.models import Message
from handoff.state_machine import Actor
from kit.bus import Bus
from kit.clock import Clock
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError
from kit.i18n import Catalogue
from kit.sealed_file import SealedFileError

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outgoing:
    """A file on its way to a person."""

    name: str
    type: str
    size: int
    image: bool
    chunks: Iterator[bytes]


class Attachments:
    """Files of conversations."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        clock: Clock,
        store: AttachmentStore,
        texts: Catalogue,
        limits: Limits,
        scanner: Scanner | None = None,
    ) -> None:
        """``scanner``: None takes files without looking for viruses."""
        self._db = db
        self._bus = bus
        self._clock = clock
        self._store = store
        self._texts = texts
        self._scanner = scanner
        self.limits = limits

    # --- coming in --------------------------------------------------------------------------------------------------

    async def receive(self, upload: Upload, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """Takes a file in; it is part of no message yet. A repeated ``id`` gets what was stored the first time.

        Raises:
            PieturaError: ``attachment_too_large``, ``conversation_full``, ``too_many_files``, ``storage_full``, and what
                :meth:`AttachmentStore.receive` refuses; ``attachment_infected``.
            NotFound: the id is that of a file that is somebody else's.
        """
        async with self._db.read() as session:
            there = await repository.one(session, upload.id)
            used, unsent = await repository.taken_up(session, upload.conversation_id)
        if there is not None:
            return self._repeated(there, upload)
        if upload.declared is not None and upload.declared > self.limits.file:
            raise self._too_large(upload.declared)
        if unsent >= self.limits.unsent:
            raise PieturaError("too_many_files", limit=self.limits.unsent)
        self._check_room(used, upload.declared or 0)
        if self._store.free() < self.limits.edge:
            log.error("the disk is full: no attachments are taken")
            raise PieturaError("storage_full")
        try:
            stored = await self._store.receive(chunks, self.limits.file, upload.name)
        except PieturaError as error:
            raise self._too_large(upload.declared) if error.code == "attachment_too_large" else error from None
        try:
            self._check_room(used, stored.size)
            state = await self._judged(stored)
            return await self._keep(upload, stored, state)
        except BaseException:
            # Whatever went wrong, a cancelled request too: no row, no file.
            with contextlib.suppress(Exception):
                await asyncio.shield(self._store.forget(stored.stored_as))
            raise

    def _repeated(self, there: StoredAttachment, upload: Upload) -> dict[str, Any]:
        if (there.conversation_id, there.staff_id) != (upload.conversation_id, upload.staff_id):
            raise NotFound()
        return attachment_view(there)

    def _too_large(self, size: int | None) -> PieturaError:
        limit = megabytes(self.limits.file)
        # What is told is never less than the limit, though a chunked upload is cut off at it.
        return PieturaError("attachment_too_large", size=megabytes(max(size or 0, self.limits.file + 1)), limit=limit)

    def _check_room(self, used: int, size: int) -> None:
        if used + size > self.limits.conversation:
            raise PieturaError("conversation_full", limit=megabytes(self.limits.conversation))

    async def _judged(self, stored: Stored) -> State:
        if self._scanner is None:
            return "ready"
        try:
            verdict = await self._scanner.scan(self._store.read(stored.stored_as, stored.sealed_key))
        except ScannerUnavailable as error:
            log.warning("the virus scanner cannot be reached: a file waits", why=str(error))
            return "checking"
        if verdict == "infected":
            raise PieturaError("attachment_infected")
        return "ready"

    async def _keep(self, upload: Upload, stored: Stored, state: State) -> dict[str, Any]:
        mark = self._texts.text("lv", f"channels.attachment.{'image' if TYPES[stored.kind].image else 'file'}")
        row = StoredAttachment(
            id=upload.id,
            conversation_id=upload.conversation_id,
            message_id=None,
            staff_id=upload.staff_id,
            name=cleaned_name(upload.name, stored.kind, mark.strip("[]")),
            type=TYPES[stored.kind].mime,
            size=stored.size,
            sha256=stored.sha256,
            state=state,
            stored_as=stored.stored_as,
            sealed_key=stored.sealed_key,
            created_at=self._clock.now(),
        )
        try:
            async with self._db.unit() as unit:
                unit.session.add(row)
        except IntegrityError:
            # The same upload came twice at once; the first one counts.
            async with self._db.read() as session:
                there = await repository.one(session, upload.id)
            if there is None:
                raise
            view = self._repeated(there, upload)
            await self._store.forget(stored.stored_as)
            return view
        return attachment_view(row)

    async def withdraw(self, attachment_id: str, conversation_id: str, staff_id: str | None) -> None:
        """The sender takes back a file that he has not sent. One that is sent, or gone, stays as it is."""
        async with self._db.unit() as unit:
            there = await repository.one(unit.session, attachment_id)
            if there is None or (there.conversation_id, there.staff_id) != (conversation_id, staff_id):
                return
            if await repository.drop_unsent(unit.session, attachment_id):
                unit.after_commit(lambda: self._store.forget(there.stored_as))

    # --- with a message ---------------------------------------------------------------------------------------------

    async def chosen(
        self, session: AsyncSession, ids: Sequence[str], owners: Sequence[str], staff_id: str | None
    ) -> list[dict[str, Any]]:
        """The files that a message is to carry, in its order, as they are kept with it. Whether they are part of another
        message already is seen by :meth:`bind`, after it is known that this one is new.

        Args:
            owners: conversations that they may have been uploaded to: the one of now, and the one before it, which may have ended
                between uploading and sending.

        Raises:
            PieturaError: ``too_many_attachments``; ``attachment_gone``: one was never uploaded, was swept, or is not the
                sender's.
        """
        if len(ids) > self.limits.per_message:
            raise PieturaError("too_many_attachments", limit=self.limits.per_message)
        found = await repository.to_send(session, ids)
        rows = [found.get(one) for one in ids]
        if any(row is None or row.conversation_id not in owners or row.staff_id != staff_id for row in rows):
            raise PieturaError("attachment_gone")
        return [attachment_view(row) for row in rows if row is not None]

    async def bind(self, session: AsyncSession, ids: Sequence[str], conversation_id: str, message_id: str) -> None:
        """Makes files part of a message, in its transaction.

        Raises:
            PieturaError: ``attachment_gone``: one is part of another message, or was swept in this moment.
        """
        if await repository.bind(session, ids, conversation_id, message_id) != len(set(ids)):
            raise PieturaError("attachment_gone")

    def mark(self, files: Sequence[dict[str, Any]]) -> str:
        """What stands in the text for files, in the working language: ``[attēls] [fails]``."""
        return " ".join(self._texts.text("lv", f"channels.attachment.{one['kind']}") for one in files)

    # --- going out --------------------------------------------------------------------------------------------------

    async def open(self, session: AsyncSession, attachment_id: str, owners: Sequence[str]) -> Outgoing:
        """A file of one of the conversations ``owners``, to be read.

        Raises:
            NotFound: there is none, or not there.
            Conflict: ``attachment_checking``, ``attachment_infected``.
            PieturaError: ``attachment_gone``: its contents are not in the folder, or do not open.
        """
        row = await repository.one(session, attachment_id)
        if row is None or row.conversation_id not in owners:
            raise NotFound()
        if row.state != "ready":
            raise Conflict(f"attachment_{row.state}")
        try:
            chunks = self._store.read(row.stored_as, row.sealed_key)
            first = await asyncio.to_thread(next, chunks, b"")
        except (FileNotFoundError, SealedFileError) as error:
            log.error("an attachment cannot be read", attachment=attachment_id, why=type(error).__name__)
            raise PieturaError("attachment_gone") from None
        return Outgoing(row.name, row.type, row.size, row.type in IMAGE_TYPES, _with_first(first, chunks))

    async def kept(self, session: AsyncSession, conversations: Sequence[str]) -> Sequence[StoredAttachment]:
        """Files of these conversations that are known to be harmless, to be given out as a whole (:meth:`contents`)."""
        return await repository.of_conversations(session, conversations, state="ready")

    def contents(self, row: StoredAttachment) -> Iterator[bytes]:
        """What is in a file, chunk by chunk; to be read outside of the event loop.

        Raises:
            FileNotFoundError: it is gone.
            SealedFileError: it does not open.
        """
        return self._store.read(row.stored_as, row.sealed_key)

    # --- in the course of time --------------------------------------------------------------------------------------

    async def check_waiting(self) -> int:
        """Asks the scanner again about files that wait for it; how many it has judged. Whoever has the messages sees it."""
        async with self._db.read() as session:
            waiting = await repository.checking(session)
        judged = 0
        for row in waiting:
            state: State = "ready"
            if self._scanner is not None:
                try:
                    verdict = await self._scanner.scan(self._store.read(row.stored_as, row.sealed_key))
                except ScannerUnavailable:
                    return judged
                except (FileNotFoundError, SealedFileError):
                    log.error("an attachment cannot be read", attachment=row.id)
                    continue
                state = "infected" if verdict == "infected" else "ready"
            async with self._db.unit() as unit:
                changed = await repository.judge(unit.session, row.id, state)
                if changed is None:
                    continue
                judged += 1
                await self._tell(unit, changed)
                if state == "infected":
                    unit.after_commit(_forgetting(self._store, changed.stored_as))
        return judged

    async def _tell(self, unit: UnitOfWork, row: StoredAttachment) -> None:
        if row.message_id is None:
            return
        # Held: whoever corrects it in the same instant writes over what the other has written, or waits.
        message = await unit.session.get(Message, row.message_id, with_for_update=True)
        if message is None:
            return
        kept = [
            {**one, "state": row.state} if one.get("id") == row.id else one
            for one in message.extras.get("attachments", [])
        ]
        message.extras = {**message.extras, "attachments": kept}
        EventLog(unit, self._bus, self._clock).add(
            "attachment",
            message.conversation_id,
            actor_kind=Actor.SYSTEM,
            cause=row.state,
            data={"seq": message.seq},
            message=message,
        )

    async def sweep(self) -> int:
        """Forgets what was uploaded and never sent; how many files."""
        async with self._db.unit() as unit:
            orphans = await repository.unsent_before(unit.session, self._clock.now() - self.limits.orphan_after)
            for row in orphans:
                if await repository.drop_unsent(unit.session, row.id):
                    unit.after_commit(_forgetting(self._store, row.stored_as))
        return len(orphans)

    async def sweep_folder(self) -> int:
        """Deletes contents that no row names: their transaction never came to its end. How many there were."""
        lying = await asyncio.to_thread(self._store.lying, self.limits.orphan_after.total_seconds())
        gone = 0
        for start in range(0, len(lying), 500):
            names = lying[start : start + 500]
            async with self._db.read() as session:
                known = await repository.known_names(session, names)
            for name in set(names) - known:
                await self._store.forget(name)
                gone += 1
        return gone

    async def erase(self, unit: UnitOfWork, conversations: Sequence[str]) -> int:
        """Erases all files of these conversations, with the transaction of ``unit``; how many.

        With its row goes a file's key, so that no copy of the contents, in a backup of the folder either, can be opened once the
        database's own backups have run out. Messages keep a mark that a file was there, without its name.
        """
        rows = await repository.of_conversations(unit.session, conversations)
        sent = [row.message_id for row in rows if row.message_id is not None]
        for message in await repository.messages_with_files(unit.session, sent):
            kept = [{**one, "name": None, "state": "erased"} for one in message.extras.get("attachments", [])]
            message.extras = {**message.extras, "attachments": kept}
        for row in rows:
            await unit.session.delete(row)
            unit.after_commit(_forgetting(self._store, row.stored_as))
        await unit.session.flush()
        return len(rows)


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _forgetting(store: AttachmentStore, stored_as: str) -> Any:
    async def forget() -> None:
        await store.forget(stored_as)

    return forget
