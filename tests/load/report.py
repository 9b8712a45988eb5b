"""What a run is told as: a table for the terminal, JSON for machines, Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from tests.load.figures import Facts, Measured, Phase

_METHOD = Path(__file__).parent / "method.md"
#: More than so many cores' worth of foreign work, or more than this load beforehand, and the figures are not to be trusted.
_FOREIGN_CORES = 0.2
_BUSY_PERCENT = 15.0


@dataclass(frozen=True)
class Row:
    """One line of the comparison; None where there is no figure. ``ratio``: whether ours divided by vanilla's says something."""

    label: str
    ours: float | None
    vanilla: float | None
    digits: int = 1
    ratio: bool = True


def _rows(ours: Measured, vanilla: Measured) -> Iterator[Row]:
    a, b = ours.throughput, vanilla.throughput
    assert a is not None
    assert b is not None
    yield Row(f"throughput, {a.citizens} clients in a closed loop, messages/s", a.per_s, b.per_s)
    yield Row("  p50 under that load, ms", a.p50_ms, b.p50_ms)
    yield Row("  p99 under that load, ms", a.p99_ms, b.p99_ms)
    for level, mine in ours.levels.items():
        theirs = vanilla.levels[level]
        who = "1 citizen" if level == 1 else f"{level} citizens"
        yield Row(f"{who}: answered of what was due, %", mine.served_percent, theirs.served_percent, ratio=False)
        yield Row("  answered, messages/s", mine.per_s, theirs.per_s, ratio=False)
        yield Row("  latency p50, ms", mine.p50_ms, theirs.p50_ms)
        yield Row("  latency p95, ms", mine.p95_ms, theirs.p95_ms)
        yield Row("  latency p99, ms", mine.p99_ms, theirs.p99_ms)
        yield Row("  errors and unanswered", mine.failed, theirs.failed, 0, ratio=False)
        yield Row("  cores the generator took", mine.generator_cores, theirs.generator_cores, 2, ratio=False)
    yield Row("throughput: errors and unanswered", a.failed, b.failed, 0, ratio=False)
    yield Row("CPU for a message under throughput, ms", sum(a.cpu_ms.values()), sum(b.cpu_ms.values()))
    for name in sorted({*a.cpu_ms, *b.cpu_ms}):
        yield Row(f"  {name}, ms", a.cpu_ms.get(name), b.cpu_ms.get(name), ratio=False)
    yield Row("  (generator, not in the sum), ms", a.generator_cpu_ms, b.generator_cpu_ms, 2, ratio=False)
    yield Row("cores the generator took under throughput", a.generator_cores, b.generator_cores, 2, ratio=False)
    yield Row("memory idle, all processes, MB", sum(ours.idle_mb.values()), sum(vanilla.idle_mb.values()), 0)
    yield Row("memory at its peak, all processes, MB", ours.peak_mb, vanilla.peak_mb, 0)
    for name in sorted({*ours.peak_parts_mb, *vanilla.peak_parts_mb}):
        yield Row(f"  {name}, MB", ours.peak_parts_mb.get(name), vanilla.peak_parts_mb.get(name), 0, ratio=False)
    yield Row("ready after the start, s", ours.ready_after_s, vanilla.ready_after_s)
    mine_cpu, their_cpu = sum(ours.cpu_total_s.values()), sum(vanilla.cpu_total_s.values())
    yield Row("CPU over all phases, s", mine_cpu, their_cpu, ratio=False)
    for name in sorted({*ours.cpu_total_s, *vanilla.cpu_total_s}):
        yield Row(f"  {name}, s", ours.cpu_total_s.get(name), vanilla.cpu_total_s.get(name), ratio=False)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def _cells(row: Row) -> tuple[str, str, str, str]:
    ratio = "–"
    if row.ratio and row.ours is not None and row.vanilla:
        ratio = f"{row.ours / row.vanilla:.2f}"
    elif not row.ratio:
        ratio = ""
    return row.label, _number(row.ours, row.digits), _number(row.vanilla, row.digits), ratio


def _phases(measured: Measured) -> Iterator[tuple[str, Phase]]:
    if measured.throughput is not None:
        yield "throughput", measured.throughput
    for level, phase in measured.levels.items():
        yield f"{level} citizen{'s' if level > 1 else ''}", phase


def _doubts(facts: Facts, *systems: Measured) -> Iterator[str]:
    """Why the figures should not be believed, if so."""
    if facts.quick:
        yield "phases of a few seconds only (--quick): this shows that it works, not how fast it is"
    if facts.busy_before_percent > _BUSY_PERCENT:
        yield f"the machine was busy before the start ({facts.busy_before_percent:.0f} % of all cores)"
    for system in systems:
        for name, phase in _phases(system):
            if phase.others_cores > _FOREIGN_CORES:
                yield f"{system.title}, {name}: {phase.others_cores:.1f} cores were taken by other work on this machine"


