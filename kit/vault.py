"""Secrets at rest: what other systems' accounts are opened with is stored encrypted, by keys that the database does not hold.

Fernet (AES-128-CBC with HMAC-SHA256) of the ``cryptography`` package. Several keys may be given: the first encrypts, all of
them decrypt, so a key is changed by putting the new one in front and, once everything is renewed, dropping the old one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """What is sealed was sealed with a key that is not here, or has been tampered with. Nothing of it is in the message."""


class Vault:
    """Seals and opens small sets of secrets."""

    def __init__(self, keys: str) -> None:
        """``keys``: Fernet keys (32 bytes, URL-safe base64), separated by commas; the first one seals.

        Raises:
            ValueError: there is none, or one is not a Fernet key. The message does not show it.
        """
        wanted = [key.strip() for key in keys.split(",") if key.strip()]
        if not wanted:
            raise ValueError("no key")
        try:
            self._keys = [Fernet(key) for key in wanted]
        except ValueError as error:
            raise ValueError("a key is not 32 bytes of URL-safe base64") from error
        self._all = MultiFernet(self._keys)

    def seal(self, secrets: Mapping[str, str]) -> str:
        """``secrets`` as text that may be stored."""
        return self._all.encrypt(json.dumps(dict(secrets)).encode()).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """What :meth:`seal` was given.

        Raises:
            VaultError: none of the keys fits.
        """
        try:
            found = json.loads(self._all.decrypt(sealed.encode()))
        except InvalidToken:
            # Not chained: the library's error tells nothing more, and nothing of the text may reach a log.
            raise VaultError("sealed with a key that is not known") from None
        return {str(name): str(value) for name, value in found.items()}

    def renewed(self, sealed: str) -> str | None:
        """The same secrets sealed with the first key; None when they are already.

        Raises:
            VaultError: none of the keys fits.
        """
        try:
            self._keys[0].decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None


def fresh_key() -> str:
    """A new key."""
    return Fernet.generate_key().decode()
