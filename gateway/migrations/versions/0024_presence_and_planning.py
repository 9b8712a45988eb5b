"""presence kept, agreed workplaces, forecasts and shifts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_ID = sa.String(length=36)
_CLOCK = sa.String(length=5)
_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "presence_span",
        sa.Column("id", _ID, nullable=False),
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("centre_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("began_at", _UTC, nullable=False),
        sa.Column("ended_at", _UTC, nullable=True),
        sa.Column("last_seen_at", _UTC, nullable=False),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_presence_span_ends_after")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_presence_span_centre_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_presence_span_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_span")),
    )
    op.create_index(
        "uq_presence_span_open", "presence_span", ["staff_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index("ix_presence_span_centre_id_began_at", "presence_span", ["centre_id", "began_at"])
    op.create_table(
        "presence_record",
        sa.Column("id", _ID, nullable=False),
        sa.Column("began_at", _UTC, nullable=False),
        sa.Column("last_seen_at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_record")),
    )
    op.create_index(op.f("ix_presence_record_last_seen_at"), "presence_record", ["last_seen_at"])
    op.create_table(
        "worked_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens", _CLOCK, nullable=True),
        sa.Column("closes", _CLOCK, nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_worked_day")),
    )
    op.create_table(
        "workplace_agreement",
        sa.Column("id", _ID, nullable=False),
        sa.Column("centre_id", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("workplaces", sa.Integer(), nullable=False),
        sa.Column("week", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("written_by", _ID, nullable=False),
        sa.Column("written_at", _UTC, nullable=False),
        sa.Column("decided_by", _ID, nullable=True),
        sa.Column("decided_at", _UTC, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ending_on", sa.Date(), nullable=True),
        sa.Column("ending_by", _ID, nullable=True),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_workplace_agreement_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workplace_agreement")),
    )
    op.create_index(op.f("ix_workplace_agreement_centre_id"), "workplace_agreement", ["centre_id"])
    op.create_table(
        "forecast",
        sa.Column("id", _ID, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("asked_by", _ID, nullable=True),
        sa.Column("began_at", _UTC, nullable=False),
        sa.Column("told_at", _UTC, nullable=False),
        sa.Column("ended_at", _UTC, nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast")),
    )
    op.create_index(op.f("ix_forecast_state"), "forecast", ["state"])
    op.create_index(op.f("ix_forecast_began_at"), "forecast", ["began_at"])
    setting = op.create_table(
        "forecast_setting",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", _ID, nullable=True),
        sa.Column("changed_at", _UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_setting")),
    )
    op.bulk_insert(setting, [{"id": 1, "at_once": 1, "version": 1}])
    op.create_table(
        "planned_shift",
        sa.Column("id", _ID, nullable=False),
        sa.Column("centre_id", sa.String(length=64), nullable=False),
        sa.Column("staff_id", _ID, nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begins", _CLOCK, nullable=False),
        sa.Column("ends", _CLOCK, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", _ID, nullable=False),
        sa.Column("changed_at", _UTC, nullable=False),
        sa.CheckConstraint("begins < ends", name=op.f("ck_planned_shift_ends_after")),
        sa.CheckConstraint("people >= 1 AND (staff_id IS NULL OR people = 1)", name=op.f("ck_planned_shift_people")),
        sa.ForeignKeyConstraint(["centre_id"], ["centre.id"], name=op.f("fk_planned_shift_centre_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_planned_shift_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_shift")),
    )
    op.create_index("ix_planned_shift_day_centre_id", "planned_shift", ["day", "centre_id"])


def downgrade() -> None:
    """Back."""
    for table in (
        "planned_shift",
        "forecast_setting",
        "forecast",
        "workplace_agreement",
        "worked_day",
        "presence_record",
        "presence_span",
    ):
        op.drop_table(table)
