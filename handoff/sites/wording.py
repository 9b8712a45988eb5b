"""A site's own words in place of the catalogue's, its colour and its origins: what is allowed, as pure functions (R5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from kit.i18n import LANGUAGES

#: Words that a site may have of its own, by the key of the widget's catalogue. ``greeting`` is the assistant's.
WIDGET_KEYS: Final = {
    "title": "widget.title",
    "launcher": "widget.launcher",
    "placeholder": "widget.input_placeholder",
    "notice": "widget.notice_text",
}
#: The origin of the gateway itself.
SELF: Final = "self"
#: White text stands on the accent (WCAG 2.2, 1.4.3).
LEAST_CONTRAST: Final = 4.5
_PORTS: Final = {"http": 80, "https": 443}


def widget_texts(name: str, texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """What replaces the widget's catalogue, by language. Without a title of its own a site has its name."""
    return {
        lang: {
            "widget.title": name,
            **{key: own for word, key in WIDGET_KEYS.items() if (own := texts.get(lang, {}).get(word))},
        }
        for lang in LANGUAGES
    }


def normal_origin(text: str) -> str | None:
    """An origin as browsers write it (lower case, Punycode, no usual port), or ``self``; None for what is none."""
    if text == SELF:
        return SELF
    try:
        parts = urlsplit(text)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        return None
    rest = (parts.path.rstrip("/"), parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in _PORTS or not host or any(rest) or not set(host) <= _HOST:
        return None
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None and port != _PORTS[parts.scheme] else "")


_HOST: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


def contrast_with_white(colour: str) -> float:
    """Contrast of ``#rrggbb`` with white, 1…21 (WCAG 2.2)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(share: float) -> float:
    return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)


def cleaned(texts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Own words without empty ones: empty means the catalogue's."""
    kept = {
        lang: {word: text.strip() for word, text in words.items() if text and text.strip()}
        for lang, words in texts.items()
    }
    return {lang: words for lang, words in kept.items() if words}
