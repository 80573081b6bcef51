"""Groups that a curator made stay together; the others are clustered as ever."""

import numpy as np
import pytest

from chat.router import normalise_rows
from curation.ml.clustering import cluster_around, cluster_entries, distance_limit, query_centroid
from curation.ml.cuts import InTwo
from curation.ml.micro import MicroConfig, cluster_features


def topic(axis, n, seed=0):
    rng = np.random.default_rng(seed)
    return normalise_rows(np.eye(12)[axis] + 0.05 * rng.normal(size=(n, 12)))


def test_without_fixed_groups_it_is_plain_clustering():
    rows = np.vstack([topic(0, 20), topic(1, 30)])
    around = cluster_around(rows, rows, np.full(50, -1))
    plain = cluster_entries(rows, rows)
    assert (around.labels == plain.labels).all()


def test_fixed_groups_stay_together_and_come_last():
    # Ten of topic 0 with ten of topic 1 are fixed; the rest has two clusters.
    rows = np.vstack([topic(0, 30), topic(1, 40, seed=1)])
    fixed = np.full(70, -1)
    fixed[20:40] = 0
    found = cluster_around(rows, rows, fixed)
    assert len(found) == 3
    assert set(found.labels[20:40]) == {2}
    assert found.sizes.tolist() == [30, 20, 20]
    assert found.centroids[2] == pytest.approx(query_centroid(rows[20:40]), abs=1e-6)
    assert found.distance_limits[2] == pytest.approx(distance_limit(rows[20:40]))


def test_all_fixed_leaves_nothing_to_cluster():
    rows = topic(0, 10)
    found = cluster_around(rows, rows, np.repeat([0, 1], 5))
    assert found.labels.tolist() == [0] * 5 + [1] * 5
    assert found.centroids.shape == (2, 12)


@pytest.mark.parametrize("config", [MicroConfig(), MicroConfig(max_exact=10, n_micro=8)])
def test_in_two_finds_the_two_topics(config):
    rows = np.vstack([topic(0, 12), topic(1, 20, seed=1)])
    labels = cluster_features(rows, InTwo(), config)
    assert labels.tolist() == [0] * 12 + [1] * 20


def test_what_is_all_the_same_is_not_parted():
    assert not InTwo().cut(np.ones((6, 3))).any()
    assert InTwo().cut(np.ones((1, 3))).tolist() == [0]
