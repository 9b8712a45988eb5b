"""Code words: six characters that are easily typed, read and told apart, and found again in what somebody writes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from itertools import pairwise
from typing import Final

LENGTH: Final = 6
_DIGITS: Final = frozenset("34679")
#: Without what is taken for something else: O and 0, I, L and 1, S and 5, B and 8, Z and 2.
ALPHABET: Final = "ACDEFGHJKMNPQRTUVWXY34679"
_CHANGES: Final = 2
#: Cyrillic letters that look like one of these: whoever writes with a Russian keyboard need not notice. No digits among them:
#: "размер" is a word.
_LOOK_ALIKE: Final = str.maketrans("АСЕНКМРТУХ", "ACEHKMPTYX")
#: "On the 4th" ends like a code.
_ORDINALS: Final = tuple(f"{digit}TH" for digit in "34679")
#: "Mans kods ir K7M 3PQ" is meant as a code; with more words around it, only if it is called one.
_FEW_WORDS: Final = 3
_CALLED: Final = re.compile(r"\b(?:kod|код|code)", re.IGNORECASE)
#: A code alone, or with a few words around it; in a longer text six characters are something else.
_LONGEST_TEXT: Final = 60
#: A code in two halves between two words of three letters.
_READINGS: Final = 3
# Looked for from every place, since "nav K7M 3PQ" holds two pairs of three.
_FORM: Final = re.compile(r"(?<![^\W_])(?=([^\W_]{3})[ \-–]?([^\W_]{3})(?![^\W_]))")


def new_code() -> str:
    """One of some hundred million codes. Letters and digits change places at least twice, so that no word, number plate or
    number of a document is ever taken for one."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if _is_code(code):
            return code


def spoken(code: str) -> str:
    """A code as it is shown: ``K7M-3PQ``."""
    half = LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def find_codes(text: str) -> tuple[str, ...]:
    """What may be a code in what somebody wrote, each as :func:`new_code` would have made it.

    ``nav K7M 3PQ`` reads as two. Whoever writes a list of them is guessing: then there are none.
    """
    if len(text) > _LONGEST_TEXT:
        return ()
    written = ((match[1] + match[2]).upper().translate(_LOOK_ALIKE) for match in _FORM.finditer(text))
    found = tuple(dict.fromkeys(code for code in written if _is_code(code)))
    return found if len(found) <= _READINGS else ()


def meant(text: str) -> bool:
    """Whether what looks like a code was meant as one: it stands almost alone, or is called so."""
    return len(text.split()) <= _FEW_WORDS or _CALLED.search(text) is not None


def code_digest(secret: str, code: str) -> str:
    """What is stored of a code. Keyed: a code is short, and without the key a stolen table could be tried out."""
    return hmac.new(secret.encode(), f"citizens.code:{code}".encode(), hashlib.sha256).hexdigest()


def token_digest(token: str) -> str:
    """What is stored of a deep link's token, which is too long to be tried out."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_code(code: str) -> bool:
    kinds = [sign in _DIGITS for sign in code]
    changes = sum(one != other for one, other in pairwise(kinds))
    return (
        len(code) == LENGTH
        and all(sign in ALPHABET for sign in code)
        and changes >= _CHANGES
        and not code.endswith(_ORDINALS)
    )
