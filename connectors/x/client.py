"""tweepy, wrapped: another host, time-outs, no logs of secrets, and answers told apart from silence.

Why and what: docs/decisions/0015-tweepy-wrapped.md.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import tweepy  # type: ignore[import-untyped]
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema, ProxyError
from urllib3.exceptions import MaxRetryError, NewConnectionError, SSLError

from handoff.channels.ports import Account

#: Where X is, unless the account's settings name another place.
X_URL = "https://api.x.com"
#: Written into tweepy.
_TWEEPY_HOST = "https://api.twitter.com"
_NOT_EVEN_TRIED = (InvalidHeader, InvalidSchema, InvalidURL, MissingSchema, ProxyError)
_KEYS = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")

# At the level DEBUG these log whole requests: the bearer token, what was signed, citizens' words.
for _talkative in ("tweepy.client", "oauthlib.oauth1.rfc5849", "requests_oauthlib.oauth1_auth"):
    logging.getLogger(_talkative).setLevel(logging.INFO)


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, and seconds for the answer."""

    connect_s: float = 5.0
    answer_s: float = 15.0


@dataclass(frozen=True)
class Answer:
    """What X answered to a request that it took: the JSON, and the headers with the limits."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]


class Unreached(Exception):
    """The request never went out: no address, nobody listening, a certificate that is not X's."""


class NoAnswer(Exception):
    """The request went out. What became of it is not known: silence, a broken connection, an answer that cannot be read."""

    def __init__(self, words: str, *, timed_out: bool) -> None:
        super().__init__(words)
        self.timed_out = timed_out


class Refused(Exception):
    """X answered with anything but success."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body
        self.headers = headers


class XClient:
    """One account's access to X. Its calls run in threads, as tweepy knows no other way; safe to share among tasks."""

    def __init__(self, account: Account, timeouts: Timeouts, executor: Executor) -> None:
        """``executor`` bounds how many calls are under way at once."""
        keys = {name: _usable(account.credentials.get(name)) for name in (*_KEYS, "bearer_token")}
        self.as_user = all(keys[name] for name in _KEYS)
        self.as_app = bool(keys["bearer_token"])
        self._session = _Session(str(account.settings.get("base_url") or X_URL), timeouts)
        self._executor = executor
        self._tweepy = tweepy.Client(**keys, return_type=requests.Response, wait_on_rate_limit=False)
        self._tweepy.session = self._session

    async def call(self, work: Callable[[Any], requests.Response]) -> Answer:
        """Does ``work`` with tweepy's client.

        Raises:
            Unreached: nothing was sent.
            NoAnswer: it was sent, and it is not known what became of it.
            Refused: X says no.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, _outcome, work, self._tweepy)

    async def upload(self, picture: bytes, media_type: str) -> Answer:
        """Puts a picture on X, to be named in a post within a day. tweepy knows only the address that X has given up.

        Raises:
            Unreached, NoAnswer, Refused: as :meth:`call`.
        """

        def post(client: Any) -> requests.Response:
            signature = tweepy.OAuth1UserHandler(
                client.consumer_key, client.consumer_secret, client.access_token, client.access_token_secret
            ).apply_auth()
            return self._session.request(
                "POST",
                _TWEEPY_HOST + "/2/media/upload",
                data={"media_category": "tweet_image", "media_type": media_type},
                files={"media": ("picture", picture, media_type)},
                auth=signature,
            )

        return await self.call(post)

    def close(self) -> None:
        """Lets go of the connections."""
        self._session.close()


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's: a fake's, in tests and the demo."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Session(requests.Session):
    """Goes to another host than the one written into tweepy, never waits for ever, and raises what X refuses.

    The host is changed before the request is signed: a signature covers the address, and X checks it.
    """

    def __init__(self, base_url: str, timeouts: Timeouts) -> None:
        super().__init__()
        self._base = base_url.rstrip("/")
        # A proxy of this machine leads out of it, not back to it.
        self.trust_env = not is_loopback(self._base)
        self.mount(self._base, _Bounded(timeouts))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        # Redirects are not followed: a POST would become a GET, and the tokens would go wherever it leads.
        kwargs["allow_redirects"] = False
        response = super().request(method, self._base + str(url).removeprefix(_TWEEPY_HOST), *args, **kwargs)
        if not 200 <= response.status_code < 300:
            raise Refused(response.status_code, _object(response) or {}, response.headers)
        return response


class _Bounded(HTTPAdapter):
    """Connections with time-outs, of which requests and tweepy have none, and without any retry of their own."""

    def __init__(self, timeouts: Timeouts) -> None:
        super().__init__(pool_maxsize=8, max_retries=0)
        self._timeouts = (timeouts.connect_s, timeouts.answer_s)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(request, stream, timeout or self._timeouts, verify, cert, proxies)


def _outcome(work: Callable[[Any], requests.Response], client: Any) -> Answer:
    try:
        response = work(client)
    except requests.ConnectTimeout as error:
        raise Unreached("time-out while connecting") from error
    except requests.Timeout as error:
        raise NoAnswer("time-out", timed_out=True) from error
    except requests.RequestException as error:
        if _never_sent(error):
            raise Unreached(type(error).__name__) from error
        raise NoAnswer(type(error).__name__, timed_out=False) from error
    body = _object(response)
    if body is None:
        raise NoAnswer("the answer cannot be read", timed_out=False)
    return Answer(body, response.headers)


def _never_sent(error: requests.RequestException) -> bool:
    """Whether it is sure that nothing reached X. When in doubt it is not: a message twice is worse than one to look after."""
    if isinstance(error, _NOT_EVEN_TRIED):
        return True
    cause: Any = error.args[0] if error.args else None
    reason: Any = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, NewConnectionError):
        return True
    return isinstance(reason, SSLError) and isinstance(next(iter(reason.args), None), ssl.SSLCertVerificationError)


def _usable(secret: str | None) -> str | None:
    """A key as it can stand in a header; what cannot is as good as none."""
    secret = (secret or "").strip()
    return secret if secret and secret.isascii() and secret.isprintable() and " " not in secret else None


def _object(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
