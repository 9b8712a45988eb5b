"""The fake's Graph API itself: who asks, for what, and what Graph says to that.

Paths, answers, errors and limits are those of Meta's documentation (Graph API v26.0, Messenger Platform).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from tests.fakes import graph_events as events
from tests.fakes.faults import Fault
from tests.fakes.graph_happenings import Happenings
from tests.fakes.graph_json import chat_row, chosen, comment_list, comment_row, message_list, page_of, post_row
from tests.fakes.graph_webhooks import Webhooks
from tests.fakes.graph_world import APP_ID, APP_SECRET, Chat, Comment, Page, Post

_WINDOW = timedelta(hours=24)
_HUMAN_WINDOW = timedelta(days=7)
_PRIVATE_REPLY_WITHIN = timedelta(days=7)
_TEXT_LIMIT = 2000
_COMMENT_LIMIT = 8000
_SCHEDULE_FROM = timedelta(minutes=10)
_SCHEDULE_UNTIL = timedelta(days=30)
#: Message tags that ended on 27 April 2026.
_ENDED_TAGS = {"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}


class GraphRefusal(Exception):
    """An answer with ``error``."""

    def __init__(self, code: int, message: str, subcode: int | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.status = status

    def body(self, trace: str) -> dict[str, Any]:
        """The answer's JSON."""
        error: dict[str, Any] = {"message": str(self), "type": "OAuthException", "code": self.code, "fbtrace_id": trace}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.code in (1, 2):
            error["is_transient"] = True
        return {"error": error}


#: Code, message, subcode and status of what the world and the script both refuse.
_REFUSALS: dict[Fault, tuple[int, str, int | None, int]] = {
    Fault.TOKEN_EXPIRED: (190, "Error validating access token: Session has expired.", 463, 401),
    Fault.TOKEN_REVOKED: (190, "Error validating access token: The user has not authorized application.", 458, 401),
    Fault.WINDOW_CLOSED: (10, "(#10) This message is sent outside of allowed window.", 2018278, 400),
    Fault.BLOCKED: (551, "(#551) This person isn't available right now.", 1545041, 400),
    Fault.PRIVATE_REPLY_USED: (10900, "(#10900) Activity already replied to", None, 400),
    Fault.PERMISSION: (200, "(#200) Permissions error", None, 403),
    Fault.SERVER_ERROR: (2, "An unexpected error has occurred. Please retry your request later.", None, 500),
    Fault.RATE_LIMITED: (80001, "(#80001) There have been too many calls to this Page account.", 2446079, 429),
}


def refusal(fault: Fault) -> GraphRefusal:
    """Graph's words for a fault."""
    return gone("0") if fault is Fault.DELETED else GraphRefusal(*_REFUSALS[fault])


def gone(object_id: str) -> GraphRefusal:
    """There is nothing of this id, or nothing any more."""
    return GraphRefusal(
        100,
        f"Unsupported post request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        33,
    )


def version_of(path: str) -> tuple[str | None, list[str]]:
    """``v26.0`` and the rest of a path; None where it does not begin with a version."""
    parts = [part for part in path.split("/") if part]
    if parts and parts[0].startswith("v") and parts[0][1:].replace(".", "", 1).isdigit():
        return parts[0], parts[1:]
    return None, parts


class Asked(NamedTuple):
    """One call: the path without the version, its fields (of the query and of the body alike), who asks."""

    path: list[str]
    fields: Mapping[str, str]
    page: Page | None
    as_app: bool

    def json(self, name: str) -> dict[str, Any]:
        """A nested field: Graph takes it as JSON in the form."""
        try:
            value = json.loads(self.fields.get(name, "{}"))
        except ValueError as error:
            raise GraphRefusal(100, f"(#100) Param {name} must be a valid JSON") from error
        if not isinstance(value, dict):
            raise GraphRefusal(100, f"(#100) Param {name} must be an array")
        return value


