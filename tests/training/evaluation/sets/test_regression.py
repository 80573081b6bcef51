"""The regression gate: fixed prompts, and bars that can be missed."""

from pathlib import Path

import pytest

from training.evaluation.sets.regression import (
    RegressionConfig,
    RegressionFigures,
    check_regression,
    regression_items,
)

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
BASE = RegressionFigures(ifeval=0.5, gsm8k=0.1, perplexity=20.0)


def check(ifeval=0.5, gsm8k=0.1, perplexity=20.0, n_to_base=100):
    routed = RegressionFigures(ifeval, gsm8k, perplexity)
    return check_regression(BASE, routed, n_to_base, 100)


def test_the_same_slices_every_time():
    config = RegressionConfig(n_ifeval=6, n_gsm8k=4)
    first, second = (regression_items(FIXTURES, config) for _ in range(2))
    assert first == second
    assert (len(first.ifeval), len(first.gsm8k), len(first.prompts)) == (6, 4, 10)


def test_equal_is_passed_and_better_too():
    assert check().has_passed
    assert check(ifeval=0.9, gsm8k=0.9, perplexity=1.0).has_passed


def test_two_percent_is_the_edge():
    assert check(ifeval=0.49, gsm8k=0.098, perplexity=20.4).has_passed


@pytest.mark.parametrize(
    ("worse", "word"),
    [
        ({"ifeval": 0.489}, "IFEval"),
        ({"gsm8k": 0.097}, "GSM8K"),
        ({"perplexity": 20.41}, "Perplexity"),
        ({"n_to_base": 97}, "97 of 100"),
    ],
)
def test_each_bar_can_be_missed_by_itself(worse, word):
    (finding,) = check(**worse).findings
    assert word in finding


def test_ninety_eight_of_a_hundred_are_enough():
    assert check(n_to_base=98).has_passed


def test_nothing_asked_is_no_pass():
    with pytest.raises(ValueError, match="no prompts"):
        check_regression(BASE, BASE, 0, 0)
