"""What an experience is worth keeping, and when it has done more harm than good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chat.experience.ml.ranking import utility

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class KeepConfig:
    """Weights of the keep score (they sum to 1), and what quarantines a row.

    ``half_days`` is the time constant τ of e^(−Δt/τ), in days. A row with ``min_uses`` outcomes
    of which fewer than ``min_helpful`` helped is quarantined. Over ``cap`` live rows the lowest
    keep scores go; rows younger than ``grace_hours`` do not.
    """

    utility_weight: float = 0.4
    hits_weight: float = 0.3
    recency_weight: float = 0.2
    importance_weight: float = 0.1
    half_days: float = 30.0
    min_uses: int = 5
    min_helpful: float = 0.5
    cap: int = 10_000
    grace_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the keep score asks of a row. Times are seconds since the epoch."""

    helpful: int
    harmful: int
    hits: int
    importance: float
    last_used: float
    created: float
    is_pinned: bool = False


def keep_scores(
    rows: Sequence[Standing], now: float, config: KeepConfig | None = None
) -> list[float]:
    """Keep score of each row, in [0, 1].

    0.4·u + 0.3·log(1+hits)/log(1+max hits) + 0.2·e^(−Δt/30 d) + 0.1·importance, where Δt is the
    time since the row was last used (or made).
    """
    config = config or KeepConfig()
    most = math.log1p(max((row.hits for row in rows), default=0)) or 1.0
    return [
        config.utility_weight * utility(row.helpful, row.harmful)
        + config.hits_weight * math.log1p(row.hits) / most
        + config.recency_weight * math.exp(-max(now - row.last_used, 0) / (config.half_days * DAY))
        + config.importance_weight * row.importance
        for row in rows
    ]


def does_harm(helpful: int, harmful: int, config: KeepConfig | None = None) -> bool:
    """Whether a row is to be quarantined: used often enough, and more often in vain than not.

    Only uses whose outcome is known count: silence is neither help nor harm.
    """
    config = config or KeepConfig()
    n_uses = helpful + harmful
    return n_uses >= config.min_uses and helpful / n_uses < config.min_helpful


def over_cap(rows: Sequence[Standing], now: float, config: KeepConfig | None = None) -> list[int]:
    """Indices of the rows to archive so that at most ``cap`` are left; lowest score first.

    Pinned rows and rows younger than ``grace_hours`` stay, so that more than ``cap`` may be left.
    Among equal scores the older row goes.
    """
    config = config or KeepConfig()
    n_excess = len(rows) - config.cap
    if n_excess <= 0:
        return []
    scores = keep_scores(rows, now, config)
    youngest = now - config.grace_hours * 3_600
    may_go = [
        index for index, row in enumerate(rows) if not row.is_pinned and row.created <= youngest
    ]
    may_go.sort(key=lambda index: (scores[index], rows[index].created, index))
    return may_go[:n_excess]
