"""How a fake platform is told what its followers do, and asked what they see: the same paths and shapes in every fake.

So one simulator page and one load driver serve all. Everything lies under ``/_control`` and is reachable on loopback only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from tests.fakes.faults import Script, fault_routes

#: What the followers of a flood write.
QUESTIONS = (
    "Labdien! Kā deklarēt dzīvesvietu?",
    "Cik maksā pase?",
    "Как получить справку о доходах?",
    "Kur pieteikt slimības pabalstu?",
    "Good morning, where do I register a company?",
    "Paldies!",
)


class NoSuchThing(Exception):
    """The world has no such account, person, post, comment or message. Answered 404 by the control API."""


class Modes(BaseModel):
    """How one event's webhook goes out. The plain way is once, at once, rightly signed.

    Attributes:
        duplicates: how many more times it is delivered.
        delay_s: how late it goes out, in seconds; later events overtake it.
        wrong_signature: it is signed with another secret (and not repeated when refused: a forger does not insist).
        hold: it waits for the next event of the account and goes out in one batch with it.
        silent: no webhook at all, as when the platform lost it; only asking the platform finds it.
    """

    duplicates: int = Field(default=0, ge=0)
    delay_s: float = Field(default=0, ge=0)
    wrong_signature: bool = False
    hold: bool = False
    silent: bool = False


class Weather(BaseModel):
    """How webhooks go out from now on: shares of events, 0…1, drawn with ``seed``.

    Attributes:
        duplicates: delivered once more, a little later.
        out_of_order: held back so that later ones overtake them.
        late: held back ``late_s`` seconds.
        unknown: accompanied by an event of a type that no documentation names.
        wrong_signature: accompanied by a copy with a wrong signature.
        batch: most events in one call, where the platform batches.
    """

    duplicates: float = Field(default=0, ge=0, le=1)
    out_of_order: float = Field(default=0, ge=0, le=1)
    late: float = Field(default=0, ge=0, le=1)
    late_s: float = Field(default=2, ge=0)
    unknown: float = Field(default=0, ge=0, le=1)
    wrong_signature: float = Field(default=0, ge=0, le=1)
    batch: int = Field(default=10, ge=1)
    seed: int = 0


class Attached(BaseModel):
    """What a follower sends besides text. ``kind``: image, video, audio, file, sticker, location, contact, share, story."""

    kind: str
    url: str | None = None
    name: str | None = None


class Say(BaseModel):
    """A follower writes.

    Attributes:
        account: the platform's id of the account written to.
        person: the follower's id; unknown ones are made, with ``name`` if given.
        kind: a direct message, or a comment (on X: a post that mentions the account).
        post: of a comment: the post; without it the account's newest one.
        parent: of a comment: the comment it answers.
        payload: of a direct message: the button that was pressed, by what it stands for or by its title.
        at: when, by the platform's clock; now by default.
        anonymous: of a comment: the platform does not tell who wrote it.
    """

    account: str
    person: str
    text: str = ""
    kind: Literal["direct", "comment"] = "direct"
    name: str | None = None
    post: str | None = None
    parent: str | None = None
    attachment: Attached | None = None
    payload: str | None = None
    at: datetime | None = None
    anonymous: bool = False
    modes: Modes = Modes()


class Edit(BaseModel):
    """A follower changes what he wrote. ``ref`` is the platform's id of the message or comment."""

    account: str
    ref: str
    text: str
    modes: Modes = Modes()


class Delete(BaseModel):
    """A follower deletes what he wrote, or the account's owner does so on the platform itself."""

    account: str
    ref: str
    modes: Modes = Modes()


class Block(BaseModel):
    """A follower blocks the account, or lets it write again."""

    account: str
    person: str
    blocked: bool = True


class Outside(BaseModel):
    """Somebody writes in the platform's own application, past us: in ``person``'s chat, under the comment ``ref``, or a post."""

    account: str
    text: str
    person: str | None = None
    ref: str | None = None


class Hook(BaseModel):
    """Where an account's webhooks go. ``secret``: what the platform signs with (or sends along, as Telegram does)."""

    account: str
    url: str
    secret: str


class Flood(BaseModel):
    """``n`` events at once, from ``people`` followers.

    Attributes:
        account: the first account by default.
        kind: ``mixed`` is half and half.
        per_second: how fast; 0 is as fast as the receiver answers.
    """

    n: int = Field(ge=1)
    account: str | None = None
    kind: Literal["direct", "comment", "mixed"] = "mixed"
    people: int = Field(default=50, ge=1)
    duplicates: float = Field(default=0, ge=0, le=1)
    out_of_order: float = Field(default=0, ge=0, le=1)
    per_second: float = Field(default=0, ge=0)
    seed: int = 0

    async def turns(self) -> AsyncIterator[int]:
        """The number of each event, when it is its turn: a busy moment is made up for, as by followers who know nothing of it."""
        began = time.monotonic()
        for number in range(self.n):
            due = began + number / self.per_second if self.per_second else 0.0
            # Without a pace too, so that the server gets its turn.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield number


@dataclass
class PersonView:
    """A follower."""

    id: str
    name: str


