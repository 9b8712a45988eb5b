"""The little world behind the fake X: accounts and citizens, posts that answer and name each other, direct messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from kit.clock import Clock, iso
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

By = Literal["person", "us", "outside"]
#: X's ids carry the millisecond of their making, counted from here.
EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
#: In the control API: the place of posts that answer nothing and name an account. X has no such post.
MENTIONS = "mentions:"
_FIRST_POST = "Pieteikties pakalpojumiem var arī internetā. Jautājiet mums!"
_HANDLE = re.compile(r"(?<![\w@])@(\w{1,15})")
_LINK = re.compile(r"https?://\S+")


@dataclass
class User:
    """An account of ours, or a citizen."""

    id: str
    name: str
    username: str


@dataclass
class Account(User):
    """An account of ours. The tokens open nothing but this fake.

    Attributes:
        token_state: what X says to the account's tokens.
        direct: False for accounts whose messages are encrypted: the API refuses to read and to write them.
        blocked_by: ids of those who have blocked it.
    """

    access_token: str = field(default="", repr=False)
    access_token_secret: str = field(default="", repr=False)
    token_state: Literal["valid", "revoked"] = "valid"
    direct: bool = True
    blocked_by: set[str] = field(default_factory=set)


@dataclass
class Post:
    """A post.

    Attributes:
        named: ids of the users it names in its text, and those an answer names without showing it.
        explicit: of these, the ones named in the text.
        versions: its ids, oldest first; an edit makes a new one.
    """

    id: str
    author: User
    by: By
    text: str
    at: datetime
    conversation: str
    answers: str | None = None
    quotes: str | None = None
    named: set[str] = field(default_factory=set)
    explicit: set[str] = field(default_factory=set)
    attachment: Attached | None = None
    picture: str | None = None
    versions: list[str] = field(default_factory=list)
    anonymous: bool = False
    deleted: bool = False
    hidden: bool = False

    @property
    def newest(self) -> str:
        """The id of the present version."""
        return self.versions[-1]


@dataclass
class Message:
    """A direct message. ``read``: by the citizen, of ours."""

    id: str
    chat: Chat
    by: By
    text: str
    at: datetime
    attachment: Attached | None = None
    encrypted: bool = False
    deleted: bool = False
    read: bool = False

    @property
    def sender(self) -> User:
        """Who wrote it."""
        return self.chat.person if self.by == "person" else self.chat.account


@dataclass
class Chat:
    """The direct messages of one citizen and one account."""

    account: Account
    person: User
    messages: list[Message] = field(default_factory=list)

    @property
    def id(self) -> str:
        """X names a conversation of two by both."""
        return "-".join(sorted((self.account.id, self.person.id), key=int))


class World:
    """Everybody and everything, found by X's ids."""

    def __init__(self, clock: Clock, accounts: Iterable[tuple[str, str, str]]) -> None:
        """``accounts``: (id, name, username) of each."""
        self.clock = clock
        self._last_id = 0
        self.people: dict[str, User] = {}
        self.accounts: dict[str, Account] = {}
        self.posts: dict[str, Post] = {}
        self.chats: dict[tuple[str, str], Chat] = {}
        self.messages: dict[str, Message] = {}
        #: Pictures that were put on X: by their id, the media type.
        self.media: dict[str, str] = {}
        self._handles: dict[str, str] = {}
        for user_id, name, username in accounts:
            self.add_account(user_id, name, username)

    def add_account(self, user_id: str, name: str, username: str) -> Account:
        """An account more, with its first post."""
        token, secret = f"{user_id}-FakeAccessTokenOfTheDemo", f"FakeAccessTokenSecretOf{user_id}"
        account = Account(user_id, name, username, access_token=token, access_token_secret=secret)
        self.accounts[user_id] = account
        self._handles[username.casefold()] = user_id
        self.post(account, "outside", _FIRST_POST)
        return account

    # --- making -----------------------------------------------------------------------------------------------------

    def new_id(self, at: datetime | None = None) -> str:
        """An id of X's form, the later the larger; ``at``: of something that happened earlier."""
        made = (((at or self.clock.now()) - EPOCH) // timedelta(milliseconds=1)) << 22
        if at is None:
            self._last_id = made = max(made, self._last_id + 1)
        while str(made) in self.posts or str(made) in self.messages:
            made += 1
        return str(made)

    def post(self, author: User, by: By, text: str, at: datetime | None = None, answers: Post | None = None) -> Post:
        """Somebody posts; an answer names whom it answers without showing it."""
        ref = self.new_id(at)
        explicit = self.named_in(text)
        named = explicit | ({answers.author.id} | (answers.named - {author.id}) if answers else set())
        post = Post(
            ref,
            author,
            by,
            text,
            at or self.clock.now(),
            conversation=answers.conversation if answers else ref,
            answers=answers.id if answers else None,
            named=named,
            explicit=explicit,
            versions=[ref],
        )
        self.posts[ref] = post
        return post

    def edit(self, post: Post, text: str) -> None:
        """A new version, with an id of its own."""
        post.text = text
        post.explicit = self.named_in(text)
        post.named |= post.explicit
        ref = self.new_id()
        post.versions.append(ref)
        self.posts[ref] = post

    def message(self, chat: Chat, by: By, text: str, at: datetime | None = None) -> Message:
        """Somebody writes a direct message."""
        message = Message(self.new_id(at), chat, by, text, at or self.clock.now())
        chat.messages.append(message)
        self.messages[message.id] = message
        return message

    def named_in(self, text: str) -> set[str]:
        """The ids of those whom a text names."""
        found = (self._handles.get(handle.casefold()) for handle in _HANDLE.findall(text))
        return {who for who in found if who is not None}

    # --- finding ----------------------------------------------------------------------------------------------------

    def account(self, user_id: str) -> Account:
        """An account of ours, or NoSuchThing."""
        if user_id not in self.accounts:
            raise NoSuchThing(f"account {user_id}")
        return self.accounts[user_id]

    def person(self, user_id: str, name: str | None = None) -> User:
        """A citizen, made if not there yet."""
        if not user_id.isdecimal():
            raise NoSuchThing(f"person {user_id}: ids of X are numbers")
        if user_id not in self.people:
            person = User(user_id, name or f"Sekotājs {user_id[-4:]}", f"sekotajs_{user_id[-6:]}")
            self.people[user_id] = person
            self._handles[person.username] = user_id
        return self.people[user_id]

    def user(self, user_id: str) -> User | None:
        """Anybody."""
        return self.accounts.get(user_id) or self.people.get(user_id)

    def find(self, ref: str) -> Post:
        """A post by the id of any of its versions, or NoSuchThing."""
        if ref not in self.posts:
            raise NoSuchThing(f"post {ref}")
        return self.posts[ref]

    def chat(self, account: Account, person: User) -> Chat:
        """The conversation of two, made if not there yet."""
        return self.chats.setdefault((account.id, person.id), Chat(account, person))

    def mentions(self, account: Account) -> list[Post]:
        """What names the account, newest first, the present versions."""
        seen = {
            post.newest: post
            for post in self.posts.values()
            if account.id in post.named and post.author is not account and not post.deleted
        }
        return [seen[ref] for ref in sorted(seen, key=int, reverse=True)]

    def direct(self, account: Account) -> list[Message]:
        """The account's unencrypted direct messages, newest first."""
        found = [
            message
            for message in self.messages.values()
            if message.chat.account is account and not message.encrypted and not message.deleted
        ]
        return sorted(found, key=lambda message: int(message.id), reverse=True)

    # --- as followers see it ----------------------------------------------------------------------------------------

    def view(self, webhooks: dict[str, str]) -> WorldView:
        """Everything. Posts that answer nothing and name an account stand together, in a place of their own."""
        accounts = [self._account_view(account, webhooks.get(account.id)) for account in self.accounts.values()]
        people = [PersonView(person.id, person.name) for person in self.people.values()]
        return WorldView("x", accounts, people)

    def _account_view(self, account: Account, webhook: str | None) -> AccountView:
        under: dict[str, list[Post]] = {}
        for ref, post in self.posts.items():
            if ref == post.id:
                under.setdefault(post.conversation, []).append(post)
        place = PostView(MENTIONS + account.id, account.id, f"@{account.username}", "")
        own = []
        for conversation in under.values():
            root, *others = conversation
            if root.author is account:
                if root.deleted:
                    continue
                own.append(_post_view(root, [_comment_view(post, root.id) for post in others]))
            elif account.id in root.named:
                place.comments += [_comment_view(post, None) for post in conversation]
        chats = [
            _chat_view(chat, account) for (account_id, _), chat in self.chats.items() if account_id == account.id
        ]  # fmt: skip
        return AccountView(account.id, account.name, webhook, [place, *reversed(own)], chats)


def _comment_view(post: Post, top: str | None) -> CommentView:
    """``top``: the post under which it stands; what answers that answers no comment."""
    return CommentView(
        post.id,
        PersonView(post.author.id, post.author.name),
        post.by,
        post.text,
        iso(post.at) or "",
        parent=None if post.answers == top else post.answers,
        edited=len(post.versions) > 1,
        deleted=post.deleted,
        hidden=post.hidden,
        attachment=post.attachment.kind if post.attachment else None,
    )


def _post_view(post: Post, comments: list[CommentView]) -> PostView:
    link = _LINK.search(post.text)
    return PostView(
        post.id,
        post.author.id,
        post.text,
        iso(post.at) or "",
        link=link.group() if link else None,
        picture=post.picture,
        comments=comments,
    )


def _chat_view(chat: Chat, account: Account) -> DirectView:
    messages = [
        MessageView(
            message.id,
            message.by,
            message.text,
            iso(message.at) or "",
            deleted=message.deleted,
            attachment=message.attachment.kind if message.attachment else None,
        )
        for message in chat.messages
    ]
    return DirectView(PersonView(chat.person.id, chat.person.name), chat.person.id in account.blocked_by, messages)
