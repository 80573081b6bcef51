"""Encoders whose sentence embedding is the mean over their tokens, such as MiniLM.

What sentence-transformers would compute, without importing it: that takes longer than all the
rest of an engine's start, and whoever waits for a route waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from uno_site.inference.protocol import FloatArray

BATCH_SIZE = 32
MODULES = ("Transformer", "Pooling", "Normalize")
MEAN = "pooling_mode_mean_tokens"


def is_mean_pooled(folder: Path) -> bool:
    """Whether a sentence-transformers folder is an encoder, a mean and a normalisation."""
    modules = _read(folder / "modules.json") or []
    kinds = tuple(str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules)
    if kinds != MODULES or modules[0].get("path"):
        return False
    pooling = _read(folder / modules[1]["path"] / "config.json") or {}
    chosen = {name for name, value in pooling.items() if name.startswith("pooling_mode") and value}
    prompts = (_read(folder / "config_sentence_transformers.json") or {}).get("prompts")
    return chosen <= {MEAN} and bool(chosen) and not any((prompts or {}).values())


class MeanPooledEncoder:
    """A loaded encoder; :meth:`encode` is for one thread at a time."""

    def __init__(self, folder: Path, device: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        limits = _read(folder / "sentence_bert_config.json") or {}
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).to(device).eval()
        self._max_tokens = limits.get("max_seq_length") or self._tokenizer.model_max_length
        self._lower = bool(limits.get("do_lower_case"))
        self._device = device

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised embeddings, shape [len(texts), d], float32."""
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))  # alike lengths together
        parts = [order[i : i + BATCH_SIZE] for i in range(0, len(order), BATCH_SIZE)]
        rows = np.concatenate([self._encode([texts[i] for i in part]) for part in parts])
        vectors: FloatArray = np.empty_like(rows)
        vectors[order] = rows
        return vectors

    def _encode(self, texts: list[str]) -> FloatArray:
        import torch

        texts = [text.strip().lower() if self._lower else text.strip() for text in texts]
        batch = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        ).to(self._device)
        with torch.inference_mode():
            states = self._model(**batch).last_hidden_state.float()  # [n, tokens, d]
            mask = batch["attention_mask"].unsqueeze(-1)
            means = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            rows: FloatArray = torch.nn.functional.normalize(means, dim=-1).cpu().numpy()
        return rows


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