class GraphApi:
    """Answers calls.

    Attributes:
        require_proof: whether calls without ``appsecret_proof`` are refused: the setting "Require App Secret".
    """

    def __init__(self, happenings: Happenings, webhooks: Webhooks) -> None:
        self._happenings = happenings
        self._world = happenings.state
        self._webhooks = webhooks
        self.require_proof = True

    async def answer(self, method: str, parts: list[str], token: str, fields: Mapping[str, str]) -> Any:
        """What Graph answers, as JSON.

        Args:
            parts: the path without the version.
            token: of the header; the one among the fields counts where there is none.

        Raises:
            GraphRefusal: it says no.
        """
        if not parts:
            return self._batch(token, fields)
        asked = self._who(token, parts, fields)
        result = self._route(method, asked)(asked)
        return await result if isinstance(result, Awaitable) else result

    def _route(self, method: str, asked: Asked) -> Callable[[Asked], Any]:
        first, rest = asked.path[0], tuple(asked.path[1:])
        at = self._node(first)
        routes: dict[tuple[str, str, tuple[str, ...]], Callable[[Asked], Any]] = {
            ("GET", "me", ()): self._get_page,
            ("GET", "page", ()): self._get_page,
            ("GET", "debug_token", ()): self._debug_token,
            ("POST", "page", ("messages",)): self._post_message,
            ("POST", "page", ("feed",)): self._post_feed,
            ("POST", "page", ("photos",)): self._post_photo,
            ("GET", "page", ("feed",)): self._get_feed,
            ("GET", "page", ("conversations",)): self._get_conversations,
            ("GET", "page", ("subscribed_apps",)): self._get_subscribed,
            ("POST", "page", ("subscribed_apps",)): self._post_subscribed,
            ("DELETE", "page", ("subscribed_apps",)): self._delete_subscribed,
            ("GET", "app", ("subscriptions",)): self._get_subscriptions,
            ("POST", "app", ("subscriptions",)): self._post_subscriptions,
            ("POST", "post", ("comments",)): self._post_comment,
            ("POST", "comment", ("comments",)): self._post_comment,
            ("GET", "post", ()): self._get_post,
            ("GET", "post", ("comments",)): self._get_comments,
            ("POST", "comment", ()): self._post_on_comment,
            ("GET", "comment", ()): self._get_comment,
            ("DELETE", "comment", ()): self._delete_by_us,
            ("GET", "thread", ("messages",)): self._get_messages,
            ("GET", "person", ()): self._get_person,
        }
        found = routes.get((method, at, rest))
        if found is None:
            raise GraphRefusal(
                100,
                f"Unsupported {method.lower()} request. Object with ID '{first}' does not exist, cannot be loaded due "
                "to missing permissions, or does not support this operation.",
                33,
            )
        return found

    def _node(self, first: str) -> str:
        """What kind of thing an id names."""
        if first in ("me", "debug_token"):
            return first
        if first == APP_ID:
            return "app"
        if first in self._world.pages:
            return "page"
        if self._world.post(first) is not None:
            return "post"
        found = self._world.comment(first)
        if found is not None and not found[1].deleted:
            return "comment"
        if first.startswith("t_"):
            return "thread"
        return "person" if first in self._world.people else "nothing"

    def _who(self, token: str, parts: list[str], fields: Mapping[str, str]) -> Asked:
        """Whose token it is.

        Raises:
            GraphRefusal: nobody's, or not valid any more, or without the proof of the application's secret.
        """
        token = token or fields.get("access_token", "")
        if not token:
            raise GraphRefusal(104, "An access token is required to request this resource.", status=401)
        if token == f"{APP_ID}|{APP_SECRET}":
            return Asked(parts, fields, None, True)
        page = next((page for page in self._world.pages.values() if page.ours and page.token == token), None)
        if page is None:
            raise GraphRefusal(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        if page.token_state == "expired":
            raise refusal(Fault.TOKEN_EXPIRED)
        if page.token_state == "revoked":
            raise refusal(Fault.TOKEN_REVOKED)
        proof = fields.get("appsecret_proof")
        right = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if (proof is None and self.require_proof) or (proof is not None and not hmac.compare_digest(proof, right)):
            raise GraphRefusal(100, "API calls from the server require an appsecret_proof argument")
        return Asked(parts, fields, page, False)

    def _post_message(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        recipient, message = asked.json("recipient"), asked.json("message")
        text = str(message.get("text", ""))
        if not text and "attachment" not in message:
            raise GraphRefusal(100, "(#100) Message cannot be empty, must provide valid attachment or text", 2018034)
        if len(text) > _TEXT_LIMIT:
            raise GraphRefusal(100, f"(#100) Length of param message[text] must be less than or equal to {_TEXT_LIMIT}")
        payloads = {str(reply["title"]): str(reply.get("payload", "")) for reply in message.get("quick_replies", [])}
        buttons = [str(reply["title"]) for reply in message.get("quick_replies", [])]
        if len(buttons) > 13 or any(len(title) > 20 for title in buttons):
            raise GraphRefusal(100, "(#100) Too many quick replies, or a title of more than 20 characters", 2018041)
        if "comment_id" in recipient:
            chat = self._private_reply(page, str(recipient["comment_id"]))
        else:
            chat = self._direct(page, str(recipient.get("id", "")), asked.fields)
        said, _ = self._happenings.written_by_page(page, chat, text, "us", APP_ID, buttons)
        said.payloads = payloads
        if "comment_id" in recipient:
            found = self._world.comment(str(recipient["comment_id"]))
            if found is not None:
                found[1].private_reply = said.id
        return {"recipient_id": chat.person.id, "message_id": said.id}

    def _direct(self, page: Page, person_id: str, fields: Mapping[str, str]) -> Chat:
        kind, tag = fields.get("messaging_type", ""), fields.get("tag", "")
        if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"):
            raise GraphRefusal(
                100, "(#100) Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}"
            )
        if tag in _ENDED_TAGS:
            raise GraphRefusal(100, "(#100) This message tag is no longer supported.", 1893061)
        chat = page.chats.get(person_id)
        last = chat.last_inbound() if chat else None
        if chat is None or last is None:
            raise GraphRefusal(100, "(#100) No matching user found", 2018001)
        if chat.blocked:
            raise refusal(Fault.BLOCKED)
        human = kind == "MESSAGE_TAG" and tag == "HUMAN_AGENT"
        if human and not page.human_agent:
            raise GraphRefusal(10, "(#10) Application does not have permission for this action")
        if self._happenings.now() - last >= (_HUMAN_WINDOW if human else _WINDOW):
            raise refusal(Fault.WINDOW_CLOSED)
        return chat

    def _private_reply(self, page: Page, comment_id: str) -> Chat:
        found = self._world.comment(comment_id)
        if found is None or found[1].deleted:
            raise gone(comment_id)
        comment = found[1]
        if comment.by != "person":
            raise GraphRefusal(10903, "(#10903) This user can't reply to this activity")
        if comment.private_reply is not None:
            raise refusal(Fault.PRIVATE_REPLY_USED)
        if self._happenings.now() - comment.at >= _PRIVATE_REPLY_WITHIN:
            raise refusal(Fault.WINDOW_CLOSED)
        chat = self._world.chat(page, comment.author)
        if chat.blocked:
            raise refusal(Fault.BLOCKED)
        return chat

    def _post_comment(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        target = asked.path[0]
        text = asked.fields.get("message", "")
        if not text:
            raise GraphRefusal(100, "(#100) Missing message or attachment")
        if len(text) > _COMMENT_LIMIT:
            raise GraphRefusal(100, f"(#100) Param message must be at most {_COMMENT_LIMIT} characters long")
        found = self._world.comment(target)
        post = found[0] if found else self._world.post(target)
        if post is None:
            raise gone(target)
        if post.closed:
            raise refusal(Fault.PERMISSION)
        comment, _ = self._happenings.commented_by_page(page, post, text, "us", target if found else None)
        return {"id": comment.id}

    def _post_on_comment(self, asked: Asked) -> dict[str, Any]:
        post, comment = self._comment_of(asked)
        page = self._of_token(asked)
        if post.page_id != page.id:
            raise refusal(Fault.PERMISSION)
        if "is_hidden" in asked.fields:
            if comment.by != "person":
                raise GraphRefusal(100, "(#100) Can not hide the page's own comment", 1446036)
            self._happenings.hidden(page, post, comment, asked.fields["is_hidden"].lower() in ("true", "1"))
        if "message" in asked.fields:
            self._happenings.edited(page, comment.id, asked.fields["message"])
        return {"success": True}

    def _delete_by_us(self, asked: Asked) -> dict[str, Any]:
        _, comment = self._comment_of(asked)
        self._happenings.deleted(self._of_token(asked), comment.id)
        return {"success": True}

    def _get_comment(self, asked: Asked) -> dict[str, Any]:
        _, comment = self._comment_of(asked)
        return chosen(comment_row(comment), asked.fields)

    def _get_post(self, asked: Asked) -> dict[str, Any]:
        post = self._world.post(asked.path[0])
        if post is None or post.due is not None:
            raise gone(asked.path[0])
        page = self._world.page(post.page_id)
        assert page is not None
        return chosen(post_row(page, post, asked.fields), asked.fields)

    def _get_comments(self, asked: Asked) -> dict[str, Any]:
        post = self._world.post(asked.path[0])
        if post is None:
            raise gone(asked.path[0])
        return comment_list(post, asked.fields)

    def _post_feed(self, asked: Asked) -> dict[str, Any]:
        if not asked.fields.get("message") and not asked.fields.get("link"):
            raise GraphRefusal(100, "(#100) The post is empty. Please enter a message to share.", 1349125)
        return {"id": self._published(asked, asked.fields.get("message", "")).id}

    def _post_photo(self, asked: Asked) -> dict[str, Any]:
        if not asked.fields.get("url"):
            raise GraphRefusal(324, "(#324) Requires upload file")
        post = self._published(asked, asked.fields.get("message") or asked.fields.get("caption", ""))
        return {"id": self._world.number(), "post_id": post.id}

    def _published(self, asked: Asked, text: str) -> Post:
        page, now = self._of_token(asked), self._happenings.now()
        due: datetime | None = None
        if asked.fields.get("published", "true").lower() in ("false", "0"):
            due = datetime.fromtimestamp(int(asked.fields.get("scheduled_publish_time", "0")), UTC)
            if not _SCHEDULE_FROM <= due - now <= _SCHEDULE_UNTIL:
                raise GraphRefusal(100, "(#100) The specified scheduled publish time is invalid.")
        post = Post(
            f"{page.id}_{self._world.number()}",
            page.id,
            text,
            now,
            link=asked.fields.get("link"),
            picture=asked.fields.get("url"),
            due=due,
        )
        self._happenings.posted(page, post)
        return post

    def _get_feed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        posts = [post for post in reversed(page.posts) if post.due is None]
        shown, paging = page_of(posts, asked.fields)
        return {"data": [post_row(page, post, asked.fields) for post in shown], **paging}

    def _get_conversations(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        chats = sorted(
            (chat for chat in page.chats.values() if chat.messages), key=lambda c: c.messages[-1].at, reverse=True
        )
        shown, paging = page_of(chats, asked.fields)
        return {"data": [chat_row(page, chat, asked.fields) for chat in shown], **paging}

    def _get_messages(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        chat = page.chats.get(asked.path[0].removeprefix("t_"))
        if chat is None:
            raise gone(asked.path[0])
        return message_list(page, chat, asked.fields)

    def _get_person(self, asked: Asked) -> dict[str, Any]:
        person = self._world.people[asked.path[0]]
        first, _, last = person.name.partition(" ")
        return chosen({"id": person.id, "name": person.name, "first_name": first, "last_name": last}, asked.fields)

    def _get_page(self, asked: Asked) -> dict[str, Any]:
        page = asked.page if asked.path[0] == "me" else self._world.page(asked.path[0])
        if page is None:
            raise GraphRefusal(2500, "An active access token must be used to query information about the current user.")
        return chosen({"id": page.id, "name": page.name}, asked.fields)

    def _batch(self, token: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        """``POST /`` with ``batch``: several calls in one, each with an answer of its own."""
        try:
            wishes = json.loads(fields.get("batch", ""))
        except ValueError as error:
            raise GraphRefusal(100, "(#100) Param batch must be a JSON array") from error
        answers = []
        for wish in wishes:
            path, _, query = str(wish["relative_url"]).partition("?")
            own = dict(parse_qsl(query)) | {k: v for k, v in fields.items() if k in ("access_token", "appsecret_proof")}
            try:
                asked = self._who(token, version_of(path)[1], own)
                code, body = 200, self._route(str(wish["method"]), asked)(asked)
            except GraphRefusal as refused:
                code, body = refused.status, refused.body("batch")
            answers.append({"code": code, "headers": [], "body": json.dumps(body)})
        return answers

    def _debug_token(self, asked: Asked) -> dict[str, Any]:
        if not asked.as_app:
            raise GraphRefusal(100, "(#100) You must provide an app access token, or a user access token of the app")
        token = asked.fields.get("input_token", "")
        page = next((page for page in self._world.pages.values() if page.ours and page.token == token), None)
        if page is None:
            return {
                "data": {"error": {"code": 190, "message": "Malformed access token"}, "is_valid": False, "scopes": []}
            }
        data = {
            "app_id": APP_ID,
            "type": "PAGE",
            "application": "Pietura",
            "data_access_expires_at": 0,
            "expires_at": page.token_expires_at,
            "is_valid": page.token_state == "valid",
            "profile_id": page.id,
            "scopes": page.scopes,
        }
        return {"data": data}

    def _get_subscribed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        if not page.fields:
            return {"data": []}
        return {"data": [{"id": APP_ID, "name": "Pietura", "subscribed_fields": sorted(page.fields)}]}

    def _post_subscribed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        wanted = {name.strip() for name in asked.fields.get("subscribed_fields", "").split(",") if name.strip()}
        if not wanted or not wanted <= events.ALL_FIELDS:
            raise GraphRefusal(100, "(#100) Param subscribed_fields is missing or names a field that does not exist")
        self._webhooks.subscribe(page, wanted)
        return {"success": True}

    def _delete_subscribed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        self._webhooks.unsubscribe(page)
        return {"success": True}

    def _get_subscriptions(self, asked: Asked) -> dict[str, Any]:
        if not asked.as_app:
            raise GraphRefusal(15, "(#15) This method must be called with an app access_token.")
        hooks = self._webhooks
        if hooks.callback is None:
            return {"data": []}
        fields = [{"name": name, "version": "v26.0"} for name in sorted(hooks.fields)]
        return {"data": [{"object": "page", "callback_url": hooks.callback, "active": hooks.active, "fields": fields}]}

    async def _post_subscriptions(self, asked: Asked) -> dict[str, Any]:
        if not asked.as_app:
            raise GraphRefusal(15, "(#15) This method must be called with an app access_token.")
        fields = {name.strip() for name in asked.fields.get("fields", "").split(",") if name.strip()}
        url, verify_token = asked.fields.get("callback_url", ""), asked.fields.get("verify_token", "")
        if not await self._webhooks.set_callback(url, verify_token, fields):
            raise GraphRefusal(
                2200, "(#2200) Callback verification failed with the following errors: response mismatch"
            )
        return {"success": True}

    def _of_token(self, asked: Asked) -> Page:
        """The page that asks, which must be the page asked about where one is named.

        Raises:
            GraphRefusal: another page's token.
        """
        if asked.page is None:
            raise GraphRefusal(210, "(#210) A page access token is required to request this resource.")
        if asked.path[0] in self._world.pages and asked.path[0] != asked.page.id:
            raise refusal(Fault.PERMISSION)
        return asked.page

    def _comment_of(self, asked: Asked) -> tuple[Post, Comment]:
        found = self._world.comment(asked.path[0])
        if found is None or found[1].deleted:
            raise gone(asked.path[0])
        return found
