"""The little world behind the fake Graph API: pages, posts, comments, people and their chats with the pages."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kit.clock import iso
from tests.fakes.control import (
    AccountView,
    Attached,
    CommentView,
    DirectView,
    MessageView,
    NoSuchThing,
    PersonView,
    PostView,
    WorldView,
)

#: The application that the pages are connected with, and its secrets. Known to all, worth nothing.
APP_ID = "1122334455667788"
APP_SECRET = "fake-app-secret-of-the-demo"
VERIFY_TOKEN = "fake-verify-token-of-the-demo"
#: A page that is not ours: its posts can be commented on, one of them not.
STRANGER_ID = "200300400500601"
#: Meta's own application, with which a page's staff answer in the Page Inbox.
PAGE_INBOX_APP_ID = "263902037430900"

By = Literal["person", "us", "outside"]


@dataclass
class Person:
    """A follower; the id is the one scoped to pages."""

    id: str
    name: str


@dataclass
class Message:
    """A direct message.

    Attributes:
        payloads: what each button stands for, by its title.
        app_id: with which application a page's message was sent.
    """

    id: str
    by: By
    text: str
    at: datetime
    attachment: Attached | None = None
    buttons: list[str] = field(default_factory=list)
    payloads: dict[str, str] = field(default_factory=dict)
    app_id: str | None = None
    edits: int = 0
    deleted: bool = False
    read: bool = False


@dataclass
class Chat:
    """One person's direct conversation with a page."""

    person: Person
    messages: list[Message] = field(default_factory=list)
    blocked: bool = False

    def last_inbound(self) -> datetime | None:
        """When the person wrote last."""
        return max((message.at for message in self.messages if message.by == "person"), default=None)


@dataclass
class Comment:
    """A comment. ``author`` is a person or the page itself; ``parent`` the comment it answers."""

    id: str
    author: Person
    by: By
    text: str
    at: datetime
    parent: str | None = None
    attachment: Attached | None = None
    anonymous: bool = False
    edited: bool = False
    deleted: bool = False
    hidden: bool = False
    private_reply: str | None = None


@dataclass
class Post:
    """A post of a page. ``due``: scheduled, and not out yet."""

    id: str
    page_id: str
    text: str
    at: datetime
    link: str | None = None
    picture: str | None = None
    due: datetime | None = None
    closed: bool = False
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Page:
    """A page. ``ours`` is False for pages whose token nobody of us has.

    Attributes:
        token_state: what Graph says to the page's token.
        fields: what the application is subscribed to for this page.
        human_agent: whether the application may use the tag HUMAN_AGENT.
    """

    id: str
    name: str
    token: str = field(repr=False)
    ours: bool = True
    token_state: Literal["valid", "expired", "revoked"] = "valid"
    token_expires_at: int = 0
    scopes: list[str] = field(default_factory=list)
    human_agent: bool = True
    fields: set[str] = field(default_factory=set)
    posts: list[Post] = field(default_factory=list)
    chats: dict[str, Chat] = field(default_factory=dict)


SCOPES = [
    "pages_messaging",
    "pages_manage_metadata",
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_posts",
]


