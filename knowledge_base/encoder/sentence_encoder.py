"""The encoder in service: a tokenizer, a table of word pieces and one ONNX graph with 8-bit weights, no PyTorch.

The table of word pieces is most of the model, and a message needs a few dozen rows of it: it stays packed in four bits (the
blocks in which it was published) and only the rows needed are unpacked.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from kit.alone import alone
from knowledge_base.encoder import ready

FloatArray = NDArray[np.float32]

MODEL_DIR = Path(__file__).parent / "model"
DIMENSIONS = 384
#: The model was taught with this before every text, as the model it comes from was.
_PREFIX = "query: "
#: More of a long story adds time and nothing to its matter; the beginning and the end are kept, where the question is.
_MAX_TOKENS = 128
_REMEMBERED = 4096
_THREADS = 2
#: Vectors in the file, at most: beyond, those of texts that are gone are dropped.
_KEPT = 100_000


class SentenceEncoder:
    """Texts to unit vectors of :data:`DIMENSIONS` numbers; the same text always to the same vector. Safe to use from threads."""

    def __init__(self, folder: Path = MODEL_DIR) -> None:
        """Loads the model.

        Raises:
            OSError, ValueError: a file of the model is missing or broken.
        """
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        with np.load(folder / "pieces.npz", allow_pickle=False) as arrays:
            self._packed: NDArray[np.uint8] = arrays["packed"]
            self._scales: NDArray[np.float16] = arrays["scales"]
        options = ort.SessionOptions()
        # Two threads take a third off a long message and cost nothing where both cores are busy, for they do not spin while they
        # wait; the vector is the same to the last bit.
        options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # The arena would keep the memory of the largest batch for ever.
        options.enable_cpu_mem_arena = False
        self._session: Any = ort.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._remembered: OrderedDict[str, FloatArray] = OrderedDict()
        self.fingerprint = _fingerprint(folder)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors, one row for each of ``texts``."""
        # One by one: eight-bit arithmetic rounds over what is computed together, so a text's vector would depend on its
        # company. And on every core: many texts come when nobody waits for a message yet.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            found = list(threads.map(lambda text: self._run(self._tokens(text)), texts))
        return np.stack(found) if found else np.zeros((0, DIMENSIONS), np.float32)

    def encode_one(self, text: str) -> FloatArray:
        """The vector of one message; those of recent messages are remembered, for people ask the same."""
        found = self._remembered.get(text)
        if found is None:
            found = self._run(self._tokens(text))
            self._remembered[text] = found
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(_PREFIX + text).ids
        if len(ids) > _MAX_TOKENS:
            half = _MAX_TOKENS // 2
            ids = ids[:half] + ids[-half:]
        return ids

    def _run(self, tokens: Sequence[int]) -> FloatArray:
        rows = np.asarray(tokens, np.intp)
        words = ready.unpack(self._packed[rows], self._scales[rows])[None]
        mask = np.ones((1, len(tokens)), np.float32)
        found: FloatArray = self._session.run(None, {"words": words, "mask": mask})[0][0]
        return found


def key_of(text: str) -> str:
    """The name under which a text's vector lies in a file; the bot, in its own environment, computes the same."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class EmbeddingStore:
    """Vectors of the knowledge base's texts, kept in a file: they change only with a text or the model."""

    def __init__(self, encoder: SentenceEncoder, folder: Path | None) -> None:
        """``folder``: where the file lies; None keeps nothing."""
        self.encoder = encoder
        self._file = folder / f"embeddings-{encoder.fingerprint}.npz" if folder else None

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of ``texts`` from the file; those not seen before come ready with the model, or are computed (some
        milliseconds each), and are kept."""
        wanted = list(dict.fromkeys(texts))
        keys = {text: key_of(text) for text in wanted}
        known = self._read()
        if any(key not in known for key in keys.values()):
            known = self._completed(keys)
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        return np.stack([known[keys[text]] for text in texts]).astype(np.float32)

    def encode_one(self, text: str) -> FloatArray:
        """See :meth:`SentenceEncoder.encode_one`."""
        return self.encoder.encode_one(text)

    def _completed(self, keys: Mapping[str, str]) -> dict[str, NDArray[np.float16]]:
        """Computes what is not there yet. Several workers may start at once: one computes, the others find it done."""
        with alone(self._file.with_suffix(".lock")) if self._file else nullcontext():
            known = self._read()
            absent = [key for key in keys.values() if key not in known]
            if absent:
                known |= ready.read(self.encoder.fingerprint, absent)
                missing = [text for text, key in keys.items() if key not in known]
                for text, vector in zip(missing, self.encoder.encode(missing), strict=True):
                    known[keys[text]] = vector.astype(np.float16)
                self._write(known if len(known) <= _KEPT else {key: known[key] for key in keys.values()})
        return known

    def _read(self) -> dict[str, NDArray[np.float16]]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            with np.load(self._file, allow_pickle=False) as arrays:
                return dict(zip(arrays["keys"].tolist(), arrays["vectors"], strict=True))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            # A torn file costs a minute of computing, never a start.
            return {}

    def _write(self, found: dict[str, NDArray[np.float16]]) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # Put in place whole: others may read meanwhile.
        draft = self._file.with_name(f"{self._file.stem}.{os.getpid()}.npz")
        np.savez(draft, keys=np.array(list(found)), vectors=np.stack(list(found.values())))
        draft.replace(self._file)


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in ("encoder.onnx", "pieces.npz", "tokenizer.json"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]
