"""Who takes part in the next batch, and with how many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uno_site.inference.engine.backend import Context
from uno_site.inference.engine.fair_queue import BACKGROUND
from uno_site.inference.engine.generation import MAX_SCORED_ROWS, Generation, Plan


class AdapterTurns:
    """Adapters take turns where the backend cannot mix them in one batch.

    ``n_steps``: steps before another adapter's turn; a switch costs about one step.
    """

    def __init__(self, n_steps: int) -> None:
        self._n_steps = n_steps
        self._current: Any = None
        self._n_done = 0

    def next(self, running: Sequence[Generation]) -> list[Generation]:
        """The sequences of the adapter whose turn it is; at least one of ``running``."""
        self._choose(list(dict.fromkeys(g.job.adapter for g in running)))
        return [g for g in running if g.job.adapter is self._current]

    def _choose(self, waiting: list[Any]) -> None:
        if self._current in waiting:
            is_over = self._n_done >= self._n_steps
            if len(waiting) == 1 or not is_over:
                self._n_done += 1
                return
            waiting = waiting[waiting.index(self._current) + 1 :] + waiting
        self._current, self._n_done = waiting[0], 1


def share_batch(
    generations: Sequence[Generation], context: Context, shared_prefill: float
) -> list[tuple[Generation, Plan]]:
    """Writers first, one token each; prompts, people's before others, share what is left.

    ``shared_prefill``: the share of the batch for prompts while somebody is being written to.
    """
    writers = [g for g in generations if not g.is_prefilling]
    readers = [g for g in generations if g.is_prefilling]
    readers.sort(key=lambda g: g.job.user == BACKGROUND)
    n_alone = context.n_batch_tokens - context.n_slots  # leaves room for bridges
    n_tokens = int(shared_prefill * context.n_batch_tokens) if writers else n_alone
    n_rows = MAX_SCORED_ROWS
    plans = [(g, g.plan(1, 1)) for g in writers]
    for generation in readers:
        plan = generation.plan(n_tokens, n_rows)
        if plan.tokens:
            n_tokens -= len(plan.tokens)
            n_rows -= sum(plan.wants_logits)
            plans.append((generation, plan))
    return plans
