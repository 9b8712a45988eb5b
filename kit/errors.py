"""Errors that a person at the other end can understand. Each carries its HTTP status and a stable code."""

from __future__ import annotations


class PieturaError(Exception):
    """Base of refusals. ``code`` is stable and names a text in the catalogues; ``details`` go out with the answer."""

    status = 400
    code = "bad_request"

    def __init__(self, code: str | None = None, **details: object) -> None:
        self.code = code or self.code
        self.details = details
        super().__init__(self.code)


class NotFound(PieturaError):
    """No such thing, or none that this person may know of."""

    status = 404
    code = "not_found"


class Forbidden(PieturaError):
    """Known, but not allowed."""

    status = 403
    code = "forbidden"


class Unauthorised(PieturaError):
    """Not signed in, or no longer."""

    status = 401
    code = "unauthorised"


class Conflict(PieturaError):
    """Somebody else was first; ``details`` say who."""

    status = 409
    code = "conflict"


class TooMany(PieturaError):
    """Too fast; ``retry_after_s`` says when to try again."""

    status = 429
    code = "too_many"
