"""Bodies of requests about sites (docs/protocol.md). What a person can mend by hand is refused by the service, in a sentence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

_Short = Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Words(_Body):
    """Own words in one language; empty means the catalogue's."""

    title: _Short = ""
    launcher: Annotated[str, StringConstraints(max_length=40, strip_whitespace=True)] = ""
    placeholder: _Short = ""
    greeting: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""
    notice: Annotated[str, StringConstraints(max_length=600, strip_whitespace=True)] = ""


class Texts(_Body):
    """Own words by language."""

    lv: Words = Words()
    ru: Words = Words()
    en: Words = Words()


class Sentence(_Body):
    """A sentence in every language: nobody is spoken to in one that he did not choose."""

    lv: _Words
    ru: _Words
    en: _Words


class Rule(_Body):
    """When the chat invites. ``after_s``: seconds; ``share``: percent of the page's height, of ``scroll`` only."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    match: Literal["contains", "starts", "is", "pattern"]
    address: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
    when: Literal["time", "scroll", "form_error", "inactive", "unfinished"]
    after_s: Annotated[int, Field(ge=0, le=3600)]
    share: Annotated[int, Field(ge=10, le=100)] = 50
    once: Literal["session", "day", "week"]
    text: Sentence
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    enabled: bool


class WriteSite(_Body):
    """A site as an administrator writes it. The rules' order is their priority."""

    name: _Name
    institution_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    origins: Annotated[
        list[Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]], Field(max_length=30)
    ]
    lang: Literal["lv", "ru", "en"]
    accent: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
    privacy_url: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
    texts: Texts
    rules: Annotated[list[Rule], Field(max_length=30)]
    enabled: bool


class NewSite(WriteSite):
    """A new one, with the key that the embedding script names."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]


class ChangedSite(WriteSite):
    """The same, with the version that the person saw."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
