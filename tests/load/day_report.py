"""A played day as tables, in words and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from kit.clock import RIGA
from tests.load.bench import machine
from tests.load.day_log import Minute, Outcome, Spell, Stretch
from tests.load.figures import percentile

_REASONS = {
    "": "until the next look",
    "offered": "an offer stood",
    "busy": "all who could were at their capacity",
    "language": "nobody there spoke the language",
    "skill": "nobody there had the skill",
    "skills": "nobody there had all the skills",
    "centre": "other centres did not help yet",
    "passed": "all who were free had passed",
    "nobody": "nobody was there",
}
_ENDED = {"accept_offer": "taken by {who}", "citizen_ended": "the citizen left", "gone": "the citizen was gone"}


def as_markdown(outcome: Outcome) -> str:
    """The figures, as they stand in docs/queues.md."""
    at = machine()
    lines = [
        f"### On {outcome.dialect}",
        "",
        f"Played {datetime.now(UTC):%Y-%m-%d}, {at['cpu']} with {at['cores']} cores: {outcome.minutes_played / 60:.3g} hours,"
        f" {outcome.people} operators in three centres, two gateways, in {outcome.took_s:.0f} s.",
        "",
        "| what | figure |",
        "|---|---:|",
        *_figures(outcome),
        "",
        "Where the time of all waits went:",
        "",
        "| why nobody had it yet | share |",
        "|---|---:|",
        *_shares(outcome.spells),
        "",
        "The three longest waits:",
        "",
        *(f"- {_in_words(outcome, one)}" for one in sorted(outcome.spells, key=lambda one: -one.seconds)[:3]),
        "",
        "| operator | conversations | greatest load, of |",
        "|---|---:|---:|",
        *(
            f"| {name} | {outcome.served[name]} | {most / 100:.3g}, {capacity / 100:.0f} |"
            for name, (most, capacity) in sorted(outcome.busiest.items())
        ),
    ]
    return "\n".join([*lines, ""])


def _figures(outcome: Outcome) -> Iterator[str]:
    waits = sorted(spell.seconds for spell in outcome.served_spells)
    within = sum(seconds <= 30 for seconds in waits) / max(1, len(waits))
    causes, away = outcome.causes, ", ".join(f"{_clock(a)}–{_clock(b)}" for a, b in outcome.deaths)
    left, made, done = outcome.callbacks
    within_notice, heard, outside = outcome.notice
    yield f"| conversations, cases | {outcome.conversations}, {outcome.cases} |"
    yield f"| … on the web chat; messages and comments | {outcome.channels['webchat']}; {outcome.channels['platform']} |"
    yield f"| a gateway was dead | {away or 'never'} |"
    yield f"| what was written and is not stored once | {len(outcome.lost)} |"
    yield f"| not ended when all had gone home | {len(outcome.forgotten)} |"
    yield f"| moments at which somebody was over his capacity | {len(outcome.over)} |"
    yield f"| minutes looked at; with something not as it should be | {len(outcome.minutes)}; {len(outcome.wrong)} |"
    yield f"| offers; accepted | {causes['route']}; {causes['accept_offer']} |"
    yield f"| passed on; person gone | {causes['pass_decline']}; {causes['offer_gone']} |"
    yield f"| ran out, the router's and colleagues' | {causes['offer_timeout']} |"
    yield f"| handed to a colleague; who took it | {causes['transfer']}; {causes['accept']} |"
    yield f"| a specialist brought in; done | {causes['level2']}; {causes['level2_done']} |"
    yield f"| numbers left; call-backs owed; made | {left}; {made}; {done} |"
    yield f"| greeted during the notice; heard it; heard it before or after | {within_notice}; {heard}; {outside} |"
    yield f"| lost by a console that was gone, and queued again | {causes['operator_gone']} |"
    yield f"| citizens who left while waiting | {outcome.states['abandoned']} |"
    yield (
        f"| wait for a person: median, p95, longest | {percentile(waits, 0.5) or 0:.0f} s,"
        f" {percentile(waits, 0.95) or 0:.0f} s, {max(waits, default=0):.0f} s |"
    )
    yield f"| served within 30 s | {within:.1%} |"
    yield f"| waits with a stretch that the log does not explain | {len(outcome.unexplained)} |"


def _shares(spells: Sequence[Spell]) -> Iterator[str]:
    where: Counter[str] = Counter()
    for spell in spells:
        for cause, seconds in spell.because.items():
            where[cause] += round(seconds)
    total = max(1, sum(where.values()))
    for cause, seconds in where.most_common():
        if seconds:
            yield f"| {_REASONS.get(cause, cause)} | {seconds / total:.1%} |"


def _in_words(outcome: Outcome, spell: Spell) -> str:
    """A wait told from its beginning to its end."""
    about = outcome.about.get(spell.conversation, "")
    told = [f"**{_long(spell.seconds)}**, from {_clock(spell.since)} ({about}):"]
    longer = [one for one in spell.stretches if one.seconds >= 1]
    parts = [_part(cause, list(stretches)) for cause, stretches in groupby(longer, lambda one: one.cause)]
    told.append(", then ".join(parts) + ";")
    who = outcome.takers.get(spell.conversation, "")
    told.append(_ENDED.get(spell.ended_by, spell.ended_by).format(who=who) + ".")
    middle = spell.since + (spell.until - spell.since) / 2
    then = min(outcome.minutes, key=lambda one: abs(one.at - middle), default=None)
    if then is not None:
        told.append(
            f"At {_clock(then.at)} {then.waiting} waited and {then.served} were served; {then.there} of {outcome.people}"
            f" operators were there and available, with {then.taken:.3g} of their {then.places:.0f} places taken."
        )
    return " ".join(told)


def _part(cause: str, stretches: Sequence[Stretch]) -> str:
    seconds = sum(one.seconds for one in stretches)
    return f"{_long(seconds)} {_REASONS.get(cause, cause)}"


def _long(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(RIGA):%H:%M}"


# --- the picture ------------------------------------------------------------------------------------------------------------

_WIDTH, _LEFT, _RIGHT = 960, 52, 16
_STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #3c3c43; }
    .title { font-weight: 600; }
    .grid { stroke: #d9d9de; }
    .waiting { fill: #b3261e; }
    .served { fill: #9fc0e6; }
    .places { fill: none; stroke: #1d4f91; stroke-width: 1.5; }
    .dead { fill: #8a8a8f; opacity: .25; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e3e3e8; }
      .grid { stroke: #44444a; }
      .waiting { fill: #f2857d; }
      .served { fill: #33597f; }
      .places { stroke: #9cc4f5; }
    }
"""


