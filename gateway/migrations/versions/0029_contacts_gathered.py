"""contacts that are over, gathered for reports; triggers tell of which it is to be done anew

Sources of a contact's facts: the conversation, its ledger, its turns and what was pressed, when a person began, and who the
citizen is. The ledger and the log only grow (0002), links are undone once and never deleted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0034"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_DUE = "INSERT INTO contact_due (conversation_id) "
#: While it goes on a contact is due anyway.
_ENDED = _DUE + "SELECT id FROM conversation WHERE id = NEW.conversation_id AND closed_at IS NOT NULL"
#: Whoever comes again has come soon after an earlier contact, or it is no matter to it; two days are a day too many.
_SAME_PERSON = (
    _DUE + "SELECT ic.conversation_id FROM identity_conversation ic JOIN conversation c ON c.id = ic.conversation_id"
    " WHERE ic.identity_id IN (SELECT NEW.identity_id UNION SELECT theirs.identity_id FROM identity_link own"
    " JOIN identity_link theirs ON theirs.citizen_id = own.citizen_id WHERE own.identity_id = NEW.identity_id)"
    " AND (c.closed_at IS NULL OR {until} >= (SELECT opened_at FROM conversation WHERE id = NEW.conversation_id))"
)
_SAME_CITIZEN = (
    _DUE + "SELECT conversation_id FROM identity_conversation WHERE identity_id = NEW.identity_id"
    " OR identity_id IN (SELECT identity_id FROM identity_link WHERE citizen_id = NEW.citizen_id)"
)
#: Name → when, on which table, under which condition, what.
_TRIGGERS = {
    "opened": (
        "INSERT",
        "conversation",
        "",
        _DUE + "SELECT NEW.id UNION ALL SELECT NEW.previous_id WHERE NEW.previous_id IS NOT NULL",
    ),
    "changed": ("UPDATE", "conversation", "NEW.closed_at IS NOT NULL", _DUE + "VALUES (NEW.id)"),
    "entered": ("INSERT", "case_entry", "", _DUE + "VALUES (NEW.conversation_id)"),
    "turned": ("INSERT", "turn", "", _ENDED),
    "returned": ("UPDATE", "turn", "", _ENDED),
    "pressed": ("UPDATE OF payload", "message", "", _ENDED),
    "begun": ("INSERT", "event", "NEW.kind = 'state' AND NEW.to_state = 'active'", _ENDED),
    "known": ("INSERT", "identity_conversation", "", _SAME_PERSON),
    "linked": ("INSERT", "identity_link", "", _SAME_CITIZEN),
    "unlinked": ("UPDATE", "identity_link", "", _SAME_CITIZEN),
}


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "contact_fact",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), nullable=True),
        sa.Column("opened_at", _UTC, nullable=False),
        sa.Column("closed_at", _UTC, nullable=False),
        sa.Column("queued_at", _UTC, nullable=True),
        sa.Column("begun_at", _UTC, nullable=True),
        sa.Column("service_id", sa.String(length=80), nullable=True),
        sa.Column("institution_id", sa.String(length=64), nullable=True),
        sa.Column("municipality_id", sa.String(length=64), nullable=True),
        sa.Column("centre_id", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("typed", sa.Integer(), nullable=False),
        sa.Column("not_understood", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("not_helped", sa.Integer(), nullable=False),
        sa.Column("hour", sa.String(length=2), nullable=False),
        sa.Column("weekday", sa.String(length=1), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_fact")),
        sa.ForeignKeyConstraint(["id"], ["conversation.id"], name=op.f("fk_contact_fact_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_contact_fact_opened_at", "contact_fact", ["opened_at"])
    op.create_table(
        "contact_due",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_contact_due")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contact_due_conversation_id", "contact_due", ["conversation_id"])
    # Who was followed by whom is looked up for single contacts now.
    op.create_index(
        "ix_conversation_previous_id",
        "conversation",
        ["previous_id", "opened_at"],
        sqlite_where=sa.text("previous_id IS NOT NULL"),
        postgresql_where=sa.text("previous_id IS NOT NULL"),
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    until = "c.closed_at + INTERVAL '2 days'" if postgresql else "datetime(c.closed_at, '+2 days')"
    for name, (act, table, condition, what) in _TRIGGERS.items():
        do = what.replace("{until}", until)
        when = f" WHEN ({condition})" if condition else ""
        if postgresql:
            op.execute(
                f"CREATE FUNCTION pietura_contact_{name}() RETURNS trigger LANGUAGE plpgsql AS $$"
                f" BEGIN {do}; RETURN NULL; END $$"
            )
            op.execute(
                f"CREATE TRIGGER contact_{name} AFTER {act} ON {table} FOR EACH ROW{when}"
                f" EXECUTE FUNCTION pietura_contact_{name}()"
            )
        else:
            op.execute(f"CREATE TRIGGER contact_{name} AFTER {act} ON {table} FOR EACH ROW{when} BEGIN {do}; END")
    # Whatever there is will be gathered in the background.
    op.execute(_DUE + "SELECT id FROM conversation ORDER BY opened_at")


def downgrade() -> None:
    """Back."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, (_act, table, _condition, _what) in _TRIGGERS.items():
        if postgresql:
            op.execute(f"DROP TRIGGER contact_{name} ON {table}")
            op.execute(f"DROP FUNCTION pietura_contact_{name}()")
        else:
            op.execute(f"DROP TRIGGER contact_{name}")
    op.drop_index("ix_conversation_previous_id", "conversation")
    op.drop_table("contact_due")
    op.drop_table("contact_fact")
