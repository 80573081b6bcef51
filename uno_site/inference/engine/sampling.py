"""Drawing tokens: one sampler per sequence, over llama.cpp's sampler chain."""

from __future__ import annotations

import ctypes
import secrets
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from uno_site.inference.engine.llama import Model
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import FloatArray, Sampling

# A token this many temperatures below the likeliest has less than 2e-8 of its probability;
# leaving such tokens out makes a draw three times faster.
LIKELY_MARGIN = 18.0
_CANDIDATE = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])


class TokenSampler:
    """Samples one sequence's tokens: penalty, temperature, nucleus, seed; grammar if given.

    The order is that of vLLM: repetition penalty, temperature, top-p.
    """

    def __init__(self, model: Model, sampling: Sampling, grammar: str | None) -> None:
        self._chain = _make_chain(sampling)
        self._margin = LIKELY_MARGIN * max(sampling.temperature, 0.0)
        self._penalty = RepeatPenalty(model.n_vocab, sampling.repeat_penalty)
        self._grammar: Any = None
        if grammar is not None:
            self._grammar = llama_cpp.llama_sampler_init_grammar(
                model.vocab, grammar.encode("utf-8"), b"root"
            )
            if not self._grammar:
                self.close()
                raise EngineRefused("llama.cpp refuses the grammar of this JSON schema.")

    def sample(self, logits: FloatArray) -> int | None:
        """The next token; ``None`` when the grammar allows none at all."""
        logits = self._penalty.apply(logits)
        token = self._draw_likely(logits)
        if self._grammar is not None and not self._is_allowed(token):
            # The full vocabulary goes through the grammar only when the free draw failed:
            # that costs ten times a free draw.
            token = self._draw_allowed(logits)
            if not self._is_allowed(token):
                return None
        return token

    def accept(self, token: int) -> None:
        """Tell the sampler that ``token`` was taken and the sequence goes on."""
        self._penalty.add(token)
        llama_cpp.llama_sampler_accept(self._chain, token)
        if self._grammar is not None:
            llama_cpp.llama_sampler_accept(self._grammar, token)

    def close(self) -> None:
        """Free the sampler; a second call does nothing."""
        for sampler in (self._chain, self._grammar):
            if sampler:
                llama_cpp.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _draw_likely(self, logits: FloatArray) -> int:
        """Draw among the tokens that have a chance at all."""
        ids = np.flatnonzero(logits >= logits.max() - self._margin)
        return self._draw(_candidates(ids, logits[ids]), self._chain)

    def _draw_allowed(self, logits: FloatArray) -> int:
        """Draw among what the grammar leaves of the whole vocabulary."""
        everything = _candidates(np.arange(len(logits)), logits)
        return self._draw(everything, self._grammar, self._chain)

    def _draw(self, candidates: NDArray[np.void], *samplers: Any) -> int:
        array = _as_array(candidates)  # points into `candidates`, which must live on meanwhile
        for sampler in samplers:
            llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
        return int(array.data[max(array.selected, 0)].id)

    def _is_allowed(self, token: int) -> bool:
        # Accepting a token that the grammar forbids ends the process.
        one = np.array([(token, 0.0, 0.0)], dtype=_CANDIDATE)
        array = _as_array(one)
        llama_cpp.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return bool(array.size == 1 and np.isfinite(array.data[0].logit))


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


def _candidates(ids: NDArray[np.integer], logits: FloatArray) -> NDArray[np.void]:
    candidates = np.zeros(len(ids), dtype=_CANDIDATE)
    candidates["id"], candidates["logit"] = ids, logits
    return candidates


def _as_array(candidates: NDArray[np.void]) -> Any:
    pointer = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    return llama_cpp.llama_token_data_array(
        data=pointer, size=len(candidates), selected=-1, sorted=False
    )


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
