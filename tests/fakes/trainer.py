"""A stand-in of the process that trains (``gateway.retraining.work``): quick, and with figures that a test decides.

``python tests/fakes/trainer.py MODE FOLDER``; MODE: ``ready``, ``worse``, ``deadly`` (misses an emergency), ``fails``, ``hangs``
(until the file ``go`` lies in its folder).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

_FALLEN = {"ready": [], "hangs": [], "worse": ["kinds"], "deadly": []}


def row(figure: str, lang: str, before: float, after: float) -> dict[str, object]:
    """A row of the table."""
    return {"figure": figure, "lang": lang, "n": 100, "before": before, "after": after}


def main(mode: str, folder: Path) -> None:
    """Does as it is told."""
    learnt = json.loads((folder / "job.json").read_text("utf-8"))["learnt"]
    print(f"learns {len(learnt)} examples, ask anna.berzina@inbox.lv", flush=True)
    for step, percent in (("exporting", 5), ("training", 30), ("measuring", 70)):
        (folder / "progress.new").write_text(json.dumps({"step": step, "percent": percent}))
        (folder / "progress.new").replace(folder / "progress.json")
        time.sleep(0.15)
        while mode == "hangs" and step == "training" and not (folder / "go").exists():
            time.sleep(0.05)
    if mode == "fails":
        raise SystemExit("no model came of it")
    after = 90.0 if mode == "worse" else 96.5
    rows = [row(f, "all", 95.0, after) for f in ("kinds", "aspects", "answers", "handoffs")]
    rows += [row("kinds", lang, 95.0, after) for lang in ("lv", "ru", "en")]
    rows.append(row("emergencies", "all", 100.0, 97.0 if mode == "deadly" else 100.0))
    missed = int(mode == "deadly")
    figures = {
        "rows": rows,
        "fallen": _FALLEN[mode],
        "emergencies_missed": missed,
        "worse": mode in ("worse", "deadly"),
    }
    (folder / "model.tar.gz").write_bytes(b"a model")
    (folder / "result.new").write_text(json.dumps(figures))
    (folder / "result.new").replace(folder / "result.json")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
