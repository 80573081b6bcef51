"""Centroids live in query space and reach a limited distance."""

import numpy as np
import pytest

from chat.router import UNSEEN, Router
from curation.ml.clustering import (
    LimitConfig,
    cluster_entries,
    distance_limit,
    query_centroid,
    update_centroid,
)


def test_mean_of_normalised_queries_is_not_normalised_again():
    assert query_centroid([[2.0, 0.0], [0.0, 5.0]]) == pytest.approx([0.5, 0.5])


def test_limit_measures_each_member_against_the_others():
    # Of two members at a right angle each is √2 from the other.
    limits = LimitConfig(quantile=1.0, margin=1.0, min_cosine=-1.0)
    assert distance_limit([[1.0, 0.0], [0.0, 1.0]], limits) == pytest.approx(np.sqrt(2))
    assert distance_limit([[1.0, 0.0], [3.0, 0.0]], limits) == pytest.approx(0.0)


def test_limit_is_the_quantile_times_the_margin():
    rows = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    # Against the others: |(1,0) − (.5,.5)| = √.5 twice, |(0,1) − (1,0)| = √2 once.
    assert distance_limit(rows, LimitConfig(0.5, 1.0, -1.0)) == pytest.approx(np.sqrt(0.5))
    assert distance_limit(rows, LimitConfig(0.5, 2.0, -1.0)) == pytest.approx(2 * np.sqrt(0.5))


def test_strays_do_not_open_a_cluster_to_everything():
    # The centroid has length √.5; at cosine .25 a query is √(1 + .5 − 2·√.5·.25) from it.
    rows = [[1.0, 0.0], [0.0, 1.0]]
    assert distance_limit(rows, LimitConfig(1.0, 1.0, 0.25)) == pytest.approx(
        np.sqrt(1.5 - 0.5 * np.sqrt(0.5))
    )


def test_a_single_member_reaches_only_itself():
    assert distance_limit([[1.0, 0.0]]) == 0.0


def test_members_are_routed_home_and_strangers_to_the_base():
    rng = np.random.default_rng(1)
    centres = np.repeat(np.eye(32)[:2], 30, axis=0)
    queries = centres + rng.normal(size=centres.shape) * 0.15
    clustering = cluster_entries(queries, queries)
    router = Router(clustering.centroids, ["0", "1"], clustering.distance_limits.tolist())
    fresh = np.eye(32)[:2] + rng.normal(size=(2, 32)) * 0.15
    assert (router.assign(queries).indices == clustering.labels).mean() >= 0.9
    assert set(router.assign(fresh).indices) == {0, 1}
    assert router.assign(np.eye(32)[5:15]).indices.tolist() == [UNSEEN] * 10


def test_the_running_mean_counts_every_query_once():
    # Two queries with mean (.5, .5); a third, (0, 3), is normalised: (1/3, 2/3).
    moved = update_centroid([0.5, 0.5], 2, [[0.0, 3.0]])
    assert moved == pytest.approx([1 / 3, 2 / 3])
    assert update_centroid(moved, 3, [[1.0, 0.0]]) == pytest.approx([0.5, 0.5])


def test_one_by_one_or_all_at_once_is_the_same_centroid():
    rows = np.random.default_rng(2).normal(size=(9, 5))
    running = query_centroid(rows[:4])
    for n_members, row in enumerate(rows[4:], start=4):
        running = update_centroid(running, n_members, [row])
    assert running == pytest.approx(query_centroid(rows), abs=1e-6)
    assert update_centroid(query_centroid(rows[:4]), 4, rows[4:]) == pytest.approx(running)
