"""The map's places: the same every time, neighbours together, at any size."""

import numpy as np
import pytest

from chat.router import normalise_rows
from curation.ml.projection import ProjectionConfig, project

SMALL = ProjectionConfig(n_landmarks=60, n_iterations=300)


def topics(n_each, n_topics=3, seed=0):
    """Rows around orthogonal topics, and which topic each is of."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_topics), n_each)
    rows = np.eye(24)[labels * 5] + 0.25 * rng.normal(size=(len(labels), 24)) / np.sqrt(24)
    return normalise_rows(rows), labels


def neighbours_of_the_same_topic(places, labels):
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return float(np.mean(labels[distances.argmin(axis=1)] == labels))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 9, 10, 59, 61, 300])
def test_every_size_has_finite_places_within_the_square(n):
    rows, _ = topics(100)
    places = project(rows[:n], SMALL)
    assert (places.shape, places.dtype) == ((n, 2), np.float32)
    assert np.isfinite(places).all()
    assert (np.abs(places) <= 1).all()


@pytest.mark.parametrize("n_each", [15, 100])
def test_neighbours_are_of_one_topic_with_and_without_landmarks(n_each):
    rows, labels = topics(n_each)
    assert neighbours_of_the_same_topic(project(rows, SMALL), labels) >= 0.99


def test_the_same_rows_have_the_same_places():
    rows, _ = topics(50)
    assert (project(rows, SMALL) == project(rows, SMALL)).all()


def test_rows_that_are_all_the_same_are_no_error():
    assert np.isfinite(project(np.ones((30, 4), dtype=np.float32), SMALL)).all()


def test_the_longer_side_fills_the_square():
    places = project(topics(30)[0], SMALL)
    assert np.abs(places).max() == pytest.approx(1.0)