def as_svg(outcome: Outcome) -> str:
    """The day minute by minute: who waited; who was served, and how many places there were; when a gateway was dead."""
    minutes = outcome.minutes
    first, last = minutes[0].at, minutes[-1].at
    span = max(1.0, (last - first).total_seconds())

    def x(at: datetime) -> float:
        return round(_LEFT + (at - first).total_seconds() / span * (_WIDTH - _LEFT - _RIGHT), 1)

    parts: list[str] = []
    for begins, back in outcome.deaths:
        parts.append(
            f'<rect class="dead" x="{x(begins)}" y="34" width="{x(min(back, last)) - x(begins):.1f}" height="366"/>'
        )
    parts += _chart(minutes, x, 34, 150, "Citizens who wait for a person", [("waiting", lambda one: one.waiting)])
    parts += _chart(
        minutes,
        x,
        230,
        170,
        "Places of operators who are there and available (line), and those taken; grey: one of two gateways is dead",
        [("served", lambda one: one.taken), ("places", lambda one: one.places)],
    )
    hour = first.astimezone(RIGA).replace(minute=0)
    for number in range(int(span // 3600) + 1):
        at = first if not number else datetime.fromtimestamp(hour.timestamp() + 3600 * number, UTC)
        parts.append(f'<text x="{x(at)}" y="420" text-anchor="middle">{_clock(at)}</text>')
    label = f"A day minute by minute: at most {max(one.waiting for one in minutes)} citizens waited at the same time"
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 432" role="img" aria-label="{label}">\n'
        f"  <style>{_STYLE}  </style>\n  {body}\n</svg>\n"
    )


def _chart(
    minutes: Sequence[Minute],
    x: Callable[[datetime], float],
    top: int,
    height: int,
    title: str,
    series: Sequence[tuple[str, Callable[[Minute], float]]],
) -> list[str]:
    most = max(1.0, *(value(one) for one in minutes for _, value in series))
    bottom = top + height

    def y(value: float) -> float:
        return round(bottom - value / most * (height - 24), 1)

    found = [f'<text class="title" x="{_LEFT}" y="{top - 8}">{title}</text>']
    for value in (0.0, most / 2, most):
        found.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value)}" y2="{y(value)}"/>')
        found.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:.3g}</text>')
    for name, of in series:
        line = " ".join(f"L{x(one.at)} {y(of(one))}" for one in minutes)
        if name == "places":
            found.append(f'<path class="{name}" d="M{line[1:]}"/>')
        else:
            found.append(
                f'<path class="{name}" d="M{x(minutes[0].at)} {bottom} {line} L{x(minutes[-1].at)} {bottom} Z"/>'
            )
    return found
