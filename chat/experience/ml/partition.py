"""The vectors of one scope in memory, searched exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float32]
_FIRST_ROWS = 16


class Partition:
    """Vectors of length 1 with their ids. What is dropped is overwritten.

    Parameters
    ----------
    rows
        (id, vector [d]) pairs; all vectors have one dimension.
    """

    def __init__(self, rows: Iterable[tuple[UUID, ArrayLike]] = ()) -> None:
        self._ids: list[UUID] = []
        self._at: dict[UUID, int] = {}
        self._matrix: FloatArray = np.zeros((0, 0), np.float32)
        for key, vector in rows:
            self.put(key, vector)

    @classmethod
    def of(cls, ids: Sequence[UUID], matrix: FloatArray) -> Partition:
        """The partition of a whole matrix [n, d] at once; it is taken over, not copied."""
        partition = cls()
        partition._ids, partition._matrix = list(ids), matrix
        partition._at = {key: at for at, key in enumerate(partition._ids)}
        return partition

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, key: UUID) -> bool:
        return key in self._at

    def put(self, key: UUID, vector: ArrayLike) -> None:
        """Add a vector, or replace the one of this id.

        Raises
        ------
        ValueError
            Another dimension than the others have.
        """
        row = np.asarray(vector, np.float32)
        if key not in self._at:
            self._reserve(len(row))
            self._at[key] = len(self._ids)
            self._ids.append(key)
        self._matrix[self._at[key]] = row

    def _reserve(self, dim: int) -> None:
        if len(self._ids) < len(self._matrix):
            return
        grown = np.zeros((max(_FIRST_ROWS, 2 * len(self._matrix)), dim), np.float32)
        if self._ids:
            grown[: len(self._ids)] = self._matrix[: len(self._ids)]
        self._matrix = grown

    def drop(self, key: UUID) -> bool:
        """Remove a vector; whether it was there."""
        at = self._at.pop(key, None)
        if at is None:
            return False
        last = len(self._ids) - 1
        if at != last:
            self._matrix[at] = self._matrix[last]
            self._ids[at] = self._ids[last]
            self._at[self._ids[at]] = at
        self._ids.pop()
        self._matrix[last] = 0
        return True

    def nearest(self, query: ArrayLike, n: int) -> list[tuple[UUID, float]]:
        """The ids of the ``n`` nearest with their cosines, the nearest first.

        ``query`` is [d], of length 1. Vectors of another dimension are nowhere near.
        """
        vector = np.asarray(query, np.float32)
        if not self._ids or self._matrix.shape[1] != len(vector):
            return []
        # Not `@`: BLAS starts threads for it, which cost more than they save, and wait for each
        # other where the cores are busy.
        cosines = np.einsum("ij,j->i", self._matrix[: len(self._ids)], vector)
        n = min(n, len(self._ids))
        best = np.argpartition(cosines, len(cosines) - n)[-n:]
        order = best[np.argsort(-cosines[best], kind="stable")]
        return [(self._ids[at], float(cosines[at])) for at in order]
