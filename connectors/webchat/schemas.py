"""Frames of the web-chat socket (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, EmailStr, Field, TypeAdapter, model_validator

Lang = Literal["lv", "ru", "en"]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore", str_max_length=60_000)


class Hello(_Frame):
    """First frame of a connection."""

    t: Literal["hello"]
    v: Literal[1]
    token: str | None = Field(default=None, max_length=2000)
    cursor: int = Field(default=0, ge=0)
    lang: Lang = "lv"
    page: str | None = Field(default=None, max_length=2000)


class Send(_Frame):
    """A message. The text's length is checked by the broker, so that the refusal names the message."""

    t: Literal["send"]
    id: UUID
    text: str
    payload: str | None = Field(default=None, max_length=200)
    #: Files that were uploaded before; with them the text may be empty. How many may come is the broker's to say.
    attachments: list[UUID] = Field(default_factory=list, max_length=20)


class Typing(_Frame):
    """The citizen types, or stopped."""

    t: Literal["typing"]
    on: bool


class Read(_Frame):
    """The citizen has seen messages up to here."""

    t: Literal["read"]
    seq: int = Field(ge=0)


class SetLang(_Frame):
    """Another language."""

    t: Literal["lang"]
    lang: Lang


class LeaveContact(_Frame):
    """Where to answer later: a name, one of e-mail and phone, and the consent to keep them for that."""

    t: Literal["contact"]
    name: str = Field(min_length=1, max_length=120)
    email: EmailStr | None = None
    phone: str | None = Field(default=None, pattern=r"^\+?[0-9 ()-]{6,20}$")
    consent: Literal[True]

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, data: object) -> object:
        if isinstance(data, dict):
            return {key: (None if value == "" else value) for key, value in data.items()}
        return data

    @model_validator(mode="after")
    def _one_way_to_answer(self) -> LeaveContact:
        if self.email is None and self.phone is None:
            raise ValueError("an e-mail address or a phone number is needed")
        return self


class End(_Frame):
    """The citizen ends the conversation."""

    t: Literal["end"]


class Rate(_Frame):
    """How it was."""

    t: Literal["rate"]
    score: int = Field(ge=1, le=5)
    comment: str | None = Field(default=None, max_length=500)


class Ping(_Frame):
    """Are you there?"""

    t: Literal["ping"]


Frame = Annotated[Hello | Send | Typing | Read | SetLang | LeaveContact | End | Rate | Ping, Field(discriminator="t")]
FRAMES: TypeAdapter[Frame] = TypeAdapter(Frame)
