"""``python -m handoff.forecast.child``: reads what is known as JSON, tells how far it is, writes what is to be expected."""

from __future__ import annotations

import json
import sys
from typing import Any

from handoff.forecast.model import Slot, forecast


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Everything through pipes: nothing of the service's settings is here to be seen."""
    given = json.load(sys.stdin)
    known = [Slot(**one) for one in given["known"]]
    asked = [Slot(**one) for one in given["asked"]]
    _say({"result": forecast(known, given["counts"], asked, lambda stage: _say({"stage": stage}))})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
