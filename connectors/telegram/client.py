"""The Bot API through python-telegram-bot's ``Bot``, with what the library leaves open closed.

Every call has time-outs of ours, an error tells whether the request had left, and the token exists in one place only: it is
put into the address on the last yard, below everything that logs, warns or shows itself.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import orjson
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, User, WebhookInfo
from telegram.error import TelegramError
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from handoff.channels.ports import SendResult

API = "https://api.telegram.org"
#: What the library believes to be the token, and shows in its addresses, errors and ``repr``.
PLACEHOLDER = "TOKEN"
_MASK = "<token>"
# These happen before a byte of the request is written.
_BEFORE = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


@dataclass(frozen=True)
class Timeouts:
    """How long a call waits, in seconds: for a connection, to write, for an answer, for a free connection."""

    connect: float = 5.0
    write: float = 10.0
    read: float = 15.0
    pool: float = 5.0


class Refused(TelegramError):
    """Telegram answered, and it is no.

    Attributes:
        code: of HTTP, which is Telegram's ``error_code``.
        description: in Telegram's words.
        retry_after_s: what Telegram asks for; None if it asks for nothing.
    """

    def __init__(self, code: int, description: str, retry_after_s: float | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after_s = retry_after_s


class NotSent(TelegramError):
    """The request never left. ``timed_out``: for want of a connection in time."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out


