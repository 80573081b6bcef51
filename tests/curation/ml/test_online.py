"""When clusters are made anew, and how far a centroid moved."""

import pytest

from curation.ml.online import ReclusterConfig, StoreState, centroid_drift


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (StoreState(), ""),
        (StoreState(n_new=1), "the first entries"),
        (StoreState(n_clustered=100, n_new=19), ""),
        (StoreState(n_clustered=100, n_new=20), "20 of 100 entries came or left"),
        (StoreState(n_clustered=5_000, n_new=600, n_left=400), "1000 of 5000"),
        (StoreState(n_clustered=100, is_outdated=True), "another clustering rule"),
        (StoreState(n_clustered=2_000, n_left=1), "1 entries left"),
        (StoreState(n_clustered=2_001, n_left=1), ""),
        (StoreState(n_clustered=100, n_new=8, n_beyond=7), ""),
        (StoreState(n_clustered=100, n_new=8, n_beyond=8), "8 entries that no cluster reaches"),
        (StoreState(n_clustered=99_000, n_new=1_000, n_beyond=399), ""),
        (StoreState(n_clustered=99_000, n_new=1_000, n_beyond=400), "400 entries"),
        (StoreState(n_clustered=100, max_drift=0.049), ""),
        (StoreState(n_clustered=100, max_drift=0.05), "moved by 0.05"),
    ],
)
def test_reasons_at_their_edges(state: StoreState, reason: str) -> None:
    given = ReclusterConfig().reason(state)
    assert given.startswith(reason) or reason in given
    assert bool(given) == bool(reason)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([1.0, 0.0], [0.5, 0.0], 0.0),
        ([1.0, 0.0], [0.3, 0.4], 0.4),
        ([1.0, 0.0], [0.0, 2.0], 1.0),
        ([1.0, 0.0], [-1.0, 0.0], 2.0),
    ],
    ids=["shorter only", "cosine .6", "a right angle", "opposite"],
)
def test_drift_is_the_cosine_distance(
    before: list[float], after: list[float], expected: float
) -> None:
    assert centroid_drift(before, after) == pytest.approx(expected, abs=1e-6)
