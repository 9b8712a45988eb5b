"""Sending mails: what a mail says, and the server that takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Literal, Protocol

import aiosmtplib

from handoff.broker import Names
from handoff.level2.service import Level2
from handoff.queue.service import clock_wording
from kit.clock import RIGA
from kit.i18n import Catalogue

_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Told:
    """One line of a mail. ``kind`` as in :class:`handoff.level2.models.Mail`; never anything that a citizen said."""

    kind: str
    conversation_id: str
    institution_id: str
    service_id: str | None
    brought_at: datetime
    due_at: datetime


class Refused(Exception):
    """The server will never take this mail: the address is wrong."""


class Post(Protocol):
    """Takes a mail to where it goes."""

    async def send(self, message: EmailMessage) -> None:
        """Sends.

        Raises:
            Refused: it is no use to try again.
            Exception: anything else may be tried again.
        """
        ...


class SmtpPost:
    """A mail server, asked anew for each mail: there are few of them."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        password: str,
        security: Literal["starttls", "tls", "none"],
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._host = host
        self._port = port
        self._user = user
        self._password = password
        self._security = security
        self._timeout_s = timeout_s

    async def send(self, message: EmailMessage) -> None:
        """As :class:`Post` says."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._user or None,
                password=self._password or None,
                use_tls=self._security == "tls",
                start_tls=self._security == "starttls",
                timeout=self._timeout_s,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(one.code >= 500 for one in error.recipients):
                raise Refused(f"{error.recipients[0].code}") from error
            raise


class Writer:
    """Writes mails in the person's language."""

    def __init__(self, texts: Catalogue, names: Names, level2: Level2, public_url: str, sender: str) -> None:
        """``public_url``: where the console is; ``sender``: what stands in From."""
        self._texts = texts
        self._names = names
        self._level2 = level2
        self._url = public_url
        self._sender = sender

    def write(self, to: str, lang: str, told: Sequence[Told], now: datetime, batch: str) -> EmailMessage:
        """One mail about one conversation or several."""
        text = self._texts.text
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{batch}@{parseaddr(self._sender)[1].rpartition('@')[2]}>"
        # So that no absence note answers it.
        message["Auto-Submitted"] = "auto-generated"
        first = told[0]
        if len(told) == 1:
            institution = self._names.institution(first.institution_id, lang)
            message["Subject"] = text(lang, f"mail.subject.{first.kind}", institution=institution)
        else:
            message["Subject"] = text(lang, "mail.subject.many", n=len(told))
        parts = [text(lang, "mail.hello"), *(self._part(lang, one, now) for one in told), text(lang, "mail.why")]
        message.set_content("\n\n".join(parts) + "\n")
        return message

    def _part(self, lang: str, one: Told, now: datetime) -> str:
        text, due = self._texts.text, one.due_at.astimezone(RIGA)
        waited = int(self._level2.waited(one.brought_at, now).total_seconds()) // 60
        service = self._names.service(one.service_id, lang) if one.service_id else text(lang, "mail.no_service")
        return "\n".join(
            (
                text(lang, f"mail.line.{one.kind}"),
                text(lang, "mail.institution", institution=self._names.institution(one.institution_id, lang)),
                text(lang, "mail.service", service=service),
                text(lang, "mail.waited", hours=waited // 60, minutes=waited % 60),
                text(lang, "mail.due", date=f"{due:%d.%m.%Y}", time=clock_wording(lang, due.time())),
                text(lang, "mail.link", url=f"{self._url}/console#/inbox/{one.conversation_id}"),
            )
        )
