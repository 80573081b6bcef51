"""Clusters do not depend on how much was logged, only on what was logged."""

import numpy as np
import pytest

from curation.ml.clustering import PaperThreshold, SizeFree, cluster_entries
from curation.ml.ward import separation

N_DIMENSIONS = 64


def sample(n_each, seed=0, spread=1.0, topics=3):
    """Queries and rules of ``topics`` topics: unit topic directions plus isotropic scatter."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(topics), n_each)
    rows = []
    for offset in (0, topics):
        centres = np.eye(N_DIMENSIONS)[offset + labels]
        scatter = rng.normal(size=centres.shape) * spread / np.sqrt(N_DIMENSIONS)
        rows.append(centres + scatter)
    order = rng.permutation(len(labels))
    return rows[0][order], rows[1][order], labels[order]


def purity(labels, truth):
    return sum(np.bincount(truth[labels == k]).max() for k in np.unique(labels)) / len(truth)


@pytest.mark.parametrize("n_each", [12, 24, 100, 300])
def test_the_same_topics_give_the_same_clusters_at_every_size(n_each):
    queries, rules, truth = sample(n_each)
    clustering = cluster_entries(queries, rules)
    assert len(clustering) == 3
    assert purity(clustering.labels, truth) >= 0.95


@pytest.mark.parametrize("n_each", [10, 40, 300])
def test_one_topic_stays_one_cluster(n_each):
    queries, rules, _ = sample(n_each, topics=1)
    assert len(cluster_entries(queries, rules)) == 1


def test_logging_everything_twice_changes_nothing():
    queries, rules, _ = sample(30)
    once = cluster_entries(queries, rules)
    twice = cluster_entries(np.vstack([queries, queries]), np.vstack([rules, rules]))
    assert len(twice) == len(once)
    assert (twice.labels[:90] == twice.labels[90:]).all()


def test_a_small_distinct_topic_is_found_in_a_large_store():
    queries, rules, _ = sample(400, topics=2)
    few, few_rules, _ = sample(20, seed=1, topics=3)
    is_new = np.repeat([False] * 3, 20)
    is_new[_third_topic(few)] = True
    clustering = cluster_entries(
        np.vstack([queries, few[is_new]]), np.vstack([rules, few_rules[is_new]])
    )
    assert len(clustering) == 3
    assert clustering.sizes[-1] == is_new.sum()


def _third_topic(queries):
    return np.flatnonzero(queries[:, :3].argmax(axis=1) == 2)


def test_the_papers_threshold_is_not_size_free():
    n_clusters = []
    for n_each in (12, 300):
        queries, rules, _ = sample(n_each)
        n_clusters.append(len(cluster_entries(queries, rules, PaperThreshold())))
    assert n_clusters[0] < 3 <= n_clusters[1]


def test_the_papers_threshold_cuts_exactly_at_its_distance():
    # Two unit vectors at a right angle merge at height √2.
    rows = np.eye(2)
    assert PaperThreshold(np.sqrt(2) - 1e-6).cut(rows).tolist() == [0, 1]
    assert PaperThreshold(np.sqrt(2) + 1e-6).cut(rows).tolist() == [0, 0]


def test_largest_cluster_comes_first():
    queries, rules, truth = sample(40)
    keep = np.concatenate([np.flatnonzero(truth == k)[: 40 - 12 * k] for k in (2, 0, 1)])
    clustering = cluster_entries(queries[keep], rules[keep])
    assert clustering.sizes.tolist() == [40, 28, 16]
    assert np.bincount(clustering.labels).tolist() == [40, 28, 16]


@pytest.mark.parametrize("rule", [SizeFree(), PaperThreshold()])
@pytest.mark.parametrize("n_entries", [0, 1, 2])
def test_hardly_any_entries(rule, n_entries):
    rows = np.eye(4)[:n_entries] if n_entries else np.empty((0, 4))
    clustering = cluster_entries(rows, rows, rule)
    assert len(clustering) == min(n_entries, 1)
    assert clustering.labels.tolist() == [0] * n_entries


def test_below_two_minimal_clusters_nothing_is_split():
    queries, rules, _ = sample(7, topics=2)
    assert len(cluster_entries(queries, rules)) == 1
    queries, rules, _ = sample(8, topics=2)
    assert len(cluster_entries(queries, rules)) == 2


def test_separation_takes_off_the_scatter_of_the_means():
    # Means (.6, 0) and (0, .6) of 5 and 9 unit vectors: .72 − .64/4 − .64/8.
    value = separation(np.array(5.0), np.array([0.6, 0.0]), np.array(9.0), np.array([0.0, 0.6]))
    assert value == pytest.approx(0.72 - 0.16 - 0.08)


def test_separation_of_one_topics_halves_is_zero_on_average():
    rng = np.random.default_rng(0)
    values = []
    for _ in range(200):
        rows = rng.normal(size=(12, 20)) + 0.3
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        first, second = rows[:6], rows[6:]
        values.append(separation(np.array(6.0), first.mean(0), np.array(6.0), second.mean(0)))
    assert np.mean(values) == pytest.approx(0.0, abs=0.01)


def differs(share_of_smaller, value, n=1000):
    smaller = share_of_smaller * n
    return bool(SizeFree().differs(np.array(smaller), np.array(value), np.array(n - smaller), n))


def test_thresholds_at_their_edges():
    # Halves: share explained = .25 · separation, so min_separation decides.
    assert differs(0.5, 0.17)
    assert not differs(0.5, 0.1699)
    # One part in twenty: .05 · .95 · separation ≥ .012 from .2526 on.
    assert differs(0.05, 0.2527)
    assert not differs(0.05, 0.2526)
    # However small: distinct enough.
    assert differs(0.008, 0.42)
    assert not differs(0.008, 0.4199)
