"""What the editors' desk asks of the assistant. The adapter lives in ``actions``."""

from __future__ import annotations

from typing import Any, Protocol


class Tryout(Protocol):
    """Asks the assistant as a new citizen would, and tells why it answers so; nothing of it is stored."""

    async def ask(self, text: str, lang: str, viewer_lang: str) -> dict[str, Any]:
        """A ``Trial`` of docs/protocol.md.

        Args:
            text: what a citizen might write.
            lang: the language of the page he writes on.
            viewer_lang: the language of names and labels.
        """
        ...
