"""Sends to the push services of browsers: encrypted for the browser (RFC 8291), signed by us (VAPID, RFC 8292).

An address comes from a browser, so it is as trustworthy as a form field: only the public services of the browsers are
written to, over https, without following redirects. So nobody makes the gateway call addresses of our own network.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]
from pywebpush import WebPusher  # type: ignore[import-untyped]

from kit.clock import Clock

#: Chrome and its kin, Firefox, Safari, Edge.
_SERVICES: Final = re.compile(
    r"fcm\.googleapis\.com|updates\.push\.services\.mozilla\.com|web\.push\.apple\.com|[a-z0-9-]+\.notify\.windows\.com"
)
#: Seconds a push service may take.
_LIMIT_S: Final = 5.0
_SIGNED_FOR: Final = timedelta(hours=12)
_PAUSES_S: Final = (2.0, 8.0)
_LONGEST_PAUSE_S: Final = 30.0


@dataclass(frozen=True)
class Sent:
    """What became of a notice. ``gone``: the browser no longer wants any; ``problem``: why it was refused, None when it was
    taken."""

    gone: bool = False
    problem: str | None = None


class PushSender:
    """One a worker."""

    def __init__(self, private_key: str, contact: str, clock: Clock, stand_in: str = "") -> None:
        """``private_key``: P-256, 32 bytes in URL-safe base64; ``contact``: ``mailto:`` or ``https:`` address at which push
        services reach us; ``stand_in``: an origin besides the public services, of tests only.

        Raises:
            ValueError: the key is none. The message does not show it.
        """
        try:
            self._key = Vapid02.from_raw(private_key.encode())
        except Exception:
            raise ValueError("not a P-256 key of 32 bytes in URL-safe base64") from None
        point = self._key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        #: What browsers subscribe with: the public key, 65 bytes in URL-safe base64.
        self.public_key = base64.urlsafe_b64encode(point).rstrip(b"=").decode()
        self._contact = contact
        self._clock = clock
        self._stand_in = stand_in
        self._http = httpx.AsyncClient(timeout=_LIMIT_S, follow_redirects=False)

    def serves(self, endpoint: str) -> bool:
        """Whether the address is a public push service's."""
        try:
            parts = urlsplit(endpoint)
            port = parts.port
        except ValueError:
            return False
        if self._stand_in and f"{parts.scheme}://{parts.netloc}" == self._stand_in:
            return True
        plain = parts.scheme == "https" and port in (None, 443) and parts.username is None and parts.password is None
        return plain and _SERVICES.fullmatch(parts.hostname or "") is not None

    def seals_for(self, subscription: Mapping[str, str]) -> bool:
        """Whether the browser's keys are keys."""
        try:
            _pusher(subscription).encode(b"{}")
        except Exception:
            return False
        return True

    async def send(self, subscription: Mapping[str, str], payload: bytes, *, ttl_s: int, topic: str) -> Sent:
        """Sends one notice; tried again after a pause when the service is busy or away, for as long as it is news.

        ``subscription``: ``endpoint``, ``p256dh``, ``auth``; ``topic``: a later notice with the same takes the place of one
        that was not delivered yet (at most 32 URL-safe characters).
        """
        endpoint = subscription["endpoint"]
        if not self.serves(endpoint):
            return Sent(problem="service")
        body: bytes = _pusher(subscription).encode(payload)["body"]
        problem = "unreachable"
        for pause in (*_PAUSES_S, None):
            wait = pause
            try:
                answer = await self._http.post(endpoint, content=body, headers=self._headers(endpoint, ttl_s, topic))
            except (httpx.HTTPError, httpx.InvalidURL):
                problem = "unreachable"
            else:
                if answer.is_success:
                    return Sent()
                if answer.status_code in (404, 410):
                    return Sent(gone=True, problem="gone")
                problem = f"status_{answer.status_code}"
                if answer.status_code != 429 and answer.status_code < 500:
                    return Sent(problem=problem)
                wait = pause and max(pause, _asked_to_wait(answer))
            if wait is None or wait > min(_LONGEST_PAUSE_S, ttl_s):
                break
            await asyncio.sleep(wait)
        return Sent(problem=problem)

    def _headers(self, endpoint: str, ttl_s: int, topic: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims: dict[str, Any] = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int((self._clock.now() + _SIGNED_FOR).timestamp()),
            "sub": self._contact,
        }
        signed: dict[str, str] = self._key.sign(claims)
        return {
            **signed,
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(ttl_s),
            "urgency": "high",
            "topic": topic,
        }

    async def close(self) -> None:
        """Lets go of connections."""
        await self._http.aclose()


def _pusher(subscription: Mapping[str, str]) -> Any:
    keys = {"p256dh": subscription["p256dh"], "auth": subscription["auth"]}
    return WebPusher({"endpoint": subscription["endpoint"], "keys": keys})


def _asked_to_wait(answer: httpx.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdigit() else 0.0
