"""The k texts of a memory that are nearest to a query: by words (BM25) or by meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import bm25s
import numpy as np

from uno_site.inference.protocol import FloatArray

Embed = Callable[[Sequence[str]], FloatArray]
"""From texts to L2-normalised embeddings [n, d]."""

K = 5
"""So many texts are retrieved (UNO §7)."""


class Index(Protocol):
    """Finds texts."""

    def nearest(self, query: str, k: int = K) -> list[int]:
        """Positions of at most ``k`` texts, best first."""
        ...


class WordIndex:
    """BM25 over words (library ``bm25s``: k1 1.5, b .75, English stop words left out)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.n_texts = len(texts)
        self._index = bm25s.BM25()
        if texts:
            self._index.index(self._tokens(list(texts)), show_progress=False)

    @staticmethod
    def _tokens(texts: list[str]) -> list[list[str]]:
        found: list[list[str]] = bm25s.tokenize(
            texts, stopwords="en", return_ids=False, show_progress=False
        )
        return found

    def nearest(self, query: str, k: int = K) -> list[int]:
        """Positions of the best ``k``; those that share no word with the query are left out."""
        tokens = self._tokens([query])
        if not self.n_texts or not tokens[0]:
            return []
        found, scores = self._index.retrieve(tokens, k=min(k, self.n_texts), show_progress=False)
        pairs = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        return [int(position) for position, score in pairs if score > 0]


class MeaningIndex:
    """Cosine similarity of sentence embeddings."""

    def __init__(self, texts: Sequence[str], embed: Embed) -> None:
        self._embed = embed
        self._rows = embed(list(texts)) if texts else np.zeros((0, 0), np.float32)

    def nearest(self, query: str, k: int = K) -> list[int]:
        """Positions of the ``k`` with the largest cosine."""
        if not len(self._rows):
            return []
        cosines = self._rows @ self._embed([query])[0]
        return [int(position) for position in np.argsort(-cosines, kind="stable")[:k]]
