"""Sequences between the slots and the prefix cache: what fails on the way costs no reply."""

from __future__ import annotations

import logging
from typing import Any

from uno_site.inference.engine.backend import Context
from uno_site.inference.engine.generation import Generation, Job
from uno_site.inference.engine.prefix_cache import CacheStats, Owner, PrefixCache

logger = logging.getLogger(__name__)


class KeptSequences:
    """Copies what finished sequences hold out of ``context`` and back, within ``max_bytes``."""

    def __init__(self, context: Context, max_bytes: int) -> None:
        self._context, self._cache = context, PrefixCache(max_bytes)

    @property
    def stats(self) -> CacheStats:
        """What the prefix cache did and holds."""
        return self._cache.stats

    def forget(self, adapter: Any) -> None:
        """Drop what is kept of an adapter's sequences."""
        self._cache.forget(adapter)

    def resume(self, generation: Generation) -> None:
        """Give the empty slot what an earlier sequence of the same owner left of this prompt.

        Where that fails (memory may be short) the slot is empty again and the reply begins cold.
        """
        job = generation.job
        found = self._cache.find(_owner(job), job.prompt, generation.n_skippable)
        if found is None:
            return
        saved, n_tokens = found
        try:
            is_back = self._context.restore(generation.slot, saved.state, n_tokens)
        except Exception:
            logger.exception("sequence not restored n_tokens=%d", n_tokens)
            self._context.clear(generation.slot)
            return
        if is_back:
            generation.skip(n_tokens)

    def keep(self, generation: Generation) -> None:
        """Copy out what the slot holds; where that fails, the next turn begins cold."""
        tokens = generation.tokens_done
        if not self._cache.worth_saving(len(tokens)):
            return
        try:
            state = self._context.save(generation.slot)
            self._cache.store(_owner(generation.job), tokens, state)
        except Exception:
            logger.exception("sequence not kept n_tokens=%d", len(tokens))


def _owner(job: Job) -> Owner:
    """Who may go on with a sequence: the same user, answered by the same adapter."""
    return job.adapter and job.adapter.adapter, job.user
