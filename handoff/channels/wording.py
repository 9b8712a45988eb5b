"""How what is said becomes what a platform can carry: links and sources as text, long texts in parts, buttons as a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from handoff.channels.ports import Attachment
from handoff.conversations.schemas import Button, Link, Utterance
from kit.i18n import Catalogue

#: A public answer is read by everybody who passes: longer ones belong into a private reply.
PUBLIC_LENGTH = 500
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_KNOWN = frozenset({"image", "video", "audio", "file", "sticker", "location", "contact", "share"})


def placeholder(texts: Catalogue, attachments: Iterable[Attachment]) -> str:
    """What stands in the text for things that are not text, in the working language: ``[attēls] [fails]``."""
    kinds = [one.kind if one.kind in _KNOWN else "other" for one in attachments]
    return " ".join(texts.text("lv", f"channels.attachment.{kind}") for kind in kinds)


def full_text(texts: Catalogue, utterance: Utterance) -> str:
    """An utterance as one text: its links and its source have no place of their own on a platform."""
    lines = [_link_line(link) for link in utterance.links if not link.url.startswith("tel:")]
    if utterance.source is not None:
        source = utterance.source
        if source.seen and source.date:
            said = texts.text(utterance.lang, "channels.source_seen", source=source.title, date=source.date)
        else:
            shown = f"{source.title}, {source.date}" if source.date else source.title
            said = texts.text(utterance.lang, "channels.source", source=shown)
        lines.append(said)
    return "\n\n".join((utterance.text, "\n".join(lines))) if lines else utterance.text


def _link_line(link: Link) -> str:
    return f"{link.title}: {link.url}"


def numbered(texts: Catalogue, lang: str, text: str, buttons: Sequence[Button]) -> str:
    """``text`` with its buttons as a numbered list, for channels that show none."""
    if not buttons:
        return text
    lines = [f"{number}. {button.title}" for number, button in enumerate(buttons, 1)]
    return "\n".join((f"{text}\n", *lines, texts.text(lang, "channels.choose_number")))


def parts(text: str, limit: int) -> list[str]:
    """``text`` in parts of at most ``limit`` characters, cut where a reader pauses: paragraph, line, sentence, word.

    Nothing but the white space at the cuts is lost.
    """
    found = []
    rest = text.strip()
    while len(rest) > limit:
        at = _cut(rest, limit)
        found.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*found, rest]


def _cut(text: str, limit: int) -> int:
    """Where to cut; a pause in the last two thirds is better than a late cut in the middle of a word."""
    earliest = limit // 3
    for mark in ("\n\n", "\n"):
        at = text.rfind(mark, earliest, limit + 1)
        if at > 0:
            return at
    ends = [match.start() for match in _SENTENCE_END.finditer(text, earliest, limit + 1)]
    if ends and ends[-1] <= limit:
        return ends[-1]
    at = text.rfind(" ", 1, limit + 1)
    return at if at > 0 else limit


def public_text(utterances: Sequence[Utterance], limit: int) -> str:
    """One short text for everybody to read: as many whole sentences as fit, then where to read on."""
    room = min(PUBLIC_LENGTH, limit)
    links = [link for one in utterances for link in one.links if not link.url.startswith("tel:")]
    tail = f"\n{links[0].url}" if links and len(links[0].url) <= room // 2 else ""
    room -= len(tail)
    text = "\n\n".join(one.text for one in utterances).strip()
    if len(text) <= room:
        return text + tail
    kept = ""
    for match in _SENTENCE_END.finditer(text):
        if match.start() > room:
            break
        kept = text[: match.start()]
    if not kept:
        at = text.rfind(" ", 0, room - 1)
        kept = text[: at if at > 0 else room - 1].rstrip(" ,;:–-") + "…"
    return kept.rstrip() + tail
