"""Which texts' vectors come with the product, and the writing of their file (:mod:`knowledge_base.encoder.ready`)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from gateway.settings import Settings
from gateway.setup import set_up
from gateway.training import QUESTIONS, VECTORS, write_questions, write_vectors
from kit.db import Database
from knowledge_base.encoder import ready
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, FloatArray, SentenceEncoder, key_of
from knowledge_base.service import KnowledgeBase


class _Listening(EmbeddingStore):
    """A store that remembers what it was asked for."""

    def __init__(self, encoder: SentenceEncoder, folder: Path | None) -> None:
        super().__init__(encoder, folder)
        self.asked: dict[str, None] = {}

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """See :class:`EmbeddingStore`."""
        self.asked |= dict.fromkeys(texts)
        return super().encode(texts)


async def write(cache: Path) -> int:
    """Writes the vectors that come with the product: of all that Rasa learns from and all that the search of a new database is
    built of; their number."""
    encoder = SentenceEncoder()
    store = _Listening(encoder, cache)
    with tempfile.TemporaryDirectory(prefix="pietura-ready-") as name:
        folder = Path(name)
        write_questions(folder / QUESTIONS.name)
        write_vectors(store, folder / VECTORS.name, folder / QUESTIONS.name)
        settings = Settings(data_dir=folder, database_url=f"sqlite+aiosqlite:///{folder / 'ready.db'}")
        await set_up(settings, lambda _text: None)
        db = Database(settings.database_url)
        async with db.read() as session:
            await KnowledgeBase.load(session, store)
        await db.close()
    texts = list(store.asked)
    ready.write(encoder.fingerprint, dict(zip(map(key_of, texts), store.encode(texts), strict=True)))
    return len(texts)
