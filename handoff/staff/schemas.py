"""Who is looking: the signed-in person, as every permission check sees him."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Role = Literal["operator", "specialist", "supervisor", "editor", "accountant", "admin"]


@dataclass(frozen=True)
class Viewer:
    """A signed-in member of staff. Made from the session only, never from anything in a request's body."""

    id: str
    name: str
    email: str
    role: Role
    centre_id: str | None
    institution_id: str | None
    lang: str
    availability: str
    csrf: str = ""
    #: An administrator handed out his password: nothing is open to him until he has set his own.
    must_change_password: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        """Whether he may take conversations from the queue."""
        return self.role in ("operator", "supervisor", "admin")

    @property
    def supervises(self) -> bool:
        """Whether he may see all conversations and the ledger."""
        return self.role in ("supervisor", "admin")

    @property
    def sees_money(self) -> bool:
        """Whether he may see cases, prices and settlements."""
        return self.role in ("accountant", "supervisor", "admin")


_Text = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
_Email = Annotated[
    str,
    StringConstraints(max_length=200, strip_whitespace=True, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    AfterValidator(str.lower),
]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Password = Annotated[str, StringConstraints(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WriteAccount(_Body):
    """An account as an administrator writes it."""

    name: _Text
    email: _Email
    role: Role
    centre_id: _Id | None = None
    institution_id: _Id | None = None


class NewAccount(WriteAccount):
    """A new one. Later his languages are kept with the queues."""

    languages: Annotated[list[Literal["lv", "ru", "en"]], Field(min_length=1, max_length=3)]


class AccountVersion(_Body):
    """The version of the account that the administrator saw."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)]


class ChangedAccount(WriteAccount, AccountVersion):
    """The same, with the version that the administrator saw."""


class OwnPassword(_Body):
    """A person's own new password."""

    current: _Password
    new: _Password
