"""what one browser wrote one after another is the same citizen's; words are stored by what all their forms have in common

Evidence of a link may be the browser from now on, of what was written before, too. What was stored for the search by the former stems goes into the backlog, and the
gateway takes it in anew while it runs.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0029"
branch_labels = None
depends_on = None

_BEFORE = "evidence IN ('deep_link_token', 'code_word', 'verified_email', 'staff')"
_NOW = "evidence IN ('deep_link_token', 'code_word', 'verified_email', 'staff', 'browser')"
_NAME = "ck_identity_link_known_evidence"


def upgrade() -> None:
    """Forward."""
    _evidence(_BEFORE, _NOW)
    _link_what_was_written_on()
    _take_in_anew()


def downgrade() -> None:
    """Back; links that rest on the browser alone go."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    gone = "SELECT id FROM identity_link WHERE evidence = 'browser'"
    acts = (
        f"UPDATE identity_link SET replaces_id = NULL WHERE replaces_id IN ({gone})",
        "DELETE FROM identity_link WHERE evidence = 'browser'",
    )
    if postgresql:
        op.execute("ALTER TABLE identity_link DISABLE TRIGGER identity_link_only_grows")
        for act in acts:
            op.execute(act)
        op.execute("ALTER TABLE identity_link ENABLE TRIGGER identity_link_only_grows")
        _evidence(_NOW, _BEFORE)
    else:
        _evidence(_NOW, _BEFORE, acts)
    _take_in_anew()


def _evidence(before: str, now: str, acts: tuple[str, ...] = ()) -> None:
    """Another condition on ``evidence``; ``acts`` are done (SQLite) while nothing refuses them."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE identity_link DROP CONSTRAINT {_NAME}")
        op.execute(f"ALTER TABLE identity_link ADD CONSTRAINT {_NAME} CHECK ({now})")
        return
    # SQLite changes no condition in place: the table is made anew, with the same indexes and triggers.
    made = bind.scalar(sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'identity_link'"))
    besides = bind.scalars(
        sa.text(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'identity_link' AND type IN ('index', 'trigger')"
            " AND sql IS NOT NULL ORDER BY type"
        )
    ).all()
    if before not in made:
        raise RuntimeError("identity_link is not as it was made")
    if acts:
        for trigger in ("identity_link_no_update", "identity_link_no_delete"):
            op.execute(f"DROP TRIGGER {trigger}")
    for act in acts:
        op.execute(act)
    # Kept aside and not renamed: triggers of other tables name this one.
    op.execute("CREATE TABLE identity_link_kept AS SELECT * FROM identity_link")
    op.execute("DROP TABLE identity_link")
    bind.exec_driver_sql(made.replace(before, now))
    op.execute("INSERT INTO identity_link SELECT * FROM identity_link_kept")
    op.execute("DROP TABLE identity_link_kept")
    for one in besides:
        bind.exec_driver_sql(one)


def _link_what_was_written_on() -> None:
    """Each conversation that follows another one in its browser, unless somebody has linked it, or asked to be forgotten."""
    bind = op.get_bind()
    utc = sa.DateTime(timezone=True)
    conversation, identity = (
        sa.table("conversation", *(sa.column(name) for name in ("id", "previous_id", "channel", "site")), sa.column("opened_at", utc)),
        sa.table("channel_identity", *(sa.column(name) for name in ("id", "channel", "scope", "external_id")), sa.column("first_seen_at", utc)),
    )  # fmt: skip
    whose = sa.table("identity_conversation", sa.column("conversation_id"), sa.column("identity_id"))
    citizen = sa.table("citizen", sa.column("id"), sa.column("created_at", utc))
    names = ("identity_id", "citizen_id", "act_id", "evidence", "undone_at")
    link = sa.table("identity_link", *(sa.column(name) for name in names), sa.column("linked_at", utc))
    now = datetime.now(UTC)
    before = conversation.alias()
    pairs = bind.execute(
        sa.select(conversation, before.c.opened_at.label("before_at"))
        .join(before, before.c.id == conversation.c.previous_id)
        .where(conversation.c.channel == "webchat", before.c.channel == "webchat", before.c.site == conversation.c.site)
        .order_by(conversation.c.opened_at)
    ).all()

    def of(conversation_id: str, site: str, at: datetime) -> str | None:
        known = bind.execute(
            sa.select(identity.c.id, identity.c.external_id)
            .join(whose, whose.c.identity_id == identity.c.id)
            .where(whose.c.conversation_id == conversation_id)
        ).one_or_none()
        if known is not None:
            return None if known.external_id.startswith("erased:") else str(known.id)
        made = str(uuid.uuid4())
        row = {"id": made, "channel": "webchat", "scope": site, "external_id": conversation_id, "first_seen_at": at}
        bind.execute(identity.insert().values(row))
        bind.execute(whose.insert().values(conversation_id=conversation_id, identity_id=made))
        return made

    for one in pairs:
        former = of(one.previous_id, one.site, one.before_at)
        later = of(one.id, one.site, one.opened_at)
        if None in (former, later) or bind.scalar(sa.select(link.c.act_id).where(link.c.identity_id == later).limit(1)):
            continue
        wanted = sa.select(link.c.citizen_id).where(link.c.identity_id == former, link.c.undone_at.is_(None))
        citizen_id, who = bind.scalar(wanted), [later]
        if citizen_id is None:
            citizen_id, who = str(uuid.uuid4()), [former, later]
            bind.execute(citizen.insert().values(id=citizen_id, created_at=now))
        act = str(uuid.uuid4())
        for each in who:
            row = {
                "identity_id": each,
                "citizen_id": citizen_id,
                "act_id": act,
                "evidence": "browser",
                "linked_at": now,
            }
            bind.execute(link.insert().values(row))


def _take_in_anew() -> None:
    # A name is taken in by its conversation.
    for kind, ref in (("message", "ref"), ("note", "ref"), ("name", "conversation_id")):
        op.execute(
            f"INSERT INTO search_backlog (kind, ref) SELECT DISTINCT kind, {ref} FROM search_document"
            f" WHERE kind = '{kind}' ON CONFLICT DO NOTHING"
        )
