"""The process that trains and measures: ``python -m gateway.retraining.work FOLDER``.

Whoever started it talks to it by files of the folder, so that a gateway that was killed finds it again: ``job.json`` is read;
``progress.json`` says how far it is, ``model.tar.gz`` and ``result.json`` what came of it, ``log.txt`` what it wrote.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

#: Citizens come first: this may take longer.
_NICE: Final = 10
#: Seconds that Rasa's part takes, about; only for showing how far it is.
_TRAINING_S: Final = 150.0


def main(folder: Path) -> None:
    """The command.

    Raises:
        RuntimeError, OSError, ValueError: it failed; the traceback stands in the log.
    """
    os.nice(_NICE)
    job = json.loads((folder / "job.json").read_text("utf-8"))
    # Even when nobody is left to end it.
    signal.alarm(int(job["limit_s"]))
    from gateway.retraining import export
    from gateway.retraining.measuring import measure
    from gateway.settings import Settings
    from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder

    tell(folder, "exporting", 2)
    export.write(folder, job["learnt"])
    tell(folder, "exporting", 5)
    export.write_vectors(folder, EmbeddingStore(SentenceEncoder(), Path(job["cache_dir"])))
    _train(folder, Settings(data_dir=folder / "settings"))
    tell(folder, "measuring", 50)
    found = asyncio.run(
        measure(
            Path(job["present"]) if job["present"] else None,
            folder / "model.tar.gz",
            lambda share: tell(folder, "measuring", 50 + int(48 * share)),
        )
    )
    put(folder / "result.json", found)


def _train(folder: Path, settings: Any) -> None:
    from gateway import run as runner
    from gateway.retraining.export import rasa_arguments

    arguments = (str(runner.bot_python()), *rasa_arguments(folder))
    # Rasa is not told how far it is; the time says it well enough.
    process = subprocess.Popen(arguments, cwd=runner.BOT, env=runner.bot_environment(settings))  # noqa: S603 – ours
    began = time.monotonic()
    while process.poll() is None:
        gone = time.monotonic() - began
        tell(folder, "training", 15 + int(35 * min(1.0, gone / _TRAINING_S)))
        time.sleep(1)
    if process.returncode != 0 or not (folder / "model.tar.gz").exists():
        raise RuntimeError(f"Rasa's training ended with status {process.returncode}")


def tell(folder: Path, step: str, percent: int) -> None:
    """Says how far it is."""
    put(folder / "progress.json", {"step": step, "percent": percent})


def put(path: Path, content: Any) -> None:
    """Writes a file of JSON so that nobody reads half of it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    fresh.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
