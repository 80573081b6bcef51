"""What a retrain is likely to bring: what runs of about the same size brought here before.

No formula promises a gain; the instance's own verifications are all that is known. A run says
something about another one that has between half and twice as many pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluation.statistics import Estimate, mean_estimate, rate_estimate
from training.models import CLUSTER_KINDS, Verification

#: Runs beyond the latest so many belong to another time: other rules, another base model.
MAX_PAST_RUNS = 50
SIMILAR = 2.0
"""A run with up to so many times more or fewer pairs counts as of the same size."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One verified run: its pairs, its win rate against the base model in [0, 1], its verdict."""

    n_pairs: int
    win_rate: float
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Gain:
    """What runs of about this size brought: accepted ones and win rate, with 95 % intervals."""

    accepted: Estimate
    win_rate: Estimate

    @property
    def n_runs(self) -> int:
        """How many runs speak."""
        return self.accepted.n

    @property
    def n_accepted(self) -> int:
        """How many of them verification accepted."""
        return round(self.accepted.mean * self.accepted.n)


def past_runs() -> list[PastRun]:
    """The latest verified runs of clusters, newest first."""
    found = Verification.objects.filter(
        run__kind__in=CLUSTER_KINDS, run__owner_key=None, win_rate__isnull=False
    ).order_by("-created_at")
    rows = found.values_list("run__n_train", "run__n_validation", "win_rate", "is_accepted")
    return [
        PastRun(n_train + n_validation, win_rate, is_accepted)
        for n_train, n_validation, win_rate, is_accepted in rows[:MAX_PAST_RUNS]
    ]


def expected_gain(n_pairs: int, past: Sequence[PastRun]) -> Gain | None:
    """What to expect of a run over ``n_pairs`` pairs; None where no run was of that size."""
    alike = [one for one in past if n_pairs / SIMILAR <= one.n_pairs <= n_pairs * SIMILAR]
    accepted = rate_estimate(sum(one.is_accepted for one in alike), len(alike))
    wins = mean_estimate({0: {str(at): one.win_rate for at, one in enumerate(alike)}})
    return Gain(accepted, wins) if accepted is not None and wins is not None else None
