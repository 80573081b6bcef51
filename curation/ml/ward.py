"""Ward's tree over entries, or over micro-clusters that stand for many entries each (UNO §2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.cluster import AgglomerativeClustering

from curation.ml.arrays import FloatArray, IntArray


class Merges(NamedTuple):
    """n − 1 merges, the cheapest first: ``children`` [n−1, 2] and ``heights`` [n−1].

    Nodes 0 … n−1 are the points, node n + i is merge i.
    """

    children: IntArray
    heights: FloatArray


@dataclass(frozen=True, slots=True)
class WardTree:
    """A full merge tree over n points: nodes 0 … n−1 are points, node n + i is merge i.

    ``merges`` [n−1, 2] children; ``heights`` [n−1], rising; ``sizes`` [2n−1] entries below every
    node and ``means`` [2n−1, d] over those entries.
    """

    merges: IntArray
    heights: FloatArray
    sizes: FloatArray
    means: FloatArray

    @classmethod
    def of(cls, rows: FloatArray, sizes: FloatArray | None = None) -> WardTree:
        """Ward's tree of points [n, d], n ≥ 2; memory grows with n².

        ``sizes`` [n] says how many entries each point is the mean of; without it, one each.
        """
        merges, heights = _merges(rows) if sizes is None else weighted_merges(rows, sizes)
        n_points, n_nodes = len(rows), 2 * len(rows) - 1
        all_sizes, means = np.ones(n_nodes), np.zeros((n_nodes, rows.shape[1]))
        all_sizes[:n_points] = 1 if sizes is None else sizes
        means[:n_points] = rows
        for node, (left, right) in enumerate(merges, start=n_points):
            n_left, n_right = all_sizes[left], all_sizes[right]
            all_sizes[node] = n_left + n_right
            means[node] = (n_left * means[left] + n_right * means[right]) / all_sizes[node]
        return cls(merges, heights, all_sizes, means)

    @property
    def n_leaves(self) -> int:
        return len(self.merges) + 1

    @property
    def n_entries(self) -> float:
        """Entries in the whole tree."""
        return float(self.sizes[self.root])

    @property
    def root(self) -> int:
        return 2 * self.n_leaves - 2

    def children(self, node: int) -> tuple[int, int]:
        """The two children of a merge."""
        left, right = self.merges[node - self.n_leaves]
        return int(left), int(right)

    def members(self, node: int) -> Iterator[int]:
        """The points below a node."""
        stack = [node]
        while stack:
            current = stack.pop()
            if current < self.n_leaves:
                yield current
            else:
                stack.extend(self.children(current))

    def cut(self, n_clusters: int) -> IntArray:
        """Labels [n] of the points when only ``n_clusters`` groups are left."""
        owners = np.arange(2 * self.n_leaves - 1)
        for merge in reversed(range(self.n_leaves - n_clusters)):
            owners[self.merges[merge]] = owners[self.n_leaves + merge]
        return relabel(owners[: self.n_leaves])


def _merges(rows: FloatArray) -> Merges:
    """The merges of single entries, by scikit-learn."""
    model = AgglomerativeClustering(n_clusters=None, distance_threshold=0, linkage="ward").fit(rows)
    return Merges(np.asarray(model.children_, dtype=np.int64), np.asarray(model.distances_))


def weighted_merges(means: FloatArray, sizes: FloatArray) -> Merges:
    """Ward's merges of groups of which only the size and the mean are known.

    A merge of groups a and b costs √(2·n_a·n_b / (n_a + n_b)) · |mean_a − mean_b|, as if all
    their entries had been merged one by one before; what lies within a group never changes, so
    it is no part of the choice. Other libraries' trees take no weights. After a merge the costs
    follow by Lance and Williams' formula. A group's cheapest partner is looked up again only if
    it was merged: Ward's costs never fall by merging. About m² steps, m² memory, for m groups.

    Parameters
    ----------
    means, sizes
        [m, d] and [m], m ≥ 2, sizes > 0.
    """
    costs, weights = _squared_costs(means, sizes), np.asarray(sizes, dtype=np.float64).copy()
    partner = costs.argmin(axis=1)
    best = costs[np.arange(len(costs)), partner]
    nodes, children, heights = np.arange(len(costs)), [], []
    for merge in range(len(costs) - 1):
        kept = int(best.argmin())
        gone = int(partner[kept])
        children.append(sorted((int(nodes[kept]), int(nodes[gone]))))
        heights.append(np.sqrt(best[kept]))
        _join(costs, weights, kept, gone)
        nodes[kept], best[gone] = len(costs) + merge, np.inf
        stale = np.flatnonzero(np.isfinite(best) & ((partner == kept) | (partner == gone)))
        stale = np.union1d(stale, [kept])
        partner[stale] = costs[stale].argmin(axis=1)
        best[stale] = costs[stale, partner[stale]]
    return Merges(np.array(children, dtype=np.int64), np.array(heights))


def _squared_costs(means: FloatArray, sizes: FloatArray) -> FloatArray:
    """Squared merge heights [m, m] of all pairs; infinite on the diagonal."""
    rows, weights = np.asarray(means, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    lengths = (rows**2).sum(axis=1)
    squared = np.maximum(lengths[:, None] + lengths - 2 * rows @ rows.T, 0)
    costs: FloatArray = 2 * weights[:, None] * weights / (weights[:, None] + weights) * squared
    np.fill_diagonal(costs, np.inf)
    return costs


def _join(costs: FloatArray, weights: FloatArray, kept: int, gone: int) -> None:
    """Let ``kept`` stand for both groups, in place (Lance and Williams)."""
    n_kept, n_gone, cost = weights[kept], weights[gone], costs[kept, gone]
    joined = (weights + n_kept) * costs[kept] + (weights + n_gone) * costs[gone] - weights * cost
    joined /= weights + n_kept + n_gone
    joined[kept] = joined[gone] = np.inf
    costs[kept] = costs[:, kept] = joined
    costs[gone] = costs[:, gone] = np.inf
    weights[kept] = n_kept + n_gone


def separation(
    sizes: FloatArray, means: FloatArray, other_sizes: FloatArray, other_means: FloatArray
) -> FloatArray:
    """Unbiased squared distance between the topics behind two groups of unit vectors.

    The squared distance of two sample means exceeds that of the true means by the variance of
    each sample mean, which for unit vectors is (1 − |mean|²) / (n − 1); this is taken off.
    """
    squared = ((means - other_means) ** 2).sum(axis=-1)
    corrected: FloatArray = (
        squared - _mean_variance(sizes, means) - _mean_variance(other_sizes, other_means)
    )
    return corrected


def _mean_variance(sizes: FloatArray, means: FloatArray) -> FloatArray:
    variance: FloatArray = (1 - (means**2).sum(axis=-1)) / np.maximum(sizes - 1, 1)
    return variance


def relabel(labels: ArrayLike) -> IntArray:
    """Labels 0 … k−1 in order of first appearance."""
    values = np.asarray(labels)
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    ranks = np.argsort(np.argsort(first))
    return ranks[inverse].astype(np.int64)
