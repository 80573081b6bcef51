"""Ward's tree over log entries, and two rules for cutting it into clusters (UNO §2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from sklearn.cluster import AgglomerativeClustering

from curation.ml.arrays import FloatArray, IntArray

MAX_REFINEMENTS = 10
"""Moves of the entries to their nearest cluster mean; it settles within 2 or 3."""


class CutRule(Protocol):
    """Turns features into cluster labels."""

    @property
    def name(self) -> str: ...

    def cut(self, features: ArrayLike) -> IntArray:
        """Labels [n] of features [n, d], 0 … k−1 in order of first appearance."""
        ...


@dataclass(frozen=True, slots=True)
class PaperThreshold:
    """The paper's rule: cut where Ward's merge height reaches a fixed distance.

    Not size-free: heights grow with the square root of the cluster sizes, so the same topics
    fall into more clusters only because more was logged. Kept for comparison (UNO §2).
    """

    distance: float = 4.0
    name: str = "paper_threshold"

    def cut(self, features: ArrayLike) -> IntArray:
        rows = np.asarray(features, dtype=np.float64)
        if len(rows) < 2:
            return np.zeros(len(rows), dtype=np.int64)
        model = AgglomerativeClustering(
            n_clusters=None, distance_threshold=self.distance, linkage="ward"
        )
        return relabel(model.fit(rows).labels_)


@dataclass(frozen=True, slots=True)
class SizeFree:
    """The default rule: what a split explains, not how high it lies in the tree.

    Two groups are different topics when the squared distance between their means, corrected for
    the scatter that few members alone would give, is

    - at least ``min_separation``, and the split explains at least ``min_share`` of one unit of
      variance per entry (n_a·n_b / (n_a + n_b) · separation / n), or
    - at least ``distinct_separation``, however small their share of the store is.

    Both quantities keep their expected value when every topic is logged twice as often.
    Defaults were validated for all-MiniLM-L6-v2 on the seed data at 125 … 2,000 rows and on two
    demo topics with noise; see ``docs/experiments.md``.
    """

    min_size: int = 8
    min_share: float = 0.012
    min_separation: float = 0.17
    distinct_separation: float = 0.42
    name: str = "size_free"

    def cut(self, features: ArrayLike) -> IntArray:
        rows = np.asarray(features, dtype=np.float64)
        if len(rows) < 2 * self.min_size:
            return np.zeros(len(rows), dtype=np.int64)
        tree = WardTree.of(rows)
        labels = self._merge(rows, self._leaves(tree, rows))
        return relabel(_refine(rows, labels))

    def differs(
        self, sizes: FloatArray, separations: FloatArray, other_sizes: FloatArray, n_entries: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether pairs of groups are different topics; arrays broadcast against each other."""
        share = sizes * other_sizes / (sizes + other_sizes) * separations / n_entries
        is_broad = (share >= self.min_share) & (separations >= self.min_separation)
        return is_broad | (separations >= self.distinct_separation)

    def _leaves(self, tree: WardTree, rows: FloatArray) -> IntArray:
        """Labels of the finest parts that a passing split separates; stragglers join the nearest.

        A branch of fewer than ``min_size`` entries falls off its parent without splitting it.
        """
        splits = self._splits(tree)
        labels = np.full(len(rows), -1, dtype=np.int64)
        stack, n_labels = [tree.root], 0
        while stack:
            node = stack.pop()
            if not splits[node]:
                labels[list(tree.members(node))] = n_labels
                n_labels += 1
                continue
            stack.extend(
                child for child in tree.children(node) if tree.sizes[child] >= self.min_size
            )
        return _assign(rows, labels, np.flatnonzero(labels < 0))

    def _splits(self, tree: WardTree) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """For every node, whether a split that passes lies at it or below it."""
        n_leaves = tree.n_leaves
        left, right = tree.merges[:, 0], tree.merges[:, 1]
        separations = separation(
            tree.sizes[left], tree.means[left], tree.sizes[right], tree.means[right]
        )
        passes = self.differs(tree.sizes[left], separations, tree.sizes[right], n_leaves)
        passes &= np.minimum(tree.sizes[left], tree.sizes[right]) >= self.min_size
        splits = np.concatenate([np.zeros(n_leaves, dtype=bool), passes])
        for node in range(n_leaves, len(splits)):  # children come before their parents
            first, second = tree.children(node)
            splits[node] |= splits[first] | splits[second]
        return splits

    def _merge(self, rows: FloatArray, labels: IntArray) -> IntArray:
        """Join parts that only the way down to a deeper split had separated, cheapest first."""
        while True:
            sizes, means = group_means(rows, labels)
            pairs = separation(sizes[:, None], means[:, None], sizes[None, :], means[None, :])
            is_same = ~self.differs(sizes[:, None], pairs, sizes[None, :], len(rows))
            is_same &= np.tri(len(sizes), k=-1, dtype=bool)
            if not is_same.any():
                return labels
            distances = ((means[:, None] - means[None, :]) ** 2).sum(axis=-1)
            costs = sizes[:, None] * sizes / (sizes[:, None] + sizes) * distances
            kept, merged = np.unravel_index(np.where(is_same, costs, np.inf).argmin(), costs.shape)
            labels = relabel(np.where(labels == merged, kept, labels))


