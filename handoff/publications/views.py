"""Publications as the console shows them (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from handoff.channels.models import ChannelAccount, ChannelThread, OutboxRow
from handoff.channels.ports import Capabilities
from handoff.conversations.models import Conversation
from handoff.conversations.scope import sees
from handoff.publications.models import Publication, PublicationTarget
from handoff.publications.rules import Fit
from handoff.publications.service import Found
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.i18n import Catalogue


def publication_view(
    found: Found, names: Mapping[str, str], may: Sequence[str], texts: Catalogue, lang: str
) -> dict[str, Any]:
    """A publication with what became of it on each account; ``lang``: of the person who looks."""
    one = found.publication
    return {
        "id": one.id,
        "version": one.version,
        "state": one.state,
        "state_name": texts.text(lang, f"publications.state.{one.state}"),
        "kind": one.kind,
        "lang": one.lang,
        "text": one.text,
        "link": one.link,
        "picture_url": one.picture_url,
        "post": one.post_ref,
        "variants": one.variants,
        "publish_at": iso(one.publish_at),
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
        "begun_at": iso(one.begun_at),
        "finished_at": iso(one.finished_at),
        "author": _person(one.author_id, names),
        "edited_by": _person(one.edited_by, names),
        "proposed_by": _person(one.proposed_by, names),
        "proposed_at": iso(one.proposed_at),
        "decided_by": _person(one.decided_by, names),
        "decided_at": iso(one.decided_at),
        "reason": one.reason,
        "targets": [_target_view(*row, texts, lang) for row in found.targets],
        "cost": _money(sum((row.cost for _, _, row in found.targets if row is not None), Decimal(0))),
        "may": list(may),
    }


def people_of(publications: Sequence[Publication]) -> list[str | None]:
    """Whose names :func:`publication_view` needs."""
    return [
        person for one in publications for person in (one.author_id, one.edited_by, one.proposed_by, one.decided_by)
    ]


def _target_view(
    target: PublicationTarget, account: ChannelAccount, row: OutboxRow | None, texts: Catalogue, lang: str
) -> dict[str, Any]:
    """The send itself tells how it stands; the target's own state is what was looked at last."""
    reason = row.reason if row is not None else target.reason
    return {
        "account": account_view(account),
        "state": row.state if row is not None else target.state,
        "reason": reason,
        "reason_text": _reason_text(reason, texts, lang) if reason else None,
        "detail": row.detail if row is not None else None,
        "ref": row.ref if row is not None else None,
        "cost": _money(row.cost) if row is not None else None,
        "sent_at": iso(row.sent_at) if row is not None else None,
    }


def _reason_text(reason: str, texts: Catalogue, lang: str) -> str:
    """A reason in words: of ours, of an account that could not be used, or of the platform's."""
    for key in (f"publications.reason.{reason}", f"channels.reason.{reason}", f"error.{reason}"):
        if texts.has(key):
            return texts.text(lang, key)
    return texts.text(lang, "channels.reason.unknown")


def account_view(account: ChannelAccount) -> dict[str, str]:
    """An account by name."""
    return {"id": account.id, "channel": account.channel, "name": account.name}


def usable_view(account: ChannelAccount, carries: Capabilities | None, *, priced: bool) -> dict[str, Any]:
    """An account as one chooses from: whether it can publish at all, and whether that costs."""
    return {
        **account_view(account),
        "institution_id": account.institution_id,
        "municipality_id": account.municipality_id,
        "posts": carries is not None and carries.posts and account.enabled,
        "paused": account.paused_reason,
        "priced": priced,
    }


def fit_view(one: Fit, texts: Catalogue, lang: str) -> dict[str, Any]:
    """How it fits an account, and what it will cost there; ``notes`` say in words what is wrong and what should be known."""
    notes = [texts.text(lang, f"error.{code}", limit=one.limit) for code in one.problems]
    notes += [
        texts.text(lang, f"publications.warning.{code}", cost=_price(one.cost), bare=_price(one.bare_cost))
        for code in one.warnings
    ]
    return {
        "account": account_view(one.account),
        "text": one.message.text,
        "link": one.message.link,
        "length": one.length,
        "limit": one.limit,
        "cost": _price(one.cost),
        "cost_without_link": _price(one.bare_cost),
        "problems": list(one.problems),
        "warnings": list(one.warnings),
        "notes": notes,
    }


def comment_view(viewer: Viewer, thread: ChannelThread, conversation: Conversation, text: str | None) -> dict[str, Any]:
    """A comment that followed. It stands in public; the conversation behind it is named only to whom it belongs."""
    visible = sees(viewer, conversation)
    return {
        "account": thread.account_id,
        "author": thread.author_name,
        "text": text,
        "at": iso(thread.created_at),
        "ref": thread.comment_ref,
        "parent": thread.parent_ref,
        "hidden": thread.hidden_at is not None,
        "deleted": thread.deleted_at is not None,
        "conversation": conversation.id if visible else None,
        "state": conversation.state if visible else None,
    }


def _person(staff_id: str | None, names: Mapping[str, str]) -> dict[str, str] | None:
    return None if staff_id is None else {"id": staff_id, "name": names.get(staff_id, "–")}


def _price(amount: float | None) -> str | None:
    return None if amount is None else _money(Decimal(str(amount)))


def _money(amount: Decimal) -> str:
    """Decimal text, as everywhere where money is told."""
    return f"{amount:.4f}"
