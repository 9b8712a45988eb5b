"""What may be a password, and how it is kept: argon2id, long, nothing that is guessed first (NIST SP 800-63B)."""

from __future__ import annotations

import re
import secrets
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kit.errors import PieturaError

#: Characters.
SHORTEST: Final = 12
#: Fewer different characters than this are a pattern.
_DIFFERENT: Final = 5
#: A part of a name or an e-mail shorter than this says nothing.
_TELLING: Final = 4
# Nothing that is mistaken for something else when it is read out.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """argon2id hash with its parameters and salt."""
    return _HASHER.hash(password)


def matches(hashed: str, password: str) -> bool:
    """Whether the hash is this password's. Takes tens of milliseconds of CPU on purpose."""
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def initial_password() -> str:
    """A password to be handed out once: sixteen random characters (79 bits) in groups that can be read over a telephone."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def check_password(password: str, *, email: str, name: str, current: str) -> None:
    """Refuses a password that others would guess.

    Raises:
        PieturaError: ``password_short`` with ``least``; ``password_personal``: e-mail or name in it; ``password_common``:
            on the list of common ones, or hardly more than one of them; ``password_same``: the one he has.
    """
    if len(password) < SHORTEST:
        raise PieturaError("password_short", least=SHORTEST)
    if password == current:
        raise PieturaError("password_same")
    plain = password.casefold()
    own = [part for part in re.split(r"[\W\d_]+", f"{name} {email}".casefold()) if len(part) >= _TELLING]
    if any(part in plain for part in own):
        raise PieturaError("password_personal")
    # "Parole2026!!" is "parole" with what everybody adds.
    bare = re.sub(r"[\W\d_]+", "", plain)
    if len(set(plain)) < _DIFFERENT or plain in _common() or bare in _common() or (len(bare) < 3 and _climbs(plain)):
        raise PieturaError("password_common")


def _climbs(plain: str) -> bool:
    """Whether it is mostly keys in a row: 123456789012."""
    digits = re.sub(r"\D", "", plain)
    steps = [(int(b) - int(a)) % 10 for a, b in pairwise(digits)]
    return bool(steps) and max(steps.count(1), steps.count(9), steps.count(0)) >= 0.8 * len(steps)


@cache
def _common() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "data" / "common_passwords.txt").read_text("utf-8").split())
