"""What reports ask of both databases alike: Riga's calendar, lengths of time without rounding, ranks."""

from __future__ import annotations

import math
import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from kit.clock import RIGA, as_utc

_FIRST_DAY = date(1970, 1, 1)


class micros(FunctionElement[int]):
    """An instant as whole microseconds since 1970: differences are exact on both databases."""

    type = BigInteger()
    inherit_cache = True


class _later(FunctionElement[datetime]):
    """See :func:`later`."""

    type = NullType()  # type: ignore[assignment]
    inherit_cache = True


def later(moment: Any, span: timedelta) -> ColumnElement[datetime]:
    """An instant so much later; whole seconds."""
    return _later(moment, literal(int(span.total_seconds()), Integer))


class riga_day(FunctionElement[int]):
    """The day it was in Riga, as days since 1970-01-01."""

    type = Integer()
    inherit_cache = True


class riga_date(FunctionElement[str]):
    """The day it was in Riga, ``YYYY-MM-DD``."""

    type = String()
    inherit_cache = True


class riga_month(FunctionElement[str]):
    """The month it was in Riga, ``YYYY-MM``."""

    type = String()
    inherit_cache = True


class riga_hour(FunctionElement[int]):
    """The hour of the clock in Riga, 0–23."""

    type = Integer()
    inherit_cache = True


class riga_weekday(FunctionElement[int]):
    """The weekday in Riga, 1 (Monday) – 7."""

    type = Integer()
    inherit_cache = True


class nearest_rank(FunctionElement[int]):
    """``nearest_rank(value, percent)``: the least value that so many of a hundred do not exceed; always one of the values."""

    type = BigInteger()
    inherit_cache = True


def days_of(day: date) -> int:
    """A date as :class:`riga_day` counts it."""
    return (day - _FIRST_DAY).days


def micros_of(moment: datetime) -> int:
    """An instant as :class:`micros` counts it."""
    since = as_utc(moment) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_ON_POSTGRESQL = {
    _later: "({0} + {1} * INTERVAL '1 second')",
    micros: "CAST(EXTRACT(EPOCH FROM {0}) * 1000000 AS BIGINT)",
    riga_day: "(CAST({0} AT TIME ZONE 'Europe/Riga' AS DATE) - DATE '1970-01-01')",
    riga_date: "TO_CHAR({0} AT TIME ZONE 'Europe/Riga', 'YYYY-MM-DD')",
    riga_month: "TO_CHAR({0} AT TIME ZONE 'Europe/Riga', 'YYYY-MM')",
    riga_hour: "CAST(EXTRACT(HOUR FROM {0} AT TIME ZONE 'Europe/Riga') AS INTEGER)",
    riga_weekday: "CAST(EXTRACT(ISODOW FROM {0} AT TIME ZONE 'Europe/Riga') AS INTEGER)",
    nearest_rank: "PERCENTILE_DISC(CAST({1} AS DOUBLE PRECISION) / 100) WITHIN GROUP (ORDER BY {0})",
}


def _compile(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    arguments = [compiler.process(one, **options) for one in element.clauses]
    if compiler.dialect.name == "postgresql":
        return _ON_POSTGRESQL[type(element)].format(*arguments)
    return f"{type(element).__name__.lstrip('_')}({', '.join(arguments)})"


for _function in _ON_POSTGRESQL:
    compiles(_function)(_compile)


def _stored(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _moved(text: str | None, seconds: int) -> str | None:
    # As SQLAlchemy stores instants, so that they compare as text.
    return None if text is None else (_stored(text) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")


class _NearestRank:
    """The aggregate for SQLite, which has none of the kind."""

    def __init__(self) -> None:
        self._values: list[int] = []
        self._percent = 50

    def step(self, value: int | None, percent: int) -> None:
        self._percent = percent
        if value is not None:
            self._values.append(value)

    def finalize(self) -> int | None:
        if not self._values:
            return None
        return sorted(self._values)[max(0, math.ceil(len(self._values) * self._percent / 100) - 1)]


def teach(connection: sqlite3.Connection) -> None:
    """Makes the functions known to a connection of SQLite; PostgreSQL has them."""

    def of_instant(name: str, tell: Any) -> None:
        def told(text: str | None) -> Any:
            return None if text is None else tell(_stored(text))

        connection.create_function(name, 1, told, deterministic=True)

    of_instant("micros", micros_of)
    of_instant("riga_day", lambda at: days_of(at.astimezone(RIGA).date()))
    of_instant("riga_date", lambda at: at.astimezone(RIGA).date().isoformat())
    of_instant("riga_month", lambda at: at.astimezone(RIGA).strftime("%Y-%m"))
    of_instant("riga_hour", lambda at: at.astimezone(RIGA).hour)
    of_instant("riga_weekday", lambda at: at.astimezone(RIGA).isoweekday())
    connection.create_function("later", 2, _moved, deterministic=True)
    connection.create_aggregate("nearest_rank", 2, _NearestRank)  # type: ignore[arg-type]
