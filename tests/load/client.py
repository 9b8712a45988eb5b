"""Citizens that cost little to play: one for the web chat's socket, one for Rasa's REST channel. Both ride on aiohttp."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import aiohttp
import orjson

HERE = Path(__file__).parent
#: Seconds after which a citizen takes it that no answer will come.
PATIENCE_S = 15.0
#: Seconds a message may stay unanswered once the conversation is known to have left the assistant.
_LEFT_S = 1.0


class Outcome(StrEnum):
    """What became of a message."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    #: Written in the moment in which the conversation went to a person: nobody answers it by machine, rightly.
    LEFT = "left"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Result:
    """One message: when it was sent and when its first answer was there (``perf_counter`` seconds), and what went wrong."""

    outcome: Outcome
    sent: float
    done: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation as citizens hold it."""

    lang: str
    texts: tuple[str, ...]


class Talker(Protocol):
    """One citizen, who holds one conversation after the other."""

    async def open(self, lang: str) -> None:
        """Begins a conversation.

        Raises:
            OSError, aiohttp.ClientError, TimeoutError: the door stayed shut.
        """

    async def say(self, text: str) -> Result:
        """Writes, and waits for the first answer."""

    @property
    def gone(self) -> bool:
        """Whether the conversation is over or no longer the machine's to answer."""

    async def close(self) -> None:
        """Ends the conversation."""


class ChatCitizen:
    """A widget on the web-chat socket; speaks the protocol of ``docs/protocol.md`` and reads no more of it than it must."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._phase = ""
        self._welcome: asyncio.Future[None] | None = None
        self._result: asyncio.Future[tuple[Outcome, float, str]] | None = None
        self._client_id = ""
        self._ack_seq = 0
        self._said: tuple[int, float] = (0, 0.0)

    @property
    def gone(self) -> bool:
        """Whether the socket is down or the conversation is with a person."""
        return self._socket is None or self._socket.closed or self._phase != "assistant"

    async def open(self, lang: str) -> None:
        """A new socket, a new token, a new conversation."""
        self._said, self._phase = (0, 0.0), ""
        self._welcome = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PATIENCE_S):
            self._socket = await self._session.ws_connect(
                self._url.replace("http", "ws", 1) + "/chat/ws?site=demo", origin=self._url, max_msg_size=2**22
            )
            self._reader = asyncio.create_task(self._read(self._socket))
            hello = {"t": "hello", "v": 1, "token": None, "cursor": 0, "lang": lang, "page": self._url + "/demo"}
            await self._socket.send_str(orjson.dumps(hello).decode())
            await self._welcome

    async def say(self, text: str) -> Result:
        """Sends; the answer is the first message after the acknowledged one that is not the citizen's own."""
        assert self._socket is not None
        self._client_id, self._ack_seq = str(uuid.uuid4()), 0
        self._result = asyncio.get_running_loop().create_future()
        frame = orjson.dumps({"t": "send", "id": self._client_id, "text": text, "payload": None}).decode()
        sent = perf_counter()
        try:
            await self._socket.send_str(frame)
            outcome, done, detail = await asyncio.wait_for(self._result, PATIENCE_S)
        except TimeoutError:
            detail = "no answer" if self._ack_seq else "not even acknowledged"
            return Result(Outcome.UNANSWERED, sent, perf_counter(), detail)
        except (OSError, aiohttp.ClientError) as error:
            return Result(Outcome.ERROR, sent, perf_counter(), type(error).__name__)
        finally:
            self._result = None
        return Result(outcome, sent, done, detail)

    async def close(self) -> None:
        """Ends the conversation, so that it is counted as a case and waits for nobody; then goes."""
        if self._socket is not None and not self._socket.closed:
            try:
                await self._socket.send_str('{"t":"end"}')
                await self._socket.close()
            except (OSError, aiohttp.ClientError):
                pass
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self._socket = self._reader = None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                self._take(orjson.loads(message.data))
        self._resolve(Outcome.ERROR, f"socket closed {socket.close_code}")
        if self._welcome is not None and not self._welcome.done():
            self._welcome.set_exception(ConnectionResetError(f"socket closed {socket.close_code} before the welcome"))

    def _take(self, frame: dict[str, Any]) -> None:
        match frame["t"]:
            case "message":
                message = frame["message"]
                if message["author"]["kind"] != "citizen" and message["seq"] > self._said[0]:
                    self._said = (message["seq"], perf_counter())
                    self._answered()
            case "ack" if frame["id"] == self._client_id:
                self._ack_seq = frame["seq"]
                self._answered()
            case "state":
                self._phase = frame["state"]["phase"]
                if self._phase != "assistant" and self._result is not None:
                    asyncio.get_running_loop().call_later(_LEFT_S, self._left, self._result)
            case "welcome":
                self._phase = frame["state"]["phase"]
                if self._welcome is not None and not self._welcome.done():
                    self._welcome.set_result(None)
            case "error" if frame["id"] in (None, self._client_id):
                self._resolve(Outcome.ERROR, frame["code"])

    def _answered(self) -> None:
        # The answer's number decides, not the order of arrival: what was said before this message answers another one.
        if self._ack_seq and self._said[0] > self._ack_seq:
            self._resolve(Outcome.ANSWERED)

    def _left(self, waited_for: asyncio.Future[tuple[Outcome, float, str]]) -> None:
        if waited_for is self._result:
            self._resolve(Outcome.LEFT)

    def _resolve(self, outcome: Outcome, detail: str = "") -> None:
        if self._result is not None and not self._result.done():
            at = self._said[1] if outcome is Outcome.ANSWERED else perf_counter()
            self._result.set_result((outcome, at, detail))


