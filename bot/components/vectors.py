"""Sentence vectors: made by the gateway's encoder, which is held in memory once, and only read here.

For training they lie in a file, by a hash of the text; with a message they come in its metadata.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Key of the message's metadata: base64 of half-precision numbers, little end first.
METADATA_KEY: Final = "vector"

Vector = npt.NDArray[np.float32]


def key_of(text: str) -> str:
    """The name under which a text's vector lies in the file."""
    return hashlib.blake2b(text.encode("utf-8"), digest_size=12).hexdigest()


def read_vectors(path: Path) -> dict[str, Vector]:
    """The vectors of a file (`keys`, `vectors`); none when there is no file.

    Raises:
        ValueError, KeyError: the file is broken.
    """
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return dict(zip(arrays["keys"].tolist(), arrays["vectors"].astype(np.float32)))


def vector_of(metadata: Any, size: int) -> Vector | None:
    """The vector that came with a message, if it is one of `size` numbers; anything else is as if none had come."""
    given = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(given, str) or not size:
        return None
    try:
        found = np.frombuffer(base64.b64decode(given, validate=True), "<f2").astype(np.float32)
    except (binascii.Error, ValueError):
        return None
    return found if found.shape == (size,) and bool(np.isfinite(found).all()) else None
