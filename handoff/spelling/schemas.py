"""What the spelling aid is asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints


class Text(BaseModel):
    """An answer as it stands."""

    text: Annotated[str, StringConstraints(max_length=4000)]


class Word(BaseModel):
    """One word of it."""

    word: Annotated[str, StringConstraints(min_length=1, max_length=60)]
