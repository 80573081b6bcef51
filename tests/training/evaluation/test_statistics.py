"""Means, differences and rates: hand-computed cases."""

from __future__ import annotations

import pytest

from training.evaluation.statistics import mean_estimate, paired_difference, rate_estimate


def test_equal_values_leave_no_doubt():
    found = mean_estimate({0: {"a": 0.5, "b": 0.5}, 1: {"a": 0.5}})
    assert (found.mean, found.low, found.high, found.n) == (0.5, 0.5, 0.5, 3)


def test_the_interval_of_two_values_reaches_from_one_to_the_other():
    # Of two values 0 and 1, a quarter of all resamples has mean 0, a quarter mean 1.
    found = mean_estimate({0: {"a": 0.0, "b": 1.0}})
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_at_half_the_level_the_interval_of_two_values_is_still_theirs():
    # P(mean 0) = 1/4 = the lower tail of a 50 % interval, up to the draws' own noise.
    found = mean_estimate({0: {"a": 0.0, "b": 1.0}}, level=0.4)
    assert (found.low, found.high) == (0.5, 0.5)


def test_seeds_are_drawn_as_wholes():
    # Within each seed nothing varies, so a resample's mean is 0, .5 or 1, by the seeds drawn:
    # P(both the first) = 1/4. Drawing the four values alone would give 1/16.
    seeds = {0: {"a": 0.0, "b": 0.0}, 1: {"a": 1.0, "b": 1.0}}
    found = mean_estimate(seeds, level=0.8)
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_the_width_falls_with_the_number_of_prompts():
    def width(n: int) -> float:
        found = mean_estimate({0: {str(i): float(i % 2) for i in range(n)}})
        return found.high - found.low

    # The standard error of a share of a half is .5 / sqrt(n): 3.92 times that in all.
    assert width(100) == pytest.approx(3.92 * 0.5 / 10, abs=0.03)
    assert width(400) == pytest.approx(3.92 * 0.5 / 20, abs=0.02)


def test_the_same_seed_gives_the_same_interval():
    scores = {0: {str(i): i / 7 for i in range(7)}}
    assert mean_estimate(scores) == mean_estimate(scores)


def test_nothing_has_no_mean():
    assert mean_estimate({}) is None
    assert mean_estimate({0: {}}) is None


def test_differences_are_taken_item_by_item():
    mine = {0: {"a": 1.0, "b": 0.5, "only mine": 9.0}, 1: {"a": 0.75}, 2: {"a": 1.0}}
    theirs = {0: {"a": 0.5, "b": 0.0, "only theirs": 9.0}, 1: {"a": 0.25}}
    found = paired_difference(mine, theirs)
    assert (found.mean, found.low, found.high, found.n) == (0.5, 0.5, 0.5, 3)


def test_pairing_removes_what_prompts_have_in_common():
    hard_and_easy = {0: {str(i): float(i % 2) for i in range(20)}}
    better = {0: {key: value + 0.1 for key, value in hard_and_easy[0].items()}}
    found = paired_difference(better, hard_and_easy)
    assert found.low == pytest.approx(0.1)
    assert mean_estimate(better).low < mean_estimate(hard_and_easy).high


def test_without_common_items_there_is_no_difference():
    assert paired_difference({0: {"a": 1.0}}, {1: {"a": 1.0}}) is None


def test_a_rate_has_wilsons_interval():
    # 8 of 10: centre (.8 + .19207) / 1.38415 = .71676, half .22653 (z = 1.96).
    found = rate_estimate(8, 10)
    assert found.mean == 0.8
    assert found.low == pytest.approx(0.4902, abs=1e-4)
    assert found.high == pytest.approx(0.9433, abs=1e-4)
    assert rate_estimate(0, 0) is None
