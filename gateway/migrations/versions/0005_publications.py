"""publications: what institutions say unasked, approved by a second person

One row a publication, one row for each account it goes to; the sends themselves stand in the outbox.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_PEOPLE = ("author_id", "edited_by", "proposed_by", "decided_by")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "publication",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.String(length=1000), nullable=True),
        sa.Column("picture_url", sa.String(length=1000), nullable=True),
        sa.Column("post_ref", sa.String(length=255), nullable=True),
        sa.Column("variants", sa.JSON(), nullable=False),
        sa.Column("publish_at", _UTC, nullable=True),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("edited_by", sa.String(length=36), nullable=False),
        sa.Column("proposed_by", sa.String(length=36), nullable=True),
        sa.Column("proposed_at", _UTC, nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", _UTC, nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("updated_at", _UTC, nullable=False),
        sa.Column("begun_at", _UTC, nullable=True),
        sa.Column("finished_at", _UTC, nullable=True),
        sa.CheckConstraint("(kind = 'comment') = (post_ref IS NOT NULL)", name=op.f("ck_publication_comment_has_post")),
        *(sa.ForeignKeyConstraint([name], ["staff.id"], name=op.f(f"fk_publication_{name}")) for name in _PEOPLE),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_index("ix_publication_state_publish_at", "publication", ["state", "publish_at"])
    op.create_index(op.f("ix_publication_author_id"), "publication", ["author_id"])
    op.create_index(op.f("ix_publication_created_at"), "publication", ["created_at"])
    op.create_table(
        "publication_target",
        sa.Column("publication_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name=op.f("fk_publication_target_publication_id")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_publication_target_account_id")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_publication_target_outbox_id")),
        sa.PrimaryKeyConstraint("publication_id", "account_id", name=op.f("pk_publication_target")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_publication_target_outbox_id")),
    )
    op.create_index("ix_publication_target_state", "publication_target", ["state"])


def downgrade() -> None:
    """Back."""
    op.drop_table("publication_target")
    op.drop_table("publication")
