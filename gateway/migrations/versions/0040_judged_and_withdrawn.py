"""answers and files are judged by the question set as wording is; services can be withdrawn"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0036"
branch_labels = None
depends_on = None

_JUDGED = ("kb_answer_change", "kb_import")


def upgrade() -> None:
    """Forward."""
    op.add_column("kb_service", sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("kb_wording_change", sa.Column("check_accepted", sa.String(length=32), nullable=True))
    for table in _JUDGED:
        for column in (
            sa.Column("check_state", sa.String(length=8), server_default="none", nullable=False),
            sa.Column("check_key", sa.String(length=120), nullable=True),
            sa.Column("check_done", sa.Integer(), server_default="0", nullable=False),
            sa.Column("check_total", sa.Integer(), server_default="0", nullable=False),
            sa.Column("check_lease", sa.DateTime(timezone=True), nullable=True),
            sa.Column("check_result", sa.JSON(), nullable=True),
            sa.Column("check_accepted", sa.String(length=32), nullable=True),
        ):
            op.add_column(table, column)


def downgrade() -> None:
    """Back."""
    for table in _JUDGED:
        for name in (
            *("check_accepted", "check_result", "check_lease", "check_total", "check_done"),
            *("check_key", "check_state"),
        ):
            op.drop_column(table, name)
    op.drop_column("kb_wording_change", "check_accepted")
    op.drop_column("kb_service", "withdrawn")
