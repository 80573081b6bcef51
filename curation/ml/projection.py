"""Two dimensions for people to look at: landmarks by t-SNE, every other entry between them.

A linear projection of sentence embeddings shows a fifth of their variance and lays topics over
each other; t-SNE keeps neighbours together, but takes minutes for tens of thousands of points.
So at most a thousand landmarks (the means of micro-clusters) are laid out, and each entry is put
among the landmarks that it is nearest to. See ``docs/adr/0009-*``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from curation.ml.micro import MicroConfig, micro_clusters

Rows = NDArray[np.float32]
MIN_FOR_TSNE = 10
"""Fewer points are shown by their principal components alone."""
BLOCK = 4_096


@dataclass(frozen=True, slots=True)
class ProjectionConfig:
    """``n_components`` principal components are compared; ``n_landmarks`` at most are laid out by
    t-SNE with ``perplexity`` in ``n_iterations``; an entry lies among its ``n_nearest``."""

    n_components: int = 32
    n_landmarks: int = 1_000
    perplexity: float = 30.0
    n_iterations: int = 500
    n_nearest: int = 5
    seed: int = 0


def project(features: Rows, config: ProjectionConfig | None = None) -> Rows:
    """Places [n, 2] in [-1, 1] for rows [n, d]; the same rows always get the same places.

    Neighbours lie together; distances between far groups, directions and areas mean nothing.
    """
    config = config or ProjectionConfig()
    n_rows = len(features)
    if n_rows < 3:
        return np.array([[0.0, 0.0], [0.5, 0.0]], dtype=np.float32)[:n_rows]
    if not np.ptp(features, axis=0).any():
        return np.zeros((n_rows, 2), dtype=np.float32)
    n_components = min(config.n_components, *features.shape)
    reduced = PCA(n_components, svd_solver="covariance_eigh").fit_transform(features)
    if n_rows < MIN_FOR_TSNE:
        return _fitted(_two_columns(reduced))
    if n_rows <= config.n_landmarks:
        return _fitted(_lay_out(reduced, config))
    groups = micro_clusters(reduced, MicroConfig(n_micro=config.n_landmarks, seed=config.seed))
    landmarks = groups.means.astype(np.float32)
    return _fitted(_among(reduced, landmarks, _lay_out(landmarks, config), config.n_nearest))


def _lay_out(rows: Rows, config: ProjectionConfig) -> Rows:
    """t-SNE, begun at the principal components; one thread, so that sums have one order."""
    model = TSNE(
        perplexity=min(config.perplexity, (len(rows) - 1) / 3),
        max_iter=config.n_iterations,
        init=_two_columns(rows) / max(float(rows[:, 0].std()), 1e-9) * 1e-4,
        random_state=config.seed,
    )
    with threadpool_limits(1):
        return np.asarray(model.fit_transform(rows), dtype=np.float32)


def _two_columns(rows: Rows) -> Rows:
    """The first two columns; a missing one is zero."""
    return np.pad(rows[:, :2], ((0, 0), (0, max(0, 2 - rows.shape[1])))).astype(np.float32)


def _among(rows: Rows, landmarks: Rows, places: Rows, n_nearest: int) -> Rows:
    """The mean place of each row's nearest landmarks, the nearer the heavier."""
    squares = (landmarks**2).sum(axis=1)
    found = np.empty((len(rows), 2), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        distances = squares - 2 * part @ landmarks.T + (part**2).sum(axis=1, keepdims=True)
        nearest = np.argpartition(distances, n_nearest, axis=1)[:, :n_nearest]
        near = np.maximum(np.take_along_axis(distances, nearest, axis=1), 0)
        weights = np.exp(-4 * near / np.maximum(near.max(axis=1, keepdims=True), 1e-12))
        weights /= weights.sum(axis=1, keepdims=True)
        found[start : start + BLOCK] = (places[nearest] * weights[:, :, None]).sum(axis=1)
    return found


def _fitted(places: Rows) -> Rows:
    """Moved and scaled alike in both directions so that they fill [-1, 1]."""
    low, high = places.min(axis=0), places.max(axis=0)
    half = max(float((high - low).max()) / 2, 1e-12)
    fitted: Rows = np.clip((places - (low + high) / 2) / half, -1, 1).astype(np.float32)
    return fitted
