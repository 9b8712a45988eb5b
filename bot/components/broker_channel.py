"""The channel the broker speaks to: one message in, the plan for it out.

`POST /webhooks/broker/webhook`, header `Authorization: Bearer <PIETURA_BOT_TOKEN>`, body
`{"sender": "<conversation id>", "message": "<text>", "metadata": {"lang": "lv"}}`; answer
`{"plans": [{"plan": "answer_service", "aspect": "cost"}], "intent": {"name", "confidence"}, "ranking": [{"name", "confidence"}],
"service_confidence": 0.97, "entities": [], "ms": 3.1}`.

Rasa's own REST channel turns every exception into an empty 200, which cannot be told from "nothing to say". Here a failure is a
500 with an `error`, so that the broker hands the conversation to a person.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

logger = logging.getLogger(__name__)

TOKEN_VARIABLE: Final = "PIETURA_BOT_TOKEN"
#: Longer texts do not come from the broker: its own limit is 4000 characters.
MAX_TEXT: Final = 8000


class BadRequest(ValueError):
    """The body is not a message."""


def read_message(body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Sender, text and metadata of a request's body.

    Raises:
        BadRequest: not JSON, a field missing or of the wrong type, or the text empty or too long.
    """
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(data, dict):
        raise BadRequest("the body is not a JSON object")
    sender, text, metadata = data.get("sender"), data.get("message"), data.get("metadata")
    if not isinstance(sender, str) or not sender.strip():
        raise BadRequest("'sender' is missing")
    if not isinstance(text, str) or not text.strip():
        raise BadRequest("'message' is missing or empty")
    if len(text) > MAX_TEXT:
        raise BadRequest(f"'message' is longer than {MAX_TEXT} characters")
    if metadata is not None and not isinstance(metadata, dict):
        raise BadRequest("'metadata' is not an object")
    # Rasa reads "/restart" or "/intent{…}" as a command. A citizen has none to give.
    return sender.strip(), text.strip().lstrip("/").lstrip() or "?", metadata or {}


class BrokerChannel(InputChannel):
    """Input channel for the broker alone."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    @classmethod
    def name(cls) -> str:
        """The path's part after `/webhooks/`."""
        return "broker"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> BrokerChannel:
        """Take the token from the environment: a secret does not belong into a file of the repository.

        Raises:
            RuntimeError: the token is not set or shorter than 16 characters; an open channel is not an option.
        """
        token = os.environ.get(TOKEN_VARIABLE, "")
        if len(token) < 16:
            raise RuntimeError(f"Set {TOKEN_VARIABLE} to a secret of at least 16 characters.")
        return cls(token)

    def _is_broker(self, request: Request) -> bool:
        given = str(request.headers.get("authorization", "")).encode("utf-8", "surrogateescape")
        return hmac.compare_digest(given, self._expected)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes: `GET …/` for health, `POST …/webhook` for messages."""
        blueprint = Blueprint("broker_channel")

        @blueprint.get("/")
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            ready = agent is not None and agent.is_ready()
            return json_response({"status": "ok" if ready else "loading"}, status=200 if ready else 503)

        @blueprint.post("/webhook")
        async def webhook(request: Request) -> HTTPResponse:
            if not self._is_broker(request):
                return json_response({"error": "unauthorized"}, status=401)
            try:
                sender, text, metadata = read_message(request.body)
            except BadRequest as error:
                return json_response({"error": str(error)}, status=400)
            try:
                return json_response(await self._answer(request, on_new_message, sender, text, metadata))
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # The text of the citizen stays out of the log.
                logger.exception("A message could not be planned")
                return json_response({"error": type(error).__name__}, status=500)

        return blueprint

    async def _answer(
        self,
        request: Request,
        on_new_message: Callable[[UserMessage], Awaitable[Any]],
        sender: str,
        text: str,
        metadata: dict[str, Any],
    ) -> dict[str, Any]:
        """Parse and plan one message.

        Raises:
            RuntimeError: no model is loaded, or no rule led to a plan.
        """
        started = time.perf_counter()
        agent = request.app.ctx.agent
        if agent is None or not agent.is_ready():
            raise RuntimeError("No model is loaded.")
        output = CollectingOutputChannel()
        message = UserMessage(text, output, sender, input_channel=self.name(), metadata=metadata)
        # Parsed here, not inside the agent, because the broker wants the parse as well as the plan.
        parsed = await agent.processor.parse_message(message)
        message.parse_data = parsed
        await on_new_message(message)
        plans = [item["custom"] for item in output.messages if isinstance(item.get("custom"), dict)]
        if not plans:
            raise RuntimeError("No plan was made.")
        entities = [{"entity": e["entity"], "value": e["value"]} for e in parsed.get("entities", [])]
        for entity in entities:
            if entity["entity"] == "language":
                plans[0] = {**plans[0], "language": entity["value"]}
        return {
            "plans": plans,
            "intent": {"name": parsed["intent"]["name"], "confidence": round(parsed["intent"]["confidence"], 4)},
            "ranking": [
                {"name": item["name"], "confidence": round(item["confidence"], 4)}
                for item in parsed.get("intent_ranking", [])
            ],
            "service_confidence": round(parsed.get("service_confidence", 0.0), 4),
            "entities": entities,
            "ms": round((time.perf_counter() - started) * 1000, 2),
        }
