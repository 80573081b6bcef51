"""What replies cost their people to edit: by week, by arm, and against the holdout.

Only replies of those who agreed to be learned from count, and only those of which somebody said
something: an untouched reply is missing, and how many are is told beside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.utils import timezone

from chat.models import ReplyOutcome, ServedArm, TerminalAction
from chat.services.arms import arm_table_active
from training.evaluation.statistics import (
    Estimate,
    mean_estimate,
    quantile_estimate,
    rate_estimate,
)
from training.figures import Weekly, week_starts, weekly_figures

#: Outcomes that a page looks at, the latest first.
MAX_OUTCOMES = 20_000


@dataclass(frozen=True, slots=True)
class Costs:
    """``n`` replies with a cost of ``n_all``: mean and median cost, the share that cost nothing,
    and beside them the mean of words changed, and of words that there were."""

    n: int
    n_all: int
    mean: Estimate | None
    median: Estimate | None
    untouched_by_edits: Estimate | None
    n_edits: float | None
    n_words: float | None

    @property
    def n_missing(self) -> int:
        """Replies of which nobody said anything."""
        return self.n_all - self.n


@dataclass(frozen=True, slots=True)
class WeekCosts:
    """One week's costs."""

    begins: date
    costs: Costs


@dataclass(frozen=True, slots=True)
class ArmCosts:
    """One arm of the table that is tried: its costs, how often it was drawn, and the share of its
    replies that were written anew."""

    arm: ServedArm
    costs: Costs
    n_conversations: int
    regenerated: Estimate | None
    weekly: Weekly


@dataclass(frozen=True, slots=True)
class Holdout:
    """The base's costs in the conversations that are kept for it, the other arms' in the others,
    and the difference of the means (below 0: the arms cost less)."""

    kept: Costs
    others: Costs
    difference: Estimate | None


def costs_of(outcomes: Sequence[ReplyOutcome]) -> Costs:
    """The figures of these outcomes."""
    judged = [one for one in outcomes if one.cost is not None]
    values = [float(one.cost or 0) for one in judged]
    return Costs(
        n=len(judged),
        n_all=len(outcomes),
        mean=_mean(values),
        median=quantile_estimate(values, 0.5),
        untouched_by_edits=rate_estimate(sum(value == 0 for value in values), len(values)),
        n_edits=float(np.mean([one.n_edits or 0 for one in judged])) if judged else None,
        n_words=float(np.mean([one.n_words for one in judged])) if judged else None,
    )


def _mean(values: Sequence[float]) -> Estimate | None:
    return mean_estimate({0: {str(index): value for index, value in enumerate(values)}})


def recent_outcomes() -> list[ReplyOutcome]:
    """The outcomes of the last weeks that may be looked at, oldest first."""
    rows = ReplyOutcome.objects.consented().filter(created_at__gte=week_starts()[0])
    return list(rows.order_by("-created_at")[:MAX_OUTCOMES])[::-1]


def weekly_costs(outcomes: Sequence[ReplyOutcome]) -> list[WeekCosts]:
    """Every week's costs, the latest first; weeks without a reply are left out."""
    return [WeekCosts(week, costs_of(rows)) for week, rows in reversed(_by_week(outcomes).items())]


def weekly_chart(outcomes: Sequence[ReplyOutcome]) -> Weekly:
    """The mean cost by week, with its interval."""
    return weekly_figures({week: costs_of(rows).mean for week, rows in _by_week(outcomes).items()})


def _by_week(outcomes: Sequence[ReplyOutcome]) -> dict[date, list[ReplyOutcome]]:
    starts = [begin.date() for begin in week_starts()]
    found: defaultdict[date, list[ReplyOutcome]] = defaultdict(list)
    for one in outcomes:
        day = timezone.localtime(one.created_at).date()
        found[max(start for start in starts if start <= day)].append(one)
    return dict(sorted(found.items()))


def arm_costs() -> list[ArmCosts]:
    """The arms of the table that is tried, the base first."""
    table = arm_table_active()
    if table is None:
        return []
    return [_arm(arm) for arm in table.arms.all()]


def _arm(arm: ServedArm) -> ArmCosts:
    rows = ReplyOutcome.objects.consented().filter(arm=arm).order_by("-created_at")
    outcomes = list(rows[:MAX_OUTCOMES])[::-1]
    n_anew = sum(one.action == TerminalAction.REGENERATE for one in outcomes)
    recent = [one for one in outcomes if one.created_at >= week_starts()[0]]
    return ArmCosts(
        arm=arm,
        costs=costs_of(outcomes),
        n_conversations=arm.conversations.count(),
        regenerated=rate_estimate(n_anew, len(outcomes)),
        weekly=weekly_chart(recent),
    )


def holdout(outcomes: Sequence[ReplyOutcome]) -> Holdout | None:
    """The holdout against everything else that the arms answered; None before it has a cost."""
    drawn = [one for one in outcomes if one.arm_id is not None]
    kept = costs_of([one for one in drawn if one.is_holdout])
    others = costs_of([one for one in drawn if not one.is_holdout])
    if not kept.n:
        return None
    return Holdout(kept, others, _difference(drawn) if others.n else None)


def _difference(drawn: Sequence[ReplyOutcome], n_draws: int = 2000) -> Estimate:
    """Mean cost of the others less that of the holdout, with a bootstrap interval."""
    groups: tuple[list[Any], list[Any]] = ([], [])
    for one in drawn:
        if one.cost is not None:
            groups[int(one.is_holdout)].append(one.cost)
    others, kept = (np.array(group, dtype=np.float64) for group in groups)
    rng = np.random.default_rng(0)
    means = [
        values[rng.integers(len(values), size=(n_draws, len(values)))].mean(axis=1)
        for values in (others, kept)
    ]
    low, high = np.quantile(means[0] - means[1], [0.025, 0.975])
    n = len(others) + len(kept)
    return Estimate(float(others.mean() - kept.mean()), float(low), float(high), n)
