"""Clusters of log entries and the centroids that route new queries to them (UNO §2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chat.router import normalise_rows
from curation.ml.arrays import FloatArray, IntArray
from curation.ml.cuts import CutRule, PaperThreshold, SizeFree
from curation.ml.features import entry_features
from curation.ml.micro import MicroConfig, cluster_features
from curation.ml.ward import relabel

__all__ = [
    "Clustering",
    "CutRule",
    "LimitConfig",
    "MicroConfig",
    "PaperThreshold",
    "SizeFree",
    "cluster_around",
    "cluster_entries",
    "distance_limit",
    "query_centroid",
    "update_centroid",
]


@dataclass(frozen=True, slots=True)
class LimitConfig:
    """How far a cluster reaches in query space.

    ``quantile`` of the members' distances (each to the mean of the others), widened by the factor
    ``margin``: a query about the same thing is at times a bit farther off than any seen so far.
    Never so far that its cosine to the centroid falls below ``min_cosine``, which for
    all-MiniLM-L6-v2 unrelated texts seldom reach: a few strays must not open a cluster to all.
    """

    quantile: float = 0.95
    margin: float = 1.05
    min_cosine: float = 0.25


@dataclass(frozen=True, slots=True)
class Clustering:
    """The outcome for n entries and k clusters, largest cluster first.

    ``labels`` [n] in 0 … k−1, ``centroids`` [k, d] float32 in query space, ``sizes`` [k],
    ``distance_limits`` [k] (Euclidean, for :class:`chat.router.Router`), ``rule`` the cut's name.
    """

    labels: IntArray
    centroids: NDArray[np.float32]
    sizes: IntArray
    distance_limits: FloatArray
    rule: str

    def __len__(self) -> int:
        return len(self.sizes)


def cluster_entries(
    query_embeddings: ArrayLike,
    rules_embeddings: ArrayLike,
    rule: CutRule | None = None,
    limits: LimitConfig | None = None,
    micro: MicroConfig | None = None,
) -> Clustering:
    """Cluster log entries by query and feedback rules together.

    Parameters
    ----------
    query_embeddings, rules_embeddings
        [n, d] embeddings of queries and of newline-joined feedback rules, n ≥ 0.
    rule
        How the tree is cut; :class:`SizeFree` unless told otherwise.
    limits
        How far clusters reach.
    micro
        From how many entries on the tree is built over micro-clusters, and how.

    Raises
    ------
    ValueError
        The two inputs are not equally many.
    """
    rule, limits = rule or SizeFree(), limits or LimitConfig()
    features = entry_features(query_embeddings, rules_embeddings)
    n_entries = 0 if features.shape[1] == 0 else len(features)
    queries = normalise_rows(query_embeddings)[:n_entries]
    labels = _largest_first(cluster_features(features[:n_entries], rule, micro))
    members = [queries[labels == label] for label in range(_n_labels(labels))]
    return Clustering(
        labels=labels,
        centroids=np.array([query_centroid(rows) for rows in members], dtype=np.float32),
        sizes=np.array([len(rows) for rows in members], dtype=np.int64),
        distance_limits=np.array([distance_limit(rows, limits) for rows in members]),
        rule=rule.name,
    )


def cluster_around(
    query_embeddings: ArrayLike,
    rules_embeddings: ArrayLike,
    fixed: IntArray,
    rule: CutRule | None = None,
) -> Clustering:
    """As :func:`cluster_entries`, but some groups stay as they are.

    ``fixed`` [n] numbers the groups that stay together 0 … m−1, each with a member; entries
    labelled −1 are clustered. The fixed groups come last, in their order.
    """
    queries, wishes = np.asarray(query_embeddings), np.asarray(rules_embeddings)
    is_free, n_fixed = fixed < 0, _n_labels(fixed)
    found = cluster_entries(queries[is_free], wishes[is_free], rule)
    if not n_fixed:
        return found
    labels = len(found) + fixed
    labels[is_free] = found.labels
    groups = [queries[fixed == group] for group in range(n_fixed)]
    centroids = [*found.centroids, *(query_centroid(rows) for rows in groups)]
    return Clustering(
        labels=labels,
        centroids=np.array(centroids, dtype=np.float32),
        sizes=np.append(found.sizes, [len(rows) for rows in groups]),
        distance_limits=np.append(found.distance_limits, [distance_limit(g) for g in groups]),
        rule=found.rule,
    )


def query_centroid(query_embeddings: ArrayLike) -> NDArray[np.float32]:
    """Mean [d] of normalised query embeddings [n, d], not normalised again (UNO §2).

    Its length tells how alike the queries are: 1 when they are all the same, near 0 when they
    have nothing in common. Keeping the length lets the running mean be updated exactly.
    """
    mean: NDArray[np.float32] = (
        normalise_rows(query_embeddings).mean(axis=0, dtype=np.float64).astype(np.float32)
    )
    return mean


def update_centroid(
    centroid: ArrayLike, n_members: int, query_embeddings: ArrayLike
) -> NDArray[np.float32]:
    """The centroid [d] of ``n_members`` queries after more of them [n, d] have joined (UNO §2).

    The running mean: what :func:`query_centroid` of all of them together would be.
    """
    added = normalise_rows(query_embeddings).astype(np.float64)
    total = np.asarray(centroid, dtype=np.float64) * n_members + added.sum(axis=0)
    mean: NDArray[np.float32] = (total / (n_members + len(added))).astype(np.float32)
    return mean


def distance_limit(query_embeddings: ArrayLike, limits: LimitConfig | None = None) -> float:
    """Largest distance from the centroid at which a query still belongs to these members.

    Every member is measured against the mean of the *others*: a member pulls the mean towards
    itself, so plain distances would promise a reach that unseen queries do not keep to. One
    member alone tells nothing and reaches exactly itself (0).
    """
    limits = limits or LimitConfig()
    rows = normalise_rows(query_embeddings).astype(np.float64)
    if len(rows) < 2:
        return 0.0
    others = (rows.sum(axis=0) - rows) / (len(rows) - 1)
    distances = np.linalg.norm(rows - others, axis=1)
    reach = float(np.quantile(distances, limits.quantile)) * limits.margin
    length = float(np.linalg.norm(rows.mean(axis=0)))
    farthest = float(np.sqrt(1 + length**2 - 2 * length * limits.min_cosine))
    return min(reach, farthest)


def _n_labels(labels: IntArray) -> int:
    return int(labels.max()) + 1 if len(labels) else 0


def _largest_first(labels: IntArray) -> IntArray:
    """Renumber so that cluster 0 is the largest; equal sizes keep the order of appearance."""
    if not len(labels):
        return labels
    labels = relabel(labels)
    order = np.argsort(-np.bincount(labels), kind="stable")
    ranks = np.argsort(order)
    return ranks[labels].astype(np.int64)
