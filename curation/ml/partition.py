"""Groups of points by their means: computing them, joining the nearest, Lloyd's iterations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.ml.arrays import FloatArray, IntArray
from curation.ml.ward import relabel

MAX_REFINEMENTS = 10
"""Moves of the entries to their nearest cluster mean; it settles within 2 or 3."""

Rows = NDArray[np.floating[Any]]


def group_means(
    rows: Rows, labels: IntArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Sizes [k] and means [k, d] of the groups 0 … k−1; points labelled −1 are left out.

    ``weights`` [n] is how many entries each point stands for; without it, one each.
    """
    counts = np.ones(len(rows)) if weights is None else weights
    masks = [labels == group for group in range(int(labels.max()) + 1)]
    sizes = np.array([counts[mask].sum() for mask in masks])
    if weights is None:
        means = [rows[mask].mean(axis=0, dtype=np.float64) for mask in masks]
    else:
        means = [np.average(rows[mask], axis=0, weights=counts[mask]) for mask in masks]
    return sizes, np.array(means)


def join_nearest(
    rows: Rows, labels: IntArray, chosen: IntArray, weights: FloatArray | None = None
) -> IntArray:
    """Give the ``chosen`` points the label of the nearest group mean."""
    means = group_means(rows, labels, weights)[1].astype(rows.dtype)
    joined = labels.copy()
    squared = (means**2).sum(axis=1)[None, :] - 2 * rows[chosen] @ means.T
    joined[chosen] = squared.argmin(axis=1)
    return joined


def refine(rows: Rows, labels: IntArray, weights: FloatArray | None = None) -> IntArray:
    """Lloyd's iterations from Ward's partition: early merges of the tree are taken back."""
    everyone = np.arange(len(rows))
    for _ in range(MAX_REFINEMENTS):
        moved = relabel(join_nearest(rows, labels, everyone, weights))
        if (moved == labels).all():
            break
        labels = moved
    return labels
