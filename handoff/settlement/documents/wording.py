"""How a document says numbers, money, days and names of things in one language.

Written out here and not asked of a library of locales: its next version may set a thousand differently, and a statement printed
again would have other bytes.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from kit.clock import RIGA
from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES, Catalogue

_NO_BREAK: Final = "\u00a0"
_MINUS: Final = "\u2212"
#: What stands between thousands and before the fraction.
_MARKS: Final = {"lv": (_NO_BREAK, ","), "ru": (_NO_BREAK, ","), "en": (",", ".")}
#: What stands where there is nothing to say.
NOTHING: Final = "–"


class Wording:
    """The words of documents in one language; unknown languages are read as Latvian."""

    def __init__(self, texts: Catalogue, lang: str) -> None:
        """``texts``: the catalogue of documents."""
        self.lang = lang if lang in LANGUAGES else DEFAULT_LANGUAGE
        self._texts = texts
        self._thousands, self._point = _MARKS[self.lang]

    def say(self, key: str, **values: object) -> str:
        """The text of ``key``, without its ``document.``; raises as ``Catalogue.text`` does."""
        return self._texts.text(self.lang, f"document.{key}", **values)

    def named(self, group: str, value: str) -> str:
        """The name of one of a kind's values; one that has no name is said as it is rather than hidden."""
        key = f"document.{group}.{value}"
        return self._texts.text(self.lang, key) if self._texts.has(key) else value

    def decimal(self, value: Decimal, least: int = 2, most: int = 2) -> str:
        """A number with ``least`` to ``most`` digits after the point; digits beyond are rounded half to even."""
        whole, _, part = format(abs(value).quantize(Decimal(1).scaleb(-most)), "f").partition(".")
        while len(part) > least and part.endswith("0"):
            part = part[:-1]
        sign = _MINUS if value < 0 and (whole.strip("0") or part.strip("0")) else ""
        grouped = f"{int(whole):,}".replace(",", self._thousands)
        return f"{sign}{grouped}{self._point}{part}" if part else f"{sign}{grouped}"

    def count(self, value: int) -> str:
        """A whole number."""
        return self.decimal(Decimal(value), 0, 0)

    def price(self, value: Decimal) -> str:
        """A price of one case: to the cent, and to a hundredth of a cent where the price list says so."""
        return self.decimal(value, 2, 4)

    def money(self, value: Decimal, currency: str) -> str:
        """An amount with its currency after it."""
        return f"{self.decimal(value)}{_NO_BREAK}{currency}"

    def fraction(self, exact: str) -> str:
        """A share before rounding: the fraction, and about how much it is where it does not come out even."""
        value = Fraction(exact)
        sign = _MINUS if value < 0 else ""
        bare = (
            f"{sign}{abs(value.numerator)}"
            if value.denominator == 1
            else f"{sign}{abs(value.numerator)}/{value.denominator}"
        )
        about = self.decimal(Decimal(value.numerator) / Decimal(value.denominator), 2, 6)
        even = Fraction(round(value * 1_000_000), 1_000_000) == value
        return bare if value.denominator == 1 else f"{bare} {'=' if even else '≈'} {about}"

    def day(self, day: date) -> str:
        """A day in figures; in English, where figures are read in two ways, with the name of its month."""
        month = self.say(f"month_short.{day.month}") if self.lang == "en" else f"{day.month:02}"
        return self.say("day", d=f"{day.day:02}", m=month, y=day.year)

    def moment(self, moment: datetime) -> str:
        """Day and time in Riga."""
        there = moment.astimezone(RIGA)
        return self.say("moment", day=self.day(there.date()), time=f"{there:%H:%M}")

    def day_of(self, moment: datetime) -> str:
        """The day in Riga on which something happened."""
        return self.day(moment.astimezone(RIGA).date())

    def month(self, month: date) -> str:
        """Year and month in words."""
        return self.say("month", year=month.year, name=self.say(f"month.{month.month}"))