class RestCitizen:
    """Somebody on Rasa's REST channel. The answer to the request carries the bot's messages."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url + "/webhooks/rest/webhook"
        self._sender = ""

    @property
    def gone(self) -> bool:
        """Rasa never lets go."""
        return not self._sender

    async def open(self, lang: str) -> None:
        """A sender nobody has seen before."""
        self._sender = str(uuid.uuid4())

    async def say(self, text: str) -> Result:
        """Posts; an empty list is an answer too, for Rasa has done its work by then."""
        body = orjson.dumps({"sender": self._sender, "message": text})
        sent = perf_counter()
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={"content-type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
            ) as response:
                answers = orjson.loads(await response.read())
        except TimeoutError:
            return Result(Outcome.UNANSWERED, sent, perf_counter(), "no answer")
        except (OSError, aiohttp.ClientError, orjson.JSONDecodeError) as error:
            return Result(Outcome.ERROR, sent, perf_counter(), type(error).__name__)
        done = perf_counter()
        if response.status != 200:
            return Result(Outcome.ERROR, sent, done, f"status {response.status}")
        return Result(Outcome.ANSWERED, sent, done, "" if answers else "empty")

    async def close(self) -> None:
        """Nothing to end: Rasa keeps the conversation."""
        self._sender = ""


def chat_scripts() -> list[Script]:
    """Conversations of citizens, from ``questions.txt``.

    Raises:
        ValueError: the file is not in its form.
    """
    scripts: list[Script] = []
    for block in _blocks((HERE / "questions.txt").read_text(encoding="utf-8")):
        lang = block[0].strip("[]")
        if lang not in ("lv", "ru", "en") or len(block) < 2:
            raise ValueError(f"questions.txt: a block must begin with its language and hold a message: {block}")
        scripts.append(Script(lang, tuple(block[1:])))
    return scripts


def rest_scripts() -> list[Script]:
    """Conversations with the bot of ``rasa init``, from ``moodbot.txt``."""
    lines = (line for block in _blocks((HERE / "moodbot.txt").read_text(encoding="utf-8")) for line in block)
    return [Script("en", tuple(text.strip() for text in line.split("|"))) for line in lines]


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines that belong together; blank lines part them, comments are left out."""
    block: list[str] = []
    for line in (*text.splitlines(), ""):
        if line.strip() and not line.startswith("#"):
            block.append(line.strip())
        elif block and not line.strip():
            yield block
            block = []


#: For each system: its citizen and what is said to it.
CITIZENS: dict[str, tuple[Callable[[aiohttp.ClientSession, str], Talker], Callable[[], list[Script]]]] = {
    "pietura": (ChatCitizen, chat_scripts),
    "rasa": (RestCitizen, rest_scripts),
}
