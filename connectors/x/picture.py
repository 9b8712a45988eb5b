"""Fetches the picture of a post: X takes pictures themselves, not their addresses."""

from __future__ import annotations

import ipaddress
import socket
import time
from urllib.parse import urlsplit

import requests

from connectors.x.client import Timeouts

#: Bytes; X takes pictures of up to 5 MB.
LIMIT = 5 * 1024 * 1024
#: Seconds for the whole of it; the time-out of a request is for each piece.
_READ_S = 15.0
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))


class NoPicture(Exception):
    """It cannot be had. ``lasting``: trying again is of no use."""

    def __init__(self, words: str, *, lasting: bool) -> None:
        super().__init__(words)
        self.lasting = lasting


def fetch(url: str, timeouts: Timeouts, *, loopback: bool) -> tuple[bytes, str]:
    """The picture and its media type. Blocks; the address is one that a member of staff has typed.

    Args:
        loopback: whether this machine may be asked, as in tests and the demo.

    Raises:
        NoPicture: there is none, it is too large or no picture, or its address is not one of the internet.
    """
    _check_address(url, loopback=loopback)
    try:
        with requests.Session() as session:
            session.trust_env = not loopback
            with session.get(
                url, stream=True, allow_redirects=False, timeout=(timeouts.connect_s, timeouts.answer_s)
            ) as answer:
                if answer.status_code != 200:
                    raise NoPicture(f"status {answer.status_code}", lasting=answer.status_code < 500)
                data = _read(answer)
    except requests.RequestException as error:
        raise NoPicture(type(error).__name__, lasting=False) from error
    return data, _kind(data)


def _read(answer: requests.Response) -> bytes:
    data, begun = bytearray(), time.monotonic()
    for part in answer.iter_content(64 * 1024):
        data += part
        if time.monotonic() - begun > _READ_S:
            raise NoPicture("too slow", lasting=False)
        if len(data) > LIMIT:
            raise NoPicture("larger than 5 MB", lasting=True)
    return bytes(data)


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    for beginning, kind in _KINDS:
        if data.startswith(beginning):
            return kind
    raise NoPicture("no JPEG, PNG, GIF or WebP", lasting=True)


def _check_address(url: str, *, loopback: bool) -> None:
    """Refuses addresses behind our own walls: whoever may post must not be able to look at what only this machine sees."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise NoPicture("not an address", lasting=True)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError, ValueError) as error:
        raise NoPicture("no such host", lasting=False) from error
    for entry in found:
        address = ipaddress.ip_address(entry[4][0])
        if not (address.is_global or (loopback and address.is_loopback)):
            raise NoPicture("not an address of the internet", lasting=True)
