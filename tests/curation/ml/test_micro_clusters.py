"""Large stores are gathered into micro-clusters before Ward's tree is built."""

from dataclasses import replace

import numpy as np
import pytest

from curation.ml.clustering import MicroConfig, PaperThreshold, SizeFree, cluster_entries
from curation.ml.features import entry_features
from curation.ml.micro import cluster_features, micro_clusters
from curation.ml.partition import group_means
from tests.curation.ml.test_clustering import purity, sample

SMALL = MicroConfig(max_exact=100, n_micro=60, batch_size=256)


def features(n_each):
    queries, rules, truth = sample(n_each)
    return entry_features(queries, rules), truth


def test_sizes_and_means_are_those_of_the_members():
    rows, _ = features(200)
    micro = micro_clusters(rows, SMALL)
    assert micro.sizes.sum() == len(rows)
    assert len(micro.sizes) <= SMALL.n_micro
    for group in range(len(micro.sizes)):
        members = rows[micro.labels == group]
        assert micro.sizes[group] == len(members) > 0
        assert micro.means[group] == pytest.approx(members.mean(axis=0), abs=1e-6)


def test_micro_clusters_are_the_same_every_time():
    rows, _ = features(200)
    first, second = (micro_clusters(rows, SMALL).labels for _ in range(2))
    assert (first == second).all()


def test_up_to_the_limit_the_tree_is_wards_own():
    rows, _ = features(33)  # 99 entries
    exact = SizeFree().cut(rows)
    assert (cluster_features(rows, SizeFree(), SMALL) == exact).all()


def test_beyond_the_limit_the_clusters_stay_the_same():
    queries, rules, truth = sample(300)
    exact = cluster_entries(queries, rules)
    coarse = cluster_entries(queries, rules, micro=SMALL)
    assert len(coarse) == len(exact) == 3
    assert (coarse.labels == exact.labels).mean() >= 0.99
    assert purity(coarse.labels, truth) >= 0.95


def test_the_papers_threshold_is_there_for_large_stores_too():
    rows, _ = features(300)
    exact = len(np.unique(PaperThreshold().cut(rows)))
    coarse = len(np.unique(cluster_features(rows, PaperThreshold(), SMALL)))
    assert abs(coarse - exact) <= 0.1 * exact + 1


def test_the_smallest_cluster_grows_with_the_store():
    rule = SizeFree()
    assert [rule.smallest(n) for n in (16, 2_000, 2_001, 100_000)] == [8, 8, 9, 400]


def test_a_handful_of_distinct_entries_is_no_cluster_of_a_large_store():
    """Nine among 2,259 are below .4 %, although nine among 900 would be a cluster."""
    for n_each, n_expected in ((300, 4), (750, 3)):
        queries, rules, _ = sample(n_each)
        few = np.tile(np.eye(64)[40], (9, 1))
        clustering = cluster_entries(
            np.vstack([queries, few]), np.vstack([rules, few]), micro=replace(SMALL, max_exact=9999)
        )
        assert len(clustering) == n_expected


def test_weighted_means_are_those_of_the_entries():
    means = np.array([[0.0, 1.0], [3.0, 1.0], [8.0, 0.0]])
    sizes, joined = group_means(means, np.array([0, 0, 1]), np.array([2.0, 1.0, 5.0]))
    assert sizes.tolist() == [3, 5]
    assert joined == pytest.approx(np.array([[1.0, 1.0], [8.0, 0.0]]))
