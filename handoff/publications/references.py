"""Which post somebody means: the platform's own number of it, from the number or from the address in a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

_NUMBER = re.compile(r"\d{1,32}\Z")
#: Graph numbers a post under its page.
_FACEBOOK = re.compile(r"\d{1,32}_\d{1,32}\Z")
_X_PATH = re.compile(r"/(?:[A-Za-z0-9_]{1,15}|i/web|i)/status(?:es)?/(\d{1,32})(?:/.*)?\Z")
_FACEBOOK_PATH = re.compile(r"/(\d{1,32})/(?:posts|videos|photos)/(?:[^/]+/)?(\d{1,32})/?\Z")
#: Where posts of each channel are looked at; on other channels there are none to comment on.
HOSTS: Final[Mapping[str, frozenset[str]]] = {
    "x": frozenset({"x.com", "twitter.com"}),
    "facebook": frozenset({"facebook.com"}),
}


def post_ref(channel: str, given: str) -> str | None:
    """The number by which the channel's connector knows the post; None when it cannot be told from ``given``.

    A page's name in an address of Facebook says nothing to Graph, which wants numbers: such an address is not understood, the
    number (``<page>_<post>``) is.
    """
    given = given.strip()
    if channel == "facebook" and _FACEBOOK.match(given):
        return given
    if channel == "x" and _NUMBER.match(given):
        return given
    try:
        parts = urlsplit(given)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("mobile.")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in HOSTS.get(channel, frozenset()):
        return None
    return _on_x(parts.path) if channel == "x" else _on_facebook(parts.path, parse_qs(parts.query))


def _on_x(path: str) -> str | None:
    found = _X_PATH.match(path)
    return found[1] if found else None


def _on_facebook(path: str, query: Mapping[str, list[str]]) -> str | None:
    found = _FACEBOOK_PATH.match(path)
    if found:
        return f"{found[1]}_{found[2]}"
    page, post = query.get("id", [""])[0], query.get("story_fbid", [""])[0]
    if path.rstrip("/") in ("/permalink.php", "/story.php") and _NUMBER.match(page) and _NUMBER.match(post):
        return f"{page}_{post}"
    return None
