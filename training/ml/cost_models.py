"""What a reply would cost to edit, learned from logged edits: bootstrapped ridge regressions.

The paper (arXiv 2601.19055, cost learning) takes the largest of all functions that agree with the
data and does not run it. The stand-in: a few ridge regressions, each on a bootstrap sample; where
they disagree the cost is taken to be higher.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CostModels:
    """``weights`` [m, d] and ``intercepts`` [m] over features that are centred by ``center`` [d]
    and divided by ``scale``. ``kappa`` >= 0 is the pessimism."""

    weights: FloatArray
    intercepts: FloatArray
    center: FloatArray
    scale: float
    kappa: float

    def each(self, features: FloatArray) -> FloatArray:
        """Every model's cost of each reply, shape [m, n], from features [n, d]."""
        scaled = (np.asarray(features, np.float64) - self.center) / self.scale
        return np.asarray(self.weights @ scaled.T + self.intercepts[:, None])

    def pessimistic(self, features: FloatArray) -> FloatArray:
        """Mean + kappa * standard deviation over the models, clipped to [0, 1]; shape [n]."""
        costs = self.each(features)
        return np.asarray((costs.mean(axis=0) + self.kappa * costs.std(axis=0)).clip(0.0, 1.0))


def fit_cost_models(
    features: FloatArray,
    costs: FloatArray,
    *,
    n_models: int,
    ridge: float,
    kappa: float,
    seed: int,
) -> CostModels:
    """Fit on features [n, d] and costs [n] (cut to [0, 1]).

    The rows are centred, and scaled so that their mean squared length is 1: ``ridge`` means the
    same whatever the embedding is.

    Raises
    ------
    ValueError
        Fewer than two rows.
    """
    if len(features) < 2:
        raise ValueError(f"{len(features)} costs: nothing can be fitted.")
    rows = np.asarray(features, np.float64)
    center = rows.mean(axis=0)
    scale = float(np.sqrt(((rows - center) ** 2).sum(axis=1).mean())) or 1.0
    scaled, target = (rows - center) / scale, np.asarray(costs, np.float64).clip(0.0, 1.0)
    rng = np.random.default_rng(seed)
    draws = [rng.integers(len(rows), size=len(rows)) for _ in range(n_models)]
    fits = [fit_ridge(scaled[draw], target[draw], ridge) for draw in draws]
    weights = np.stack([weight for weight, _ in fits])
    intercepts = np.array([intercept for _, intercept in fits])
    return CostModels(weights, intercepts, center, scale, kappa)


def fit_ridge(features: FloatArray, target: FloatArray, ridge: float) -> tuple[FloatArray, float]:
    r"""Weights [d] and intercept that minimise :math:`\|Xw + b - y\|^2 + \lambda\|w\|^2`.

    The intercept is not penalised. Solved in the dual: there are fewer rows than dimensions.
    """
    mean, level = features.mean(axis=0), float(target.mean())
    rows = features - mean
    gram = rows @ rows.T + ridge * np.eye(len(rows))
    weights = np.asarray(rows.T @ np.linalg.solve(gram, target - level))
    return weights, level - float(mean @ weights)
