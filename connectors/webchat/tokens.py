"""The citizen's key to his conversation: a signed token. Holding it is the only proof that a conversation is one's own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

import jwt

from kit.clock import Clock

LIFETIME = timedelta(days=30)
_AUDIENCE = "pietura-webchat"


class BadToken(Exception):
    """Forged, expired, of another site, or no token at all."""


@dataclass(frozen=True)
class Claim:
    """What a token says: the conversation, and the one before it."""

    conversation_id: str
    previous_id: str | None


class Tokens:
    """Makes and checks tokens."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def fresh(self, site: str, previous_id: str | None = None) -> tuple[str, Claim]:
        """A token for a conversation that does not exist yet; it is made when its first message comes."""
        claim = Claim(str(uuid.uuid4()), previous_id)
        now = self._clock.now()
        token = jwt.encode(
            {
                "aud": _AUDIENCE,
                "sub": claim.conversation_id,
                "site": site,
                "prev": previous_id,
                "iat": now,
                "exp": now + LIFETIME,
            },
            self._secret,
            algorithm="HS256",
        )
        return token, claim

    def check(self, token: str, site: str) -> Claim:
        """What the token says.

        Raises:
            BadToken: it is not one of ours for this site, or it has expired.
        """
        try:
            # Expiry is checked against the one clock, not against the library's.
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["exp", "sub", "aud"], "verify_exp": False, "verify_iat": False},
            )
            if claims.get("site") != site or int(claims["exp"]) <= self._clock.now().timestamp():
                raise BadToken
            return Claim(str(uuid.UUID(claims["sub"])), claims.get("prev"))
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise BadToken from error
