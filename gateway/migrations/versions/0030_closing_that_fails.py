"""closings that fail: attempts, cause, next try; an unfinished one can be given back, and nothing else can be taken out

Lines and months go only while the month is ``opening``, a state that comes from ``closing`` and from which nothing leads on: the one
transaction that gives a month back deletes both. SQLite's ``INSERT OR REPLACE`` deletes without asking its delete triggers, so a row
that is there is not inserted again. PostgreSQL's triggers look up tables by name: the path is fixed, or a temporary table would answer.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0026"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_OPENING = "EXISTS (SELECT 1 FROM settlement_period WHERE month = OLD.month AND state = 'opening')"
#: A month goes its way and keeps its cutoff.
_ASTRAY = (
    "OLD.state <> 'closing' OR NEW.state NOT IN ('closing', 'closed', 'opening')"
    " OR NEW.month <> OLD.month OR NEW.cutoff_at <> OLD.cutoff_at"
)
#: What is there, by each key that a table has.
_THERE = {
    "settlement_line": ("entry_id = NEW.entry_id",),
    "settlement_statement": (
        "number = NEW.number",
        "month = NEW.month AND kind = NEW.kind AND party_id = NEW.party_id",
    ),
    "settlement_period": ("month = NEW.month",),
    "case_entry": (
        "id = NEW.id",
        "case_no = NEW.case_no AND revision = NEW.revision AND kind = NEW.kind",
        "reverses_id = NEW.reverses_id",
    ),
}
_LOOKING = ("pietura_settled", "pietura_lines_kept", "pietura_approved_line")


def upgrade() -> None:
    """Forward."""
    op.add_column("settlement_period", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("settlement_period", sa.Column("fault", sa.String(length=8), nullable=True))
    op.add_column("settlement_period", sa.Column("failed_at", _UTC, nullable=True))
    op.add_column("settlement_period", sa.Column("next_try_at", _UTC, nullable=True))
    op.execute("UPDATE settlement_period SET error = 'unknown' WHERE state = 'closing' AND error IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _postgresql() -> None:
    # The lock: a month that is closed or given back at the same moment waits for the line, or the line learns of it.
    op.execute(
        "CREATE OR REPLACE FUNCTION pietura_settled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM 1 FROM settlement_period WHERE month = NEW.month AND state = 'closing' FOR SHARE;"
        " IF NOT FOUND THEN RAISE EXCEPTION 'the month is not being closed'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE FUNCTION pietura_lines_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'DELETE' AND {_OPENING} THEN RETURN OLD; END IF;"
        " RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION pietura_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'INSERT' THEN"
        " IF NEW.state <> 'closing' THEN RAISE EXCEPTION 'a closed month does not change'; END IF; RETURN NEW; END IF;"
        " IF TG_OP = 'DELETE' THEN"
        " IF OLD.state <> 'opening' THEN RAISE EXCEPTION 'a closed month does not change'; END IF; RETURN OLD; END IF;"
        f" IF {_ASTRAY} THEN RAISE EXCEPTION 'a closed month does not change'; END IF;"
        " RETURN NEW; END $$"
    )
    op.execute("DROP TRIGGER settlement_line_only_grows ON settlement_line")
    op.execute(
        "CREATE TRIGGER settlement_line_only_grows BEFORE UPDATE OR DELETE ON settlement_line"
        " FOR EACH ROW EXECUTE FUNCTION pietura_lines_kept()"
    )
    op.execute("DROP TRIGGER settlement_period_closed ON settlement_period")
    op.execute(
        "CREATE TRIGGER settlement_period_closed BEFORE INSERT OR UPDATE OR DELETE ON settlement_period"
        " FOR EACH ROW EXECUTE FUNCTION pietura_closed()"
    )
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for name in _LOOKING:
        op.execute(f"ALTER FUNCTION {name}() SET search_path = {schema}, pg_temp")


def _sqlite() -> None:
    op.execute("DROP TRIGGER settlement_line_no_delete")
    op.execute(
        f"CREATE TRIGGER settlement_line_no_delete BEFORE DELETE ON settlement_line WHEN NOT {_OPENING}"
        " BEGIN SELECT RAISE(ABORT, 'settlement_line only grows'); END"
    )
    op.execute("DROP TRIGGER settlement_period_closed")
    op.execute(
        f"CREATE TRIGGER settlement_period_closed BEFORE UPDATE ON settlement_period WHEN {_ASTRAY}"
        " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
    )
    op.execute("DROP TRIGGER settlement_period_no_delete")
    op.execute(
        "CREATE TRIGGER settlement_period_no_delete BEFORE DELETE ON settlement_period WHEN OLD.state <> 'opening'"
        " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
    )
    op.execute(
        "CREATE TRIGGER settlement_period_begins BEFORE INSERT ON settlement_period WHEN NEW.state <> 'closing'"
        " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
    )
    for table, keys in _THERE.items():
        there = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)
        op.execute(
            f"CREATE TRIGGER {table}_once BEFORE INSERT ON {table} WHEN {there}"
            f" BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        for name in ("pietura_settled", "pietura_approved_line"):
            op.execute(f"ALTER FUNCTION {name}() RESET search_path")
        op.execute(
            "CREATE OR REPLACE FUNCTION pietura_settled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NOT EXISTS (SELECT 1 FROM settlement_period WHERE month = NEW.month AND state = 'closing')"
            " THEN RAISE EXCEPTION 'the month is not being closed'; END IF; RETURN NEW; END $$"
        )
        op.execute("DROP TRIGGER settlement_line_only_grows ON settlement_line")
        op.execute(
            "CREATE TRIGGER settlement_line_only_grows BEFORE UPDATE OR DELETE ON settlement_line"
            " FOR EACH ROW EXECUTE FUNCTION pietura_only_grows()"
        )
        op.execute("DROP FUNCTION pietura_lines_kept()")
        op.execute("DROP TRIGGER settlement_period_closed ON settlement_period")
        op.execute(
            "CREATE TRIGGER settlement_period_closed BEFORE UPDATE OR DELETE ON settlement_period"
            " FOR EACH ROW EXECUTE FUNCTION pietura_closed()"
        )
        op.execute(
            "CREATE OR REPLACE FUNCTION pietura_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF TG_OP = 'DELETE' OR OLD.state = 'closed' THEN RAISE EXCEPTION 'a closed month does not change'; END IF;"
            " RETURN NEW; END $$"
        )
    else:
        for table in _THERE:
            op.execute(f"DROP TRIGGER {table}_once")
        op.execute("DROP TRIGGER settlement_period_begins")
        op.execute("DROP TRIGGER settlement_line_no_delete")
        op.execute(
            "CREATE TRIGGER settlement_line_no_delete BEFORE DELETE ON settlement_line"
            " BEGIN SELECT RAISE(ABORT, 'settlement_line only grows'); END"
        )
        op.execute("DROP TRIGGER settlement_period_closed")
        op.execute(
            "CREATE TRIGGER settlement_period_closed BEFORE UPDATE ON settlement_period WHEN OLD.state = 'closed'"
            " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
        )
        op.execute("DROP TRIGGER settlement_period_no_delete")
        op.execute(
            "CREATE TRIGGER settlement_period_no_delete BEFORE DELETE ON settlement_period"
            " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
        )
    op.execute("UPDATE settlement_period SET error = 'month_failed' WHERE state = 'closing' AND error IS NOT NULL")
    for name in ("next_try_at", "failed_at", "fault", "attempts"):
        op.drop_column("settlement_period", name)
