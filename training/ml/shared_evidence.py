"""Whether a topic may keep the common ground that it began with, by what all topics showed of it.

Each topic holds out a handful of prompts, and five wins of seven could be chance. But one and
the same adapter was asked every topic's prompts, and together they can tell (our addition,
docs/adr/0015-experts-may-begin-from-common-ground.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from curation.ml.stats import is_above_chance, wilson_interval

from .verify import VERIFIER, CheckpointScore, Verdict, VerifierConfig


def decide_together(
    own: CheckpointScore, elsewhere: Sequence[CheckpointScore], config: VerifierConfig = VERIFIER
) -> Verdict | None:
    """Accept an adapter for one topic by its wins on all topics' held-out prompts; None if not.

    All of them together must lie above chance, and the topic's own must not speak against it:
    they reach the bar (UNO §4: 0.53), and their 95 % interval does not end below what all showed.

    Parameters
    ----------
    own : CheckpointScore
        The adapter on the topic's own prompts.
    elsewhere : sequence of CheckpointScore
        The same adapter on the prompts of each of the other topics.
    """
    n_queries = own.n_queries + sum(one.n_queries for one in elsewhere)
    points = own.points + sum(one.points for one in elsewhere)
    rate = points / n_queries if n_queries else 0.0
    interval = wilson_interval(own.points, own.n_queries)
    speaks_against = own.win_rate < config.min_win_rate or interval.high < rate
    if not elsewhere or speaks_against or not is_above_chance(points, n_queries):
        return None
    together = wilson_interval(points, n_queries)
    reason = (
        f"The adapter that it began with won {own.n_wins} and tied {own.n_ties} of "
        f"{own.n_queries} queries here: win rate {own.win_rate:.2f}, too few to tell from chance. "
        f"On the held-out queries of all {len(elsewhere) + 1} topics that began with it, "
        f"{n_queries} together, its win rate is {rate:.2f} (95 % interval {together.low:.2f} to "
        f"{together.high:.2f}), and those of this topic do not speak against that."
    )
    return Verdict(True, own, interval, reason, n_more=0)
