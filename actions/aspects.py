"""Which aspect of a service is asked: what Rasa reads in the words, and what there is to ask about that service.

Examples are written evenly, people do not ask evenly: how and whether they may is asked often, what comes of it hardly ever. And
"how much is it" means the fee of a passport and the amount of a benefit. So Rasa's probabilities are tilted by how often each
aspect is asked, and towards aspects that the service has an answer for (fitted on the tuning questions by
``gateway.evaluation.fit_aspects``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "data" / "aspects.json"
#: Rasa's answer has four decimals.
LEAST = 1e-4
GENERAL = "general"


@dataclass(frozen=True)
class AspectPrior:
    """The tilt, in log-odds.

    Attributes:
        asked: by aspect, how much oftener it is asked than the examples say.
        known: for aspects that the service has an answer for.
    """

    asked: Mapping[str, float]
    known: float

    @classmethod
    def load(cls, path: Path = FILE) -> AspectPrior:
        """Reads the fitted values.

        Raises:
            OSError, ValueError, TypeError: the file is missing or broken.
        """
        return cls(**json.loads(path.read_text("utf-8")))

    def choose(self, chances: Mapping[str, float], has: AbstractSet[str]) -> str:
        """The aspect most likely meant.

        Args:
            chances: Rasa's probability of each aspect; ``general`` when there is none.
            has: aspects that the service has an answer for; empty when the service is not known.
        """
        if not chances:
            return GENERAL
        return max(sorted(chances), key=lambda aspect: self._weight(aspect, chances, has))

    def shares(self, chances: Mapping[str, float], has: AbstractSet[str]) -> dict[str, float]:
        """How likely each aspect is meant, together 1; empty when Rasa told nothing. Arguments as for :meth:`choose`."""
        if not chances:
            return {}
        weights = {aspect: math.exp(self._weight(aspect, chances, has)) for aspect in chances}
        total = sum(weights.values())
        return {aspect: weight / total for aspect, weight in weights.items()}

    def _weight(self, aspect: str, chances: Mapping[str, float], has: AbstractSet[str]) -> float:
        tilt = self.asked.get(aspect, 0.0) + (self.known if aspect in has else 0.0)
        return math.log(chances[aspect] + LEAST) + tilt
