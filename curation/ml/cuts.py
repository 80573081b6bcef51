"""Rules for cutting Ward's tree into clusters: the paper's, one that is size-free, and in two."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from curation.ml.arrays import FloatArray, IntArray
from curation.ml.partition import group_means, join_nearest, refine
from curation.ml.ward import WardTree, relabel, separation


class CutRule(Protocol):
    """Turns points into cluster labels."""

    @property
    def name(self) -> str: ...

    @property
    def is_refined(self) -> bool:
        """Whether entries move to their nearest cluster mean after the cut."""
        ...

    def cut(self, features: ArrayLike, sizes: ArrayLike | None = None) -> IntArray:
        """Labels [n] of points [n, d], 0 … k−1 in order of first appearance.

        ``sizes`` [n] says how many entries each point is the mean of; without it, one each.
        """
        ...


@dataclass(frozen=True, slots=True)
class PaperThreshold:
    """The paper's rule: cut where Ward's merge height reaches a fixed distance.

    Not size-free: heights grow with the square root of the cluster sizes, so the same topics
    fall into more clusters only because more was logged. Kept for comparison (UNO §2).
    """

    distance: float = 4.0
    name: str = "paper_threshold"
    is_refined: bool = False

    def cut(self, features: ArrayLike, sizes: ArrayLike | None = None) -> IntArray:
        rows, weights = _points(features, sizes)
        if len(rows) < 2:
            return np.zeros(len(rows), dtype=np.int64)
        tree = WardTree.of(rows, weights)
        return tree.cut(1 + int(np.count_nonzero(tree.heights >= self.distance)))


@dataclass(frozen=True, slots=True)
class SizeFree:
    """The default rule: what a split explains, not how high it lies in the tree.

    Two groups are different topics when the squared distance between their means, corrected for
    the scatter that few members alone would give, is

    - at least ``min_separation``, and the split explains at least ``min_share`` of one unit of
      variance per entry (n_a·n_b / (n_a + n_b) · separation / n), or
    - at least ``distinct_separation``, however small their share of the store is.

    Both quantities keep their expected value when every topic is logged twice as often. So does
    the smallest cluster: ``min_fraction`` of the entries, but no fewer than ``min_size``.
    Defaults were validated for all-MiniLM-L6-v2 on the seed data at 125 … 2,000 rows, on two
    demo topics with noise, and on draws from real topics up to 100,000; see
    ``docs/experiments.md``.
    """

    min_size: int = 8
    min_fraction: float = 0.004
    min_share: float = 0.012
    min_separation: float = 0.17
    distinct_separation: float = 0.42
    name: str = "size_free"
    is_refined: bool = True

    def smallest(self, n_entries: float) -> int:
        """Entries that a cluster of a store of ``n_entries`` has at least."""
        return max(self.min_size, ceil(self.min_fraction * n_entries))

    def cut(self, features: ArrayLike, sizes: ArrayLike | None = None) -> IntArray:
        rows, weights = _points(features, sizes)
        n_entries = len(rows) if weights is None else weights.sum()
        if len(rows) < 2 or n_entries < 2 * self.smallest(n_entries):
            return np.zeros(len(rows), dtype=np.int64)
        tree = WardTree.of(rows, weights)
        labels = self._merge(rows, self._leaves(tree, rows, weights), weights)
        return relabel(refine(rows, labels, weights))

    def differs(
        self, sizes: FloatArray, separations: FloatArray, other_sizes: FloatArray, n_entries: float
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether pairs of groups are different topics; arrays broadcast against each other."""
        share = sizes * other_sizes / (sizes + other_sizes) * separations / n_entries
        is_broad = (share >= self.min_share) & (separations >= self.min_separation)
        return is_broad | (separations >= self.distinct_separation)

    def _leaves(self, tree: WardTree, rows: FloatArray, weights: FloatArray | None) -> IntArray:
        """Labels of the finest parts that a passing split separates; stragglers join the nearest.

        A branch smaller than :meth:`smallest` falls off its parent without splitting it.
        """
        splits, smallest = self._splits(tree), self.smallest(tree.n_entries)
        labels = np.full(len(rows), -1, dtype=np.int64)
        stack, n_labels = [tree.root], 0
        while stack:
            node = stack.pop()
            if not splits[node]:
                labels[list(tree.members(node))] = n_labels
                n_labels += 1
                continue
            stack.extend(child for child in tree.children(node) if tree.sizes[child] >= smallest)
        return join_nearest(rows, labels, np.flatnonzero(labels < 0), weights)

    def _splits(self, tree: WardTree) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """For every node, whether a split that passes lies at it or below it."""
        n_leaves = tree.n_leaves
        left, right = tree.merges[:, 0], tree.merges[:, 1]
        separations = separation(
            tree.sizes[left], tree.means[left], tree.sizes[right], tree.means[right]
        )
        passes = self.differs(tree.sizes[left], separations, tree.sizes[right], tree.n_entries)
        smaller = np.minimum(tree.sizes[left], tree.sizes[right])
        passes &= smaller >= self.smallest(tree.n_entries)
        splits = np.concatenate([np.zeros(n_leaves, dtype=bool), passes])
        for node in range(n_leaves, len(splits)):  # children come before their parents
            first, second = tree.children(node)
            splits[node] |= splits[first] | splits[second]
        return splits

    def _merge(self, rows: FloatArray, labels: IntArray, weights: FloatArray | None) -> IntArray:
        """Join parts that only the way down to a deeper split had separated, cheapest first."""
        while True:
            sizes, means = group_means(rows, labels, weights)
            pairs = separation(sizes[:, None], means[:, None], sizes[None, :], means[None, :])
            is_same = ~self.differs(sizes[:, None], pairs, sizes[None, :], sizes.sum())
            is_same &= np.tri(len(sizes), k=-1, dtype=bool)
            if not is_same.any():
                return labels
            distances = ((means[:, None] - means[None, :]) ** 2).sum(axis=-1)
            costs = sizes[:, None] * sizes / (sizes[:, None] + sizes) * distances
            kept, merged = np.unravel_index(np.where(is_same, costs, np.inf).argmin(), costs.shape)
            labels = relabel(np.where(labels == merged, kept, labels))


@dataclass(frozen=True, slots=True)
class InTwo:
    """The last merge of Ward's tree undone: two parts, or one where all points are the same."""

    name: str = "in_two"
    is_refined: bool = True

    def cut(self, features: ArrayLike, sizes: ArrayLike | None = None) -> IntArray:
        rows, weights = _points(features, sizes)
        if len(rows) < 2 or np.allclose(rows, rows[0], atol=1e-6):
            return np.zeros(len(rows), dtype=np.int64)
        return relabel(refine(rows, WardTree.of(rows, weights).cut(2), weights))


def _points(features: ArrayLike, sizes: ArrayLike | None) -> tuple[FloatArray, FloatArray | None]:
    rows = np.asarray(features, dtype=np.float64)
    return rows, None if sizes is None else np.asarray(sizes, dtype=np.float64)
