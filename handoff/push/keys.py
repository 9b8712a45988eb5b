"""The key that notices to browsers are signed with. Apart from the sender, so that settings need not load what it sends with."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec


def fresh_private_key() -> str:
    """A new private key as :class:`handoff.push.sender.PushSender` takes it."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
