"""facebook-sdk, wrapped: which version, which host, how long to wait, what proves who we are, and what an answer was.

Why wrapped, and what of the library is left to do: docs/decisions/0014-facebook-sdk-wrapped.md. Everything here blocks;
the connector calls it in threads of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote

import facebook  # type: ignore[import-untyped]
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.utils import get_environ_proxies

from connectors.facebook.failures import GraphFailure, from_error
from connectors.facebook.usage import Usage
from handoff.channels.ports import Account

#: The version that is asked for where the account's settings name none; current since 29 July 2026.
DEFAULT_VERSION = "v26.0"
DEFAULT_BASE_URL = "https://graph.facebook.com"
#: What the library writes before every path; calls for it are led to the account's host.
_LIBRARY_URL: str = facebook.FACEBOOK_GRAPH_URL


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next byte of an answer."""

    connect_s: float = 5.0
    read_s: float = 20.0


@dataclass(frozen=True)
class Answer:
    """What Graph answered: the JSON, what is used up of its limits, and the version that it spoke."""

    body: Any
    usage: Usage = field(default_factory=Usage)
    version: str | None = None

    def object(self) -> Mapping[str, Any]:
        """The answer as an object; empty where it is something else."""
        return self.body if isinstance(self.body, dict) else {}


class GraphClient:
    """One account's line to Graph. May be used by several threads at once.

    Args:
        account: whose token, secret, host and version are used.
        connections: how many calls may be under way at once.
    """

    def __init__(self, account: Account, timeouts: Timeouts, connections: int) -> None:
        self._page_id = account.platform_id
        self._token = account.credentials.get("page_token", "")
        self._app_id = account.credentials.get("app_id", "")
        self._secret = account.credentials.get("app_secret", "")
        self._secrets = tuple(value for value in account.credentials.values() if len(value) >= 8)
        self._version = "v" + str(account.settings.get("api_version") or DEFAULT_VERSION).lstrip("v")
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # No other adapter: a request to any other host fails before it begins.
        self._session.adapters.clear()
        base_url = str(account.settings.get("base_url") or DEFAULT_BASE_URL)
        self._session.mount(_LIBRARY_URL, _HostAdapter(base_url, connections))

    @property
    def version(self) -> str:
        """The version that is asked for."""
        return self._version

    @property
    def has_app(self) -> bool:
        """Whether the account names its application and secret, so that the application itself can be asked."""
        return bool(self._app_id and self._secret)

    @property
    def app_id(self) -> str:
        """The application's id, or empty."""
        return self._app_id

    def put(self, parent: str, connection: str, **fields: Any) -> Answer:
        """Makes something: ``POST /{parent}/{connection}``.

        Raises:
            GraphFailure: it was refused, could not be asked for, or nobody knows.
        """
        return self._call(lambda graph: graph.put_object(_segment(parent), connection, **fields))

    def change(self, node: str, **fields: Any) -> Answer:
        """Changes something: ``POST /{node}``; the library has no call for it, only the means.

        Raises:
            GraphFailure: as :meth:`put`.
        """
        return self._call(lambda graph: graph.request(f"{graph.version}/{_segment(node)}", post_args=fields))

    def get(self, node: str, **fields: Any) -> Answer:
        """Reads something: ``GET /{node}``.

        Raises:
            GraphFailure: as :meth:`put`.
        """
        return self._call(lambda graph: graph.get_object(_segment(node), **fields))

    def listed(self, node: str, connection: str, **fields: Any) -> Answer:
        """Reads a page of a list: ``GET /{node}/{connection}``.

        Raises:
            GraphFailure: as :meth:`put`.
        """
        return self._call(lambda graph: graph.get_connections(_segment(node), connection, **fields))

    def app_listed(self, connection: str) -> Answer:
        """Reads a list of the application's, with the application's token.

        Raises:
            GraphFailure: as :meth:`put`.
        """
        return self._call(lambda graph: graph.get_connections(self._app_id, connection), as_app=True)

    def app_put(self, connection: str, **fields: Any) -> Answer:
        """Makes something of the application's, with the application's token.

        Raises:
            GraphFailure: as :meth:`put`.
        """
        return self._call(lambda graph: graph.put_object(self._app_id, connection, **fields), as_app=True)

    def debug_token(self) -> Answer:
        """What Graph knows of the page's token. Asked in a batch, so that the token stands in the body, not in an address.

        Raises:
            GraphFailure: as :meth:`put`.
        """
        wish = [{"method": "GET", "relative_url": f"{self._version}/debug_token?input_token={_segment(self._token)}"}]
        answer = self._call(lambda graph: graph.request(f"{graph.version}/", post_args={"batch": wish}), as_app=True)
        try:
            body = json.loads(answer.body[0]["body"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise GraphFailure("unknown", "answer to a batch that cannot be read") from error
        return Answer(body, answer.usage, answer.version)

    def close(self) -> None:
        """Lets go of the connections."""
        self._session.close()

    def _call(self, work: Any, *, as_app: bool = False) -> Answer:
        token = f"{self._app_id}|{self._secret}" if as_app else self._token
        wire = _Wire(self._session, self._timeouts, None if as_app else _proof(token, self._secret))
        # The constructor knows versions 2.8 to 3.1 only, and refuses two digits; what it is told later it believes.
        graph = facebook.GraphAPI(access_token=token or "none", session=wire)
        graph.version = self._version
        try:
            body = work(graph)
        except Exception as error:
            raise from_error(error, wire.response, self._secrets) from None
        headers = wire.response.headers if wire.response is not None else {}
        return Answer(body, Usage.of(headers), headers.get("facebook-api-version"))


def _segment(node: str) -> str:
    """An id as one part of a path, whatever stands in it."""
    return quote(node, safe="")


def _proof(token: str, secret: str) -> str | None:
    """``appsecret_proof``: shows that the token is used by who knows the application's secret (Graph API, Securing)."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest() if secret else None


class _Bearer(AuthBase):
    """The token in a header. As ``auth``, so that no ``.netrc`` of the machine takes its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Wire:
    """What the library takes for a session: one call, told how, and its answer kept.

    The library puts the token among the fields, for reads into the address; waits forever; writes nested fields as
    Python would print them; and drops status and headers. All that is put right here.
    """

    def __init__(self, session: requests.Session, timeouts: Timeouts, proof: str | None) -> None:
        self._session = session
        self._timeout = (timeouts.connect_s, timeouts.read_s)
        self._proof = proof
        self.response: requests.Response | None = None

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        timeout: float | None = None,  # noqa: ARG002
        proxies: Any = None,  # noqa: ARG002
        files: Any = None,  # noqa: ARG002
    ) -> requests.Response:
        """As ``requests.Session.request``, which the library calls with these arguments and no others."""
        query, form = dict(params or {}), dict(data or {})
        token = str(query.pop("access_token", "") or form.pop("access_token", ""))
        form.pop("access_token", None)
        if self._proof is not None:
            (query if method == "GET" else form)["appsecret_proof"] = self._proof
        self.response = self._session.request(
            method,
            url,
            params=_flat(query),
            data=_flat(form) or None,
            auth=_Bearer(token),
            timeout=self._timeout,
            # A redirect would send a message twice, or a token to somebody else.
            allow_redirects=False,
        )
        return self.response


def _flat(fields: Mapping[str, Any]) -> dict[str, str]:
    """Fields as Graph takes them: nested ones as JSON, truth as ``true`` and ``false``; absent ones left out."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in fields.items()
        if value is not None
    }


class _HostAdapter(HTTPAdapter):
    """Leads what the library sends to its own host to the account's: Graph itself, or a fake. Never tries twice."""

    def __init__(self, base_url: str, connections: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=0)
        self._base_url = base_url.rstrip("/") + "/"

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """Sends; proxies are those of the host that is really asked."""
        request.url = self._base_url + (request.url or "").removeprefix(_LIBRARY_URL)
        through = get_environ_proxies(request.url)
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=through)
