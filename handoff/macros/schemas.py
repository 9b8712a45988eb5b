"""The steps of macros, bodies of requests about them (docs/protocol.md), and what the state machine says of a sequence."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from handoff.state_machine import Trigger

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Note = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)]
NeededNote = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnswerStep(_Step):
    """A canned answer: put into the composer, or with ``send`` said to the citizen if nothing is missing in it."""

    kind: Literal["answer"]
    canned_id: Id
    send: bool = False


class NoteStep(_Step):
    """A private note to colleagues."""

    kind: Literal["note"]
    text: NeededNote


class HoldStep(_Step):
    """The conversation is put on hold."""

    kind: Literal["hold"]
    note: Note = ""


class Level2Step(_Step):
    """A specialist of an institution is brought in (R4)."""

    kind: Literal["level2"]
    institution_id: Id
    note: NeededNote


class ReturnStep(_Step):
    """The assistant goes on."""

    kind: Literal["return"]
    note: Note = ""


class TransferStep(_Step):
    """The conversation is offered to a colleague."""

    kind: Literal["transfer"]
    to_user: Id
    note: Note = ""


class CloseStep(_Step):
    """The conversation is closed with topic and outcome."""

    kind: Literal["close"]
    topic: Id
    outcome: Id
    comment: Note = ""


class ToQueueStep(_Step):
    """The conversation is handed on to a queue; ``note`` is for whoever takes it there."""

    kind: Literal["to_queue"]
    queue_id: Id
    note: NeededNote


Step = Annotated[
    AnswerStep | NoteStep | HoldStep | Level2Step | ReturnStep | TransferStep | CloseStep | ToQueueStep,
    Field(discriminator="kind"),
]
STEPS: Final[TypeAdapter[list[Step]]] = TypeAdapter(list[Step])

#: The rule of the state machine behind a step; the others change no state.
TRIGGERS: Final[dict[str, Trigger]] = {
    "hold": Trigger.HOLD,
    "level2": Trigger.LEVEL2,
    "return": Trigger.RETURN_TO_BOT,
    "transfer": Trigger.OFFER,
    "close": Trigger.CLOSE,
    "to_queue": Trigger.TO_QUEUE,
}
#: After these the composer is gone, and with it what was put there.
LEAVING: Final = frozenset({"return", "transfer", "close", "to_queue"})


class WriteMacro(BaseModel):
    """A macro as whoever writes it wants it. ``version``: the one he saw; left out for a new one."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    personal: bool = False
    steps: Annotated[list[Step], Field(min_length=1, max_length=8)]
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class RunMacro(BaseModel):
    """A run of a macro as it was shown: versions of macro and conversation, the mark of its ``texts``, the last message (``seq``)
    that was seen."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    macro_version: int = Field(ge=1, le=2**31 - 1)
    version: int = Field(ge=1, le=2**31 - 1)
    seq: int = Field(ge=0, le=2**31 - 1)
    texts: Annotated[str, StringConstraints(max_length=24)]


def steps_of(stored: list[dict[str, Any]]) -> list[Step]:
    """The steps of a stored macro."""
    return STEPS.validate_python(stored)
