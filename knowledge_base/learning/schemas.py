"""Bodies of the requests about questions from life (docs/protocol.md)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from knowledge_base.editor.schemas import Lang, Number
from knowledge_base.wording.schemas import Lines, NewService, ServiceKey

Shown = Literal["open", "taken", "not_ours"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Decide(_Body):
    """What becomes of a group; ``version`` is the one that the person saw. ``taken``: an answer is being written out of it."""

    version: Number
    state: Shown


class Examples(_Body):
    """Questions of a group as examples of a service: a draft, with those there are."""

    version: Number
    service_id: ServiceKey
    lang: Lang
    texts: Lines


class Proposal(_Body):
    """A new service out of a group: a draft."""

    version: Number
    service: NewService