@dataclass(frozen=True, slots=True)
class WardTree:
    """A full merge tree: nodes 0 … n−1 are entries, node n + i is merge i.

    ``merges`` [n−1, 2] children; ``sizes`` [2n−1] and ``means`` [2n−1, d] of every node.
    """

    merges: IntArray
    sizes: FloatArray
    means: FloatArray

    @classmethod
    def of(cls, rows: FloatArray) -> WardTree:
        """Ward's tree of features [n, d], n ≥ 2; memory grows with n²."""
        model = AgglomerativeClustering(n_clusters=None, distance_threshold=0, linkage="ward")
        merges = np.asarray(model.fit(rows).children_, dtype=np.int64)
        n_leaves, n_nodes = len(rows), 2 * len(rows) - 1
        sizes, means = np.ones(n_nodes), np.zeros((n_nodes, rows.shape[1]))
        means[:n_leaves] = rows
        for node, (left, right) in enumerate(merges, start=n_leaves):
            sizes[node] = sizes[left] + sizes[right]
            means[node] = (sizes[left] * means[left] + sizes[right] * means[right]) / sizes[node]
        return cls(merges, sizes, means)

    @property
    def n_leaves(self) -> int:
        return len(self.merges) + 1

    @property
    def root(self) -> int:
        return 2 * self.n_leaves - 2

    def children(self, node: int) -> tuple[int, int]:
        """The two children of a merge."""
        left, right = self.merges[node - self.n_leaves]
        return int(left), int(right)

    def members(self, node: int) -> Iterator[int]:
        """The entries below a node."""
        stack = [node]
        while stack:
            current = stack.pop()
            if current < self.n_leaves:
                yield current
            else:
                stack.extend(self.children(current))


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


def group_means(rows: FloatArray, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    """Sizes [k] and means [k, d] of the groups 0 … k−1; entries labelled −1 are left out."""
    groups = range(int(labels.max()) + 1)
    sizes = np.array([np.count_nonzero(labels == group) for group in groups], dtype=np.float64)
    return sizes, np.array([rows[labels == group].mean(axis=0) for group in groups])


def relabel(labels: ArrayLike) -> IntArray:
    """Labels 0 … k−1 in order of first appearance."""
    values = np.asarray(labels)
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    ranks = np.argsort(np.argsort(first))
    return ranks[inverse].astype(np.int64)


def _assign(rows: FloatArray, labels: IntArray, chosen: IntArray) -> IntArray:
    """Give the ``chosen`` rows the label of the nearest group mean."""
    _, means = group_means(rows, labels)
    assigned = labels.copy()
    squared = (means**2).sum(axis=1)[None, :] - 2 * rows[chosen] @ means.T
    assigned[chosen] = squared.argmin(axis=1)
    return assigned


def _refine(rows: FloatArray, labels: IntArray) -> IntArray:
    """Lloyd's iterations from Ward's partition: early merges of the tree are taken back."""
    everyone = np.arange(len(rows))
    for _ in range(MAX_REFINEMENTS):
        moved = relabel(_assign(rows, labels, everyone))
        if (moved == labels).all():
            break
        labels = moved
    return labels
