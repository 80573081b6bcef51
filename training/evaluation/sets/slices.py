"""Fixed samples of sets that only judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
SLICE_SEED = 20231114
"""Never changed, or figures of different times are of different prompts."""


def fixed_slice(items: Sequence[T], n_items: int | None) -> tuple[T, ...]:
    """``n_items`` of the items in their order, always the same ones; all for None or enough."""
    if n_items is None or n_items >= len(items):
        return tuple(items)
    chosen = np.random.default_rng(SLICE_SEED).permutation(len(items))[:n_items]
    return tuple(items[index] for index in sorted(chosen))
