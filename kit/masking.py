"""Personal data in free text: found, replaced by a mark, named.

Masked before a message is stored, so logs, transcripts and training data never hold it. Sources of the forms: personal
code (Fizisko personu reģistra likums: 6 + 5 digits, or the new form that starts with 32), IBAN (ISO 13616), Latvian
phone numbers (eight digits, first 2, 6, 7, 8 or 9), payment card (ISO/IEC 7812 with Luhn's check digit).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# As an address is written, and as people write it who fear robots: "maria dot silva at gmail dot com". Spelled so, only the
# hosts at which people have their mail count, or "I work at bolt.eu" would be one.
_HOST = r"(?:gmail|inbox|mail|outlook|hotmail|yahoo|icloud|apollo|e-apollo|tvnet|yandex|proton|protonmail|one|balticom)"
_AT = r"\s?[(\[{]?\s?(?:@|\b(?:at|et|sobaka)\b|собака)\s?[)\]}]?\s?"
_DOT = r"(?:\s?\.\s?|\s?[(\[]?\s?\b(?:dot|punkts|tochka)\b\s?[)\]]?\s?|\s?точка\s?)"
_EMAIL = re.compile(
    rf"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|[\w+%-]+(?:{_DOT}[\w+%-]+)*{_AT}{_HOST}{_DOT}(?:com|lv|ru|eu|net|org|me)\b",
    re.IGNORECASE,
)
_IBAN = re.compile(
    r"\bLV[ -]?\d{2}[ -]?[A-Z]{4}(?:[ -]?[A-Z0-9]){13}\b"
    r"|\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,7}(?:[ ]?[A-Z0-9]{1,3})?\b",
    re.IGNORECASE,
)
# Eleven digits, however they are grouped.
_PERSONAL_CODE = re.compile(r"(?<!\d)\d(?:[ .\-‐‑–—−/]{0,3}\d){10}(?!\d)")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_PHONE = re.compile(r"(?<![\d/.,-])(?:(?:\+|00)?\(?371\)?[ -]?)?[26789](?:[ -]?\d){7}(?![\d/-])")
_DOCUMENT = re.compile(r"\b(?:LV|LN|LA|PA|AA)[ ]?\d{7}\b", re.IGNORECASE)
# The state's own numbers are not anybody's secret (VSAA, PMLP, VID, emergency lines of eight digits).
_PUBLIC_PHONES = frozenset({"64507020", "67120000", "80200011", "67209400", "80001801", "67043100", "66954848"})


@dataclass(frozen=True)
class Masked:
    """Text without personal data, and which kinds were found: personal_code, iban, email, phone, card, document."""

    text: str
    kinds: tuple[str, ...]


def mask(text: str) -> Masked:
    """Replaces personal data in ``text`` with marks such as ``[personas kods]``."""
    kinds: list[str] = []

    def replace(kind: str, mark: str) -> None:
        nonlocal text
        pattern = _PATTERNS[kind]

        def put(match: re.Match[str]) -> str:
            if not _CHECKS[kind](match.group(0)):
                return match.group(0)
            if kind not in kinds:
                kinds.append(kind)
            return mark

        text = pattern.sub(put, text)

    for kind, mark in _MARKS.items():
        replace(kind, mark)
    return Masked(text, tuple(kinds))


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _is_iban(text: str) -> bool:
    compact = text.replace(" ", "").replace("-", "").upper()
    # A wrong check digit is still somebody's mistyped account: for Latvian accounts the shape alone is enough.
    return (compact.startswith("LV") and len(compact) == 21) or (
        15 <= len(compact) <= 34 and int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1
    )


def _is_card(text: str) -> bool:
    digits = [int(c) for c in _digits(text)]
    total = sum(sum(divmod(d * 2, 10)) if i % 2 else d for i, d in enumerate(reversed(digits)))
    return 13 <= len(digits) <= 19 and total % 10 == 0


def _is_phone(text: str) -> bool:
    return _digits(text)[-8:] not in _PUBLIC_PHONES


def _is_personal_code(text: str) -> bool:
    """Whether eleven digits begin with a day or with 32 (the form without a date of birth); registration numbers of firms
    begin with 40, 50 or 90 and are nobody's secret."""
    return 1 <= int(_digits(text)[:2]) <= 32


def _always(_text: str) -> bool:
    return True


_MARKS = {
    "email": "[e-pasts]",
    "iban": "[konta numurs]",
    "personal_code": "[personas kods]",
    "card": "[kartes numurs]",
    "phone": "[tālrunis]",
    "document": "[dokumenta numurs]",
}
_PATTERNS = {
    "email": _EMAIL,
    "iban": _IBAN,
    "personal_code": _PERSONAL_CODE,
    "card": _CARD,
    "phone": _PHONE,
    "document": _DOCUMENT,
}
_CHECKS = {
    "email": _always,
    "iban": _is_iban,
    "personal_code": _is_personal_code,
    "card": _is_card,
    "phone": _is_phone,
    "document": _always,
}
