"""clocks of conversations, targets of service, formulas of the quality part"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0019"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_RUNNING = sa.text("stopped_at IS NULL")


def upgrade() -> None:
    """Forward. Conversations that are under way have no clocks: nobody was promised any."""
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("centre_id", sa.String(length=64), nullable=True),
        sa.Column("started_at", _UTC, nullable=False),
        sa.Column("target_s", sa.Integer(), nullable=True),
        sa.Column("due_at", _UTC, nullable=True),
        sa.Column("warn_50_at", _UTC, nullable=True),
        sa.Column("warn_80_at", _UTC, nullable=True),
        sa.Column("next_at", _UTC, nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("runs_from", _UTC, nullable=True),
        sa.Column("spent_us", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", _UTC, nullable=True),
        sa.Column("cause", sa.String(length=16), nullable=True),
        sa.Column("breached_at", _UTC, nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_clock_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_clock_one_running",
        "clock",
        ["conversation_id", "kind"],
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
    op.create_index(op.f("ix_clock_conversation_id"), "clock", ["conversation_id"])
    op.create_index("ix_clock_kind_started_at", "clock", ["kind", "started_at"])
    op.create_index("ix_clock_next_at", "clock", ["next_at"])
    op.create_table(
        "service_target",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("measure", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(length=36), nullable=False),
        sa.Column("set_at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_target")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_service_target_measure_valid_from", "service_target", ["measure", "valid_from"], unique=True)
    op.create_table(
        "quality_formula",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("base_kind", sa.String(length=8), nullable=False),
        sa.Column("base", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("floor", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.Column("cap", sa.Numeric(precision=14, scale=4), nullable=True),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=36), nullable=False),
        sa.Column("written_at", _UTC, nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", _UTC, nullable=True),
        sa.CheckConstraint("base_kind IN ('amount', 'share')", name=op.f("ck_quality_formula_base_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_formula")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("quality_formula")
    op.drop_table("service_target")
    op.drop_table("clock")
