"""citizens across channels: identities, the evidence that links them, decisions about double contacts

Links only grow: the database itself refuses to delete one or to change more of it than that it is undone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_IN_FORCE = sa.text("undone_at IS NULL")
_KEPT = (
    "id",
    "identity_id",
    "citizen_id",
    "act_id",
    "evidence",
    "reason",
    "proof_id",
    "replaces_id",
    "linked_by",
    "linked_at",
)


def _key(column: str, target: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "citizen",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen")),
    )
    op.create_table(
        "channel_identity",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=True),
        sa.Column("name_key", sa.String(length=200), nullable=True),
        sa.Column("first_seen_at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_identity")),
        sa.UniqueConstraint(
            "channel", "scope", "external_id", name=op.f("uq_channel_identity_channel_scope_external_id")
        ),
    )
    op.create_index("ix_channel_identity_name_key", "channel_identity", ["name_key"])
    op.create_table(
        "identity_conversation",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("identity_id", sa.String(length=36), nullable=False),
        _key("conversation_id", "conversation.id", "identity_conversation"),
        _key("identity_id", "channel_identity.id", "identity_conversation"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_identity_conversation")),
    )
    op.create_index(op.f("ix_identity_conversation_identity_id"), "identity_conversation", ["identity_id"])
    op.create_table(
        "link_proof",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("identity_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("made_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("expires_at", _UTC, nullable=False),
        sa.Column("used_at", _UTC, nullable=True),
        sa.Column("used_by_id", sa.String(length=36), nullable=True),
        _key("identity_id", "channel_identity.id", "link_proof"),
        _key("conversation_id", "conversation.id", "link_proof"),
        _key("made_by", "staff.id", "link_proof"),
        _key("used_by_id", "channel_identity.id", "link_proof"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_proof")),
        sa.UniqueConstraint("digest", name=op.f("uq_link_proof_digest")),
    )
    op.create_index("ix_link_proof_identity_id_kind", "link_proof", ["identity_id", "kind"])
    op.create_table(
        "code_try",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("identity_id", sa.String(length=36), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        _key("identity_id", "channel_identity.id", "code_try"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_try")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_code_try_identity_id_at", "code_try", ["identity_id", "at"])
    op.create_table(
        "identity_link",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("identity_id", sa.String(length=36), nullable=False),
        sa.Column("citizen_id", sa.String(length=36), nullable=False),
        sa.Column("act_id", sa.String(length=36), nullable=False),
        sa.Column("evidence", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("proof_id", sa.String(length=36), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("linked_by", sa.String(length=36), nullable=True),
        sa.Column("linked_at", _UTC, nullable=False),
        sa.Column("undone_by", sa.String(length=36), nullable=True),
        sa.Column("undone_at", _UTC, nullable=True),
        sa.Column("undo_reason", sa.String(length=1000), nullable=True),
        sa.CheckConstraint(
            "evidence IN ('deep_link_token', 'code_word', 'verified_email', 'staff')",
            name=op.f("ck_identity_link_known_evidence"),
        ),
        sa.CheckConstraint(
            "evidence <> 'staff' OR (linked_by IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_identity_link_staff_says_why"),
        ),
        _key("identity_id", "channel_identity.id", "identity_link"),
        _key("citizen_id", "citizen.id", "identity_link"),
        _key("proof_id", "link_proof.id", "identity_link"),
        _key("replaces_id", "identity_link.id", "identity_link"),
        _key("linked_by", "staff.id", "identity_link"),
        _key("undone_by", "staff.id", "identity_link"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_link")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_identity_link_identity_id"), "identity_link", ["identity_id"])
    op.create_index(op.f("ix_identity_link_citizen_id"), "identity_link", ["citizen_id"])
    op.create_index(op.f("ix_identity_link_act_id"), "identity_link", ["act_id"])
    op.create_index(
        "uq_identity_link_in_force",
        "identity_link",
        ["identity_id"],
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    )
    op.create_table(
        "suggestion_decision",
        sa.Column("first_id", sa.String(length=36), nullable=False),
        sa.Column("second_id", sa.String(length=36), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=False),
        sa.Column("decided_at", _UTC, nullable=False),
        _key("first_id", "conversation.id", "suggestion_decision"),
        _key("second_id", "conversation.id", "suggestion_decision"),
        _key("decided_by", "staff.id", "suggestion_decision"),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_suggestion_decision")),
    )
    _only_undone_once()


def _only_undone_once() -> None:
    """A link may be undone; nothing else of it may change, and it may not go."""
    if op.get_bind().dialect.name == "postgresql":
        changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _KEPT)
        op.execute(
            "CREATE FUNCTION pietura_link_only_undone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF TG_OP = 'DELETE' OR OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL OR {changed}"
            " THEN RAISE EXCEPTION 'identity_link only grows'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            "CREATE TRIGGER identity_link_only_grows BEFORE UPDATE OR DELETE ON identity_link"
            " FOR EACH ROW EXECUTE FUNCTION pietura_link_only_undone()"
        )
        return
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
    refuse = "BEGIN SELECT RAISE(ABORT, 'identity_link only grows'); END"
    op.execute(
        "CREATE TRIGGER identity_link_no_update BEFORE UPDATE ON identity_link"
        f" WHEN OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL OR {changed} {refuse}"
    )
    op.execute(f"CREATE TRIGGER identity_link_no_delete BEFORE DELETE ON identity_link {refuse}")


def downgrade() -> None:
    """Back."""
    for table in ("suggestion_decision", "identity_link", "code_try", "link_proof", "identity_conversation"):
        op.drop_table(table)
    op.drop_table("channel_identity")
    op.drop_table("citizen")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION pietura_link_only_undone()")
