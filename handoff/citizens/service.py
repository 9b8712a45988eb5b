"""Who is who across channels (R11): identities as channels know them, and the evidence by which they are one citizen's.

Nothing is linked by likeness: not by a name, not by an address that somebody typed. Evidence is a token or a code that was
given in one channel and came back in another, that somebody writes on in the browser that holds the conversation before, or the
word of a member of staff with his reason. Every link can be undone, and
then each history stands by itself again. The methods that take a session work in the caller's transaction.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels import repository as platforms
from handoff.channels.models import ChannelAccount
from handoff.channels.schemas import DIRECT
from handoff.channels.service import Channels
from handoff.citizens import repository
from handoff.citizens.codes import code_digest, find_codes, meant, new_code, spoken, token_digest
from handoff.citizens.likeness import name_key
from handoff.citizens.models import ChannelIdentity, Citizen, CodeTry, IdentityLink, LinkProof
from handoff.citizens.ports import DeepLinks
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation
from handoff.conversations.repository import Standing
from handoff.conversations.schemas import WEBCHAT, Utterance
from handoff.search import index as search_index
from handoff.staff import repository as people
from kit.clock import Clock
from kit.db import UnitOfWork
from kit.errors import Conflict, PieturaError
from kit.i18n import Catalogue
from kit.textual import clean

TOKEN_LIFE: Final = timedelta(hours=24)
CODE_LIFE: Final = timedelta(minutes=30)
#: So many wrong codes of one identity within the life of a code; then none of his is looked at until some of them are old.
WRONG_TRIES: Final = 5
#: Tries, and proofs that nobody used, are deleted when they are older than this.
_FORGET: Final = timedelta(days=1)
#: "Labdien, mans kods ir K7M 3PQ".
_NOTHING_ELSE_WORDS: Final = 5
_CODES: Final = ("code_word", "verified_email")
#: Why a line is undone by an act that brings two citizens together.
_MERGED: Final = "merged"

Evidence = Literal["deep_link_token", "code_word", "verified_email", "staff", "browser"]
Outcome = Literal["linked", "expired", "wrong", "locked", "same_channel"]


@dataclass(frozen=True)
class Heard:
    """What became of a token or a code that a citizen brought.

    Attributes:
        key: of the sentence that tells him, in the catalogue of ``handoff``.
    """

    outcome: Outcome
    key: str


@dataclass(frozen=True)
class Given:
    """A code or a link as it is handed to a citizen, once; only its digest is stored.

    Attributes:
        shown: the code (``K7M-3PQ``) or the link.
        account: of a link: where it leads.
    """

    shown: str
    expires_at: datetime
    account: ChannelAccount | None = None


@dataclass(frozen=True)
class Basis:
    """On what a link rests.

    Attributes:
        by: the member of staff; None when the citizen's own proof is all.
        reason: in his words; of ``staff`` always.
    """

    evidence: Evidence
    by: str | None = None
    reason: str | None = None
    proof_id: str | None = None


class Say(Protocol):
    """How the broker says something: :meth:`handoff.broker.Broker.say`."""

    def __call__(
        self, unit: UnitOfWork, events: EventLog, conversation_id: str, *utterances: Utterance, author_kind: str
    ) -> Awaitable[object]:
        """Stores it, and owes it to the platform."""
        ...


class Citizens:
    """Identities and links."""

    def __init__(self, clock: Clock, texts: Catalogue, channels: Channels, secret: str) -> None:
        """``secret``: of the installation; digests of codes are made with it."""
        self._clock = clock
        self._texts = texts
        self._channels = channels
        self._secret = secret

    # --- what the inbox calls -------------------------------------------------------------------------------------------

    async def recognise(
        self,
        unit: UnitOfWork,
        events: EventLog,
        say: Say,
        standing: Standing,
        *,
        channel: str,
        account_id: str,
        external_id: str | None = None,
        name: str | None = None,
        text: str = "",
        token: str | None = None,
        public: bool = False,
    ) -> bool:
        """:meth:`heard` for the transaction that stores a message, and the citizen is told what came of it.

        Args:
            say: the broker's.

        Returns:
            Whether that was all the message was about: then there is nothing for the assistant to answer. With more words
            around it something else may be asked, too.
        """
        heard = await self.heard(
            unit.session,
            events,
            standing.id,
            channel=channel,
            account_id=account_id,
            external_id=external_id,
            name=name,
            text=text,
            token=token,
            public=public,
        )
        if heard is None:
            return False
        said = Utterance(self.answer(heard, standing.lang), standing.lang)
        await say(unit, events, standing.id, said, author_kind="system")
        return len(text.split()) <= _NOTHING_ELSE_WORDS

    async def heard(
        self,
        session: AsyncSession,
        events: EventLog,
        conversation_id: str,
        *,
        channel: str,
        account_id: str,
        external_id: str | None,
        name: str | None,
        text: str = "",
        token: str | None = None,
        public: bool = False,
    ) -> Heard | None:
        """All that a message may tell of who wrote it: :meth:`seen`, then :meth:`token` or :meth:`code`.

        In the web chat, where nobody has an id, an identity is made only when there is something to link.

        Args:
            public: a comment, which everybody reads: it proves nothing and is not answered.
        """
        if channel == WEBCHAT:
            if not find_codes(text):
                return None
            external_id = conversation_id
        who = await self.seen(session, channel, account_id, external_id, name, conversation_id)
        if who is None or public:
            return None
        if token is not None:
            return await self.token(session, token, who, conversation_id, events)
        return await self.code(session, text, who, conversation_id, events)

    async def seen(
        self,
        session: AsyncSession,
        channel: str,
        account_id: str,
        external_id: str | None,
        name: str | None,
        conversation_id: str,
    ) -> ChannelIdentity | None:
        """Somebody wrote: notes who it is and that the conversation is his. None when the platform does not say who it was.

        ``account_id``: of a channel account; in the web chat the site's key.
        """
        if not external_id:
            return None
        shown = clean(name or "")[:200] or None
        who = await repository.identity(session, channel, account_id, external_id)
        renamed = who is not None and shown is not None and shown != who.display_name
        if who is None:
            await repository.add_identity(
                session,
                {
                    "id": str(uuid.uuid4()),
                    "channel": channel,
                    "scope": account_id,
                    "external_id": external_id,
                    "display_name": shown,
                    "name_key": name_key(shown),
                    "first_seen_at": self._clock.now(),
                },
            )
            who = await repository.identity(session, channel, account_id, external_id)
            if who is None:
                raise RuntimeError("an identity is neither new nor known")
        elif renamed:
            who.display_name, who.name_key = shown, name_key(shown)
        new = await repository.note_conversation(session, conversation_id, who.id)
        if shown is not None and (new or renamed):
            await search_index.name(session, conversation_id, "author", [shown])
        return who

    async def token(
        self, session: AsyncSession, token: str, identity: ChannelIdentity, conversation_id: str, events: EventLog
    ) -> Heard | None:
        """A deep link was followed. None when the token is none of ours, or was brought by the same identity before."""
        proof = await repository.proof(session, token_digest(token), ["deep_link_token"])
        if proof is None or identity.id in (proof.identity_id, proof.used_by_id):
            return None
        if await self._redeem(session, events, proof, identity, conversation_id):
            return Heard("linked", "citizens.token.linked")
        events.add("citizen_proof_refused", conversation_id, actor_kind="citizen", cause="token")
        return Heard("expired", "citizens.token.expired")

    async def code(
        self, session: AsyncSession, text: str, identity: ChannelIdentity, conversation_id: str, events: EventLog
    ) -> Heard | None:
        """Looks for a code in what somebody wrote. None when there is nothing like one, or nothing that was meant as one.

        After :data:`WRONG_TRIES` wrong ones not even a right one is looked at, until half an hour has passed.
        """
        codes = find_codes(text)
        if not codes:
            return None
        now = self._clock.now()
        if await repository.wrong_tries(session, identity.id, now - CODE_LIFE) >= WRONG_TRIES:
            events.add("citizen_proof_refused", conversation_id, actor_kind="citizen", cause="locked")
            return Heard("locked", "citizens.code.locked")
        for code in codes:
            proof = await repository.proof(session, code_digest(self._secret, code), _CODES)
            if proof is not None and proof.identity_id == identity.id and proof.used_at is None:
                return Heard("same_channel", "citizens.code.same_channel")
            if proof is not None and await self._redeem(session, events, proof, identity, conversation_id):
                return Heard("linked", "citizens.code.linked")
        session.add(CodeTry(identity_id=identity.id, at=now))
        if not meant(text):
            return None
        events.add("citizen_proof_refused", conversation_id, actor_kind="citizen", cause="code")
        return Heard("wrong", "citizens.code.wrong")

    def answer(self, heard: Heard, lang: str) -> str:
        """What the citizen is told, in his language."""
        return self._texts.text(lang, heard.key)

    async def _redeem(
        self,
        session: AsyncSession,
        events: EventLog,
        proof: LinkProof,
        identity: ChannelIdentity,
        conversation_id: str,
    ) -> bool:
        if not await repository.use_proof(session, proof.id, identity.id, self._clock.now()):
            return False
        other = await repository.by_id(session, proof.identity_id)
        if other is None:
            raise RuntimeError(f"proof {proof.id} belongs to nobody")
        evidence: Evidence = (
            "deep_link_token"
            if proof.kind == "deep_link_token"
            else "verified_email"
            if proof.kind == "verified_email"
            else "code_word"
        )
        basis = Basis(evidence, proof.made_by, proof_id=proof.id)
        await self.link(session, events, other, identity, basis, (proof.conversation_id, conversation_id))
        return True

    # --- what is given to citizens --------------------------------------------------------------------------------------

    async def identity_of(self, session: AsyncSession, conversation: Conversation) -> ChannelIdentity | None:
        """Whose conversation it is; noted now if it was not before. None when the platform did not say who wrote."""
        known = await repository.identity_of(session, conversation.id)
        if known is not None:
            return known
        if conversation.channel == WEBCHAT:
            return await self.seen(session, WEBCHAT, conversation.site, conversation.id, None, conversation.id)
        thread = await platforms.thread(session, conversation.id)
        if thread is None:
            return None
        external_id = thread.author_id or (thread.thread if thread.kind == DIRECT else None)
        return await self.seen(
            session, conversation.channel, thread.account_id, external_id, thread.author_name, conversation.id
        )

    async def new_code(
        self,
        session: AsyncSession,
        events: EventLog,
        conversation: Conversation,
        *,
        made_by: str | None = None,
        by_email: bool = False,
    ) -> Given:
        """A code for the citizen of ``conversation`` to write on another channel: one use, half an hour, the newest only.

        Args:
            made_by: the member of staff; None for the assistant.
            by_email: it will be sent to the address that the citizen left: then it proves that the address is his.

        Raises:
            PieturaError: ``identity_unknown``; ``no_email``.
        """
        if by_email and not (conversation.contact or {}).get("email"):
            raise PieturaError("no_email")
        kind = "verified_email" if by_email else "code_word"
        who = await self._known(session, conversation)
        now = self._clock.now()
        await repository.forget_before(session, now - _FORGET)
        await repository.expire_proofs(session, who.id, _CODES, now)
        code = new_code()
        while await repository.proof(session, code_digest(self._secret, code), _CODES) is not None:
            code = new_code()
        self._give(session, who, conversation, kind, code_digest(self._secret, code), made_by, CODE_LIFE)
        await session.flush()
        self._tell_given(events, conversation, "citizen_code", kind, made_by)
        return Given(spoken(code), now + CODE_LIFE)

    async def deep_link(
        self,
        session: AsyncSession,
        events: EventLog,
        conversation: Conversation,
        account: ChannelAccount,
        *,
        made_by: str | None = None,
    ) -> Given:
        """A link that opens a conversation on ``account`` and proves there who follows it: one use, 24 hours.

        Raises:
            PieturaError: ``no_deep_link``: the account has no such links; ``identity_unknown``.
        """
        connector = self._channels.connector(account.channel)
        if not isinstance(connector, DeepLinks) or not account.enabled or account.id == conversation.site:
            raise PieturaError("no_deep_link")
        token = secrets.token_urlsafe(24)
        try:
            url = connector.deep_link(self._channels.opened(account), token)
        except ValueError as error:
            raise PieturaError("no_deep_link") from error
        who = await self._known(session, conversation)
        await repository.forget_before(session, self._clock.now() - _FORGET)
        self._give(session, who, conversation, "deep_link_token", token_digest(token), made_by, TOKEN_LIFE)
        await session.flush()
        self._tell_given(events, conversation, "citizen_deep_link", account.channel, made_by)
        return Given(url, self._clock.now() + TOKEN_LIFE, account)

    async def linkable(self, session: AsyncSession, conversation: Conversation) -> list[ChannelAccount]:
        """Accounts that a deep link can lead to, those of the conversation's institution first."""
        rows = [
            row
            for row in await platforms.accounts(session)
            if row.enabled
            and row.id != conversation.site
            and isinstance(self._channels.connector(row.channel), DeepLinks)
        ]
        return sorted(rows, key=lambda row: row.institution_id != conversation.institution_id)

    async def _known(self, session: AsyncSession, conversation: Conversation) -> ChannelIdentity:
        who = await self.identity_of(session, conversation)
        if who is None:
            raise PieturaError("identity_unknown")
        return who

    def _give(
        self,
        session: AsyncSession,
        who: ChannelIdentity,
        conversation: Conversation,
        kind: str,
        digest: str,
        made_by: str | None,
        life: timedelta,
    ) -> None:
        now = self._clock.now()
        session.add(
            LinkProof(
                id=str(uuid.uuid4()),
                kind=kind,
                digest=digest,
                identity_id=who.id,
                conversation_id=conversation.id,
                made_by=made_by,
                created_at=now,
                expires_at=now + life,
            )
        )

    def _tell_given(
        self, events: EventLog, conversation: Conversation, what: str, cause: str, made_by: str | None
    ) -> None:
        actor_kind = "staff" if made_by is not None else "assistant"
        events.add(what, conversation.id, actor_kind=actor_kind, actor_id=made_by, cause=cause)

    async def wrote_on(self, session: AsyncSession, events: EventLog, conversation: Conversation) -> None:
        """A conversation of the web chat that goes on after another one, in the browser that has its key: both are one citizen's,
        unless he of before asked to be forgotten. For the transaction that opens it: nobody has linked it yet."""
        before = None
        if conversation.channel == WEBCHAT and conversation.previous_id is not None:
            before = await session.get(Conversation, conversation.previous_id)
        if before is None or (before.channel, before.site) != (conversation.channel, conversation.site):
            return
        one = await self.identity_of(session, before)
        if one is None or one.forgotten:
            return
        other = await self.identity_of(session, conversation)
        if other is not None:
            await self.link(session, events, one, other, Basis("browser"), (before.id, conversation.id))

    # --- linking and unlinking ------------------------------------------------------------------------------------------

    async def link(
        self,
        session: AsyncSession,
        events: EventLog,
        one: ChannelIdentity,
        other: ChannelIdentity,
        basis: Basis,
        conversations: tuple[str, str],
    ) -> str:
        """Two identities are one citizen's; his number. Of two citizens the one known longer stays, and gets the identities of
        the other; undoing that gives them back.

        Args:
            conversations: in which that became known: of ``one``, and of ``other``.

        Raises:
            PieturaError: ``same_identity``.
        """
        if one.id == other.id:
            raise PieturaError("same_identity")
        await session.flush()
        await repository.alone(session)
        left = await repository.link_in_force(session, one.id)
        right = await repository.link_in_force(session, other.id)
        if left is not None and right is not None and left.citizen_id == right.citizen_id:
            return left.citizen_id
        act = str(uuid.uuid4())
        if left is not None and right is not None:
            citizen_id = await self._merge(session, left.citizen_id, right.citizen_id, basis, act)
        else:
            known = left or right
            citizen_id = known.citizen_id if known is not None else await self._new_citizen(session)
            for who, line in ((one, left), (other, right)):
                if line is None:
                    session.add(self._line(who.id, citizen_id, basis, act))
        await session.flush()
        for mine, theirs in (conversations, conversations[::-1]):
            people.audit(session, self._clock.now(), basis.by, "citizen_linked", mine, evidence=basis.evidence, act=act)
            events.add(
                "citizen_linked",
                mine,
                actor_kind="staff" if basis.evidence == "staff" else "citizen",
                actor_id=basis.by,
                cause=basis.evidence,
                data={
                    "citizen": citizen_id,
                    "act": act,
                    "conversation": theirs,
                    **({"note": basis.reason} if basis.reason else {}),
                },
            )
        return citizen_id

    async def _new_citizen(self, session: AsyncSession) -> str:
        row = Citizen(id=str(uuid.uuid4()), created_at=self._clock.now())
        session.add(row)
        await session.flush()
        return row.id

    async def _merge(self, session: AsyncSession, one_id: str, other_id: str, basis: Basis, act: str) -> str:
        one, other = await repository.citizen(session, one_id), await repository.citizen(session, other_id)
        if one is None or other is None:
            raise RuntimeError("a link leads to a citizen that is not there")
        stays, goes = sorted((one, other), key=lambda row: (row.created_at, row.id))
        moved = await repository.links_of(session, goes.id)
        for line in moved:
            self._undo(line, basis.by, _MERGED)
        # Before the new lines: one of an identity is in force at a time.
        await session.flush()
        for line in moved:
            session.add(self._line(line.identity_id, stays.id, basis, act, replaces=line.id))
        return stays.id

    def _line(
        self, identity_id: str, citizen_id: str, basis: Basis, act: str, replaces: int | None = None
    ) -> IdentityLink:
        return IdentityLink(
            identity_id=identity_id,
            citizen_id=citizen_id,
            act_id=act,
            evidence=basis.evidence,
            reason=basis.reason,
            proof_id=basis.proof_id,
            replaces_id=replaces,
            linked_by=basis.by,
            linked_at=self._clock.now(),
        )

    def _undo(self, line: IdentityLink, by: str | None, reason: str) -> None:
        line.undone_at, line.undone_by, line.undo_reason = self._clock.now(), by, reason

    async def unlink(
        self,
        session: AsyncSession,
        events: EventLog,
        identity: ChannelIdentity,
        *,
        by: str,
        reason: str,
        conversation_id: str,
    ) -> None:
        """An identity is not this citizen's after all. If it came with others when two citizens were brought together, that act
        is undone as a whole, and each citizen has again what he had.

        Raises:
            Conflict: ``not_linked``: it is nobody's, or somebody was faster.
        """
        await session.flush()
        await repository.alone(session)
        line = await repository.link_in_force(session, identity.id)
        if line is None:
            raise Conflict("not_linked")
        lines = [line] if line.replaces_id is None else await repository.links_of_act(session, line.act_id)
        for one in lines:
            self._undo(one, by, reason)
        await session.flush()
        for one in lines:
            old = await repository.link(session, one.replaces_id) if one.replaces_id is not None else None
            if old is not None:
                # As it was, so that it can itself be undone.
                basis = Basis(_evidence(old), old.linked_by, old.reason, old.proof_id)
                session.add(self._line(old.identity_id, old.citizen_id, basis, old.act_id, replaces=old.replaces_id))
        people.audit(
            session, self._clock.now(), by, "citizen_unlinked", conversation_id, act=line.act_id, reason=reason
        )
        await session.flush()
        events.add(
            "citizen_unlinked",
            conversation_id,
            actor_kind="staff",
            actor_id=by,
            data={"citizen": line.citizen_id, "act": line.act_id, "identity": identity.id, "note": reason},
        )


def _evidence(line: IdentityLink) -> Evidence:
    match line.evidence:
        case "deep_link_token" | "code_word" | "verified_email" | "staff" | "browser":
            return line.evidence
        case other:
            raise RuntimeError(f"unknown evidence {other}")
