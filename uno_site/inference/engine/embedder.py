"""Sentence embeddings with sentence-transformers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from uno_site.inference.protocol import FloatArray

BATCH_SIZE = 32


class Embedder:
    """Embeds texts on a thread of its own, so that chat is never held up by it.

    The model is loaded by that thread: in the background after :meth:`warm_up`, or at the
    first request.
    """

    def __init__(self, path: Path, name: str, n_threads: int, device: str = "cpu") -> None:
        self.path, self.name = path, name
        self._device = device
        self._n_threads = n_threads
        self._model: Any = None
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")

    def warm_up(self) -> None:
        """Begin loading in the background."""
        self._executor.submit(self._load)

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised embeddings, shape [len(texts), d], float32."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._embed, list(texts))

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _load(self) -> Any:
        if self._model is None:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            torch.set_num_threads(self._n_threads)
            self._model = SentenceTransformer(
                str(self.path), device=self._device, local_files_only=True
            )
        return self._model

    def _embed(self, texts: list[str]) -> FloatArray:
        vectors = self._load().encode(
            texts, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)
