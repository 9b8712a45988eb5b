"""Tables for people. The figures for machines are in :mod:`services` and :mod:`dialogue`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.evaluation.dialogue import DialogueResult
from gateway.evaluation.places import PlaceResult
from gateway.evaluation.places import figures as figures_of_places
from gateway.evaluation.services import SAID, ServiceResult, calibration_error, confusions, figures
from kit.i18n import LANGUAGES

_SHOWN = 12


def services_report(results: Sequence[ServiceResult]) -> str:
    """What people want to see of service questions: figures, calibration, what was said wrongly, the worst confusions."""
    found = figures(results)
    names = ("n", "top1", "top3", "said_right", "choices_right", "honest", "said_wrong", "aspect", "municipality")
    lines = [_row("", *names, "calibration")]
    for lang in LANGUAGES:
        if found[lang]["n"]:
            own = [r for r in results if r.question.lang == lang]
            lines.append(_row(lang, *(_shown(found[lang][n]) for n in names), _shown(calibration_error(own))))
    lines += ["", _row("style", "n", "top1", *SAID)]
    for style, values in found["styles"].items():
        said = Counter(r.said for r in results if r.question.style == style)
        shares = (_shown(said[kind] / values["n"]) for kind in SAID)
        lines.append(_row(style, str(values["n"]), _shown(values["top1"]), *shares))
    lines += ["", *_latency(r.answered.took_ms for r in results)]
    mistaken = sum(r.answered.lang != r.question.lang for r in results)
    lines += [
        f"language taken for another: {mistaken} of {len(results)}",
        "",
        "worst confusions (meant → found first):",
    ]
    lines += [f"  {count} × {meant} → {taken}" for meant, taken, count in confusions(results)]
    wrong = [r for r in results if r.said == "wrong"]
    lines += ["", f"said wrongly as certain ({len(wrong)}):"]
    lines += [f"  [{r.question.lang}] {r.question.text[:110]!r}: {r.ranking[0]}" for r in wrong[:_SHOWN] if r.ranking]
    return "\n".join(lines)


def dialogue_report(results: Sequence[DialogueResult], found: dict[str, Any]) -> str:
    """What people want to see of kinds of turn."""
    lines = [_row("kind", "n", "recall", "taken for instead")]
    for kind, values in found["kinds"].items():
        others = Counter(r.kind for r in results if r.line.kind == kind and not r.right)
        instead = ", ".join(f"{name} {count}" for name, count in others.most_common(4))
        lines.append(_row(kind, str(values["n"]), _shown(values["recall"]), instead))
    lines += ["", *(f"{name:<18} {_shown(value)}" for name, value in found.items() if name not in ("n", "kinds"))]
    lines += ["", *_latency(r.answered.took_ms for r in results), "", "missed:"]
    lines += [f"  [{r.line.kind} → {r.kind}] {r.line.text[:110]!r}" for r in results if not r.right]
    return "\n".join(lines)


def places_report(results: Sequence[PlaceResult]) -> str:
    """What people want to see of municipalities: figures, and what was not recognised or seen where nothing is."""
    names = ("n", "named", "taken_for_another", "false")
    found = figures_of_places(results)
    lines = [_row("", *names), *(_row(lang, *(_shown(found[lang][name]) for name in names)) for lang in LANGUAGES)]
    lines += ["", "missed:"]
    lines += [
        f"  [{r.line.municipality or '–'} → {r.found or '–'}] {r.line.text[:110]!r}"
        for r in results
        if r.found != r.line.municipality
    ]
    return "\n".join(lines)


def _latency(taken: Iterable[float]) -> list[str]:
    ordered = sorted(taken)
    at = {share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99)}
    shown = ", ".join(f"p{share * 100:.0f} {value:.0f} ms" for share, value in at.items())
    return [f"understanding and answering one message: {shown}"]


def _shown(value: float | int | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value * 100:.1f}"


def _row(first: str, *rest: str) -> str:
    return f"{first:<16}" + "".join(f"{cell:>15}" for cell in rest)
