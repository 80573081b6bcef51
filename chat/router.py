"""The one definition of routing: the router that serves is the one that assigned clusters.

Pure: values in, values out. A route is a centroid in query space; a query belongs to the nearest
one, unless it lies farther off than that route reaches (UNO §2 and §6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNSEEN = -1
"""Index of a query that no route reaches: the base model answers."""

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


def normalise_rows(vectors: ArrayLike) -> FloatArray:
    """Rows scaled to length 1; a row of zeros stays zero. Shape [n, d] in, [n, d] float32 out."""
    rows = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


class Assignment(NamedTuple):
    """Where queries belong: ``indices`` [n] into the routes (:data:`UNSEEN` for none), and the
    Euclidean ``distances`` [n] to the nearest centroid, in [0, 2] (inf without any route)."""

    indices: IntArray
    distances: FloatArray


class Router:
    """Nearest centroid in the space of L2-normalised query embeddings.

    Parameters
    ----------
    centroids
        [k, d]; means of normalised query embeddings, themselves of length ≤ 1. They are used as
        they are: a wide cluster's mean is short, which puts it nearer to queries that are like
        nothing in particular, so these do not fall to a narrow expert.
    route_ids
        k opaque ids in the order of ``centroids``.
    distance_limits
        k radii, or ``None`` for none at all; an entry of ``None`` reaches everywhere. A query
        exactly at the limit still belongs.

    Raises
    ------
    ValueError
        Shapes that do not agree, or values that are not finite.
    """

    def __init__(
        self,
        centroids: ArrayLike,
        route_ids: Sequence[str],
        distance_limits: Sequence[float | None] | None = None,
    ) -> None:
        self.centroids = np.asarray(centroids, dtype=np.float32)
        self.route_ids = tuple(route_ids)
        limits = [None] * len(self.route_ids) if distance_limits is None else list(distance_limits)
        self.distance_limits = np.array([np.inf if limit is None else limit for limit in limits])
        self._check()

    def _check(self) -> None:
        n_routes = len(self.route_ids)
        if n_routes and self.centroids.ndim != 2:
            raise ValueError(f"centroids must be [k, d]; got shape {self.centroids.shape}.")
        if not len(self.centroids) == n_routes == len(self.distance_limits):
            raise ValueError(
                f"{len(self.centroids)} centroids, {n_routes} route ids and "
                f"{len(self.distance_limits)} distance limits must be equally many."
            )
        if not np.isfinite(self.centroids).all() or np.isnan(self.distance_limits).any():
            raise ValueError("centroids must be finite and distance limits must be numbers.")

    def __len__(self) -> int:
        return len(self.route_ids)

    def assign(self, embeddings: ArrayLike) -> Assignment:
        """Index of the nearest route for every query, and the distance to its centroid.

        Parameters
        ----------
        embeddings
            [n, d] query embeddings, normalised here; a single [d] counts as n = 1. Ties go to
            the first route.

        Raises
        ------
        ValueError
            Embeddings of another dimension than the centroids (another embedder).
        """
        queries = normalise_rows(embeddings)
        n_queries = len(queries)
        if not len(self):
            return Assignment(
                np.full(n_queries, UNSEEN, dtype=np.int64),
                np.full(n_queries, np.inf, dtype=np.float32),
            )
        if queries.shape[1] != self.centroids.shape[1]:
            raise ValueError(
                f"Embeddings have {queries.shape[1]} dimensions, the routes "
                f"{self.centroids.shape[1]}: they come from different embedders."
            )
        distances = pairwise_distances(queries, self.centroids)
        nearest = distances.argmin(axis=1)
        distance = distances[np.arange(n_queries), nearest]
        index = np.where(distance <= self.distance_limits[nearest], nearest, UNSEEN)
        return Assignment(index.astype(np.int64), distance.astype(np.float32))

    def route_id(self, index: int) -> str | None:
        """The id behind an assigned index; ``None`` for :data:`UNSEEN`."""
        return None if index == UNSEEN else self.route_ids[index]


def pairwise_distances(left: FloatArray, right: FloatArray) -> NDArray[np.float64]:
    """Euclidean distances [n, k] between the rows of ``left`` [n, d] and ``right`` [k, d]."""
    first, second = left.astype(np.float64), right.astype(np.float64)
    squared = (
        (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    )
    distances: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0.0))
    return distances
