"""Which request and which conversation a line of a log belongs to, from the gateway to Rasa and to the platforms.

The ids stand in structlog's context: whatever is logged while they are bound carries them, tasks that are begun meanwhile too.
They are random and tell of nobody.
"""

from __future__ import annotations

import re
import uuid
from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars, get_contextvars

#: Under these names other processes are told of them.
REQUEST_HEADER = "x-request-id"
CONVERSATION_HEADER = "x-conversation-id"
#: What is accepted from outside: nothing that could pass for more than an id.
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def bound(**ids: str | None) -> AbstractContextManager[None]:
    """Binds ids for a while; ``None`` binds nothing."""
    return bound_contextvars(**{name: value for name, value in ids.items() if value is not None})


def request_id(given: str | None) -> str:
    """The id that a proxy gave a request, or a fresh one."""
    return given if given and _ID.fullmatch(given) else uuid.uuid4().hex


def headers() -> dict[str, str]:
    """What another process is to be told."""
    known = get_contextvars()
    found = {REQUEST_HEADER: known.get("request"), CONVERSATION_HEADER: known.get("conversation")}
    return {name: value for name, value in found.items() if isinstance(value, str)}