class World:
    """Pages and people, and how to find things in them by the platform's ids."""

    def __init__(self, now: datetime, seed: int = 1) -> None:
        """``seed``: worlds of different seeds have different ids, of which the later seed's are the larger."""
        self._chance = random.Random(seed)
        self._last = 990_000_000_000 + 1000 * seed
        self._posts: dict[str, Post] = {}
        self._comments: dict[str, tuple[Post, Comment]] = {}
        self._messages: dict[str, tuple[Page, Chat, Message]] = {}
        self.people: dict[str, Person] = {}
        self.pages: dict[str, Page] = {}
        for page_id, name, first_post in _PAGES:
            page = Page(page_id, name, token=f"EAAfake{page_id}", scopes=list(SCOPES))
            self.pages[page_id] = page
            self.add_post(page, Post(f"{page_id}_{self.number()}", page_id, first_post, now))
        stranger = Page(STRANGER_ID, "Rīgas ziņas (demo)", token="", ours=False)
        self.pages[stranger.id] = stranger
        for text, closed in (("Kā jūs tiekat galā ar pieteikumu portālā?", False), ("Komentāri slēgti.", True)):
            self.add_post(stranger, Post(f"{stranger.id}_{self.number()}", stranger.id, text, now, closed=closed))

    def number(self) -> str:
        """A new id of the kind that Facebook counts."""
        self._last += self._chance.randint(3, 900)
        return str(self._last)

    def mid(self) -> str:
        """A new id of a direct message."""
        letters = string.ascii_letters + string.digits + "_-"
        return "m_" + "".join(self._chance.choices(letters, k=88))

    def trace(self) -> str:
        """A ``fbtrace_id``."""
        return "A" + "".join(self._chance.choices(string.ascii_letters + string.digits, k=22))

    def page(self, page_id: str) -> Page:
        """A page.

        Raises:
            NoSuchThing: there is none with this id.
        """
        if page_id not in self.pages:
            raise NoSuchThing(f"no page {page_id}")
        return self.pages[page_id]

    def person(self, person_id: str, name: str | None = None) -> Person:
        """A person, made if not there yet."""
        if person_id not in self.people:
            self.people[person_id] = Person(person_id, name or f"Sekotājs {person_id[-4:]}")
        return self.people[person_id]

    def chat(self, page: Page, person: Person) -> Chat:
        """The person's conversation with the page, made if not there yet."""
        return page.chats.setdefault(person.id, Chat(person))

    def add_post(self, page: Page, post: Post) -> None:
        """Puts a post on a page."""
        page.posts.append(post)
        self._posts[post.id] = post

    def add_comment(self, post: Post, comment: Comment) -> None:
        """Puts a comment under a post."""
        post.comments.append(comment)
        self._comments[comment.id] = (post, comment)

    def add_message(self, page: Page, chat: Chat, message: Message) -> None:
        """Puts a message into a conversation."""
        chat.messages.append(message)
        self._messages[message.id] = (page, chat, message)

    def post(self, post_id: str) -> Post | None:
        """A post that is out."""
        post = self._posts.get(post_id)
        return post if post is not None and post.due is None else None

    def comment(self, comment_id: str) -> tuple[Post, Comment] | None:
        """A comment with its post, deleted or not."""
        return self._comments.get(comment_id)

    def message(self, mid: str) -> tuple[Page, Chat, Message] | None:
        """A direct message with its page and conversation."""
        return self._messages.get(mid)

    def newest(self, page: Page) -> Post | None:
        """The page's newest post that is out."""
        return next((post for post in reversed(page.posts) if post.due is None), None)

    def comment_id(self, post: Post) -> str:
        """A new comment's id: the post's number and its own."""
        return f"{post.id.partition('_')[2]}_{self.number()}"

    def root(self, parent: str | None) -> str | None:
        """Facebook has one level below a comment: an answer to an answer stands under the same comment."""
        found = self.comment(parent) if parent else None
        return (found[1].parent or found[1].id) if found else None

    def view(self, webhooks: dict[str, str]) -> WorldView:
        """What followers see; ``webhooks`` are the addresses of the pages' webhooks."""
        people = [PersonView(person.id, person.name) for person in self.people.values()]
        accounts = [
            AccountView(
                page.id,
                page.name,
                webhooks.get(page.id),
                [_post_view(post) for post in reversed(page.posts)],
                [_chat_view(chat) for chat in page.chats.values()],
            )
            for page in self.pages.values()
        ]
        return WorldView("facebook", accounts, people)


_PAGES = (
    (
        "100200300400501",
        "Valsts sociālās apdrošināšanas aģentūra (demo)",
        "Slimības pabalstu var pieteikt elektroniski. Jautājiet mums!",
    ),
    ("100200300400502", "Siguldas novads (demo)", "Deklarēt dzīvesvietu var arī internetā, rinda nav jāgaida."),
)
#: Ids of the pages that are ours.
PAGE_IDS = tuple(page[0] for page in _PAGES)


def _chat_view(chat: Chat) -> DirectView:
    messages = [
        MessageView(
            message.id,
            message.by,
            message.text,
            iso(message.at) or "",
            edited=message.edits > 0,
            deleted=message.deleted,
            attachment=message.attachment.kind if message.attachment else None,
            buttons=message.buttons,
        )
        for message in chat.messages
    ]
    return DirectView(PersonView(chat.person.id, chat.person.name), chat.blocked, messages)


def _post_view(post: Post) -> PostView:
    comments = [
        CommentView(
            comment.id,
            PersonView(comment.author.id, comment.author.name),
            comment.by,
            comment.text,
            iso(comment.at) or "",
            parent=comment.parent,
            edited=comment.edited,
            deleted=comment.deleted,
            hidden=comment.hidden,
            attachment=comment.attachment.kind if comment.attachment else None,
        )
        for comment in post.comments
    ]
    return PostView(
        post.id, post.page_id, post.text, iso(post.at) or "", post.link, post.picture, iso(post.due), comments
    )
