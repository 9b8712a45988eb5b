"""What Telegram knows: bots, people, their private chats; and how it words messages and updates.

Shapes: https://core.telegram.org/bots/api (Bot API 10.3), as real bots receive them.
"""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kit.clock import iso
from tests.fakes.control import AccountView, Attached, DirectView, MessageView, NoSuchThing, PersonView

Json = dict[str, Any]


@dataclass
class Person:
    """A Telegram user."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None

    @property
    def name(self) -> str:
        """As people see it."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    def user(self) -> Json:
        """The API's ``User``."""
        return {"id": self.id, "is_bot": False, **self._names(), "language_code": "lv"}

    def chat(self) -> Json:
        """The API's ``Chat`` of a private chat: its id is the person's."""
        return {"id": self.id, **self._names(), "type": "private"}

    def _names(self) -> Json:
        names = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {key: value for key, value in names.items() if value}


@dataclass
class Said:
    """A message in a chat. ``content``: the API's fields besides id, sender, chat and date."""

    id: int
    by_bot: bool
    at: datetime
    content: Json
    edited_at: datetime | None = None
    deleted: bool = False
    attachment: str | None = None

    @property
    def text(self) -> str:
        """What is read, whether it stands alone or under a picture."""
        return str(self.content.get("text") or self.content.get("caption") or "")

    def buttons(self) -> list[tuple[str, str]]:
        """(title, data) of the buttons under it, in order."""
        rows = self.content.get("reply_markup", {}).get("inline_keyboard", [])
        return [(button["text"], button.get("callback_data", "")) for row in rows for button in row]


@dataclass
class Chat:
    """A private chat of one person with one bot. It exists from the person's first message on."""

    person: Person
    blocked: bool = False
    messages: list[Said] = field(default_factory=list)

    def message(self, message_id: int) -> Said | None:
        """The message with this id that is still there."""
        return next((said for said in self.messages if said.id == message_id and not said.deleted), None)


@dataclass
class WebhookState:
    """The webhook as ``getWebhookInfo`` tells of it."""

    url: str = ""
    secret: str = field(default="", repr=False)
    max_connections: int = 40
    allowed: list[str] | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None


@dataclass
class Bot:
    """A bot: an account of ours.

    Attributes:
        waiting: updates that were not fetched, while there is no webhook.
        under_way: updates given to the webhook that were not accepted yet.
        presses: ids of pressed buttons that spin.
    """

    id: int
    name: str
    username: str
    token: str = field(repr=False)
    chats: dict[int, Chat] = field(default_factory=dict)
    webhook: WebhookState = field(default_factory=WebhookState)
    waiting: deque[Json] = field(default_factory=deque)
    under_way: set[int] = field(default_factory=set)
    presses: set[str] = field(default_factory=set)
    last_message: int = 0
    last_update: int = 0
    last_press: int = 0

    def user(self) -> Json:
        """The API's ``User``."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def next_update(self) -> int:
        """Ids of updates are sequential from some number on."""
        self.last_update += 1
        return 731_500_000 + self.last_update

    def next_message(self) -> int:
        """Ids of messages are counted over all private chats of a bot."""
        self.last_message += 1
        return self.last_message

    def next_press(self) -> str:
        """Ids of button presses are long numbers in text."""
        self.last_press += 1
        return str(self.id * 10**9 + self.last_press)

    def message(self, chat: Chat, said: Said) -> Json:
        """The API's ``Message``."""
        found: Json = {
            "message_id": said.id,
            "from": self.user() if said.by_bot else chat.person.user(),
            "chat": chat.person.chat(),
            "date": seconds(said.at),
        }
        if said.edited_at is not None:
            found["edit_date"] = seconds(said.edited_at)
        return {**found, **said.content}

    def find(self, ref: str) -> tuple[Chat, Said]:
        """A message by ``<chat>:<message>``.

        Raises:
            NoSuchThing: there is none.
        """
        chat_id, _, message_id = ref.partition(":")
        chat = self.chats.get(int(chat_id)) if chat_id.isdigit() else None
        said = chat.message(int(message_id)) if chat is not None and message_id.isdigit() else None
        if chat is None or said is None:
            raise NoSuchThing(f"message {ref}")
        return chat, said

    def view(self) -> AccountView:
        """The bot as the control API shows it."""
        chats = [
            DirectView(
                PersonView(str(chat.person.id), chat.person.name),
                chat.blocked,
                [
                    MessageView(
                        id=f"{chat.person.id}:{said.id}",
                        by="us" if said.by_bot else "person",
                        text=said.text,
                        at=iso(said.at) or "",
                        edited=said.edited_at is not None,
                        deleted=said.deleted,
                        attachment=said.attachment,
                        buttons=[title for title, _ in said.buttons()],
                    )
                    for said in chat.messages
                ],
            )
            for chat in self.chats.values()
        ]
        return AccountView(str(self.id), self.name, self.webhook.url or None, [], chats)


