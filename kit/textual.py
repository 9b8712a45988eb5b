"""Cleaning of text that strangers send: what may be stored and shown, and what may not."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# Marks that only change the direction or the visibility of other text: used to disguise links and names.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BLANK_LINES = re.compile(r"\n{3,}")
_UNPAIRED = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """``text`` as it may be stored: NFC, without control and direction-changing characters, trimmed.

    HTML and scripts are left as they are: they are text, and every page puts text in as text.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _UNPAIRED.sub("\ufffd", text)
    text = unicodedata.normalize("NFC", text)
    text = _INVISIBLE.sub("", text)
    text = _CONTROL.sub("", text)
    return _BLANK_LINES.sub("\n\n", text).strip()


def shorten(text: str, length: int) -> str:
    """``text`` on one line of at most ``length`` characters, with an ellipsis where it was cut."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def mark_of(text: str) -> str:
    """What a trail keeps of a text instead of the text: its length, and a digest that tells whether two are the same.

    A text may hold somebody's personal data by mistake. It is mended where it stands; in a trail, which nobody may change, it
    would stay.
    """
    return f"{len(text)} · {hashlib.sha256(text.encode()).hexdigest()[:12]}"
