"""Personal data in free text: found, replaced by a mark, named.

Masked before a message is stored, so logs, transcripts and training data never hold it. Sources of the forms: personal
code (Fizisko personu reģistra likums: 6 + 5 digits, or the new form that starts with 32), IBAN (ISO 13616), Latvian
phone numbers (eight digits, first 2, 6, 7, 8 or 9), others (ITU E.164), payment card (ISO/IEC 7812 with Luhn's check digit).
What only looks like one is left alone: dates, sums, cadastral numbers (four, three and four digits), numbers of documents,
and telephone numbers and addresses that the institutions publish themselves (:func:`publish`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

# As an address is written, and as people write it who fear robots: "maria dot silva at gmail dot com". Spelled so, only the
# hosts at which people have their mail count, or "I work at bolt.eu" would be one.
_HOST = r"(?:gmail|inbox|mail|outlook|hotmail|yahoo|icloud|apollo|e-apollo|tvnet|yandex|proton|protonmail|one|balticom)"
_SIGN = r"(?:@|\b(?:at|et|sobaka)\b|собака)"
_AT = rf"\s?[(\[{{]?\s?{_SIGN}\s?[)\]}}]?\s?"
_DOT = r"(?:\s?\.\s?|\s?[(\[]?\s?\b(?:dot|punkts|tochka)\b\s?[)\]]?\s?|\s?точка\s?)"
_EMAIL = re.compile(
    rf"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|[\w+%-]+(?:{_DOT}[\w+%-]+)*{_AT}{_HOST}{_DOT}(?:com|lv|ru|eu|net|org|me)\b",
    re.IGNORECASE,
)
#: No address is without it.
_AT_SIGN = re.compile(_SIGN, re.IGNORECASE)
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
# From abroad: a plus or two noughts and a country's number; and as Russians write a mobile at home.
_FOREIGN_PHONE = re.compile(
    r"(?<![\w+])(?:\+|00(?=[1-9]))(?![ ]?371)[ ]?[1-9](?:[ ().-]{0,3}\d){7,14}(?!\d)"
    r"|(?<![\w+.,-])8[ -]?\(?9\d\d\)?(?:[ -]?\d){7}(?![\d-])"
)
# What stands around a number and says that it is none of a person's.
# (After "10 EUR" begins something else.)
_MONEY_BEFORE = re.compile(r"(?<!\d)(?<!\d )(?:€|\b(?:eur|euro|eiro|usd|евро|summ\w*|сумм\w*))[ :]*$", re.IGNORECASE)
_MONEY_AFTER = re.compile(r"[ ]?(?:€|[.,]\d\d\b|(?:eur\w*|eiro|usd|евро)\b)", re.IGNORECASE)
_DOCUMENT_BEFORE = re.compile(r"(?:\b(?:nr|no)\b\.?|№)[ ]*$", re.IGNORECASE)
_CADASTRE_BEFORE = re.compile(r"(?:kadastr|cadast|кадастр)[^\n\d]{0,60}$", re.IGNORECASE)
_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_TWO_YEARS = re.compile(r"((?:19|20)\d\d)[ -]((?:19|20)\d\d)")
_CADASTRAL = re.compile(r"\d{4}[ -]\d{3}[ -]\d{4}")
_THOUSANDS = re.compile(r"\d{1,3}(?: \d{3})+")
#: "2024-2026" is a span of years; further apart it may as well be a telephone number.
_YEARS_APART = 10
_public: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Masked:
    """Text without personal data, and which kinds were found: personal_code, iban, email, phone, card, document."""

    text: str
    kinds: tuple[str, ...]


def publish(texts: Iterable[str]) -> None:
    """Telephone numbers and e-mail addresses in ``texts``, which everybody may read, are nobody's secret from now on; those told
    before are secret again. What the knowledge base holds is told whenever it changes."""
    global _public
    _public = frozenset().union(*map(_contacts, texts))


@lru_cache(16_384)
def _contacts(text: str) -> frozenset[str]:
    # Of thousands of texts a publication changes one or two, and nobody is answered meanwhile: the others are not read again.
    found = {_digits(phone[0])[-8:] for phone in _PHONE.finditer(text)}
    if _AT_SIGN.search(text):
        found.update(email[0].lower() for email in _EMAIL.finditer(text))
    return frozenset(found)


def mask(text: str) -> Masked:
    """Replaces personal data in ``text`` with marks such as ``[personas kods]``."""
    kinds: list[str] = []
    for kind, mark, pattern, is_one in _RULES:

        def put(match: re.Match[str], kind: str = kind, mark: str = mark, is_one: _Check = is_one) -> str:
            if not is_one(match):
                return match[0]
            if kind not in kinds:
                kinds.append(kind)
            return mark

        text = pattern.sub(put, text)
    return Masked(text, tuple(kinds))


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _is_email(match: re.Match[str]) -> bool:
    return match[0].lower() not in _public


def _is_iban(match: re.Match[str]) -> bool:
    compact = match[0].replace(" ", "").replace("-", "").upper()
    # A wrong check digit is still somebody's mistyped account: for Latvian accounts the shape alone is enough.
    return (compact.startswith("LV") and len(compact) == 21) or (
        15 <= len(compact) <= 34 and int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1
    )


def _is_card(match: re.Match[str]) -> bool:
    digits = [int(c) for c in _digits(match[0])]
    total = sum(sum(divmod(d * 2, 10)) if i % 2 else d for i, d in enumerate(reversed(digits)))
    return 13 <= len(digits) <= 19 and total % 10 == 0 and not _CADASTRE_BEFORE.search(_before(match))


def _is_phone(match: re.Match[str]) -> bool:
    written, digits = match[0], _digits(match[0])
    if digits[-8:] in _public or _is_money(match) or _DATE.fullmatch(written):
        return False
    years = _TWO_YEARS.fullmatch(written)
    if years and 0 < int(years[2]) - int(years[1]) <= _YEARS_APART:
        return False
    # People's telephones begin with 2 and 6 and are masked whatever stands before them: "mans nr. 29123456".
    return digits[-8] not in "89" or not _DOCUMENT_BEFORE.search(_before(match))


def _is_foreign_phone(match: re.Match[str]) -> bool:
    return not _is_money(match)


def _is_money(match: re.Match[str]) -> bool:
    """Whether the number is a sum: grouped by thousands or not, with a currency beside it."""
    if not (match[0].isdigit() or _THOUSANDS.fullmatch(match[0].lstrip("+ "))):
        return False
    return bool(_MONEY_BEFORE.search(_before(match)) or _MONEY_AFTER.match(match.string, match.end()))


def _is_personal_code(match: re.Match[str]) -> bool:
    """Whether eleven digits begin with a day or with 32 (the form without a date of birth); registration numbers of firms
    begin with 40, 50 or 90 and are nobody's secret, nor is the cadastral number of a property."""
    if _CADASTRAL.fullmatch(match[0]) or (match[0].isdigit() and _CADASTRE_BEFORE.search(_before(match))):
        return False
    return 1 <= int(_digits(match[0])[:2]) <= 32


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 80) : match.start()]


def _always(_match: re.Match[str]) -> bool:
    return True


_Check = Callable[[re.Match[str]], bool]
#: Kind, mark, how it looks, and what else must hold; in the order in which they are looked for.
_RULES: tuple[tuple[str, str, re.Pattern[str], _Check], ...] = (
    ("email", "[e-pasts]", _EMAIL, _is_email),
    ("iban", "[konta numurs]", _IBAN, _is_iban),
    ("phone", "[tālrunis]", _FOREIGN_PHONE, _is_foreign_phone),
    ("personal_code", "[personas kods]", _PERSONAL_CODE, _is_personal_code),
    ("card", "[kartes numurs]", _CARD, _is_card),
    ("phone", "[tālrunis]", _PHONE, _is_phone),
    ("document", "[dokumenta numurs]", _DOCUMENT, _always),
)
