"""More than chance, and how many trials would show it."""

import pytest

from curation.ml.stats import is_above_chance, trials_above_chance, wilson_interval


@pytest.mark.parametrize(
    ("n_right", "n", "expected"),
    [
        # All right: low = n / (n + 3.8415), above ½ from n = 4 on.
        (3, 3, False),
        (4, 4, True),
        (5, 5, True),
        (4, 5, False),
        (4.5, 5, False),
        (7, 8, True),
        (6.5, 8, False),
        # 60 of 100: n > 3.8415 · ¼ / .01 = 96.04.
        (60, 100, True),
        (59.5, 100, False),
        (53, 100, False),
        (0, 0, False),
    ],
)
def test_the_whole_interval_lies_above_one_half(n_right, n, expected):
    assert is_above_chance(n_right, n) is expected


@pytest.mark.parametrize(
    ("share", "n"),
    [
        (1.0, 4),  # 3.8415 · ¼ / ¼ = 3.84
        (0.9, 7),  # .96036 / .16 = 6.002
        (0.8, 11),  # .96036 / .09 = 10.67
        (0.6, 97),  # .96036 / .01 = 96.04
        (0.53, 1068),  # .96036 / .0009 = 1067.07
        (0.5, None),
        (0.2, None),
    ],
)
def test_trials_needed_by_hand(share, n):
    assert trials_above_chance(share) == n


@pytest.mark.parametrize("share", [0.53, 0.6, 0.8, 0.9, 1.0])
def test_one_trial_less_would_not_do(share):
    n = trials_above_chance(share)
    assert wilson_interval(share * n, n).low > 0.5
    assert wilson_interval(share * (n - 1), n - 1).low <= 0.5


def test_a_share_lies_between_zero_and_one():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        trials_above_chance(1.2)
