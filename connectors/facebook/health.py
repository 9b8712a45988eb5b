"""What Graph says of a page: whether its token holds, whether its webhook is set, whether its version is near its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from connectors.facebook.client import GraphClient
from connectors.facebook.failures import GraphFailure
from connectors.facebook.values import Json, identifier, items, mapping, moment, text
from handoff.channels.ports import Account, AccountHealth

#: What a page must be subscribed to (Messenger Platform, Webhooks; Graph API, Page, subscribed_apps).
FIELDS = (
    "feed",
    "mention",
    "messages",
    "messaging_postbacks",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
    "messaging_handovers",
    "standby",
    "messaging_referrals",
    "messaging_optins",
    "messaging_policy_enforcement",
)
#: Without these, citizens' words do not arrive.
_NEEDED = frozenset({"feed"})
_NEEDED_DIRECT = frozenset({"messages", "messaging_postbacks"})

#: Last days of Graph's versions (docs/graph-api/changelog/versions, autumn 2026). Later ones have no date yet.
_VERSION_ENDS: Mapping[int, date] = {
    20: date(2026, 9, 24),
    21: date(2027, 1, 21),
    22: date(2027, 5, 20),
    23: date(2027, 10, 8),
    24: date(2028, 2, 18),
    25: date(2028, 7, 29),
}
_VERSION_WARNING = timedelta(days=90)
_TOKEN_WARNING = timedelta(days=14)


@dataclass
class Findings:
    """What was found so far."""

    name: str | None = None
    token_expires_at: datetime | None = None
    version_ends: str | None = None
    webhook: str | None = None
    problems: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def found(self, problem: str, detail: str = "") -> None:
        """Notes a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)
        if detail:
            self.details.append(detail)

    def failed(self, failure: GraphFailure) -> None:
        """Notes a call that failed: the token, or the way there."""
        token = failure.certainty == "refused" and failure.token
        self.found("token_invalid" if token else "unreachable", failure.detail)

    def health(self) -> AccountHealth:
        """The findings, for the board."""
        return AccountHealth(
            ok=not self.problems,
            name=self.name,
            token_expires_at=self.token_expires_at,
            api_version_ends=self.version_ends,
            webhook=self.webhook,
            problems=tuple(self.problems),
            detail="; ".join(self.details)[:300] or None,
        )


def examine(client: GraphClient, account: Account, now: datetime) -> AccountHealth:
    """Asks Graph about the page; blocks, and never raises for what Graph may do."""
    findings = Findings()
    _version(client.version, now, findings)
    if _page(client, account, findings):
        _token(client, account, now, findings)
        _webhook(client, account, findings)
    return findings.health()


def subscribe(client: GraphClient, account: Account, webhook_url: str, now: datetime) -> AccountHealth:
    """Points the application's webhook here and subscribes the page to it; then as :func:`examine`.

    An application has one webhook for all its pages. One that already leads to this gateway, by way of another page's
    account, is left as it is: entries of other pages are told apart by their id.
    """
    failures: list[GraphFailure] = []
    try:
        if client.has_app and not _leads_here(_callback(client), webhook_url):
            client.app_put(
                "subscriptions",
                object="page",
                callback_url=webhook_url,
                verify_token=account.credentials.get("verify_token", ""),
                fields=",".join(FIELDS),
            )
        client.put(account.platform_id, "subscribed_apps", subscribed_fields=",".join(FIELDS))
    except GraphFailure as failure:
        failures.append(failure)
    health = examine(client, account, now)
    if not failures:
        return health
    problem = "token_invalid" if failures[0].token else "webhook_missing"
    return AccountHealth(
        ok=False,
        name=health.name,
        token_expires_at=health.token_expires_at,
        api_version_ends=health.api_version_ends,
        webhook=health.webhook,
        problems=tuple(dict.fromkeys((problem, *health.problems))),
        detail=failures[0].detail[:300],
    )


