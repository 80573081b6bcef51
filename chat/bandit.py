"""The late ensemble: which policy answers next, by what its replies cost to edit.

Pure: values in, values out. The rule is the paper's algorithm 1 (arXiv 2601.19055): each arm
once, then argmin of mean cost - alpha * sqrt(log t / N). Costs are discounted as in Garivier and
Moulines (arXiv 0805.3415), so that a change of taste is followed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Whose costs a choice is made by, the narrowest first.
SCOPES = ("user", "cluster", "global")


@dataclass(frozen=True, slots=True)
class BanditConfig:
    """``alpha`` widens the exploration (the paper: .1 to .3); ``discount`` in (0, 1] weighs a cost
    that lies s later ones back by ``discount ** s``. A cost counts ``max_cost`` at most: one short
    reply that was rewritten at length would outweigh the rest. A scope decides once each arm has
    ``min_each`` costs in it. An arm is retired with ``retire_min`` costs of its own and of the
    base's, if the difference of the means lies ``retire_z`` standard errors above 0.
    """

    alpha: float = 0.25
    discount: float = 0.99
    max_cost: float = 1.0
    min_each: int = 3
    retire_min: int = 20
    retire_z: float = 2.58


BANDIT = BanditConfig()


class History(NamedTuple):
    """Costs in the order in which they came: ``arms`` [n] of 0 to k - 1, and ``costs`` [n]."""

    arms: IntArray
    costs: FloatArray


def make_history(rows: Sequence[tuple[int, float]]) -> History:
    """A history from (arm, cost) pairs."""
    arms = np.array([arm for arm, _ in rows], dtype=np.int64)
    return History(arms, np.array([cost for _, cost in rows], dtype=np.float64))


class ArmFigures(NamedTuple):
    """Discounted counts N [k] and mean costs [k] of the arms; the mean is nan where N is 0."""

    counts: FloatArray
    means: FloatArray


def arm_figures(history: History, n_arms: int, config: BanditConfig = BANDIT) -> ArmFigures:
    """N and mean cost of each arm, the latest costs weighing most."""
    n = len(history.costs)
    weights = config.discount ** np.arange(n - 1, -1, -1, dtype=np.float64)
    counts = np.bincount(history.arms, weights, n_arms)
    costs = np.minimum(history.costs, config.max_cost)
    sums = np.bincount(history.arms, weights * costs, n_arms)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ArmFigures(counts, sums / counts)


def choice_probabilities(
    history: History, n_arms: int, config: BanditConfig = BANDIT
) -> FloatArray:
    r"""With which probability each arm is chosen next, shape [k], sum 1.

    Arms without a cost share the probability between them; then the arms with the smallest
    :math:`\bar c_a - \alpha\sqrt{\log t / N_a}` do, :math:`t = \sum_a N_a`.

    References
    ----------
    arXiv 2601.19055, algorithm 1; arXiv 0805.3415, §2 (discounted UCB).
    """
    counts, means = arm_figures(history, n_arms, config)
    if (untried := counts == 0).any():
        return np.asarray(untried / untried.sum())
    bonus = config.alpha * np.sqrt(max(0.0, math.log(counts.sum())) / counts)
    scores = means - bonus
    best = np.isclose(scores, scores.min(), rtol=0, atol=1e-12)
    return np.asarray(best / best.sum())


def narrowest(histories: Mapping[str, History], n_arms: int, config: BanditConfig = BANDIT) -> str:
    """The first of :data:`SCOPES` in which every arm has costs enough; "global" if none has."""
    for scope in SCOPES:
        history = histories.get(scope)
        if history is None or not len(history.arms):
            continue
        if np.bincount(history.arms, minlength=n_arms).min() >= config.min_each:
            return scope
    return SCOPES[-1]


def with_holdout(probabilities: FloatArray, base: int, share: float) -> FloatArray:
    """The probabilities [k] once a ``share`` in [0, 1] of all is kept for arm ``base``."""
    kept = np.zeros_like(probabilities)
    kept[base] = share
    return (1 - share) * probabilities + kept


def is_clearly_worse(
    costs: Sequence[float], base_costs: Sequence[float], config: BanditConfig = BANDIT
) -> bool:
    """Whether an arm costs more than the base by more than chance.

    Undiscounted: Welch's statistic of the two means. Too few costs tell nothing.
    """
    if min(len(costs), len(base_costs)) < config.retire_min:
        return False
    own, base = (
        np.minimum(np.asarray(values, np.float64), config.max_cost)
        for values in (costs, base_costs)
    )
    error = math.sqrt(own.var(ddof=1) / len(own) + base.var(ddof=1) / len(base))
    return bool(own.mean() - base.mean() > config.retire_z * error + 1e-9)
