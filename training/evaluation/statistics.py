"""Means, differences and rates with their intervals. Values in, values out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.ml.stats import Z_95, wilson_interval

Scores = Mapping[int, Mapping[str, float]]
"""By seed, then by item: one value each."""

N_DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` values with its interval (95 % unless told otherwise)."""

    mean: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int]:
        """Plain values."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "n": self.n}


def mean_estimate(
    scores: Scores, *, n_draws: int = N_DRAWS, level: float = LEVEL, seed: int = 0
) -> Estimate | None:
    """The mean of all values, with a bootstrap interval over seeds and prompts.

    Seeds are drawn with replacement, and within each drawn seed its prompts (Davison and
    Hinkley, "Bootstrap Methods and their Application", §3.8): answers of one seed share what
    was logged and trained, so drawing prompts alone would promise too much. With one seed the
    interval is over its prompts.

    Parameters
    ----------
    scores
        Finite values by seed and item; a seed without values is left out.
    n_draws, level, seed
        Bootstrap draws, two-sided level in (0, 1), and the seed of the draws.

    Returns
    -------
    Estimate or None
        None without any value.
    """
    groups = [np.array(list(items.values()), float) for items in scores.values() if items]
    if not groups:
        return None
    draws = _bootstrap_means(groups, n_draws, np.random.default_rng(seed))
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    values = np.concatenate(groups)
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def _bootstrap_means(
    groups: Sequence[NDArray[np.float64]], n_draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Means of ``n_draws`` resamples, shape [n_draws]."""
    picked = rng.integers(len(groups), size=(n_draws, len(groups)))
    sums, counts = np.zeros(n_draws), np.zeros(n_draws)
    for slot in picked.T:
        for index, values in enumerate(groups):
            rows = np.flatnonzero(slot == index)
            drawn = rng.integers(len(values), size=(len(rows), len(values)))
            sums[rows] += values[drawn].sum(axis=1)
            counts[rows] += len(values)
    return sums / counts


def paired_difference(scores: Scores, baseline: Scores, **options: float) -> Estimate | None:
    """Mean of the differences to a baseline, item by item, with its interval.

    Items that only one of the two has are left out; None where they share none. The options
    are those of :func:`mean_estimate`.
    """
    differences = {
        seed: {
            item: value - baseline[seed][item]
            for item, value in items.items()
            if item in baseline[seed]
        }
        for seed, items in scores.items()
        if seed in baseline
    }
    return mean_estimate(differences, **options)  # type: ignore[arg-type]


def rate_estimate(n_right: int, n: int) -> Estimate | None:
    """A share of independent yes-or-no outcomes, with Wilson's 95 % interval; None for n = 0."""
    if n == 0:
        return None
    interval = wilson_interval(n_right, n)
    return Estimate(n_right / n, interval.low, interval.high, n)


def quantile_estimate(values: Sequence[float], share: float) -> Estimate | None:
    """A quantile with the 95 % interval of its order statistics; None without any value.

    The ranks of the interval's ends are those of the binomial distribution's normal
    approximation (Conover, "Practical Nonparametric Statistics", §3.2); with few values they are
    the smallest and the largest.

    Parameters
    ----------
    values
        Independent measurements, in any order.
    share
        Which quantile, in (0, 1): 0.5 is the median.
    """
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    half = Z_95 * math.sqrt(n * share * (1 - share))
    low, high = math.floor(n * share - half), math.ceil(n * share + half)
    return Estimate(
        float(np.quantile(ordered, share)),
        ordered[max(low - 1, 0)],
        ordered[min(max(high, 1), n) - 1],
        n,
    )
