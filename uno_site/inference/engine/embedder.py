"""Sentence embeddings of a sentence-transformers folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from uno_site.inference.engine.mean_pooling import (
    BATCH_SIZE,
    MeanPooledEncoder,
    is_mean_pooled,
)
from uno_site.inference.protocol import FloatArray


class Embedder:
    """Embeds texts on a thread of its own, so that chat is never held up by it.

    The model is loaded by that thread: in the background after :meth:`warm_up`, or at the
    first request.
    """

    def __init__(self, path: Path, name: str, n_threads: int, device: str = "cpu") -> None:
        self.path, self.name = path, name
        self._device = device
        self._n_threads = n_threads
        self._encode: Callable[[list[str]], FloatArray] | None = None
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

    def _load(self) -> Callable[[list[str]], FloatArray]:
        if self._encode is None:
            import torch
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            torch.set_num_threads(self._n_threads)
            self._encode = load_encoder(self.path, self._device)
        return self._encode

    def _embed(self, texts: list[str]) -> FloatArray:
        return np.asarray(self._load()(texts), dtype=np.float32)


def load_encoder(path: Path, device: str) -> Callable[[list[str]], FloatArray]:
    """What embeds a list of texts: L2-normalised rows, shape [n, d].

    Any sentence-transformers folder; the plain kind is loaded without that library.
    """
    if is_mean_pooled(path):
        return MeanPooledEncoder(path, device).encode
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(path), device=device, local_files_only=True)
    return partial(
        model.encode, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
    )
