"""Vectors of the texts that come with the product, computed beforehand: at a first start nothing took so long as these.

They lie in the four-bit blocks in which the table of word pieces lies, 228 bytes a vector. That rounds away less than what
the model's own eight-bit arithmetic does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).parent / "model" / "vectors.npz"
#: Numbers that share a scale.
_BLOCK = 32


def pack(vectors: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Half-bytes (rows × blocks × 16) and scales (rows × blocks) of ``vectors`` (rows × a multiple of 32)."""
    blocks = vectors.reshape(len(vectors), -1, _BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=-1)[..., None], axis=-1)
    scales = (largest / -8.0).astype(np.float16)
    divisor = np.where(scales == 0, 1, scales).astype(np.float32)
    halves = np.clip(np.rint(blocks / divisor) + 8.0, 0, 15).astype(np.uint8)
    low, high = halves[..., : _BLOCK // 2], halves[..., _BLOCK // 2 :]
    return low | (high << np.uint8(4)), scales[..., 0]


def unpack(packed: NDArray[np.uint8], scales: NDArray[np.float16]) -> NDArray[np.float32]:
    """The vectors of :func:`pack`: blocks of 32 numbers, each a scale and 32 half-bytes (low halves first), offset by eight."""
    halves = np.concatenate((packed & 15, packed >> 4), axis=-1).astype(np.float32) - 8.0
    return (halves * scales.astype(np.float32)[..., None]).reshape(len(packed), -1)


def write(fingerprint: str, vectors: Mapping[str, NDArray[np.float32]], path: Path = FILE) -> None:
    """Writes ``vectors``, by the texts' keys (hexadecimal), as those of the model with this ``fingerprint``. Rows that were there
    stay as they were: a changed text changes its own row only."""
    keys = sorted(vectors)
    packed, scales = pack(np.stack([vectors[key] for key in keys]))
    at = {key: number for number, key in enumerate(keys)}
    if path.exists():
        with np.load(path, allow_pickle=False) as old:
            if str(old["model"]) == fingerprint:
                kept = [(at[key], row) for row, key in enumerate(_names(old["keys"])) if key in at]
                to, of = np.array(kept, np.intp).reshape(-1, 2).T
                packed[to], scales[to] = old["packed"][of], old["scales"][of]
    rows = np.frombuffer(bytes.fromhex("".join(keys)), np.uint8).reshape(len(keys), -1)
    np.savez(path, model=np.array(fingerprint), keys=rows, packed=packed, scales=scales)


def read(fingerprint: str, keys: Sequence[str], path: Path = FILE) -> dict[str, NDArray[np.float16]]:
    """Those of ``keys`` that are there, as unit vectors; none when the file is of another model or is missing.

    Raises:
        OSError, ValueError, KeyError: the file is broken.
    """
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        if str(arrays["model"]) != fingerprint:
            return {}
        at = {key: number for number, key in enumerate(_names(arrays["keys"]))}
        found = [key for key in keys if key in at]
        if not found:
            return {}
        rows = np.array([at[key] for key in found], np.intp)
        vectors = unpack(arrays["packed"][rows], arrays["scales"][rows])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return dict(zip(found, vectors.astype(np.float16), strict=True))


def _names(rows: NDArray[np.uint8]) -> list[str]:
    return [row.tobytes().hex() for row in rows]
