"""canned answers for operators, with a first set of them

The set comes once, with the table: what editors change or delete afterwards stays so.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import op

import handoff.answering

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    table = op.create_table(
        "canned_answer",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shortcut", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=True),
        sa.Column("changed_by", sa.String(length=36), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["staff.id"], name=op.f("fk_canned_answer_changed_by")),
        sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], name=op.f("fk_canned_answer_institution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_answer")),
        sa.UniqueConstraint("shortcut", name=op.f("uq_canned_answer_shortcut")),
    )
    file = Path(str(handoff.answering.__file__)).parent / "data" / "canned.json"
    now = datetime.now(UTC)
    rows = json.loads(file.read_text("utf-8"))
    op.bulk_insert(table, [{"id": str(uuid.uuid4()), "version": 1, "changed_at": now, **row} for row in rows])


def downgrade() -> None:
    """Back."""
    op.drop_table("canned_answer")
