"""price lists, months that are settled, statements and disputes; what is closed or approved is kept by triggers

Tariffs of before become lines of price lists: a list for each day on which one began, with what went on from before. Entries
learn what they count as; for that once their triggers stand aside.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0027"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_KINDS = (
    "UPDATE case_entry SET case_kind = CASE WHEN channel IN ('email', 'form') THEN channel"
    " WHEN conversation_id IN (SELECT conversation_id FROM channel_thread WHERE kind = 'comment') THEN 'comment'"
    " ELSE 'social_conversation' END WHERE channel <> 'webchat'"
)
#: Tables of which no row is ever changed or deleted.
_KEPT = ("settlement_line", "settlement_statement")
_APPROVED = "EXISTS (SELECT 1 FROM price_list WHERE id = {row}.list_id AND state = 'approved')"


def upgrade() -> None:
    """Forward."""
    _tables()
    _lists_of_tariffs()
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.add_column(
        "case_entry", sa.Column("case_kind", sa.String(length=24), nullable=False, server_default="chat_session")
    )
    if postgresql:
        op.execute("ALTER TABLE case_entry DISABLE TRIGGER case_entry_only_grows")
        op.execute(_KINDS)
        op.execute("ALTER TABLE case_entry ENABLE TRIGGER case_entry_only_grows")
        _postgresql_triggers()
    else:
        op.execute("DROP TRIGGER case_entry_no_update")
        op.execute(_KINDS)
        op.execute(
            "CREATE TRIGGER case_entry_no_update BEFORE UPDATE ON case_entry"
            " BEGIN SELECT RAISE(ABORT, 'case_entry only grows'); END"
        )
        _sqlite_triggers()


def _tables() -> None:
    op.create_table(
        "price_list",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("copied_from", sa.String(length=36), nullable=True),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("changed_by", sa.String(length=36), nullable=True),
        sa.Column("compared_by", sa.String(length=36), nullable=True),
        sa.Column("compared_at", _UTC, nullable=True),
        sa.Column("comparison", sa.JSON(), nullable=True),
        sa.Column("approved_by", sa.String(length=36), nullable=True),
        sa.Column("approved_at", _UTC, nullable=True),
        sa.Column("withdrawn_by", sa.String(length=36), nullable=True),
        sa.Column("withdrawn_at", _UTC, nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.ForeignKeyConstraint(["copied_from"], ["price_list.id"], name=op.f("fk_price_list_copied_from")),
        *(
            sa.ForeignKeyConstraint([name], ["staff.id"], name=op.f(f"fk_price_list_{name}"))
            for name in ("created_by", "changed_by", "compared_by", "approved_by", "withdrawn_by")
        ),
    )
    op.create_index(op.f("ix_price_list_valid_from"), "price_list", ["valid_from"])
    op.create_index(
        "uq_price_list_approved",
        "price_list",
        ["valid_from"],
        unique=True,
        sqlite_where=sa.text("state = 'approved'"),
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_table(
        "price_list_fee",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("list_id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("monthly", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("pays", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list_fee")),
        sa.ForeignKeyConstraint(["list_id"], ["price_list.id"], name=op.f("fk_price_list_fee_list_id")),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_price_list_fee_account_id")),
        sa.UniqueConstraint(
            "list_id", "channel", "account_id", name=op.f("uq_price_list_fee_list_id_channel_account_id")
        ),
    )
    op.create_table(
        "settlement_period",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("started_by", sa.String(length=36), nullable=False),
        sa.Column("started_at", _UTC, nullable=False),
        sa.Column("cutoff_at", _UTC, nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.Column("worker", sa.String(length=36), nullable=True),
        sa.Column("lease_until", _UTC, nullable=True),
        sa.Column("closed_at", _UTC, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_settlement_period")),
        sa.ForeignKeyConstraint(["started_by"], ["staff.id"], name=op.f("fk_settlement_period_started_by")),
    )
    op.create_table(
        "settlement_line",
        sa.Column("entry_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("payer", sa.String(length=12), nullable=False),
        sa.Column("party_id", sa.String(length=64), nullable=True),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_settlement_line")),
        sa.ForeignKeyConstraint(["entry_id"], ["case_entry.id"], name=op.f("fk_settlement_line_entry_id")),
        sa.ForeignKeyConstraint(["month"], ["settlement_period.month"], name=op.f("fk_settlement_line_month")),
    )
    op.create_index("ix_settlement_line_month_payer_party_id", "settlement_line", ["month", "payer", "party_id"])
    op.create_table(
        "settlement_statement",
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("party_id", sa.String(length=64), nullable=False),
        sa.Column("party", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Numeric(precision=14, scale=2), nullable=False)
            for name in ("variable", "fee", "adjustments", "total")
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_settlement_statement")),
        sa.ForeignKeyConstraint(["month"], ["settlement_period.month"], name=op.f("fk_settlement_statement_month")),
        sa.UniqueConstraint("month", "kind", "party_id", name=op.f("uq_settlement_statement_month_kind_party_id")),
    )
    op.create_table(
        "settlement_dispute",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("case_no", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("centre_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("raised_by", sa.String(length=36), nullable=False),
        sa.Column("raised_at", _UTC, nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", _UTC, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("act", sa.String(length=8), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.Column("reversal_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_dispute")),
        sa.ForeignKeyConstraint(["number"], ["settlement_statement.number"], name=op.f("fk_settlement_dispute_number")),
        sa.ForeignKeyConstraint(["entry_id"], ["case_entry.id"], name=op.f("fk_settlement_dispute_entry_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["staff.id"], name=op.f("fk_settlement_dispute_raised_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_settlement_dispute_decided_by")),
        sa.ForeignKeyConstraint(["reversal_id"], ["case_entry.id"], name=op.f("fk_settlement_dispute_reversal_id")),
    )
    op.create_index("ix_settlement_dispute_state_raised_at", "settlement_dispute", ["state", "raised_at"])
    op.create_index("ix_settlement_dispute_number", "settlement_dispute", ["number"])
    op.create_index(
        "uq_settlement_dispute_one_open",
        "settlement_dispute",
        ["entry_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _lists_of_tariffs() -> None:
    with op.batch_alter_table("tariff") as batch:
        batch.add_column(sa.Column("list_id", sa.String(length=36), nullable=True))
        batch.add_column(sa.Column("case_kind", sa.String(length=24), nullable=True))
        batch.add_column(sa.Column("level", sa.Integer(), nullable=True))
        batch.alter_column("channel", existing_type=sa.String(length=16), nullable=True)
    bind = op.get_bind()
    tariff = sa.table(
        "tariff",
        *(
            sa.column(name, kind)
            for name, kind in (
                ("id", sa.String), ("list_id", sa.String), ("channel", sa.String), ("level", sa.Integer),
                ("price", sa.Numeric(12, 4)), ("currency", sa.String), ("valid_from", sa.Date), ("valid_to", sa.Date),
                ("source", sa.String),
            )
        ),
    )  # fmt: skip
    lists = sa.table(
        "price_list",
        *(
            sa.column(name, kind)
            for name, kind in (
                ("id", sa.String), ("name", sa.String), ("currency", sa.String), ("valid_from", sa.Date),
                ("state", sa.String), ("version", sa.Integer), ("created_at", _UTC), ("approved_at", _UTC),
            )
        ),
    )  # fmt: skip
    rows = list(bind.execute(sa.select(tariff).order_by(tariff.c.valid_from, tariff.c.id)))
    for day in sorted({row.valid_from for row in rows}):
        list_id, began = f"list-{day}", datetime(day.year, day.month, day.day, tzinfo=UTC)
        name = "Atsauces cenrādis" if day == date(2026, 1, 1) else f"Cenrādis no {day:%d.%m.%Y}"
        bind.execute(
            lists.insert().values(
                id=list_id, name=name, currency="EUR", valid_from=day, state="approved", version=1,
                created_at=began, approved_at=began,
            )
        )  # fmt: skip
        bind.execute(tariff.update().where(tariff.c.valid_from == day).values(list_id=list_id))
        holding = {
            row.channel: row for row in rows if row.valid_from <= day and (row.valid_to is None or row.valid_to >= day)
        }
        fresh = [
            {
                "id": f"{row.id[:21]}-{day:%Y%m%d}",
                "channel": channel,
                "level": None,
                "price": row.price,
                "source": row.source,
            }
            for channel, row in holding.items()
            if row.valid_from < day
        ]
        prices = [row.price for row in holding.values()]
        rest = holding["webchat"].price if "webchat" in holding else min(prices)
        suffix = f"{day:%Y}" if day == date(2026, 1, 1) else f"{day:%Y%m%d}"
        source = "pārņemts no iepriekšējiem tarifiem"
        fresh += [
            {"id": f"any-{suffix}", "channel": None, "level": None, "price": rest, "source": source},
            {"id": f"assistant-{suffix}", "channel": None, "level": 0, "price": Decimal(0), "source": source},
        ]
        bind.execute(
            tariff.insert(),
            [{**line, "list_id": list_id, "currency": "EUR", "valid_from": day, "valid_to": None} for line in fresh],
        )
    with op.batch_alter_table("tariff") as batch:
        batch.alter_column("list_id", existing_type=sa.String(length=36), nullable=False)
        batch.create_foreign_key(op.f("fk_tariff_list_id"), "price_list", ["list_id"], ["id"])
        batch.create_unique_constraint(
            op.f("uq_tariff_list_id_case_kind_channel_level"), ["list_id", "case_kind", "channel", "level"]
        )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION pietura_settled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NOT EXISTS (SELECT 1 FROM settlement_period WHERE month = NEW.month AND state = 'closing')"
        " THEN RAISE EXCEPTION 'the month is not being closed'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE FUNCTION pietura_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'DELETE' OR OLD.state = 'closed' THEN RAISE EXCEPTION 'a closed month does not change'; END IF;"
        " RETURN NEW; END $$"
    )
    op.execute(
        "CREATE FUNCTION pietura_approved_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' AND {_APPROVED.format(row='OLD')} THEN RAISE EXCEPTION 'approved prices do not change'; END IF;"
        f" IF TG_OP <> 'DELETE' AND {_APPROVED.format(row='NEW')} THEN RAISE EXCEPTION 'approved prices do not change'; END IF;"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE FUNCTION pietura_approved_list() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF OLD.state = 'approved' AND (TG_OP = 'DELETE' OR NEW.valid_from <> OLD.valid_from OR NEW.currency <> OLD.currency"
        " OR NEW.state NOT IN ('approved', 'withdrawn')) THEN RAISE EXCEPTION 'approved prices do not change'; END IF;"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION pietura_only_grows()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_settled BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION pietura_settled()"
        )
    op.execute(
        "CREATE TRIGGER settlement_period_closed BEFORE UPDATE OR DELETE ON settlement_period"
        " FOR EACH ROW EXECUTE FUNCTION pietura_closed()"
    )
    for table in (*_KEPT, "settlement_period", "case_entry", "event", '"case"'):
        op.execute(
            f"CREATE TRIGGER {table.strip(chr(34))}_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION pietura_only_grows()"
        )
    for table in ("tariff", "price_list_fee"):
        op.execute(
            f"CREATE TRIGGER {table}_approved BEFORE INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION pietura_approved_line()"
        )
    op.execute(
        "CREATE TRIGGER price_list_approved BEFORE UPDATE OR DELETE ON price_list"
        " FOR EACH ROW EXECUTE FUNCTION pietura_approved_list()"
    )


def _sqlite_triggers() -> None:
    for table in _KEPT:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_settled BEFORE INSERT ON {table}"
            " WHEN NOT EXISTS (SELECT 1 FROM settlement_period WHERE month = NEW.month AND state = 'closing')"
            " BEGIN SELECT RAISE(ABORT, 'the month is not being closed'); END"
        )
    op.execute(
        "CREATE TRIGGER settlement_period_closed BEFORE UPDATE ON settlement_period WHEN OLD.state = 'closed'"
        " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
    )
    op.execute(
        "CREATE TRIGGER settlement_period_no_delete BEFORE DELETE ON settlement_period"
        " BEGIN SELECT RAISE(ABORT, 'a closed month does not change'); END"
    )
    for table in ("tariff", "price_list_fee"):
        for act, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            when = " OR ".join(_APPROVED.format(row=row) for row in rows)
            op.execute(
                f"CREATE TRIGGER {table}_approved_{act.lower()} BEFORE {act} ON {table} WHEN {when}"
                " BEGIN SELECT RAISE(ABORT, 'approved prices do not change'); END"
            )
    op.execute(
        "CREATE TRIGGER price_list_approved BEFORE UPDATE ON price_list WHEN OLD.state = 'approved' AND"
        " (NEW.valid_from <> OLD.valid_from OR NEW.currency <> OLD.currency OR NEW.state NOT IN ('approved', 'withdrawn'))"
        " BEGIN SELECT RAISE(ABORT, 'approved prices do not change'); END"
    )
    op.execute(
        "CREATE TRIGGER price_list_no_delete BEFORE DELETE ON price_list WHEN OLD.state = 'approved'"
        " BEGIN SELECT RAISE(ABORT, 'approved prices do not change'); END"
    )


def downgrade() -> None:
    """Back. Lists of before are one row a channel; a tariff that cases have is kept whatever it was for."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        for table in ("case_entry", "event", '"case"'):
            op.execute(f"DROP TRIGGER {table.strip(chr(34))}_not_emptied ON {table}")
        op.execute("DROP TRIGGER tariff_approved ON tariff")
    else:
        for act in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER tariff_approved_{act}")
    for table in (
        "settlement_dispute",
        "settlement_statement",
        "settlement_line",
        "settlement_period",
        "price_list_fee",
    ):
        op.drop_table(table)
    op.drop_column("case_entry", "case_kind")
    with op.batch_alter_table("tariff") as batch:
        batch.drop_constraint(op.f("fk_tariff_list_id"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_tariff_list_id_case_kind_channel_level"), type_="unique")
    op.execute(
        "DELETE FROM tariff WHERE channel IS NULL AND id NOT IN (SELECT tariff_id FROM case_entry WHERE tariff_id IS NOT NULL)"
    )
    op.execute("UPDATE tariff SET channel = '-' WHERE channel IS NULL")
    with op.batch_alter_table("tariff") as batch:
        batch.alter_column("channel", existing_type=sa.String(length=16), nullable=False)
        for name in ("list_id", "case_kind", "level"):
            batch.drop_column(name)
    op.drop_table("price_list")
    if postgresql:
        for name in ("pietura_settled", "pietura_closed", "pietura_approved_line", "pietura_approved_list"):
            op.execute(f"DROP FUNCTION {name}()")
