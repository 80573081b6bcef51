"""Array types and the one small thing that every algorithm on embeddings needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chat.router import normalise_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

__all__ = ["FloatArray", "IntArray", "cosine_similarities", "normalise_rows"]


def cosine_similarities(left: ArrayLike, right: ArrayLike) -> FloatArray:
    """Cosines [n, m] between the rows of ``left`` [n, d] and ``right`` [m, d], in [−1, 1]."""
    cosines: FloatArray = (normalise_rows(left) @ normalise_rows(right).T).astype(np.float64)
    return np.clip(cosines, -1.0, 1.0)