class World:
    """All bots and people. One person has the same id with every bot."""

    def __init__(self, bots: list[Bot]) -> None:
        self.bots = {bot.id: bot for bot in bots}
        self.people: dict[int, Person] = {}

    def bot(self, account: str | None) -> Bot:
        """The bot with this id; the first one for None.

        Raises:
            NoSuchThing: there is none.
        """
        found = next(iter(self.bots.values()), None) if account is None else None
        if account is not None and account.isdigit():
            found = self.bots.get(int(account))
        if found is None:
            raise NoSuchThing(f"account {account}")
        return found

    def by_token(self, token: str) -> Bot | None:
        """Whose token this is."""
        return next((bot for bot in self.bots.values() if bot.token == token), None)

    def person(self, given: str, name: str | None = None) -> Person:
        """The person with this id, made if needed. Words instead of a number get a number of their own, always the same."""
        person_id = int(given) if given.isdigit() else 1_000_000_000 + zlib.crc32(given.encode())
        if person_id not in self.people:
            first, _, last = (name or (f"Sekotājs {person_id % 1000}" if given.isdigit() else given)).partition(" ")
            self.people[person_id] = Person(person_id, first, last or None, f"user{person_id}")
        return self.people[person_id]

    def chat(self, bot: Bot, person: Person) -> Chat:
        """The person's chat with the bot; whoever writes has one."""
        return bot.chats.setdefault(person.id, Chat(person))


def seconds(at: datetime) -> int:
    """Telegram's way to write an instant."""
    return int(at.astimezone(UTC).timestamp())


def content_of(text: str, attached: Attached | None, number: int) -> Json:
    """The fields of a message with this text and attachment. ``number`` keeps ids of files apart."""
    if attached is None:
        return {"text": text, **_command(text)}
    file = {"file_id": f"AgACAgQAAxkBAAI{number:08d}", "file_unique_id": f"AQAD{number:08d}"}
    named = {"file_name": attached.name} if attached.name else {}
    caption = {"caption": text} if text else {}
    match attached.kind:
        case "image":
            sizes = [(90, 67, 1253), (320, 240, 19_874), (1280, 960, 187_422)]
            photo = [{**file, "width": w, "height": h, "file_size": size} for w, h, size in sizes]
            return {"photo": photo, **caption}
        case "video":
            video = {**file, "duration": 6, "width": 848, "height": 480, "mime_type": "video/mp4", "file_size": 812_345}
            return {"video": {**video, **named}, **caption}
        case "audio":
            return {"voice": {**file, "duration": 4, "mime_type": "audio/ogg", "file_size": 15_332}, **caption}
        case "sticker":
            sticker = {**file, "width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
            return {"sticker": {**sticker, "emoji": attached.name or "👍", "set_name": "LV", "file_size": 24_066}}
        case "location":
            return {"location": {"latitude": 56.9496, "longitude": 24.1052}}
        case "contact":
            return {"contact": {"phone_number": "+37120000000", "first_name": attached.name or "Jānis"}}
        case "share" | "story":
            channel = {"id": -1001234567890, "title": attached.name or "Ziņas", "type": "channel"}
            return {"story": {"chat": channel, "id": number}}
        case _:
            document = {**file, "mime_type": "application/pdf", "file_size": 104_811}
            return {"document": {**document, "file_name": attached.name or "dokuments.pdf"}, **caption}


def _command(text: str) -> Json:
    """Telegram marks commands."""
    word = text.partition(" ")[0]
    if not word.startswith("/") or len(word) < 2:
        return {}
    return {"entities": [{"offset": 0, "length": len(word), "type": "bot_command"}]}
