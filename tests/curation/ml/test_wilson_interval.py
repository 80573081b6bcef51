"""The Wilson score interval."""

import pytest

from curation.ml.stats import Interval, wilson_interval


def test_nothing_known_without_trials():
    assert wilson_interval(0, 0) == Interval(0.0, 1.0)


def test_five_of_ten():
    # Textbook value for 5/10 at 95 %: (.2366, .7634).
    interval = wilson_interval(5, 10)
    assert interval.low == pytest.approx(0.23659, abs=1e-4)
    assert interval.high == pytest.approx(0.76341, abs=1e-4)


def test_all_right_stays_below_certainty_at_the_low_end():
    # low = n / (n + z²) when all are right.
    interval = wilson_interval(10, 10)
    assert interval.low == pytest.approx(10 / (10 + 1.959964**2), abs=1e-6)
    assert interval.high == pytest.approx(1.0)


def test_half_a_success_is_allowed():
    assert wilson_interval(2.5, 5).low < wilson_interval(3, 5).low


def test_more_trials_narrow_it():
    small, large = wilson_interval(6, 10), wilson_interval(600, 1000)
    assert large.low > small.low
    assert large.high < small.high


@pytest.mark.parametrize("n_right", [-1, 11])
def test_impossible_counts_are_refused(n_right):
    with pytest.raises(ValueError, match=r"\[0, n\]"):
        wilson_interval(n_right, 10)
