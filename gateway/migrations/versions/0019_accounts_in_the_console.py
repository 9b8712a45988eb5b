"""accounts kept in the console: versions, initial passwords, a trail that can be searched by act"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("staff", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("staff", sa.Column("initial_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_audit_action", "audit", ["action"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_audit_action", "audit")
    op.drop_column("staff", "initial_until")
    op.drop_column("staff", "version")
