"""Questions that no note of an instance has to do with: a shared note must leave them alone."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uno_site.engine_clients import embedder_name, served_client

PROMPTS = Path(__file__).with_name("data") / "canary_prompts.txt"


@cache
def canary_questions() -> tuple[str, ...]:
    """The prompts alone."""
    return tuple(PROMPTS.read_text(encoding="utf-8").splitlines())


def canary_prompts() -> tuple[list[str], NDArray[np.float32]]:
    """The prompts, and their embeddings [n, d]."""
    client = served_client()
    return _embedded(client, embedder_name())


@lru_cache(maxsize=2)
def _embedded(client: Any, name: str) -> tuple[list[str], NDArray[np.float32]]:
    prompts = list(canary_questions())
    return prompts, np.asarray(client.embed(prompts), np.float32)