@dataclass
class MessageView:
    """A direct message as its follower sees it. ``by``: person, us (through the API) or outside (the platform's own page)."""

    id: str
    by: Literal["person", "us", "outside"]
    text: str
    at: str
    edited: bool = False
    deleted: bool = False
    attachment: str | None = None
    buttons: list[str] = field(default_factory=list)


@dataclass
class CommentView:
    """A comment, or on X an answer or a mention, as followers see it. Deleted ones stay listed, marked."""

    id: str
    author: PersonView
    by: Literal["person", "us", "outside"]
    text: str
    at: str
    parent: str | None = None
    edited: bool = False
    deleted: bool = False
    hidden: bool = False
    attachment: str | None = None


@dataclass
class PostView:
    """A post with its comments in order. ``account``: whose; ``scheduled_for`` while it is not out yet."""

    id: str
    account: str
    text: str
    at: str
    link: str | None = None
    picture: str | None = None
    scheduled_for: str | None = None
    comments: list[CommentView] = field(default_factory=list)


@dataclass
class DirectView:
    """A direct conversation."""

    person: PersonView
    blocked: bool
    messages: list[MessageView] = field(default_factory=list)


@dataclass
class AccountView:
    """An account, its posts (newest first) and its direct conversations. ``webhook``: where its events go, if anywhere."""

    id: str
    name: str
    webhook: str | None
    posts: list[PostView] = field(default_factory=list)
    direct: list[DirectView] = field(default_factory=list)


@dataclass
class WorldView:
    """Everything there is. ``platform``: facebook, x or telegram."""

    platform: str
    accounts: list[AccountView]
    people: list[PersonView]


@dataclass(frozen=True)
class Call:
    """One call of the platform's API by us. ``query`` and ``headers`` are without secrets, ``at`` is ISO 8601, UTC."""

    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]
    at: str
    status: int | None


class Fake(Protocol):
    """What every fake can do, in Python and over HTTP alike. Methods that name what is not there raise NoSuchThing."""

    script: Script
    calls: list[Call]

    async def say(self, order: Say) -> dict[str, Any]:
        """A follower writes; returns the event as the platform sends it."""
        ...

    async def edit(self, order: Edit) -> dict[str, Any]:
        """A follower edits; returns the event."""
        ...

    async def delete(self, order: Delete) -> dict[str, Any]:
        """Something is deleted; returns the event."""
        ...

    async def block(self, order: Block) -> dict[str, Any]:
        """A follower blocks; returns the event, empty where the platform sends none."""
        ...

    async def outside(self, order: Outside) -> dict[str, Any]:
        """The account answers past us; returns the event."""
        ...

    async def webhook(self, order: Hook) -> dict[str, Any]:
        """Sets where events go, after the platform's own check of the receiver; returns what the check came to."""
        ...

    async def weather(self, order: Weather) -> None:
        """How webhooks go out from now on."""
        ...

    async def flood(self, order: Flood) -> dict[str, Any]:
        """Many events; returns ``{"sent": n, "keys": [...]}``: the ids of what followers wrote, once each."""
        ...

    async def settled(self, within_s: float) -> bool:
        """Waits until every webhook was delivered or given up; False when that takes longer."""
        ...

    def world(self) -> WorldView:
        """Everything there is."""
        ...


def control_routes(fake: Fake) -> APIRouter:
    """The control API of a fake: each method of :class:`Fake` as ``/_control/<name>``, faults and calls."""
    router = APIRouter()
    router.include_router(fault_routes(fake.script))

    @router.post("/_control/say")
    async def say(order: Say) -> dict[str, Any]:
        return await _found(fake.say(order))

    @router.post("/_control/edit")
    async def edit(order: Edit) -> dict[str, Any]:
        return await _found(fake.edit(order))

    @router.post("/_control/delete")
    async def delete(order: Delete) -> dict[str, Any]:
        return await _found(fake.delete(order))

    @router.post("/_control/block")
    async def block(order: Block) -> dict[str, Any]:
        return await _found(fake.block(order))

    @router.post("/_control/outside")
    async def outside(order: Outside) -> dict[str, Any]:
        return await _found(fake.outside(order))

    @router.post("/_control/webhook")
    async def webhook(order: Hook) -> dict[str, Any]:
        return await _found(fake.webhook(order))

    @router.post("/_control/weather")
    async def weather(order: Weather) -> dict[str, Any]:
        await fake.weather(order)
        return order.model_dump()

    @router.post("/_control/flood")
    async def flood(order: Flood) -> dict[str, Any]:
        return await _found(fake.flood(order))

    @router.get("/_control/settled")
    async def settled(within_s: float = 30) -> dict[str, bool]:
        return {"settled": await fake.settled(within_s)}

    @router.get("/_control/world")
    async def world() -> dict[str, Any]:
        return asdict(fake.world())

    @router.get("/_control/calls")
    async def calls(since: int = 0) -> list[dict[str, Any]]:
        return [asdict(call) for call in fake.calls[since:]]

    return router


async def _found(work: Any) -> dict[str, Any]:
    try:
        result: dict[str, Any] = await work
    except NoSuchThing as error:
        raise HTTPException(404, str(error)) from error
    return result
