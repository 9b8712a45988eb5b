"""What X's answers mean: refusals as results of sending, and the headers that tell how much of a limit is used up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.x.client import Refused
from handoff.channels.ports import OutboundKind, SendResult
from kit.textual import shorten

#: Limits are told in up to three families of headers: of 15 minutes, and of a day for the account and the application.
_FAMILIES = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
_DETAIL = 300

# X words its refusals for people and gives few of them a code, so the words decide. First match wins.
_FORBIDDEN: tuple[tuple[str, str], ...] = (
    ("deleted or not visible", "deleted"),
    ("deleted or is not visible", "deleted"),
    ("have not been mentioned", "not_summoned"),
    ("not been summoned", "not_summoned"),
    ("summoned", "not_summoned"),
    ("blocked from", "blocked"),
    ("have been blocked", "blocked"),
    ("cannot send messages to this user", "blocked"),
    ("not following you", "blocked"),
    ("not verified to send message requests", "blocked"),
    ("duplicate content", "refused"),
    ("too long", "too_long"),
    ("your account is suspended", "account"),
    ("has been suspended", "blocked"),
    ("temporarily locked", "account"),
)


def refusal(error: Refused, kind: OutboundKind, now: datetime) -> SendResult:
    """What became of a send that X refused.

    Args:
        now: for limits told as an instant, where X does not tell its own time.
    """
    detail, status = words(error), error.status
    used = share_used(error.headers)
    if status == 429 and not _capped(error):
        return SendResult("retry", reason="rate_limited", detail=detail, retry_after_s=wait(error, now), slow_down=1.0)
    if status >= 500:
        return SendResult(
            "retry", reason="platform_error", detail=detail, retry_after_s=wait(error, now), slow_down=used
        )  # fmt: skip
    if status == 401:
        return SendResult("failed", reason="token", detail=detail, pause_account=True)
    if status in (402, 429):
        # No credit left, or the month's cap reached: nothing goes out before somebody sees to it.
        return SendResult("failed", reason="refused", detail=detail, pause_account=True)
    if status == 404:
        return SendResult("failed", reason="blocked" if kind == "direct" else "deleted", detail=detail, slow_down=used)
    reason = _forbidden(detail) if status in (400, 403) else "refused"
    if reason is None:
        reason = "permission" if status == 403 else "refused"
    if reason == "account":
        return SendResult("failed", reason="permission", detail=detail, pause_account=True)
    return SendResult("failed", reason=reason, detail=detail, slow_down=used)


def _forbidden(detail: str) -> str | None:
    folded = detail.casefold()
    return next((reason for part, reason in _FORBIDDEN if part in folded), None)


def _capped(error: Refused) -> bool:
    """The month's cap, which waiting a quarter of an hour does not end."""
    return "usage-capped" in str(error.body.get("type", ""))


def words(error: Refused) -> str:
    """X's own words for a refusal, at most 300 characters."""
    parts = [str(error.body[name]) for name in ("title", "detail") if error.body.get(name)]
    errors = error.body.get("errors")
    for one in errors if isinstance(errors, list) else []:
        said = (one.get("message") or one.get("detail")) if isinstance(one, dict) else one
        if said:
            parts.append(str(said))
    if not parts and isinstance(error.body.get("error"), str):
        parts.append(error.body["error"])
    return shorten(": ".join(dict.fromkeys(parts)) or f"status {error.status}", _DETAIL)


def share_used(headers: Mapping[str, str]) -> float:
    """How much of the tightest limit is used up, 0…1."""
    used = 0.0
    for family in _FAMILIES:
        limit, remaining = _number(headers, f"{family}-limit"), _number(headers, f"{family}-remaining")
        if limit and remaining is not None:
            used = max(used, 1 - remaining / limit)
    return min(max(used, 0.0), 1.0)


def wait(error: Refused, now: datetime) -> float | None:
    """Seconds until X takes requests again: until the last of the exhausted limits is reset; None when it does not say."""
    headers = error.headers
    after = _number(headers, "retry-after")
    if after is not None:
        return max(after, 1.0)
    if error.status != 429:
        return None
    exhausted = [family for family in _FAMILIES if _number(headers, f"{family}-remaining") == 0]
    resets = [_number(headers, f"{family}-reset") for family in exhausted or _FAMILIES[:1]]
    known = [reset for reset in resets if reset is not None]
    # Both by X's clock where it tells it: ours may be off.
    return max(max(known) - _told_time(headers, now).timestamp(), 1.0) if known else None


def _told_time(headers: Mapping[str, str], now: datetime) -> datetime:
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return now


def _number(headers: Mapping[str, Any], name: str) -> float | None:
    try:
        return float(headers[name])
    except (KeyError, ValueError):
        return None
