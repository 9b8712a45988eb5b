"""Tables of citizens across channels. A citizen is a number and nothing else; what is known of people stands with their
identities, and that is what the platform told: an id and a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime

_IN_FORCE = text("undone_at IS NULL")
_FORGOTTEN = "erased:"


class Citizen(Base):
    """Somebody of whom several identities are known to be his. Holds nothing about him."""

    __tablename__ = "citizen"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChannelIdentity(Base):
    """Somebody as one account of one channel knows him.

    Platforms number people by account (Facebook's PSID is another one on each page), so ``scope`` is the account's id; for the
    web chat it is the site. There a conversation is an identity of its own, its ``external_id`` the conversation's: what
    one browser writes one after another is linked, and can be unlinked, since libraries and customer centres share theirs.
    """

    __tablename__ = "channel_identity"
    __table_args__ = (
        UniqueConstraint("channel", "scope", "external_id"),
        Index("ix_channel_identity_name_key", "name_key"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    scope: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str] = mapped_column(String(255))
    display_name: Mapped[str | None] = mapped_column(String(200))
    # The name as names are compared: folded. None when there is no name.
    name_key: Mapped[str | None] = mapped_column(String(200))
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def forget(self) -> None:
        """Nothing is known of him any more, and he is not known again."""
        self.external_id, self.display_name, self.name_key = f"{_FORGOTTEN}{self.id}", None, None

    @property
    def forgotten(self) -> bool:
        """Whether he asked to be forgotten."""
        return self.external_id.startswith(_FORGOTTEN)


class IdentityConversation(Base):
    """Whose conversation it is: of one identity, for ever."""

    __tablename__ = "identity_conversation"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("channel_identity.id"), index=True)


class LinkProof(Base):
    """A one-time token or code, as its digest: whoever brings it on another channel is who it was given to.

    ``kind`` is the evidence it will be: ``deep_link_token``, ``code_word``, or ``verified_email`` (a code that was sent to the
    address he left). ``expires_at`` is set to now when a newer one takes its place.
    """

    __tablename__ = "link_proof"
    __table_args__ = (Index("ix_link_proof_identity_id_kind", "identity_id", "kind"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("channel_identity.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    # The member of staff who asked for it; None when the assistant or the citizen did.
    made_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_by_id: Mapped[str | None] = mapped_column(ForeignKey("channel_identity.id"))


class CodeTry(Base):
    """A wrong code that an identity wrote; counted, so that codes cannot be guessed."""

    __tablename__ = "code_try"
    __table_args__ = (Index("ix_code_try_identity_id_at", "identity_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("channel_identity.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdentityLink(Base):
    """That an identity is a citizen's, by what evidence, and until when that was held to be true.

    Only grows: a line is never deleted, and the only change is that it is undone, once (triggers in the database refuse the
    rest). One line of an identity is in force at a time: the partial unique index holds it.

    Attributes:
        act_id: lines made by one act share it: an act that brings two citizens together moves all identities of one of them,
            and is undone as a whole.
        replaces_id: the line that this one took the place of, to be restored when the act is undone.
    """

    __tablename__ = "identity_link"
    __table_args__ = (
        Index(
            "uq_identity_link_in_force", "identity_id", unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE
        ),
        CheckConstraint(
            "evidence IN ('deep_link_token', 'code_word', 'verified_email', 'staff', 'browser')", name="known_evidence"
        ),
        CheckConstraint("evidence <> 'staff' OR (linked_by IS NOT NULL AND reason IS NOT NULL)", name="staff_says_why"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("channel_identity.id"), index=True)
    citizen_id: Mapped[str] = mapped_column(ForeignKey("citizen.id"), index=True)
    act_id: Mapped[str] = mapped_column(String(36), index=True)
    evidence: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(1000))
    proof_id: Mapped[str | None] = mapped_column(ForeignKey("link_proof.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("identity_link.id"))
    linked_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undo_reason: Mapped[str | None] = mapped_column(String(1000))


class CitizenNote(Base):
    """What colleagues should know of somebody whenever he comes: stands with the identity, and so with all of his citizen's."""

    __tablename__ = "citizen_note"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("channel_identity.id"), index=True)
    author_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SuggestionDecision(Base):
    """What somebody decided about a suggestion that two conversations ask the same: ``accepted`` or ``dismissed``."""

    __tablename__ = "suggestion_decision"

    # The conversation that was opened first, and the later one.
    first_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    second_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(12))
    decided_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
