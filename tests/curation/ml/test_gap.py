"""The cognitive gap: a mean over entries of minima over rules (UNO §3)."""

from math import log

import pytest

from curation.ml.gap import (
    HIGH_GAP,
    cluster_gap,
    coverage_redundancies,
    entry_gap,
    likelihood_gap,
    log_odds,
    novelties,
    route_for_gap,
)


def test_novelty_is_one_minus_redundancy():
    assert novelties([0.0, 0.25, 1.0]) == [1.0, 0.75, 0.0]


def test_entry_gap_is_the_smallest_novelty():
    assert entry_gap([0.1, 0.7, 0.4]) == pytest.approx(0.3)


def test_cluster_gap_is_the_mean_of_the_minima():
    # Minima .3 and .8: their mean is .55, while the mean novelty would be .6.
    gaps = [entry_gap([0.1, 0.7, 0.4]), entry_gap([0.2, 0.1])]
    cluster = cluster_gap(gaps)
    assert cluster.gap == pytest.approx(0.55)
    assert (cluster.minimum, cluster.maximum) == pytest.approx((0.3, 0.8))
    assert cluster.n_entries == 2


def test_high_gap_from_45_hundredths_on():
    assert HIGH_GAP == 0.45
    assert route_for_gap(0.45) == "critic"
    assert route_for_gap(0.4499) == "expert"
    assert route_for_gap(0.3, threshold=0.3) == "critic"


@pytest.mark.parametrize("call", [lambda: entry_gap([]), lambda: cluster_gap([])])
def test_nothing_has_no_gap(call):
    with pytest.raises(ValueError, match="no gap"):
        call()


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_values_outside_the_unit_interval_are_refused(value):
    for call in (lambda: novelties([value]), lambda: cluster_gap([value])):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            call()
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        route_for_gap(value)


def test_log_odds_by_hand_and_finite_at_both_ends():
    assert log_odds(0.75) == pytest.approx(log(3))
    assert log_odds(0.5) == 0.0
    assert log_odds(1.0) == pytest.approx(-log_odds(0.0))
    assert log_odds(1.0) == pytest.approx(log(999_999), abs=1e-3)


def test_a_mean_of_minima_is_neither_a_minimum_nor_a_mean():
    # Novelties .1 .9 | .6 | .3 .8: minima .1 .6 .3, mean 1/3; least of all .1, mean of all .54.
    gaps = [entry_gap([0.9, 0.1]), entry_gap([0.4]), entry_gap([0.7, 0.2])]
    assert gaps == pytest.approx([0.1, 0.6, 0.3])
    assert cluster_gap(gaps).gap == pytest.approx(1 / 3)


def test_a_mean_of_exactly_the_threshold_is_high():
    assert route_for_gap(cluster_gap([0.3, 0.6]).gap) == "critic"


def test_coverage_is_the_largest_cosine():
    rules = [[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]
    priors = [[2.0, 0.0], [0.0, -1.0]]
    assert coverage_redundancies(rules, priors) == pytest.approx([1.0, 0.6, 0.0])


def test_without_prior_rules_everything_is_new():
    assert coverage_redundancies([[1.0, 0.0]], []).tolist() == [0.0]


@pytest.mark.parametrize(
    ("chosen", "own", "unrelated", "gap"),
    [
        (1.0, 1.0, 3.0, 0.0),
        (2.0, 1.0, 3.0, 0.5),
        (3.0, 1.0, 3.0, 1.0),
        (4.0, 1.0, 3.0, 1.0),
        (0.5, 1.0, 3.0, 0.0),
        (0.9, 1.0, 1.0, 0.0),
        (1.1, 1.0, 1.0, 1.0),
        (1.1, 1.0, 0.5, 1.0),
    ],
)
def test_likelihood_gap_by_hand(chosen, own, unrelated, gap):
    assert likelihood_gap(chosen, own, unrelated) == pytest.approx(gap)


def test_likelihoods_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        likelihood_gap(float("inf"), 1.0, 2.0)
