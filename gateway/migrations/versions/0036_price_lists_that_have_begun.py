"""price lists that have begun are not withdrawn, and none that was withdrawn comes back

That a list's day has come is told by the cases, which only grow: the first that was opened after its midnight in Riga, for by that day a
case is priced. (A trigger cannot ask the application's clock, and the database's is another.) SQLite's ``OR REPLACE`` deletes without
asking the triggers of deleting, so a row that is there is neither inserted again nor given another's key.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0039"
branch_labels = None
depends_on = None

_SAID = "approved prices do not change"
_MOVED = (
    "NEW.valid_from <> OLD.valid_from OR NEW.currency <> OLD.currency OR NEW.id <> OLD.id"
    " OR NEW.state NOT IN ('approved', 'withdrawn')"
)
#: From midnight on in Riga; lists begin on the first of a month, of April to October in summer time.
_BEGUN_SQLITE = (
    'EXISTS (SELECT 1 FROM "case" WHERE opened_at >= datetime(OLD.valid_from,'
    " CASE WHEN strftime('%m', OLD.valid_from) BETWEEN '04' AND '10' THEN '-3 hours' ELSE '-2 hours' END))"
)
_BEGUN_POSTGRESQL = (
    "EXISTS (SELECT 1 FROM \"case\" WHERE opened_at >= OLD.valid_from::timestamp AT TIME ZONE 'Europe/Riga')"
)
_TWIN = (
    "NEW.state = 'approved' AND EXISTS (SELECT 1 FROM price_list"
    " WHERE state = 'approved' AND valid_from = NEW.valid_from AND id <> NEW.id)"
)


def upgrade() -> None:
    """Forward."""
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _postgresql() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION pietura_approved_list() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'DELETE' THEN"
        f" IF OLD.state IN ('approved', 'withdrawn') THEN RAISE EXCEPTION '{_SAID}'; END IF; RETURN OLD; END IF;"
        f" IF OLD.state = 'approved' AND ({_MOVED} OR (NEW.state = 'withdrawn' AND {_BEGUN_POSTGRESQL}))"
        f" THEN RAISE EXCEPTION '{_SAID}'; END IF;"
        f" IF OLD.state = 'withdrawn' AND (NEW.state <> 'withdrawn' OR NEW.id <> OLD.id) THEN RAISE EXCEPTION '{_SAID}'; END IF;"
        " RETURN NEW; END $$"
    )
    # Cases are looked up by name: the path is fixed, or a temporary table would answer.
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    op.execute(f"ALTER FUNCTION pietura_approved_list() SET search_path = {schema}, pg_temp")


def _sqlite() -> None:
    refused = f" BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    op.execute("DROP TRIGGER price_list_approved")
    op.execute(
        "CREATE TRIGGER price_list_approved BEFORE UPDATE ON price_list WHEN OLD.state = 'approved'"
        f" AND ({_MOVED} OR (NEW.state = 'withdrawn' AND {_BEGUN_SQLITE}))" + refused
    )
    op.execute(
        "CREATE TRIGGER price_list_withdrawn BEFORE UPDATE ON price_list WHEN OLD.state = 'withdrawn'"
        " AND (NEW.state <> 'withdrawn' OR NEW.id <> OLD.id)" + refused
    )
    op.execute("DROP TRIGGER price_list_no_delete")
    op.execute(
        "CREATE TRIGGER price_list_no_delete BEFORE DELETE ON price_list WHEN OLD.state IN ('approved', 'withdrawn')"
        + refused
    )
    op.execute(
        "CREATE TRIGGER price_list_once BEFORE INSERT ON price_list"
        f" WHEN EXISTS (SELECT 1 FROM price_list WHERE id = NEW.id) OR ({_TWIN})" + refused
    )
    op.execute(f"CREATE TRIGGER price_list_twin BEFORE UPDATE ON price_list WHEN {_TWIN}" + refused)
    for table in ("price_list", "tariff", "price_list_fee"):
        op.execute(f"CREATE TRIGGER {table}_key BEFORE UPDATE ON {table} WHEN NEW.id <> OLD.id" + refused)
    for table in ("tariff", "price_list_fee"):
        op.execute(
            f"CREATE TRIGGER {table}_once BEFORE INSERT ON {table}"
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)" + refused
        )


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION pietura_approved_list() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF OLD.state = 'approved' AND (TG_OP = 'DELETE' OR NEW.valid_from <> OLD.valid_from OR NEW.currency <> OLD.currency"
            f" OR NEW.state NOT IN ('approved', 'withdrawn')) THEN RAISE EXCEPTION '{_SAID}'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
        return
    for table in ("tariff", "price_list_fee"):
        op.execute(f"DROP TRIGGER {table}_once")
    for table in ("price_list", "tariff", "price_list_fee"):
        op.execute(f"DROP TRIGGER {table}_key")
    for name in ("twin", "once", "no_delete", "withdrawn", "approved"):
        op.execute(f"DROP TRIGGER price_list_{name}")
    op.execute(
        "CREATE TRIGGER price_list_approved BEFORE UPDATE ON price_list WHEN OLD.state = 'approved' AND"
        " (NEW.valid_from <> OLD.valid_from OR NEW.currency <> OLD.currency OR NEW.state NOT IN ('approved', 'withdrawn'))"
        f" BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    )
    op.execute(
        "CREATE TRIGGER price_list_no_delete BEFORE DELETE ON price_list WHEN OLD.state = 'approved'"
        f" BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    )
