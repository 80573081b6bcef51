"""Routing: the nearest centroid, unless its route does not reach that far."""

import numpy as np
import pytest

from chat.router import UNSEEN, Router, normalise_rows

CENTROIDS = [[1.0, 0.0], [0.0, 1.0]]


def test_nearest_centroid_wins_and_the_distance_is_euclidean():
    indices, distances = Router(CENTROIDS, ["email", "tips"]).assign([[0.6, 0.8], [1.0, 0.0]])
    assert indices.tolist() == [1, 0]
    assert distances == pytest.approx([np.sqrt(0.36 + 0.04), 0.0], abs=1e-6)


def test_queries_are_normalised_and_centroids_are_not():
    router = Router([[0.5, 0.0]], ["email"])
    assert router.assign([[10.0, 0.0]]).distances == pytest.approx([0.5])


def test_a_single_vector_counts_as_one_query():
    assert Router(CENTROIDS, ["a", "b"]).assign([0.0, 3.0]).indices.tolist() == [1]


def test_beyond_the_limit_is_unseen_and_keeps_its_distance():
    router = Router(CENTROIDS, ["a", "b"], [0.5, None])
    indices, distances = router.assign([[0.8, 0.6], [-1.0, 0.1]])
    assert indices.tolist() == [UNSEEN, 1]
    assert distances[0] == pytest.approx(np.sqrt(0.4), abs=1e-6)


@pytest.mark.parametrize(("limit", "index"), [(1.0, 0), (np.nextafter(1.0, 0), UNSEEN)])
def test_exactly_at_the_limit_still_belongs(limit, index):
    # Distance of (0, 1) to the origin is exactly 1.
    assert Router([[0.0, 0.0]], ["a"], [limit]).assign([[0.0, 1.0]]).indices.tolist() == [index]


def test_the_nearest_route_decides_even_if_a_farther_one_reaches():
    router = Router(CENTROIDS, ["a", "b"], [0.1, 2.0])
    assert router.assign([[0.8, 0.6]]).indices.tolist() == [UNSEEN]


def test_ties_go_to_the_first_route():
    assert Router(CENTROIDS, ["a", "b"]).assign([[1.0, 1.0]]).indices.tolist() == [0]


def test_without_routes_everything_is_unseen():
    indices, distances = Router(np.empty((0, 2)), []).assign([[1.0, 0.0], [0.0, 1.0]])
    assert indices.tolist() == [UNSEEN, UNSEEN]
    assert np.isinf(distances).all()


def test_a_zero_embedding_does_not_become_nan():
    assert normalise_rows([[0.0, 0.0]]).tolist() == [[0.0, 0.0]]
    assert Router(CENTROIDS, ["a", "b"]).assign([[0.0, 0.0]]).distances == pytest.approx([1.0])


def test_route_id_of_an_index():
    router = Router(CENTROIDS, ["email", "tips"])
    assert router.route_id(1) == "tips"
    assert router.route_id(UNSEEN) is None
    assert len(router) == 2


def test_another_embedder_is_refused():
    with pytest.raises(ValueError, match="different embedders"):
        Router(CENTROIDS, ["a", "b"]).assign([[1.0, 0.0, 0.0]])


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="equally many"):
        Router(CENTROIDS, ["a"])
    with pytest.raises(ValueError, match="equally many"):
        Router(CENTROIDS, ["a", "b"], [1.0])


def test_values_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        Router([[np.nan, 0.0]], ["a"])
    with pytest.raises(ValueError, match="numbers"):
        Router([[1.0, 0.0]], ["a"], [float("nan")])


def test_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    centroids, queries = rng.normal(size=(7, 16)) * 0.3, rng.normal(size=(50, 16))
    indices, distances = Router(centroids, [str(i) for i in range(7)]).assign(queries)
    for query, index, distance in zip(normalise_rows(queries), indices, distances, strict=True):
        expected = np.linalg.norm(centroids - query, axis=1)
        assert index == expected.argmin()
        assert distance == pytest.approx(expected.min(), abs=1e-5)