def _page(client: GraphClient, account: Account, findings: Findings) -> bool:
    """Whether the token is this page's; without that nothing else need be asked."""
    try:
        answer = client.get("me", fields="id,name")
    except GraphFailure as failure:
        findings.failed(failure)
        return False
    whose = identifier(answer.object().get("id"))
    if whose != account.platform_id:
        findings.found("token_invalid", f"the token is that of {whose}, not of page {account.platform_id}")
        return False
    findings.name = text(answer.object().get("name")) or None
    spoken = answer.version
    if spoken is not None and spoken != client.version:
        findings.found("api_version_ends", f"{client.version} has ended, Graph answers as {spoken}")
    return True


def _token(client: GraphClient, account: Account, now: datetime, findings: Findings) -> None:
    if not client.has_app:
        return
    try:
        told = mapping(client.debug_token().object().get("data"))
    except GraphFailure as failure:
        findings.failed(failure)
        return
    if told.get("is_valid") is not True:
        findings.found("token_invalid", text(mapping(told.get("error")).get("message")))
        return
    # 0 is never. Access to data ends by itself 90 days after somebody last agreed to it.
    ends = [moment(told.get(name)) for name in ("expires_at", "data_access_expires_at") if told.get(name)]
    findings.token_expires_at = min((end for end in ends if end is not None), default=None)
    if findings.token_expires_at is not None and findings.token_expires_at - now < _TOKEN_WARNING:
        findings.found("token_expires")
    scopes = items(told.get("scopes"))
    if _direct(account) and scopes and "pages_messaging" not in scopes:
        findings.found("direct_unavailable", "the permission pages_messaging is missing")


def _webhook(client: GraphClient, account: Account, findings: Findings) -> None:
    needed = _NEEDED | (_NEEDED_DIRECT if _direct(account) else frozenset())
    try:
        rows = [
            mapping(row) for row in items(client.listed(account.platform_id, "subscribed_apps").object().get("data"))
        ]
        ours = [row for row in rows if not client.app_id or identifier(row.get("id")) == client.app_id]
        missing = needed - {str(name) for row in ours for name in items(row.get("subscribed_fields"))}
        if missing:
            findings.found("webhook_missing", "not subscribed to " + ", ".join(sorted(missing)))
        if not client.has_app:
            return
        callback = _callback(client)
    except GraphFailure as failure:
        findings.failed(failure)
        return
    findings.webhook = text(callback.get("callback_url")) or None
    if findings.webhook is None:
        findings.found("webhook_missing", "the application has no webhook for pages")
    elif callback.get("active") is not True:
        findings.found("webhook_failing", "Graph has switched the webhook off")


def _callback(client: GraphClient) -> Json:
    """The application's subscription to pages; empty when there is none."""
    rows = [mapping(row) for row in items(client.app_listed("subscriptions").object().get("data"))]
    return next((row for row in rows if row.get("object") == "page"), {})


def _leads_here(callback: Json, webhook_url: str) -> bool:
    """Whether a working webhook already leads to this gateway's door for this channel."""
    told = text(callback.get("callback_url"))
    if not told or callback.get("active") is not True:
        return False
    there, here = urlsplit(told), urlsplit(webhook_url)
    complete = set(FIELDS) <= {str(mapping(one).get("name")) for one in items(callback.get("fields"))}
    same_door = there.path.rpartition("/")[0] == here.path.rpartition("/")[0]
    return complete and same_door and (there.scheme, there.netloc) == (here.scheme, here.netloc)


def _version(version: str, now: datetime, findings: Findings) -> None:
    number = version[1:].partition(".")[0]
    ends = _VERSION_ENDS.get(int(number)) if number.isdigit() else None
    if ends is None:
        if not number.isdigit() or int(number) < min(_VERSION_ENDS):
            findings.found("api_version_ends", f"{version} has ended or is no version")
        return
    findings.version_ends = ends.isoformat()
    if ends - now.date() < _VERSION_WARNING:
        findings.found("api_version_ends")


def _direct(account: Account) -> bool:
    return account.settings.get("direct") is not False
