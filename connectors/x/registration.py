"""Getting X to tell us: the webhook, the subscriptions of the X Activity API, and how they are doing.

A webhook belongs to the application, and self-serve applications may have few. An account whose own address finds no place
any more shares one of ours; its events then come to another account's address and name theirs (``filter.user_id``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.x.answers import words
from connectors.x.client import NoAnswer, Refused, Unreached, XClient
from handoff.channels.ports import Account, AccountHealth
from kit.textual import shorten

#: What everybody can see is asked for by the application, the rest in the account's name (docs.x.com, x-api/activity).
_PUBLIC = ("post.create", "post.delete")
_PRIVATE = ("post.mention.create", "post.reply.create", "post.quote.create")
_DIRECT = ("dm.received", "dm.sent", "dm.read", "chat.received", "chat.sent")

_Silent = (Unreached, NoAnswer)
Json = Mapping[str, Any]


@dataclass
class _Findings:
    """What is wrong, as it is found."""

    problems: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def add(self, problem: str, detail: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)
        self.details.append(detail)

    def health(self, name: str | None, webhook: str | None) -> AccountHealth:
        detail = shorten("; ".join(dict.fromkeys(self.details)), 300) or None
        return AccountHealth(
            not self.problems, name=name, webhook=webhook, problems=tuple(self.problems), detail=detail
        )  # fmt: skip


def wanted(*, direct: bool) -> tuple[str, ...]:
    """The events that an account is subscribed to."""
    return (*_PUBLIC, *_PRIVATE, *(_DIRECT if direct else ()))


async def check(client: XClient, account: Account, *, direct: bool) -> AccountHealth:
    """Whose the tokens are, whether X reaches us and tells all that we asked for, and whether direct messages can be read."""
    found = _Findings()
    try:
        name = await _name(client, account, found)
        if direct and name is not None:
            await _direct(client, found)
        webhook = await _webhook(client, account, found, direct=direct) if client.as_app else None
    except _Silent as error:
        found.add("unreachable", str(error))
        return found.health(None, None)
    if not client.as_app:
        found.add("webhook_missing", "no bearer token")
    return found.health(name, webhook)


async def subscribe(client: XClient, account: Account, url: str, *, direct: bool) -> AccountHealth:
    """Makes X send all that is wanted to ``url``, and no more than that; can be repeated at will."""
    found = _Findings()
    if not client.as_app:
        found.add("webhook_missing", "no bearer token")
    if not client.as_user:
        found.add("token_invalid", "keys or tokens are missing")
    if found.problems:
        return found.health(None, None)
    try:
        hook = await _register(client, url)
        await _subscribe(client, account, str(hook["id"]), found, direct=direct)
    except Refused as error:
        problem = "token_invalid" if error.status == 401 else "webhook_failing" if _crc(error) else "webhook_missing"
        found.add(problem, words(error))
    except _Silent as error:
        found.add("unreachable", str(error))
    now = await check(client, account, direct=direct)
    for problem in now.problems:
        found.add(problem, now.detail or "")
    return found.health(now.name, now.webhook)


# --- the account --------------------------------------------------------------------------------------------------------


async def _name(client: XClient, account: Account, found: _Findings) -> str | None:
    if not client.as_user:
        found.add("token_invalid", "keys or tokens are missing")
        return None
    try:
        me = _object((await client.call(lambda tweepy: tweepy.get_me(user_auth=True))).body.get("data"))
    except Refused as error:
        found.add(_problem(error), words(error))
        return None
    if str(me.get("id")) != account.platform_id:
        found.add("token_invalid", f"the token is @{me.get('username')}'s")
        return None
    return str(me.get("name") or me.get("username") or "") or None


async def _direct(client: XClient, found: _Findings) -> None:
    """Asks for one message: accounts whose chats are all encrypted, and tokens without the right, are told so here."""
    try:
        await client.call(
            lambda tweepy: tweepy.get_direct_message_events(
                max_results=1, event_types="MessageCreate", dm_event_fields="id", user_auth=True
            )
        )
    except Refused as error:
        if error.status != 429:
            found.add("direct_unavailable", words(error))


def _problem(error: Refused) -> str:
    """A refusal that says nothing of the token (a limit, a fault of X's) is one of reaching X."""
    return "token_invalid" if error.status in (401, 403) else "unreachable"


# --- the webhook --------------------------------------------------------------------------------------------------------


async def _webhook(client: XClient, account: Account, found: _Findings, *, direct: bool) -> str | None:
    """Where the account's events go, or None; what is missing or failing is found."""
    try:
        hooks = {str(hook.get("id")): hook for hook in await _list(client, "/2/webhooks")}
        ours = await _subscriptions(client, account)
    except Refused as error:
        found.add(_problem(error), words(error))
        return None
    used = [hooks[hook] for one in ours if (hook := str(one.get("webhook_id"))) in hooks]
    if not used:
        found.add("webhook_missing", "no subscription leads to a webhook")
        return None
    if not all(hook.get("valid") for hook in used):
        found.add("webhook_failing", "X's check of the webhook failed")
    told = {str(one.get("event_type")) for one in ours if str(one.get("webhook_id")) in hooks}
    missing = [event for event in wanted(direct=direct) if event not in told]
    if missing:
        found.add("webhook_missing", "not subscribed: " + ", ".join(missing))
    return str(used[0].get("url"))


async def _register(client: XClient, url: str) -> Json:
    """The webhook of this address; checked again if it failed, made if there is none, shared if there may be no more."""
    hooks = await _list(client, "/2/webhooks")
    known = next((hook for hook in hooks if hook.get("url") == url), None)
    if known is not None:
        if not known.get("valid"):
            await client.call(_app("PUT", f"/2/webhooks/{known['id']}"))
        return known
    try:
        made = (await client.call(_app("POST", "/2/webhooks", json={"url": url}))).body
        # X documents the object within "data" and has answered without it.
        return _object(made.get("data")) or made
    except Refused as error:
        shared = next((hook for hook in hooks if hook.get("valid") and _neighbours(str(hook.get("url")), url)), None)
        if "WebhookLimitExceeded" not in words(error) or shared is None:
            raise
        return shared


def _neighbours(one: str, other: str) -> bool:
    """Whether two addresses differ in their last part only: the account's."""
    return one.rsplit("/", 1)[0] == other.rsplit("/", 1)[0] and urlsplit(one).query == urlsplit(other).query


def _crc(error: Refused) -> bool:
    return "CrcValidationFailed" in words(error)


# --- subscriptions ------------------------------------------------------------------------------------------------------


async def _subscribe(client: XClient, account: Account, hook: str, found: _Findings, *, direct: bool) -> None:
    there = {str(one.get("event_type")): one for one in await _subscriptions(client, account)}
    events = wanted(direct=direct)
    for event in events:
        one = there.get(event)
        try:
            if one is None:
                await client.call(_new_subscription(account, event, hook))
            elif str(one.get("webhook_id")) != hook:
                await client.call(
                    _app("PUT", f"/2/activity/subscriptions/{one['subscription_id']}", json={"webhook_id": hook})
                )
        except Refused as error:
            if error.status == 401:
                raise
            found.add("direct_unavailable" if event in _DIRECT else "webhook_missing", f"{event}: {words(error)}")
    for event in set(_DIRECT) & set(there) - set(events):
        # Direct messages were switched off: what nobody reads is not paid for.
        await client.call(_app("DELETE", f"/2/activity/subscriptions/{there[event]['subscription_id']}"))


def _new_subscription(account: Account, event: str, hook: str) -> Callable[[Any], requests.Response]:
    body = {"event_type": event, "filter": {"user_id": account.platform_id}, "webhook_id": hook, "tag": "pietura"}
    return _app("POST", "/2/activity/subscriptions", json=body, user_auth=event not in _PUBLIC)


async def _subscriptions(client: XClient, account: Account) -> list[Json]:
    return [
        one
        for one in await _list(client, "/2/activity/subscriptions")
        if str(_object(one.get("filter")).get("user_id")) == account.platform_id
    ]


async def _list(client: XClient, route: str) -> list[Json]:
    """All objects of a list, whatever its number of pages."""
    found: list[Json] = []
    token: str | None = None
    while True:
        params = {"pagination_token": token} if token else {}
        body = (await client.call(_app("GET", route, params=params))).body
        data = body.get("data")
        found += [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
        token = _object(body.get("meta")).get("next_token")
        if not token:
            return found


def _app(method: str, route: str, **more: Any) -> Callable[[Any], requests.Response]:
    """A call that tweepy has no method for, in the application's name unless ``user_auth``."""

    def call(tweepy: Any) -> requests.Response:
        found: requests.Response = tweepy.request(method, route, **more)
        return found

    return call


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
