"""Deep links: ``https://t.me/<bot>?start=<token>``, and the ``/start <token>`` that comes when one is followed.

Source of the forms: https://core.telegram.org/bots/features#deep-linking (a token has 1 to 64 of ``A-Za-z0-9_-``).
"""

from __future__ import annotations

import re

from handoff.channels.ports import Account

_START = re.compile(r"/start(?:@\w+)?(?:[ \n]+([A-Za-z0-9_-]{1,64}))?\s*\Z")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})\Z")
_NAMED = re.compile(r"@([A-Za-z][A-Za-z0-9_]{3,31})\b")


def deep_link(account: Account, token: str) -> str:
    """The link that opens a chat with the bot and hands it ``token`` when the citizen presses *Start*.

    The bot's username is ``settings["username"]``, or else the ``@name`` in the account's name, as
    :meth:`TelegramConnector.check` gives it.

    Raises:
        ValueError: the token has characters that Telegram does not carry, or the bot's username is not known.
    """
    if not _TOKEN.match(token):
        raise ValueError("a deep link carries 1 to 64 of A-Z, a-z, 0-9, _ and -")
    named = _USERNAME.match(str(account.settings.get("username") or "")) or _NAMED.search(account.name)
    if named is None:
        raise ValueError("the bot's username is not known")
    return f"https://t.me/{named[1]}?start={token}"


def without_token(text: str) -> tuple[str, str | None]:
    """The text as it may be shown, and the deep link's token if it is a ``/start`` with one.

    The token is evidence of identity, so it does not stay in a text that is stored and read by people.
    """
    found = _START.match(text)
    return ("/start", found[1]) if found else (text, None)
