"""Clustering without a matrix of all pairs: micro-clusters first, Ward's tree over those.

Ward's tree over n entries needs n² memory: 80 GB for 100,000. It is the same tree from the point
on where only groups with their sizes and means are left, so for large stores the first, finest
merges are made by mini-batch k-means instead. A micro-cluster holds about a thousandth of the
entries, a quarter of the smallest cluster there may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import MiniBatchKMeans

from curation.ml.arrays import FloatArray, IntArray
from curation.ml.cuts import CutRule
from curation.ml.partition import refine
from curation.ml.ward import relabel

Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MicroConfig:
    """When entries are gathered into micro-clusters first, and how.

    Up to ``max_exact`` entries the tree is Ward's own, over single entries (about a second and
    50 MB). Beyond, ``n_micro`` micro-clusters by k-means in batches of ``batch_size``, which go
    over all entries ``n_passes`` times. It begins with entries drawn at random: k-means++ would
    take longer than all the rest, and every topic that may be a cluster is drawn several times.
    """

    max_exact: int = 2_000
    n_micro: int = 1_000
    batch_size: int = 4_096
    n_passes: int = 3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class MicroClusters:
    """m groups of alike entries: ``labels`` [n] in 0 … m−1, ``sizes`` [m], ``means`` [m, d].

    Entries are unit vectors, so a group's spread is known too: 1 − |mean|² (see
    :func:`curation.ml.ward.separation`).
    """

    labels: IntArray
    sizes: FloatArray
    means: FloatArray


def cluster_features(
    features: Features, rule: CutRule, config: MicroConfig | None = None
) -> IntArray:
    """Labels [n] of unit vectors [n, d] by ``rule``, exactly where that is cheap.

    The same input and configuration always give the same labels.
    """
    config = config or MicroConfig()
    if len(features) <= config.max_exact:
        return rule.cut(features)
    micro = micro_clusters(features, config)
    labels = relabel(rule.cut(micro.means, micro.sizes)[micro.labels])
    return refine(features, labels) if rule.is_refined else labels


def micro_clusters(features: Features, config: MicroConfig) -> MicroClusters:
    """At most ``config.n_micro`` groups of alike rows of ``features`` [n, d], none empty."""
    model = MiniBatchKMeans(
        n_clusters=min(config.n_micro, len(features)),
        batch_size=config.batch_size,
        max_iter=config.n_passes,
        init="random",
        n_init=1,
        reassignment_ratio=0,
        max_no_improvement=None,
        random_state=config.seed,
    )
    labels = relabel(model.fit(features).labels_)
    sizes = np.bincount(labels).astype(np.float64)
    ones = np.ones(len(labels), dtype=features.dtype)
    members = csr_array((ones, (labels, np.arange(len(labels)))))
    means = np.asarray(members @ features, dtype=np.float64) / sizes[:, None]
    return MicroClusters(labels, sizes, means)
