"""Bodies of requests about publications (docs/protocol.md), checked at the door."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from handoff.channels.schemas import LONGEST_TEXT

#: How far ahead something may be scheduled.
FARTHEST: Final = timedelta(days=180)
MOST_TARGETS: Final = 50


def _address(value: str) -> str:
    """An address that a platform may be given: of the web, and without a name and password in it."""
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or any(map(str.isspace, value))
    ):
        raise ValueError("must be an address that begins with http:// or https://")
    return value


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, strip_whitespace=True)]
Address = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True), AfterValidator(_address)]
AccountId = Annotated[str, StringConstraints(min_length=1, max_length=36)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class Variant(_Body):
    """The publication as one network gets it: another text, or without the link."""

    text: Text | None = None
    link: bool = True


class Composed(_Body):
    """What is to be published, and where. A ``comment`` goes under ``post``, somebody else's, from one account."""

    kind: Literal["post", "comment"] = "post"
    lang: Literal["lv", "ru", "en"] = "lv"
    text: Text
    link: Address | None = None
    picture_url: Address | None = None
    variants: dict[Annotated[str, StringConstraints(max_length=16)], Variant] = Field(
        default_factory=dict, max_length=16
    )
    accounts: list[AccountId] = Field(min_length=1, max_length=MOST_TARGETS)
    publish_at: AwareDatetime | None = None
    post: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.accounts)) != len(self.accounts):
            raise ValueError("an account is named twice")
        if (self.kind == "comment") != (self.post is not None):
            raise ValueError("a comment names the post it goes under, and only a comment does")
        if self.kind == "comment" and (len(self.accounts) > 1 or self.picture_url is not None):
            raise ValueError("a comment goes out from one account and has no picture")
        return self


class Revised(Composed):
    """The same in place of what was there; ``version`` is the one that the person saw."""

    version: int


class Version(_Body):
    """The version of the publication that the person saw."""

    version: int


class Reasoned(Version):
    """With the reason, which is kept."""

    reason: Reason


class Cancelled(Version):
    """With or without a reason."""

    reason: Reason | None = None


class Target(Version):
    """One of the publication's accounts."""

    account_id: AccountId