def _failures(*systems: Measured) -> Iterator[str]:
    """What went wrong, in words."""
    for system in systems:
        for name, phase in _phases(system):
            notes = [f"{number} × {what}" for what, number in phase.details.items()]
            if phase.turns.get("unavailable"):
                notes.append(f"{phase.turns['unavailable']} × passed to a person because Rasa did not answer in time")
            if phase.turns.get("dropped"):
                notes.append(f"{phase.turns['dropped']} × turn dropped")
            if phase.left:
                notes.append(f"{phase.left} × written while the conversation went to a person (not a failure)")
            if phase.empty:
                notes.append(f"{phase.empty} × answered with nothing (counted as answered)")
            if notes:
                yield f"{system.title}, {name}: {'; '.join(notes)}"


def _breakdowns(measured: Measured) -> Iterator[tuple[str, list[tuple[str, float]], list[tuple[str, float]], str]]:
    """Each part with its groups and its hottest functions, in CPU milliseconds for a message."""
    for name, breakdown in measured.profiles.items():
        for_one = measured.throughput.cpu_ms.get(name, 0.0) if measured.throughput else 0.0
        groups = [(group, share * for_one) for group, share in breakdown.shares.items() if share >= 0.005]
        top = [(function, share * for_one) for function, share in breakdown.top.items()]
        yield name, groups, top, breakdown.problem


def as_text(facts: Facts, ours: Measured, vanilla: Measured) -> str:
    """For the terminal."""
    cells = [("", ours.title, vanilla.title, "ours / vanilla"), *map(_cells, _rows(ours, vanilla))]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = [""]
    lines.extend(
        "  ".join((line[0].ljust(widths[0]), *(line[i].rjust(widths[i]) for i in (1, 2, 3)))).rstrip() for line in cells
    )
    lines.append("\n– : too few messages for this percentile, or no such part")
    for name, groups, top, problem in _breakdowns(ours):
        lines.append(f"\n{ours.title}, {name}: CPU for a message, ms, by package")
        if problem:
            lines.append(f"  no breakdown: {problem}")
        lines.extend(f"  {ms:7.2f}  {group}" for group, ms in groups)
        if top:
            lines.append("  hottest functions")
        lines.extend(f"  {ms:7.2f}  {function}" for function, ms in top)
    for title, notes in (
        ("Not as it should be:", list(_failures(ours, vanilla))),
        ("Do not trust these figures:", list(_doubts(facts, ours, vanilla))),
    ):
        if notes:
            lines.extend(("", title, *(f"  {note}" for note in notes)))
    return "\n".join(lines) + "\n"


def as_json(facts: Facts, ours: Measured, vanilla: Measured) -> bytes:
    """Everything, for machines."""
    data = {
        **asdict(facts),
        "doubts": list(_doubts(facts, ours, vanilla)),
        "systems": {"pietura": asdict(ours), "vanilla_rasa": asdict(vanilla)},
        "ratios": {
            "throughput": _ratio(ours.throughput, vanilla.throughput, "per_s"),
            **{
                f"{name}_at_{level}": _ratio(phase, vanilla.levels[level], name)
                for level, phase in ours.levels.items()
                for name in ("p50_ms", "p95_ms", "p99_ms")
            },
            "memory_idle": sum(ours.idle_mb.values()) / sum(vanilla.idle_mb.values()),
            "memory_peak": ours.peak_mb / vanilla.peak_mb,
        },
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def _ratio(ours: Phase | None, vanilla: Phase | None, name: str) -> float | None:
    a, b = getattr(ours, name, None), getattr(vanilla, name, None)
    return a / b if a is not None and b else None


def as_markdown(facts: Facts, ours: Measured, vanilla: Measured) -> str:
    """For the documentation."""
    machine = facts.machine
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    lines = [
        "# Speed beside a vanilla Rasa",
        "",
        "Written by `make bench ARGS=--write`; both systems were measured in the same run, one after the other.",
        "",
        f"- Date: {facts.at:%Y-%m-%d %H:%M} UTC",
        f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB memory, {machine['system']};"
        f" {facts.busy_before_percent:.0f} % busy before the start",
        f"- Versions: {versions}",
        "",
    ]
    doubts = list(_doubts(facts, ours, vanilla))
    if doubts:
        lines += ["**These figures are not to be trusted:**", "", *(f"- {doubt}" for doubt in doubts), ""]
    lines += [
        f"| | {ours.title} | {vanilla.title} | ours / vanilla |",
        "|---|---:|---:|---:|",
    ]
    for label, mine, theirs, ratio in map(_cells, _rows(ours, vanilla)):
        shown = "\u00a0\u00a0" * 2 + label.strip() if label.startswith(" ") else label
        lines.append(f"| {shown} | {mine} | {theirs} | {ratio} |")
    lines += ["", "“–”: too few messages for this percentile, or no such part.", ""]
    notes = list(_failures(ours, vanilla))
    if notes:
        lines += ["Remarks:", "", *(f"- {note}" for note in notes), ""]
    for name, groups, _top, problem in _breakdowns(ours):
        lines += [f"## Where the time goes: {name}", ""]
        if problem:
            lines += [f"No breakdown: {problem}.", ""]
            continue
        lines += ["| package | CPU for a message, ms |", "|---|---:|"]
        lines += [*(f"| {group} | {ms:.2f} |" for group, ms in groups), ""]
    a = ours.throughput
    assert a is not None
    method = _METHOD.read_text(encoding="utf-8").format(clients=a.citizens, **facts.lengths)
    return "\n".join((*lines, method))
