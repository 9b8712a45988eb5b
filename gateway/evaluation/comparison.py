"""Our understanding beside others', in one run: ``python -m gateway.evaluation.comparison --write``.

Services: ours, Rasa's default pipeline and Bürokratt's published one, all three taught the same questions (services as
intents) and asked the same questions that none of them has seen. Outside check: Tilde's public intent sets, our way of
understanding against a support-vector machine over character n-grams, when the sets are at hand (``--tilde FOLDER``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from gateway.evaluation.questions import ServiceQuestion, read
from gateway.run import bot_python, say
from gateway.settings import ROOT, Settings
from kit.i18n import LANGUAGES
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.importer import read_data
from knowledge_base.search import SearchableService, SearchIndex, SearchParams, read_nothing
from knowledge_base.tune import searchable

_HERE = Path(__file__).parent
KEPT = (_HERE / "data" / "services.jsonl", _HERE / "data" / "short.jsonl")
PAGE = ROOT / "docs" / "understanding-compared.md"
_BASELINES = {"Bürokratt": "buerokratt.yml", "Rasa default": "rasa_default.yml"}
_TILDE_SETS = ("chatbot", "askubuntu", "webapps")

#: For a question: the names found, best first, and whether the first would be stated as certain.
Found = tuple[Sequence[str], bool]


@dataclass(frozen=True)
class Row:
    """Figures of one system in one language; fractions."""

    system: str
    lang: str
    top1: float
    top3: float
    certain_right: float
    certain_wrong: float


def sample(count: int | None) -> list[SearchableService]:
    """The services compared: all, or ``count`` of them spread evenly over the catalogue; DIET takes hours for all."""
    services = searchable(read_data(), Gazetteer())
    if not count or count >= len(services):
        return services
    return [services[at * len(services) // count] for at in range(count)]


def taught(services: Sequence[SearchableService]) -> list[dict[str, str]]:
    """What every system learns from: names, everyday names and example questions, by service."""
    return [
        {"text": text, "intent": service.id}
        for service in services
        for texts in ([*service.titles.values()], *service.aliases.values(), *service.examples.values())
        for text in texts
        if text
    ]


def ours(
    services: Sequence[SearchableService], settings: Settings
) -> Callable[[Sequence[ServiceQuestion]], list[Found]]:
    """Our search, as it serves."""
    encoder = EmbeddingStore(SentenceEncoder(), settings.cache_dir)
    index = SearchIndex(services, None, encoder, read_nothing())

    def ask(questions: Sequence[ServiceQuestion]) -> list[Found]:
        out: list[Found] = []
        for question in questions:
            found = index.search(question.text, question.lang, 3)
            sure = bool(found) and found[0].probability >= index.params.thresholds[question.lang].answer
            out.append(([c.service_id for c in found], sure))
        return out

    return ask


def rasa(config: Path, rows: Iterable[dict[str, str]], texts: Iterable[str]) -> list[Found]:
    """A Rasa pipeline, trained and asked in Rasa's own environment.

    Raises:
        RuntimeError: it failed; it has said why.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, asked, out = folder / "train.jsonl", folder / "ask.jsonl", folder / "out.jsonl"
        train.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        asked.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), "utf-8")
        done = subprocess.run(  # noqa: S603 – our own interpreter and script, no shell
            [str(bot_python()), "baseline.py", str(config), str(train), str(asked), str(out)],
            cwd=ROOT / "bot",
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.DEVNULL,
            # Rasa shows its progress there, epoch by epoch.
            stderr=None,
            check=False,
            timeout=8 * 3600,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{config.name}: Rasa ended with status {done.returncode}")
        found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return [(row["ranking"], row["intent"] != "nlu_fallback") for row in found]


def judge(system: str, questions: Sequence[ServiceQuestion], found: Sequence[Found]) -> list[Row]:
    """Figures by language."""
    rows = []
    for lang in LANGUAGES:
        own = [(q, f) for q, f in zip(questions, found, strict=True) if q.lang == lang]
        if not own:
            continue
        first = [bool(names) and names[0] in q.accepted for q, (names, _) in own]
        three = [not q.accepted.isdisjoint(names[:3]) for q, (names, _) in own]
        sure = [certain for _, (_, certain) in own]
        rows.append(
            Row(
                system,
                lang,
                sum(first) / len(own),
                sum(three) / len(own),
                sum(a and b for a, b in zip(first, sure, strict=True)) / len(own),
                sum(b and not a for a, b in zip(first, sure, strict=True)) / len(own),
            )
        )
    return rows


# --- Tilde's sets ---------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def tilde(folder: Path, settings: Settings) -> list[tuple[str, str, float, float, int]]:
    """(set, language, our accuracy, the support-vector machine's, questions), each trained on the set's own questions."""
    encoder = EmbeddingStore(SentenceEncoder(), settings.cache_dir)
    out = []
    for name in _TILDE_SETS:
        labels = {part: _lines(folder / name / f"{name}_{part}_ans.txt") for part in ("train", "test")}
        for lang in LANGUAGES:
            texts = {part: _lines(folder / name / lang / f"{name}_{part}_q.txt") for part in ("train", "test")}
            intents = sorted(set(labels["train"]))
            services = [
                SearchableService(
                    intent,
                    {},
                    examples={lang: [t for t, i in zip(texts["train"], labels["train"], strict=True) if i == intent]},
                )
                for intent in intents
            ]
            index = SearchIndex(services, SearchParams.untuned(), encoder)
            guesses = [next((c.service_id for c in index.search(t, lang, 1)), intents[0]) for t in texts["test"]]
            vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=True, sublinear_tf=True)
            machine = LinearSVC(C=1.0).fit(vectorizer.fit_transform(texts["train"]), labels["train"])
            other = machine.predict(vectorizer.transform(texts["test"]))
            truth = labels["test"]
            out.append(
                (
                    name,
                    lang,
                    sum(a == b for a, b in zip(guesses, truth, strict=True)) / len(truth),
                    sum(a == b for a, b in zip(other, truth, strict=True)) / len(truth),
                    len(truth),
                )
            )
    return out


