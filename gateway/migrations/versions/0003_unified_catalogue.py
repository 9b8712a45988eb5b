"""the old catalogue: unified services and their variants

Beside the described services, not among them: most of what only the catalogue knows is a title and no more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "kb_unified_service",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=True),
        sa.Column("title_lv", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["kb_service.id"], name=op.f("fk_kb_unified_service_service_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_unified_service")),
    )
    op.create_index(op.f("ix_kb_unified_service_service_id"), "kb_unified_service", ["service_id"], unique=False)
    op.create_table(
        "kb_service_variant",
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unified_id", sa.String(length=80), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("municipality_id", sa.String(length=40), nullable=True),
        sa.Column("former", sa.Text(), nullable=True),
        sa.Column("also_in", sa.JSON(), nullable=False),
        sa.Column("institution_id", sa.String(length=40), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("unit_id", sa.String(length=40), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unified_id"],
            ["kb_unified_service.id"],
            name=op.f("fk_kb_service_variant_unified_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_kb_service_variant")),
    )
    op.create_index(op.f("ix_kb_service_variant_unified_id"), "kb_service_variant", ["unified_id"], unique=False)
    op.create_index(
        op.f("ix_kb_service_variant_municipality_id"), "kb_service_variant", ["municipality_id"], unique=False
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("kb_service_variant")
    op.drop_table("kb_unified_service")
