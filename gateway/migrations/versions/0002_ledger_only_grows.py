"""the case ledger and the event log only grow

The database itself refuses to change or delete a line: a correction is a reversing entry.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("case_entry", "event", '"case"')


def upgrade() -> None:
    """Forward."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION pietura_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$"
        )
        for table in _TABLES:
            name = table.strip('"')
            op.execute(
                f"CREATE TRIGGER {name}_only_grows BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION pietura_only_grows()"
            )
        return
    for table in _TABLES:
        name = table.strip('"')
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_no_{act.lower()} BEFORE {act} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{name} only grows'); END"
            )


def downgrade() -> None:
    """Back."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in _TABLES:
        name = table.strip('"')
        if postgresql:
            op.execute(f"DROP TRIGGER {name}_only_grows ON {table}")
        else:
            op.execute(f"DROP TRIGGER {name}_no_update")
            op.execute(f"DROP TRIGGER {name}_no_delete")
    if postgresql:
        op.execute("DROP FUNCTION pietura_only_grows()")
