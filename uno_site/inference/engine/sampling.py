"""Drawing tokens: one sampler per sequence, over llama.cpp's sampler chain."""

from __future__ import annotations

import secrets
from typing import Any

import llama_cpp
import numpy as np

from uno_site.inference.engine.backend import LanguageModel
from uno_site.inference.engine.candidates import apply_sampler, to_candidates
from uno_site.inference.protocol import FloatArray, Sampling

# A token this many temperatures below the likeliest has less than 2e-8 of its probability;
# leaving such tokens out makes a draw three times faster.
LIKELY_MARGIN = 18.0


class TokenSampler:
    """Samples one sequence's tokens: penalty, temperature, nucleus, seed; grammar if given.

    The order is that of vLLM: repetition penalty, temperature, top-p.
    """

    def __init__(self, model: LanguageModel, sampling: Sampling, grammar: str | None) -> None:
        # First: it may refuse, and then nothing is to be freed.
        self._grammar = None if grammar is None else model.start_grammar(grammar)
        self._chain = _make_chain(sampling)
        self._margin = LIKELY_MARGIN * max(sampling.temperature, 0.0)
        self._penalty = RepeatPenalty(model.n_vocab, sampling.repeat_penalty)

    def sample(self, logits: FloatArray) -> int | None:
        """The next token; ``None`` when the grammar allows none at all."""
        logits = self._penalty.apply(logits)
        token = self._draw_likely(logits)
        if self._grammar is not None and not self._grammar.allows(token):
            # The full vocabulary goes through the grammar only when the free draw failed:
            # that costs ten times a free draw.
            token = self._draw_likely(self._grammar.mask(logits))
            if not self._grammar.allows(token):
                return None
        return token

    def accept(self, token: int) -> None:
        """Tell the sampler that ``token`` was taken and the sequence goes on."""
        self._penalty.add(token)
        llama_cpp.llama_sampler_accept(self._chain, token)
        if self._grammar is not None:
            self._grammar.accept(token)

    def close(self) -> None:
        """Free the sampler; a second call does nothing."""
        if self._chain:
            llama_cpp.llama_sampler_free(self._chain)
        if self._grammar is not None:
            self._grammar.close()
        self._chain = self._grammar = None

    def _draw_likely(self, logits: FloatArray) -> int:
        """Draw among the tokens that have a chance at all."""
        ids = np.flatnonzero(logits >= logits.max() - self._margin)
        candidates = to_candidates(ids, logits[ids])  # the array below points into it
        array = apply_sampler(self._chain, candidates)
        return int(array.data[max(array.selected, 0)].id)


class RepeatPenalty:
    """Makes tokens that the reply holds already less likely, by llama.cpp's and vLLM's formula.

    A positive logit of a token seen is divided by ``penalty``, another one multiplied. The
    prompt's tokens do not count: a reply about a broken window has to say "window"
    (docs/experiments.md, "the repetition penalty"). Done here and not in the sampler's chain,
    which would need the whole vocabulary for it at every token.
    """

    def __init__(self, n_vocab: int, penalty: float) -> None:
        self.penalty = penalty
        self._is_seen = np.zeros(n_vocab, dtype=bool)

    def add(self, token: int) -> None:
        """Count ``token`` among those written."""
        self._is_seen[token] = True

    def apply(self, logits: FloatArray) -> FloatArray:
        """The penalised logits, shape [n_vocab]; the given ones where there is no penalty."""
        if self.penalty == 1.0:
            return logits
        ids = np.flatnonzero(self._is_seen)
        seen = logits[ids]
        penalised = logits.copy()
        penalised[ids] = np.where(seen > 0, seen / self.penalty, seen * self.penalty)
        return penalised


def _make_chain(sampling: Sampling) -> Any:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    parts = []
    if sampling.temperature <= 0:
        parts.append(llama_cpp.llama_sampler_init_greedy())
    else:
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed & 0x7FFFFFFF
        parts.append(llama_cpp.llama_sampler_init_temp(sampling.temperature))
        if sampling.top_p < 1.0:
            parts.append(llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1))
        parts.append(llama_cpp.llama_sampler_init_dist(seed))
    for part in parts:
        llama_cpp.llama_sampler_chain_add(chain, part)
    return chain
