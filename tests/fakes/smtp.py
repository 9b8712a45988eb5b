"""A mail server small enough to read: takes mails, or fails the way that servers fail."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal, Self, cast

Mood = Literal["takes", "busy", "refuses", "hangs"]


class FakeSmtp:
    """Listens on loopback.

    Attributes:
        mood: ``takes`` mails; is ``busy`` (451, try again); ``refuses`` the recipient (550); ``hangs`` after DATA.
        mails: what it has taken, in order.
        tries: connections so far.
    """

    def __init__(self) -> None:
        self.mood: Mood = "takes"
        self.mails: list[EmailMessage] = []
        self.tries = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Begins to listen."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops."""
        assert self._server is not None
        self._server.close()
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def to(self, address: str) -> list[EmailMessage]:
        """Mails to one address."""
        return [one for one in self.mails if one["To"] == address]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tries += 1
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 fake ESMTP")
        while line := await reader.readline():
            match line.split()[0].upper():
                case b"RCPT" if self.mood == "refuses":
                    say("550 no such mailbox")
                case b"DATA" if self.mood == "busy":
                    say("451 try again later")
                case b"DATA":
                    say("354 go on")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    if self.mood == "hangs":
                        await asyncio.sleep(30)
                    self.mails.append(cast("EmailMessage", message_from_bytes(raw[:-3], policy=policy.default)))
                    say("250 taken")
                case b"QUIT":
                    say("221 bye")
                    await writer.drain()
                    return
                case _:
                    say("250 fine")
            await writer.drain()
