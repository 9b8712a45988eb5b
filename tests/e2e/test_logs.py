"""One id finds a conversation in the gateway's log and in Rasa's, and neither holds a word of it."""

from __future__ import annotations

import re
import sqlite3

from .conftest import NewCitizen
from .product import Product, until

_WORDS = "Kā pieteikties bezdarbnieka pabalstam Kuldīgā?"


def test_one_conversation_in_both_logs(product: Product, new_citizen: NewCitizen) -> None:
    citizen = new_citizen().visit().open_chat()
    citizen.ask(_WORDS)
    with sqlite3.connect(product.database) as database:
        (identity,) = database.execute(
            "SELECT conversation_id FROM message WHERE text LIKE '%bezdarbnieka pabalstam Kuldīgā%'"
        ).fetchone()
    told = {"gateway": product.gateway.log, "rasa": product.rasa.log}

    def lines(of: str) -> list[str]:
        return [line for line in told[of].read_text(errors="replace").splitlines() if identity in line]

    until(lambda: lines("gateway") and lines("rasa"), what="both logs to tell of the conversation")
    assert any(re.search(r"\bturn\b", line) for line in lines("gateway"))
    assert any('"event": "planned"' in line for line in lines("rasa"))
    for file in told.values():
        assert "Kuldīg" not in file.read_text(errors="replace")