class NoAnswer(TelegramError):
    """The request left, and what became of it is not known. ``timed_out``: no answer in time; else a broken one."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out


class Wire(HTTPXRequest):
    """The library's way to the network, whose errors keep the difference between *not sent* and *no answer*.

    The library's own mapping loses it (both are ``TimedOut`` or ``NetworkError``), and the status code too.
    """

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body of a good answer.

        Raises:
            Refused, NotSent, NoAnswer: what else may happen.
        """
        try:
            code, body = await super().do_request(
                url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout
            )
        except TelegramError as error:
            cause = error.__cause__
            timed_out = isinstance(cause, httpx.TimeoutException)
            what = type(cause).__name__
            raise (NotSent if isinstance(cause, _BEFORE) else NoAnswer)(what, timed_out=timed_out) from None
        if not 200 <= code <= 299:
            raise _refusal(code, body)
        return code, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as an object; without the library's habit of logging what it cannot read.

        Raises:
            Refused: ``ok`` is false.
            NoAnswer: it is no answer of the Bot API.
        """
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise NoAnswer("the answer is not JSON") from None
        if isinstance(answer, dict) and answer.get("ok") is False:
            raise _refusal(int(answer.get("error_code") or 400), payload)
        if not isinstance(answer, dict) or "result" not in answer:
            raise NoAnswer("the answer has no result")
        return answer


class WithToken(httpx.AsyncBaseTransport):
    """Puts the token into the path when the request goes out.

    Telegram wants the token in the address, and addresses are what HTTP clients log (httpx does, at level INFO).
    """

    def __init__(self, token: str, inner: httpx.AsyncBaseTransport) -> None:
        self._path = b"/bot" + quote(token, safe=":").encode() + b"/"
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a copy of the request: the original is what is logged."""
        path = request.url.raw_path.replace(f"/bot{PLACEHOLDER}/".encode(), self._path, 1)
        url = request.url.copy_with(raw_path=path)
        return await self._inner.handle_async_request(
            httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()


class Client:
    """One bot."""

    def __init__(self, token: str, base_url: str = API, timeouts: Timeouts = Timeouts(), connections: int = 40) -> None:
        """``base_url``: where the Bot API is (a local server, a fake); ``connections``: at most as many at once."""
        self._token = token.strip()
        self._base_url = base_url.rstrip("/")
        transport = httpx.AsyncHTTPTransport(
            verify=_trust(),
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=5.0),
            proxy=_proxy(self._base_url),
        )
        self._wire = Wire(
            read_timeout=timeouts.read,
            write_timeout=timeouts.write,
            connect_timeout=timeouts.connect,
            pool_timeout=timeouts.pool,
            httpx_kwargs={"transport": WithToken(self._token, transport)},
        )
        # Not initialised: that would ask for getMe at every start, and a refusal is to be told by the check, not by an error.
        self._bot = Bot(
            PLACEHOLDER, base_url=f"{self._base_url}/bot", request=self._wire, get_updates_request=self._wire
        )

    def serves(self, token: str, base_url: str) -> bool:
        """Whether this client is made for these settings."""
        return self._token == token.strip() and self._base_url == base_url.rstrip("/")

    async def send(self, chat_id: int, text: str, rows: Sequence[tuple[str, str]]) -> int:
        """Sends a message and returns its id. ``rows``: (title, data) of the buttons, one below the other.

        Raises:
            Refused, NotSent, NoAnswer: see there; the same for all calls.
        """
        keyboard = [[InlineKeyboardButton(title, callback_data=data)] for title, data in rows]
        markup = InlineKeyboardMarkup(keyboard) if keyboard else None
        message = await _answer(self._bot.send_message(chat_id, text, reply_markup=markup))
        return message.message_id

    async def answer_press(self, callback_id: str) -> None:
        """Tells Telegram that a button press was taken: until then the button spins."""
        await _answer(self._bot.answer_callback_query(callback_id))

    async def me(self) -> User:
        """The bot itself."""
        return await _answer(self._bot.get_me())

    async def webhook(self) -> WebhookInfo:
        """The webhook as Telegram has it, with what waits and what went wrong last."""
        return await _answer(self._bot.get_webhook_info())

    async def set_webhook(self, url: str, secret: str, allowed: Sequence[str], connections: int) -> None:
        """Has updates sent to ``url``; what waits already is kept."""
        await _answer(
            self._bot.set_webhook(
                url,
                secret_token=secret,
                allowed_updates=list(allowed),
                max_connections=connections,
                drop_pending_updates=False,
            )
        )

    async def updates(self, offset: int | None, allowed: Sequence[str]) -> list[Mapping[str, Any]]:
        """Up to a hundred updates that wait, as Telegram wrote them; those before ``offset`` are forgotten by it."""
        asked: dict[str, Any] = {"limit": 100, "timeout": 0, "allowed_updates": list(allowed)}
        if offset is not None:
            asked["offset"] = offset
        # Not ``Bot.get_updates``: its objects are not what the platform sent, and one that they cannot hold costs all of them
        # and is logged with its text. In small letters, which the Bot API takes as well, since the library warns of asking in
        # this way for what it has a method for.
        found = await _answer(self._bot.do_api_request("getupdates", api_kwargs=asked))
        if not isinstance(found, list):
            raise NoAnswer("getUpdates gave no list")
        return [update for update in found if isinstance(update, dict) and isinstance(update.get("update_id"), int)]

    def outcome(self, error: TelegramError) -> SendResult:
        """What became of a send that ended with an error."""
        match error:
            case Refused():
                return self._refused(error)
            case NotSent():
                reason = "timeout" if error.timed_out else "platform_error"
                return SendResult("retry", reason=reason, detail=f"not sent: {error.message}")
            case _:
                timed_out = isinstance(error, NoAnswer) and error.timed_out
                reason = "timeout" if timed_out else "platform_error"
                return SendResult("unknown", reason=reason, detail=f"no answer: {error.message}")

    def words(self, text: str) -> str:
        """The platform's words as they may be shown and logged: at most 300 characters, never with the token."""
        return (text.replace(self._token, _MASK) if self._token else text)[:300]

    async def close(self) -> None:
        """Closes the connections."""
        await self._wire.shutdown()

    def _refused(self, error: Refused) -> SendResult:
        detail = self.words(error.description)
        match error.code:
            case 401 | 404:
                # 404 is Telegram's answer to a token that is none.
                return SendResult("failed", reason="token", detail=detail, pause_account=True)
            case 403:
                return SendResult("failed", reason="blocked", detail=detail)
            case 420 | 429:
                return SendResult(
                    "retry", reason="rate_limited", detail=detail, retry_after_s=error.retry_after_s, slow_down=1.0
                )
            case code if code >= 500:
                return SendResult("retry", reason="platform_error", detail=detail, retry_after_s=error.retry_after_s)
            case _:
                return SendResult("failed", reason=_reason(error.code, error.description), detail=detail)


async def _answer[T](call: Awaitable[T]) -> T:
    """The call's result. An answer that the library cannot make its objects of is none."""
    try:
        return await call
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoAnswer(f"the answer has another shape ({type(error).__name__})") from None


def _refusal(code: int, body: bytes) -> Refused:
    """Telegram's refusal; of a proxy's page only the code is kept."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    told = answer if isinstance(answer, dict) else {}
    parameters = told.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    description = told.get("description")
    return Refused(
        code,
        description if isinstance(description, str) and description else f"HTTP {code}",
        float(wait) if isinstance(wait, int | float) and wait >= 0 else None,
    )


def _reason(code: int, description: str) -> str:
    """Our word for a 400; the descriptions are those of tdlib/telegram-bot-api."""
    said = description.lower()
    if code == 413 or "too long" in said or "too_long" in said:
        return "too_long"
    if "not enough rights" in said or "no rights" in said or "administrator rights" in said:
        return "permission"
    if "message to" in said and "not found" in said:
        return "deleted"
    return "refused"


@functools.cache
def _trust() -> ssl.SSLContext:
    """Read once: there may be hundreds of bots."""
    return httpx.create_ssl_context()


def _proxy(url: str) -> str | None:
    """The environment's proxy, as curl takes it; httpx looks there only for transports of its own making."""
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)
