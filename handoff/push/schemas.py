"""Bodies of requests about browser push (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,120}=*$")]


class Keys(BaseModel):
    """The browser's public key (P-256, 65 bytes) and its secret (16 bytes), URL-safe base64."""

    model_config = ConfigDict(extra="ignore")

    p256dh: _Key
    auth: _Key


class Subscribe(BaseModel):
    """What the browser's push service gave, and a name by which the person knows the browser."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Annotated[str, StringConstraints(min_length=10, max_length=1000)]
    keys: Keys
    label: Annotated[str, StringConstraints(max_length=80, strip_whitespace=True)] = ""
