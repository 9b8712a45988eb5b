"""What happens in the fake Facebook, and which webhooks tell of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kit.clock import Clock
from tests.fakes import graph_events as events
from tests.fakes.control import Modes, NoSuchThing, Say
from tests.fakes.emitter import Emitter
from tests.fakes.graph_world import By, Chat, Comment, Message, Page, Person, Post, World

Entry = dict[str, Any]


class Happenings:
    """Changes the world and lets the platform tell of it. What a page is not subscribed to is not told.

    Args:
        clock: the platform's clock.
        emitter: sends the webhooks.
        seed: of the ids.
    """

    def __init__(self, clock: Clock, emitter: Emitter, seed: int = 1) -> None:
        self._clock = clock
        self._emitter = emitter
        self.state = World(clock.now(), seed)

    def now(self) -> datetime:
        """The platform's present."""
        return self._clock.now()

    def said(self, order: Say) -> Entry:
        """A follower writes to the page, or presses a button (``payload``: what the button stands for, or its title).

        Raises:
            NoSuchThing: no such page, post or comment.
        """
        page, person = self.state.page(order.account), self.state.person(order.person, order.name)
        at = order.at.astimezone(UTC) if order.at else self.now()
        if order.kind == "comment":
            return self._commented(page, person, order, at)
        chat = self.state.chat(page, person)
        payload = _stands_for(chat, order.payload)
        self._seen(page, chat, at)
        message = Message(self.state.mid(), "person", order.text, at, order.attachment)
        self.state.add_message(page, chat, message)
        if payload is not None and not order.text:
            entry = events.postback(page, person.id, message, payload)
        else:
            entry = events.message(page, person.id, message, payload)
        return self._tell(page, entry, person.id, order.modes)

    def edited(self, page: Page, ref: str, text: str, modes: Modes | None = None) -> Entry:
        """A comment or a direct message has another text now.

        Raises:
            NoSuchThing: there is neither with this id.
        """
        if found := self.state.comment(ref):
            post, comment = found
            comment.text, comment.edited = text, True
            return self._tell(page, events.comment(page, post, comment, "edited", self.now()), comment.id, modes)
        chat, message = self._message(ref)
        message.text, message.edits = text, message.edits + 1
        return self._tell(page, events.edit(page, chat.person.id, message, self.now()), chat.person.id, modes)

    def deleted(self, page: Page, ref: str, modes: Modes | None = None) -> Entry:
        """A comment is gone, or a direct message was taken back.

        Raises:
            NoSuchThing: there is neither with this id.
        """
        if found := self.state.comment(ref):
            post, comment = found
            comment.deleted = True
            return self._tell(page, events.comment(page, post, comment, "remove", self.now()), comment.id, modes)
        chat, message = self._message(ref)
        message.deleted = True
        return self._tell(page, events.unsend(page, chat.person.id, message, self.now()), chat.person.id, modes)

    def hidden(self, page: Page, post: Post, comment: Comment, hidden: bool) -> None:
        """The page hides a comment or shows it again; nothing is told where nothing changes."""
        if comment.hidden != hidden:
            comment.hidden = hidden
            verb = "hide" if hidden else "unhide"
            self._tell(page, events.comment(page, post, comment, verb, self.now()), comment.id)

    def written_by_page(
        self, page: Page, chat: Chat, text: str, by: By, app_id: str, buttons: list[str] | None = None
    ) -> tuple[Message, Entry]:
        """The page writes to a person, with whatever application; gives the message and its echo."""
        message = Message(self.state.mid(), by, text, self.now(), buttons=buttons or [], app_id=app_id)
        self.state.add_message(page, chat, message)
        entry = self._tell(page, events.echo(page, chat.person.id, message), chat.person.id)
        self._tell(page, events.delivery(page, chat.person.id, message), chat.person.id)
        return message, entry

    def commented_by_page(self, page: Page, post: Post, text: str, by: By, parent: str | None) -> tuple[Comment, Entry]:
        """The page comments on a post of anybody's; told to the post's owner."""
        author = Person(page.id, page.name)
        comment = Comment(self.state.comment_id(post), author, by, text, self.now(), parent=self.state.root(parent))
        self.state.add_comment(post, comment)
        owner = self.state.page(post.page_id)
        return comment, self._tell(owner, events.comment(owner, post, comment, "add", comment.at), parent or comment.id)

    def posted(self, page: Page, post: Post) -> None:
        """The page publishes something, or plans to: that is not told."""
        self.state.add_post(page, post)
        if post.due is None:
            self._tell(page, events.post(page, post, self.now()), post.id)

    def posted_outside(self, page: Page, text: str) -> Entry:
        """The page's staff publish something on Facebook itself."""
        post = Post(f"{page.id}_{self.state.number()}", page.id, text, self.now())
        self.state.add_post(page, post)
        return self._tell(page, events.post(page, post, post.at), post.id)

    def publish_due(self) -> None:
        """Publishes what was planned for now."""
        now = self.now()
        for page in self.state.pages.values():
            for post in page.posts:
                if post.due is not None and post.due <= now:
                    post.due, post.at = None, now
                    self._tell(page, events.post(page, post, now), post.id)

    def _commented(self, page: Page, person: Person, order: Say, at: datetime) -> Entry:
        post = self.state.post(order.post) if order.post else self.state.newest(page)
        if post is None:
            raise NoSuchThing(f"no post {order.post or 'on the page'}")
        if order.parent is not None and self.state.comment(order.parent) is None:
            raise NoSuchThing(f"no comment {order.parent}")
        comment = Comment(
            self.state.comment_id(post),
            person,
            "person",
            order.text,
            at,
            parent=self.state.root(order.parent),
            attachment=order.attachment,
            anonymous=order.anonymous,
        )
        self.state.add_comment(post, comment)
        return self._tell(page, events.comment(page, post, comment, "add", at), comment.id, order.modes)

    def _seen(self, page: Page, chat: Chat, at: datetime) -> None:
        """Who writes has read what stands above."""
        unread = [message for message in chat.messages if message.by != "person" and not message.read]
        for message in unread:
            message.read = True
        if unread:
            self._tell(page, events.read(page, chat.person.id, at), chat.person.id)

    def _message(self, mid: str) -> tuple[Chat, Message]:
        found = self.state.message(mid)
        if found is None:
            raise NoSuchThing(f"no message or comment {mid}")
        return found[1:]

    def _tell(self, page: Page, entry: Entry, lane: str, modes: Modes | None = None) -> Entry:
        if events.field_of(entry) in page.fields:
            self._emitter.emit(page.id, entry, lane, modes)
        return entry


def _stands_for(chat: Chat, pressed: str | None) -> str | None:
    """What a button stands for, by its title; anything else is taken as it is."""
    for message in reversed(chat.messages):
        if pressed is not None and pressed in message.payloads:
            return message.payloads[pressed]
    return pressed
