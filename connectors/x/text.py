"""What X makes of a text: how long it is, which decides whether it is taken, and its links, which decide what it costs."""

from __future__ import annotations

import re
import unicodedata

#: What every link counts, whatever its length: X shortens all of them.
_LINK_LENGTH = 23
#: Code points that count one; all others count two (docs.x.com, fundamentals, counting characters).
_SINGLE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

# Endings of addresses that X makes a link of without "https://". Every pair of letters may be a country, so "t.sk." is a
# link to X as well as to us.
_ENDINGS = "com|org|net|info|gov|edu|int|biz|app|dev|online|site|cloud|[a-z]{2}"
_LABEL = "[a-z0-9\u00c0-\u024f](?:[a-z0-9\u00c0-\u024f-]*[a-z0-9\u00c0-\u024f])?"
_LINK = re.compile(
    rf"(?<![\w@#$./-])(?:https?://[^\s]+|(?:{_LABEL}\.)+(?:{_ENDINGS})(?![\w@-])(?:/[^\s]*)?)", re.IGNORECASE
)
_AFTER_A_LINK = ".,;:!?…)]}»\"'”"

_PICTURE = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_PICTURE_TONE = "[\ufe0f\U0001f3fb-\U0001f3ff]*"
_EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}{_PICTURE_TONE}(?:\u200d{_PICTURE}{_PICTURE_TONE})*"
)


def links(text: str) -> list[str]:
    """Every part of the text that X makes a link of, in its order."""
    return [found.group().rstrip(_AFTER_A_LINK) for found in _LINK.finditer(text)]


def weighted_length(text: str) -> int:
    """How much of a post's 280 the text takes: a link 23, an emoji two, a letter one, a CJK sign two."""
    text = unicodedata.normalize("NFC", text)
    length = 0
    for link in links(text):
        text = text.replace(link, "", 1)
        length += _LINK_LENGTH
    emoji = sum(2 * _heavy(found.group()) for found in _EMOJI.finditer(text))
    rest = _EMOJI.sub(lambda found: "" if _heavy(found.group()) else found.group(), text)
    return length + emoji + sum(1 if _single(sign) else 2 for sign in rest)


def _heavy(emoji: str) -> bool:
    """Signs such as © are counted as the letters they are."""
    return len(emoji) > 1 or not _single(emoji)


def _single(sign: str) -> bool:
    return any(first <= ord(sign) <= last for first, last in _SINGLE)
