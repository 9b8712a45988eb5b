"""Which queue a conversation belongs to, and who is the best free person for it. Pure rules, without a database.

The order of choosing: who has not passed on it before; the nearer centre; the higher level of the skills that are needed;
the smaller load; whoever has been without new work for longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from handoff.queue.models import Queue
from kit.clock import as_utc

#: Whoever passed is asked again after this, and only when nobody else is left.
PASS_PAUSE: Final = timedelta(seconds=60)
#: A unit of capacity, in the hundredths that weights are counted in.
UNIT: Final = 100
_LONG_AGO: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Asked:
    """What of a conversation decides its queue."""

    channel: str
    lang: str
    institution_id: str | None
    service_id: str | None
    topic: str | None


@dataclass
class Operator:
    """A person as the router sees him. Presence, availability and load are three different facts.

    Attributes:
        load: of what he holds and is offered, in hundredths of a unit.
        idle_since: when he last ended or took something; None when not today.
    """

    id: str
    name: str
    centre_id: str | None
    languages: Sequence[str]
    skills: dict[str, int]
    capacity: int
    present: bool
    available: bool
    load: int = 0
    idle_since: datetime | None = None

    def fits(self, weight: int) -> bool:
        """Whether he can carry ``weight`` hundredths more."""
        return self.load + weight <= self.capacity * UNIT


@dataclass(frozen=True)
class Waiting:
    """What of a waiting conversation decides who gets it."""

    id: str
    version: int
    lang: str
    weight: int
    waiting_since: datetime
    passed: dict[str, str]


@dataclass(frozen=True)
class Choice:
    """Whom to ask, and why him."""

    operator: Operator
    why: dict[str, Any]


@dataclass(frozen=True)
class Nobody:
    """Why nobody can be asked: ``code`` is a key of ``waits.*`` in the catalogue, ``values`` go with it."""

    code: str
    values: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """As it is kept with the conversation."""
        return {"code": self.code, **self.values}


def takes(queue: Queue, asked: Asked) -> bool:
    """Whether a conversation belongs to this queue by its rules."""
    return (
        (not queue.channels or asked.channel in queue.channels)
        and (not queue.languages or asked.lang in queue.languages)
        and (not queue.institutions or asked.institution_id in queue.institutions)
        and (not queue.services or asked.service_id in queue.services)
        and (not queue.topics or asked.topic in queue.topics)
    )


def first(queues: Iterable[Queue], asked: Asked) -> str | None:
    """The id of the first enabled queue, in the order given, that takes a conversation."""
    return next((queue.id for queue in queues if queue.enabled and takes(queue, asked)), None)


def place_of(queue: Queue, centre_id: str | None, waited: timedelta) -> int | None:
    """How near a centre is to a queue, 0 the nearest; None while it does not serve it."""
    if not queue.centres:
        return 0
    if centre_id in queue.centres:
        return queue.centres.index(centre_id)
    if queue.overflow_after_s is None or waited < timedelta(seconds=queue.overflow_after_s):
        return None
    if not queue.overflow_centres:
        return len(queue.centres)
    if centre_id in queue.overflow_centres:
        return len(queue.centres) + queue.overflow_centres.index(centre_id)
    return None


def choose(queue: Queue, waiting: Waiting, team: Sequence[Operator], now: datetime) -> Choice | Nobody:
    """The best free person for a conversation, or why there is none."""
    waited = now - waiting.waiting_since
    ready = [one for one in team if one.present and one.available]
    if not ready:
        return Nobody("nobody", {})
    speaking = [one for one in ready if waiting.lang in one.languages]
    if not speaking:
        return Nobody("language", {"lang": waiting.lang})
    for skill, level in sorted(queue.skills.items()):
        if not any(one.skills.get(skill, 0) >= level for one in speaking):
            return Nobody("skill", {"skill": skill, "level": level})
    able = [one for one in speaking if all(one.skills.get(skill, 0) >= least for skill, least in queue.skills.items())]
    if not able:
        return Nobody("skills", {"skills": ", ".join(sorted(queue.skills))})
    places = {one.id: place_of(queue, one.centre_id, waited) for one in able}
    near = [one for one in able if places[one.id] is not None]
    if not near:
        return Nobody("centre", {})
    free = [one for one in near if one.fits(waiting.weight)]
    if not free:
        return Nobody("busy", {"lang": waiting.lang})
    asked_anew = [one for one in free if _may_be_asked(one.id, waiting, now)]
    if not asked_anew:
        return Nobody("passed", {})
    best = min(
        asked_anew,
        key=lambda one: (
            one.id in waiting.passed,
            places[one.id] or 0,
            -_level(queue, one),
            one.load,
            one.idle_since or _LONG_AGO,
            one.id,
        ),
    )
    return Choice(best, _why(queue, waiting, best, places[best.id] or 0, now))


def _may_be_asked(operator_id: str, waiting: Waiting, now: datetime) -> bool:
    passed_at = waiting.passed.get(operator_id)
    return passed_at is None or now - as_utc(datetime.fromisoformat(passed_at)) >= PASS_PAUSE


def _level(queue: Queue, operator: Operator) -> int:
    return sum(operator.skills.get(skill, 0) for skill in queue.skills)


def _why(queue: Queue, waiting: Waiting, operator: Operator, place: int, now: datetime) -> dict[str, Any]:
    return {
        "queue": queue.id,
        "waited_s": round((now - waiting.waiting_since).total_seconds()),
        "load": operator.load,
        "weight": waiting.weight,
        "capacity": operator.capacity * UNIT,
        "level": _level(queue, operator),
        "overflow": bool(queue.centres) and place >= len(queue.centres),
        "again": operator.id in waiting.passed,
        "idle_s": round((now - operator.idle_since).total_seconds()) if operator.idle_since else None,
    }
