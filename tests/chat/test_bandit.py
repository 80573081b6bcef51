"""The late ensemble's rule: hand-computed choices, discount, back-off, holdout, retirement."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chat.bandit import (
    BanditConfig,
    arm_figures,
    choice_probabilities,
    is_clearly_worse,
    make_history,
    narrowest,
    with_holdout,
)

PLAIN = BanditConfig(alpha=0.2, discount=1.0)


def test_untried_arms_share_the_first_choices() -> None:
    assert choice_probabilities(make_history([]), 4).tolist() == [0.25] * 4
    assert choice_probabilities(make_history([(1, 0.9), (3, 0.0)]), 4).tolist() == [0.5, 0, 0.5, 0]


def test_the_smallest_optimistic_cost_is_chosen() -> None:
    # t = 4: bonus .2 * sqrt(ln 4 / 3) = .136 and .2 * sqrt(ln 4 / 1) = .235
    history = make_history([(0, 0.4), (0, 0.4), (0, 0.4), (1, 0.49)])
    assert 0.49 - 0.2 * math.sqrt(math.log(4)) < 0.4 - 0.2 * math.sqrt(math.log(4) / 3)
    assert choice_probabilities(history, 2, PLAIN).tolist() == [0, 1]
    greedy = BanditConfig(alpha=0.0, discount=1.0)
    assert choice_probabilities(history, 2, greedy).tolist() == [1, 0]


def test_ties_are_drawn() -> None:
    assert choice_probabilities(make_history([(0, 0.3), (1, 0.3)]), 2, PLAIN).tolist() == [0.5, 0.5]


def test_later_costs_weigh_more() -> None:
    config = BanditConfig(discount=0.5)
    figures = arm_figures(make_history([(0, 1.0), (0, 0.0), (1, 0.2)]), 2, config)
    assert figures.counts.tolist() == [0.75, 1.0]  # .25 + .5, 1
    assert figures.means.tolist() == pytest.approx([0.25 / 0.75, 0.2])


def test_a_change_of_taste_is_followed() -> None:
    rows = [(0, 0.1), (1, 0.6)] * 100 + [(0, 0.9), (1, 0.2)] * 40
    followed = choice_probabilities(make_history(rows), 2, BanditConfig(discount=0.95))
    assert followed.tolist() == [0, 1]
    assert choice_probabilities(make_history(rows), 2, PLAIN).tolist() == [1, 0]


def test_one_rewritten_reply_does_not_outweigh_the_rest() -> None:
    figures = arm_figures(make_history([(0, 7.5), (0, 0.0)]), 1, PLAIN)
    assert figures.means.tolist() == [0.5]


def test_the_narrowest_scope_with_enough_decides() -> None:
    enough = make_history([(0, 0.1), (1, 0.2)] * 3)
    few = make_history([(0, 0.1)] * 9 + [(1, 0.1)] * 2)
    assert narrowest({"user": enough, "cluster": few, "global": enough}, 2) == "user"
    assert narrowest({"user": few, "cluster": enough, "global": enough}, 2) == "cluster"
    assert narrowest({"user": few, "global": few}, 2) == "global"


def test_the_holdout_is_part_of_the_probability() -> None:
    kept = with_holdout(np.array([0.0, 1.0]), 0, 0.1)
    assert kept.tolist() == pytest.approx([0.1, 0.9])
    assert with_holdout(np.array([1.0, 0.0]), 0, 0.1).tolist() == pytest.approx([1.0, 0.0])


def test_only_what_is_clearly_worse_is_retired() -> None:
    rng = np.random.default_rng(0)
    base, bad, same = (rng.normal(m, 0.1, 30).clip(0, 1).tolist() for m in (0.4, 0.6, 0.42))
    assert is_clearly_worse(bad, base)
    assert not is_clearly_worse(same, base)
    assert not is_clearly_worse(base, bad)
    assert not is_clearly_worse(bad[:19], base)
    assert is_clearly_worse([3.0] * 20, [0.4] * 20)  # all rewritten
    assert not is_clearly_worse([0.4] * 20, [0.4] * 20)


def test_it_comes_near_the_best_arm() -> None:
    """The note's arms: base .41, SFT .07, DPO .41, early .04, over 200 turns."""
    means, rng = (0.408, 0.066, 0.411, 0.038), np.random.default_rng(1)
    rows: list[tuple[int, float]] = []
    for _ in range(200):
        arm = int(rng.choice(4, p=choice_probabilities(make_history(rows), 4)))
        rows.append((arm, float(np.clip(rng.normal(means[arm], 0.1), 0, 1))))
    assert np.mean([cost for _, cost in rows]) < 0.038 + 0.06
