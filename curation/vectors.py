"""Embeddings as they stand in the database: float32, little-endian."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

STORED = np.dtype("<f4")


def pack_vector(vector: ArrayLike) -> bytes:
    """A vector [d] as the bytes of its column."""
    return np.asarray(vector, dtype=STORED).tobytes()


def unpack_vector(data: bytes | memoryview) -> NDArray[np.float32]:
    """The vector [d] behind a column's bytes."""
    return np.frombuffer(bytes(data), dtype=STORED)


def unpack_rows(columns: Iterable[bytes | memoryview]) -> NDArray[np.float32]:
    """Several columns as a matrix [n, d]; [0, 0] for none."""
    rows = [unpack_vector(column) for column in columns]
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)
