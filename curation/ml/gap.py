"""The cognitive gap: how much of what users want the model would not have thought of (UNO §3).

The definition is the paper's: novelty of a rule = 1 − redundancy with the prior rules; gap of an
entry = the *smallest* novelty of its rules; gap of a cluster = the mean over its entries of those
minima. Redundancies come from a reranker, from the base model's "yes", or from
:func:`coverage_redundancies`. Where no prior rules can be had, :func:`likelihood_gap` measures
the same thing on the chosen answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from curation.ml.arrays import FloatArray, cosine_similarities

HIGH_GAP = 0.45
"""From this cluster gap on, the reflective path (UNO §3)."""

ROUNDING = 1e-9
GapRoute = Literal["expert", "critic"]


@dataclass(frozen=True, slots=True)
class ClusterGap:
    """A cluster's ``gap`` (the mean of its entries' gaps), and the smallest and largest of those,
    all in [0, 1]."""

    gap: float
    minimum: float
    maximum: float
    n_entries: int


def log_odds(probability: float, smallest: float = 1e-6) -> float:
    """ln(p / (1 − p)) of a probability in [0, 1], kept finite at both ends by ``smallest``."""
    kept = min(1.0 - smallest, max(smallest, _checked(probability, "A probability")))
    return log(kept / (1.0 - kept))


def coverage_redundancies(rule_embeddings: ArrayLike, prior_embeddings: ArrayLike) -> FloatArray:
    """Redundancy [m] of each rule by embeddings: its largest cosine to a prior rule, in [0, 1].

    Parameters
    ----------
    rule_embeddings
        [m, d] of the feedback rules.
    prior_embeddings
        [p, d] of the prior rules; p = 0 covers nothing.
    """
    rules, priors = np.asarray(rule_embeddings), np.asarray(prior_embeddings)
    if priors.size == 0 or rules.size == 0:
        return np.zeros(len(rules), dtype=np.float64)
    covered: FloatArray = np.clip(cosine_similarities(rules, priors).max(axis=1), 0.0, 1.0)
    return covered


def novelties(redundancies: Sequence[float] | FloatArray) -> list[float]:
    """1 − redundancy of each rule.

    Raises
    ------
    ValueError
        A redundancy outside [0, 1].
    """
    return [1.0 - _checked(float(redundancy), "A redundancy") for redundancy in redundancies]


def entry_gap(redundancies: Sequence[float] | FloatArray) -> float:
    """Smallest novelty over the rules of one log entry.

    Raises
    ------
    ValueError
        No rules: such an entry is not training material and has no gap.
    """
    if not len(redundancies):
        raise ValueError("An entry without feedback rules has no gap; leave it out.")
    return min(novelties(redundancies))


def cluster_gap(entry_gaps: Sequence[float]) -> ClusterGap:
    """Mean of the entry gaps (each a minimum) of a cluster.

    Raises
    ------
    ValueError
        No entries, or a gap outside [0, 1].
    """
    if not entry_gaps:
        raise ValueError("A cluster without scored entries has no gap; score its entries first.")
    values = [_checked(gap, "A gap") for gap in entry_gaps]
    return ClusterGap(sum(values) / len(values), min(values), max(values), len(values))


def route_for_gap(gap: float, threshold: float = HIGH_GAP) -> GapRoute:
    """``critic`` for a high gap (≥ ``threshold``), ``expert`` for a low one (UNO §3).

    A mean that is the threshold but for the rounding of its sum reaches it.
    """
    return "critic" if _checked(gap, "A gap") >= threshold - ROUNDING else "expert"


def likelihood_gap(nll_chosen: float, nll_own: float, nll_unrelated: float) -> float:
    """How surprising the chosen answer is to the base model, in [0, 1].

    gap = clip((nll(chosen) − nll(own)) / (nll(unrelated) − nll(own)), 0, 1)

    Parameters
    ----------
    nll_chosen, nll_own, nll_unrelated
        Mean negative log-likelihood in nats per token under the base model given the query: of
        the chosen answer, of the base's own logged reply, and of an answer chosen for a query of
        another cluster.

    Returns
    -------
    0 where the chosen answer is as natural to the model as its own reply, 1 where it is as
    surprising as an answer to another question. Where even the unrelated answer does not
    surprise more than its own reply, there is no scale: 0 if the chosen one does not either, else
    1.

    Raises
    ------
    ValueError
        A likelihood that is not finite.
    """
    if not all(map(isfinite, (nll_chosen, nll_own, nll_unrelated))):
        raise ValueError(
            f"Likelihoods must be finite; got {nll_chosen}, {nll_own}, {nll_unrelated}."
        )
    excess, scale = nll_chosen - nll_own, nll_unrelated - nll_own
    if scale <= 0:
        return 0.0 if excess <= 0 else 1.0
    return min(1.0, max(0.0, excess / scale))


def _checked(value: float, name: str) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie in [0, 1]; got {value}.")
    return value
