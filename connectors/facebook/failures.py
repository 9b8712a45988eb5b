"""What a failed call means: whether it may be tried again, whether it may have happened, and why.

Codes are those of Meta's pages *Error Codes* of the Messenger Platform (18 March 2026) and *Handling Errors* of the Graph
API; 10900, 10902 and 10903 are documented nowhere and known from the platform's answers to private replies.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, Literal

import facebook  # type: ignore[import-untyped]
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connectors.facebook.usage import Usage
from handoff.channels.ports import SendResult

#: What is certain after a failure. ``unsent``: Graph never saw the request. ``refused``: Graph said no.
#: ``unknown``: the request went out, and nobody knows what became of it.
Certainty = Literal["unsent", "refused", "unknown"]

_DETAIL_LIMIT = 300

#: Graph's rate limits: the application's, the user's, the page's, the message's, and those by use case.
_RATE_LIMITED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
#: An unexpected error, and a service that is down for a moment.
_PASSING = frozenset({1, 2})
#: "Received invalid JSON reply": of this one Meta says itself that the messages are sent all the same.
_SENT_ALL_THE_SAME = (1, 1357046)
#: The token has expired or was revoked, or the session behind it has ended.
_TOKEN = frozenset({102, 190})
#: Subcodes of code 10 (and, rarely, of others) that mean: outside of the allowed window.
_WINDOW_SUBCODES = frozenset({2018065, 2018278})
#: Of code 100: nobody of this id can be written to.
_NO_SUCH_PERSON = 2018001
#: Of code 100: the object is gone, or never was.
_NO_SUCH_OBJECT = 33

_BY_CODE = {
    3: "permission",
    10: "permission",
    551: "blocked",
    803: "deleted",
    10900: "private_reply_used",
}


class GraphFailure(Exception):
    """A call that did not succeed. Its text holds no secret.

    Attributes:
        certainty: what is certain.
        detail: Graph's words, or ours where it said nothing.
        status: of the answer, if there was one.
        code, subcode: Graph's.
        transient: Graph says that it will pass.
        usage: what the answer's headers told.
    """

    def __init__(
        self,
        certainty: Certainty,
        detail: str,
        *,
        status: int | None = None,
        code: int | None = None,
        subcode: int | None = None,
        transient: bool = False,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(detail)
        self.certainty = certainty
        self.detail = detail
        self.status = status
        self.code = code
        self.subcode = subcode
        self.transient = transient
        self.usage = usage or Usage()

    @property
    def token(self) -> bool:
        """Whether the token is what is wrong."""
        return self.code in _TOKEN or (self.code is None and self.status == 401)


def from_error(error: Exception, response: requests.Response | None, secrets: tuple[str, ...]) -> GraphFailure:
    """What an exception of the library, or of what lies below it, means.

    Args:
        response: the answer, if one came.
        secrets: what must not stand in the failure's text.
    """
    if isinstance(error, facebook.GraphAPIError) and isinstance(error.result, dict) and response is not None:
        return _said_no(error.result, response, secrets)
    if response is not None:
        return _unreadable(response)
    if isinstance(error, requests.RequestException):
        return GraphFailure("unsent" if _unsent(error) else "unknown", type(error).__name__)
    # Neither the library's nor the wire's: fields that cannot be written, if it is one of these; else nobody knows.
    local = isinstance(error, UnicodeError | TypeError | AssertionError)
    return GraphFailure("refused" if local else "unknown", type(error).__name__)


def send_result(failure: GraphFailure) -> SendResult:
    """The failure of a send, for the outbox."""
    wait, share = failure.usage.retry_after_s, failure.usage.share
    detail = failure.detail[:_DETAIL_LIMIT]
    if failure.certainty == "unknown" or (failure.code, failure.subcode) == _SENT_ALL_THE_SAME:
        return SendResult("unknown", reason="timeout", detail=detail, slow_down=share)
    if failure.certainty == "unsent":
        return SendResult("retry", reason="platform_error", detail=detail)
    if failure.token:
        return SendResult("failed", reason="token", detail=detail, pause_account=True)
    if failure.code in _RATE_LIMITED or (failure.code is None and failure.status == 429):
        return SendResult("retry", reason="rate_limited", detail=detail, retry_after_s=wait, slow_down=1.0)
    if failure.transient or failure.code in _PASSING or (failure.status or 0) >= 500:
        return SendResult("retry", reason="platform_error", detail=detail, retry_after_s=wait, slow_down=share)
    return SendResult("failed", reason=_reason(failure), detail=detail, slow_down=share)


def _reason(failure: GraphFailure) -> str:
    code, subcode = failure.code, failure.subcode
    if subcode in _WINDOW_SUBCODES:
        return "window_closed"
    if code == 100 and subcode == _NO_SUCH_OBJECT:
        return "deleted"
    if code == 100 and subcode == _NO_SUCH_PERSON:
        return "blocked"
    if code == 100 and "length of param" in failure.detail.lower():
        return "too_long"
    if code is not None and 200 <= code < 300:
        return "permission"
    if code is None and failure.status == 403:
        return "permission"
    return _BY_CODE.get(code or 0, "refused")


def _said_no(result: dict[str, Any], response: requests.Response, secrets: tuple[str, ...]) -> GraphFailure:
    error = result.get("error")
    error = error if isinstance(error, dict) else {}
    return GraphFailure(
        "refused",
        _clean(str(error.get("message") or "no reason given"), secrets),
        status=response.status_code,
        code=_whole(error.get("code")),
        subcode=_whole(error.get("error_subcode")),
        transient=error.get("is_transient") is True,
        usage=Usage.of(response.headers),
    )


def _unreadable(response: requests.Response) -> GraphFailure:
    """An answer that is not Graph's JSON: a proxy's page, or half of an answer.

    After 2xx the thing was probably done. After 504 somebody on the way lost patience, and nobody knows.
    """
    status = response.status_code
    certainty: Certainty = "unknown" if status < 300 or status == 504 else "refused"
    detail = f"an answer with status {status} that cannot be read"
    return GraphFailure(certainty, detail, status=status, usage=Usage.of(response.headers))


def _unsent(error: requests.RequestException) -> bool:
    """Whether the request cannot have left: no connection, no certificate, no proxy, no such address."""
    never = (
        requests.exceptions.ConnectTimeout,
        requests.exceptions.ProxyError,
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidHeader,
        requests.exceptions.MissingSchema,
    )
    reasons = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
    return isinstance(error, never) or any(isinstance(cause, reasons) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that it wraps, in whichever of the ways that requests and urllib3 wrap."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
        waiting += [item for item in one.args if isinstance(item, BaseException)]


def _clean(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text[:_DETAIL_LIMIT]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