# --- the page -------------------------------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> str:
    """The figures of services as Markdown."""
    lines = [
        "| system | language | right first | right in three | said as certain, right | said as certain, wrong |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.top1, row.top3, row.certain_right, row.certain_wrong)
        lines.append(f"| {row.system} | {row.lang} | " + " | ".join(f"{cell * 100:.1f} %" for cell in cells) + " |")
    return "\n".join(lines)


def tilde_table(rows: Sequence[tuple[str, str, float, float, int]]) -> str:
    """The figures of Tilde's sets as Markdown."""
    lines = ["| set | language | questions | ours | character SVM |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {lang} | {count} | {own * 100:.1f} % | {other * 100:.1f} % |"
        for name, lang, own, other, count in rows
    ]
    return "\n".join(lines)


def picture(rows: Sequence[Row], path: Path) -> None:
    """Bars: right first, by system and language."""
    from matplotlib.figure import Figure

    systems = list(dict.fromkeys(row.system for row in rows))
    colours = dict(zip(systems, ("#7d1d3f", "#8a8f98", "#c9ccd1"), strict=False))
    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    axes: Any = figure.subplots()
    for at, system in enumerate(systems):
        own = {row.lang: row for row in rows if row.system == system}
        places = [number + (at - 1) * 0.27 for number in range(len(LANGUAGES))]
        bars = axes.bar(places, [own[lang].top1 * 100 for lang in LANGUAGES], 0.25, label=system, color=colours[system])
        axes.bar_label(bars, fmt="%.0f", padding=2)
    axes.set_xticks(range(len(LANGUAGES)), ["Latvian", "Russian", "English"])
    axes.set_ylim(0, 109)
    axes.set_ylabel("right service first, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tilde", type=Path, help="folder of Tilde's intent sets (github.com/tilde-nlp/NLU-datasets)")
    parser.add_argument("--write", action="store_true", help="writes the page and its picture in docs/")
    parser.add_argument("--services", type=int, help="only so many services; DIET takes hours for all of them")
    given = parser.parse_args()
    settings = Settings()
    services = sample(given.services)
    ids = {service.id for service in services}
    questions = [question for question in read(ServiceQuestion, KEPT) if question.service_id in ids]
    rows = judge("Pietura", questions, ours(services, settings)(questions))
    material = taught(services)
    for system, config in _BASELINES.items():
        started = time.monotonic()
        found = rasa(_HERE / "baselines" / config, material, [q.text for q in questions])
        rows += judge(system, questions, found)
        say(f"{system}: {time.monotonic() - started:.0f} s")
    parts = [table(rows)]
    say(parts[0])
    if given.tilde is not None and given.tilde.is_dir():
        parts.append(tilde_table(tilde(given.tilde, settings)))
        say(parts[1])
    else:
        say("Tilde's sets are not at hand (--tilde FOLDER): left out")
    if given.write:
        picture(rows, PAGE.parent / "pictures" / "understanding.svg")
        counts = {lang: sum(q.lang == lang for q in questions) for lang in LANGUAGES}
        PAGE.write_text(_page(parts, len(services), len(material), counts), "utf-8")


def _page(parts: Sequence[str], services: int, taught_count: int, counts: dict[str, int]) -> str:
    asked = ", ".join(f"{count} {lang}" for lang, count in counts.items())
    text = f"""# Understanding beside others, in one run

Written by `python -m gateway.evaluation.comparison --write`. All systems were taught the same {taught_count:,} names and
questions of {services} services, as intents, and asked the same questions that none of them had seen
({asked}; `gateway/evaluation/data`).
Rasa's default pipeline and Bürokratt's published one are in `gateway/evaluation/baselines`; both run in Rasa 3.6.21.
"Said as certain" is the answer that a citizen would get without being asked back: ours at its calibrated threshold, the
others at their own (0.3 and 0.8).

![Right service first, by system and language](pictures/understanding.svg)

{parts[0]}
"""
    if len(parts) > 1:
        text += f"""
## Outside check: Tilde's public intent sets

Each set's own training questions, each set's own test questions (CC BY-SA 4.0, not shipped). Ours here is the search with
untuned weights, intents as services. The test sets are small: differences of a few points mean nothing.

{parts[1]}
"""
    return text


if __name__ == "__main__":
    main()
