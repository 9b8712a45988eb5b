"""Is a message about our services at all? Two opinions, put together.

Rasa says how likely a message is a question about a service, from its form; the search says how likely its best service is the
right one, from its matter. Either errs alone: "how do I apply for an ESTA" has the form, "my card" has the matter. A logistic
model weighs them (fitted on the tuning questions by ``gateway.evaluation.fit_scope``), and two bounds follow: below the first
nothing of ours is offered, from the second on an answer may be given without asking back.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "scope.json"


@dataclass(frozen=True)
class Scope:
    """The model and its bounds.

    Attributes:
        form, matter, bias: weights of the log-odds of the two opinions, and a constant.
        offer_from: the score from which on services are offered.
        answer_from: the score from which on an answer may stand without asking back.
    """

    form: float
    matter: float
    bias: float
    offer_from: float
    answer_from: float

    @classmethod
    def load(cls, path: Path = _FILE) -> Scope:
        """Reads the fitted values.

        Raises:
            OSError, ValueError, TypeError: the file is missing or broken.
        """
        return cls(**json.loads(path.read_text("utf-8")))

    def score(self, service: float, best: float) -> float:
        """How surely a message is about a service of ours, as log-odds.

        Args:
            service: probability by its form.
            best: probability of the best service found.
        """
        return self.form * log_odds(service) + self.matter * log_odds(best) + self.bias


def log_odds(chance: float) -> float:
    """Log-odds of a probability, kept within 1/10 000."""
    chance = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(chance / (1 - chance))
