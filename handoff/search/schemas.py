"""What is searched for and how it is asked (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: The most conversations that can be worked on at once, and in one request of that.
MOST_SELECTED = 200
TOGETHER = 20

_Id = Annotated[str, StringConstraints(max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Query(_Body):
    """Words and filters as they stand in the page's address; what is empty is not asked.

    Attributes:
        state: one of the state machine's, or ``open``, or ``over``.
        from_: first and ``to`` last Riga day on which the conversation was opened.
        rating: ``1`` … ``5``; ``low`` (1–2), ``none``, ``any``.
        level2: ``yes`` when an institution's specialist was brought in.
        queue: the queue in which the conversation waits, or waited last.
        sort: ``recent`` or ``relevant``.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    q: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    state: Annotated[str, StringConstraints(max_length=16)] = ""
    channel: _Id = ""
    institution: _Id = ""
    service: _Id = ""
    topic: _Id = ""
    outcome: _Id = ""
    lang: Literal["", "lv", "ru", "en"] = ""
    holder: _Id = ""
    centre: _Id = ""
    from_: Annotated[str, StringConstraints(max_length=10)] = Field(default="", alias="from")
    to: Annotated[str, StringConstraints(max_length=10)] = ""
    rating: Literal["", "1", "2", "3", "4", "5", "low", "none", "any"] = ""
    level2: Literal["", "yes"] = ""
    unread: Literal["", "yes"] = ""
    later: Literal["", "yes"] = ""
    queue: _Id = ""
    sort: Literal["", "recent", "relevant"] = ""

    def asked(self) -> dict[str, str]:
        """Only what is asked, by the names of the address."""
        return {name: value for name, value in self.model_dump(by_alias=True).items() if value}


class Find(Query):
    """A query and where its next page begins."""

    cursor: Annotated[str, StringConstraints(max_length=300)] = ""

    def query(self) -> Query:
        """The query alone."""
        return Query.model_validate(self.model_dump(by_alias=True, exclude={"cursor"}))


_Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class NewView(_Body):
    """A search kept under a name."""

    name: _Name
    shared: bool = False
    query: Query


class ChangeView(NewView):
    """The same changed; ``version`` is the one that was seen."""

    version: int = Field(ge=1)


class Order(_Body):
    """The views of one kind in their new order."""

    ids: list[Annotated[str, StringConstraints(max_length=36)]] = Field(max_length=100)


class Selected(_Body):
    """A conversation, the version and the last message (``seq``) that were seen."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=36)]
    version: int = Field(ge=1)
    seq: int = Field(ge=0, le=2**31 - 1)


class Bulk(_Body):
    """The same done to several; what an act asks for besides is checked by the act."""

    act: Literal["take", "transfer", "close", "spam", "duplicate", "to_queue"]
    items: list[Selected] = Field(min_length=1, max_length=TOGETHER)
    to_user: Annotated[str, StringConstraints(max_length=36)] = ""
    topic: Annotated[str, StringConstraints(max_length=64)] = ""
    outcome: Annotated[str, StringConstraints(max_length=32)] = ""
    note: Annotated[str, StringConstraints(max_length=1000)] = ""
    queue_id: Annotated[str, StringConstraints(max_length=36)] = ""


def view_of(row: Any, viewer_id: str, count: int | None, *, may: bool) -> dict[str, Any]:
    """A ``SavedView`` of docs/protocol.md; ``count`` None when it was not counted."""
    return {
        "id": row.id,
        "version": row.version,
        "name": row.name,
        "shared": row.shared,
        "own": row.owner_id == viewer_id,
        "query": row.query,
        "count": count,
        "may": ["change", "delete"] if may else [],
    }
