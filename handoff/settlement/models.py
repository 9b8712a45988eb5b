"""Tables of months that are settled. What is closed is kept by triggers: nothing of it is changed or deleted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class PriceListFee(Base):
    """What an account's owner pays a month: for this account, for those of a channel, or (both None) for any (R16)."""

    __tablename__ = "price_list_fee"
    __table_args__ = (UniqueConstraint("list_id", "channel", "account_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    list_id: Mapped[str] = mapped_column(ForeignKey("price_list.id"))
    channel: Mapped[str | None] = mapped_column(String(16))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("channel_account.id"))
    monthly: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    # False: the owner pays nothing, and its cases are paid to the centres as those of the web chat are.
    pays: Mapped[bool] = mapped_column(Boolean, default=True)


class SettlementPeriod(Base):
    """A month of which the closing was begun; months without a row are open. ``month`` is its first day.

    ``state``: ``closing``, then ``closed``; ``opening`` only inside the transaction that gives an unfinished month back, which
    deletes the row: triggers let lines go in no other state. The worker that closes holds a lease; whoever finds it run out goes
    on.
    """

    __tablename__ = "settlement_period"

    month: Mapped[date] = mapped_column(Date, primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    started_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What was entered in the ledger later than this belongs to the next month that is closed.
    cutoff_at: Mapped[datetime] = mapped_column(UtcDateTime)
    progress: Mapped[int] = mapped_column(Integer, default=0)
    step: Mapped[str] = mapped_column(String(16))
    # The cause of the last failed attempt (``causes.py``), kept while the next one is under way; None once closed.
    error: Mapped[str | None] = mapped_column(String(64))
    # Attempts begun; the mark under which the log tells of the failed one; when it failed, and when the next is due.
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    fault: Mapped[str | None] = mapped_column(String(8))
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    worker: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    # Totals as the console shows them; None until closed.
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class SettlementLine(Base):
    """An entry of the ledger in its month; in one only, since ``entry_id`` is the key.

    ``payer``: ``centre`` (part of its variable part), ``institution`` (part of its fee), ``nobody`` (served by no centre).
    """

    __tablename__ = "settlement_line"
    __table_args__ = (Index("ix_settlement_line_month_payer_party_id", "month", "payer", "party_id"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("case_entry.id"), primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(ForeignKey("settlement_period.month"))
    # Its case ended in an earlier month, which is closed.
    late: Mapped[bool] = mapped_column(Boolean)
    payer: Mapped[str] = mapped_column(String(12))
    party_id: Mapped[str | None] = mapped_column(String(64))
    account_id: Mapped[str | None] = mapped_column(String(36))
    sign: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 4))


class SettlementStatement(Base):
    """One party's month as it was closed. ``content`` is ``Statement.canonical()``, ``digest`` its SHA-256."""

    __tablename__ = "settlement_statement"
    __table_args__ = (UniqueConstraint("month", "kind", "party_id"),)

    number: Mapped[str] = mapped_column(String(24), primary_key=True)
    month: Mapped[date] = mapped_column(ForeignKey("settlement_period.month"))
    kind: Mapped[str] = mapped_column(String(12))
    party_id: Mapped[str] = mapped_column(String(64))
    party: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    cases: Mapped[int] = mapped_column(Integer)
    late: Mapped[int] = mapped_column(Integer)
    variable: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    fee: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    adjustments: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    total: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)


class SettlementDispute(Base):
    """A line of a statement that is questioned. ``state``: ``open``, ``accepted``, ``refused``, ``withdrawn``."""

    __tablename__ = "settlement_dispute"
    __table_args__ = (
        Index("ix_settlement_dispute_state_raised_at", "state", "raised_at"),
        Index("ix_settlement_dispute_number", "number"),
        Index(
            "uq_settlement_dispute_one_open",
            "entry_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(12), default="open")
    number: Mapped[str] = mapped_column(ForeignKey("settlement_statement.number"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("case_entry.id"))
    case_no: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    centre_id: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(200))
    raised_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(Text)
    act: Mapped[str | None] = mapped_column(String(8))
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # The reversal that came of it: the month it falls into is the one that settles the dispute.
    reversal_id: Mapped[int | None] = mapped_column(ForeignKey("case_entry.id"))
