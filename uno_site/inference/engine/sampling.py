"""Drawing tokens: one sampler per sequence, over llama.cpp's sampler chain."""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Sequence
from typing import Any

import llama_cpp
import numpy as np

from uno_site.inference.engine.llama import Model
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import FloatArray, Sampling

# A token this many temperatures below the likeliest has less than 2e-8 of its probability;
# leaving such tokens out makes a draw three times faster.
LIKELY_MARGIN = 18.0
_CANDIDATE = np.dtype([("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])


class TokenSampler:
    """Samples one sequence's tokens: penalty, temperature, nucleus, seed; grammar if given.

    The order is that of vLLM: repetition penalty (prompt included), temperature, top-p.
    """

    def __init__(
        self, model: Model, sampling: Sampling, prompt: Sequence[int], grammar: str | None
    ) -> None:
        self._candidates = np.zeros(model.n_vocab, dtype=_CANDIDATE)
        self._chain = _make_chain(model, sampling, len(prompt))
        self._all_ids = np.arange(model.n_vocab, dtype=np.int32)
        # A penalty may push the likeliest tokens down among the others: then all are needed.
        is_penalised = sampling.repeat_penalty != 1.0
        self._margin = np.inf if is_penalised else LIKELY_MARGIN * max(sampling.temperature, 0.0)
        self._grammar: Any = None
        if grammar is not None:
            self._grammar = llama_cpp.llama_sampler_init_grammar(
                model.vocab, grammar.encode("utf-8"), b"root"
            )
            if not self._grammar:
                self.close()
                raise EngineRefused("llama.cpp refuses the grammar of this JSON schema.")
        if sampling.repeat_penalty != 1.0:
            for token in prompt:
                llama_cpp.llama_sampler_accept(self._chain, token)

    def sample(self, logits: FloatArray) -> int | None:
        """The next token; ``None`` when the grammar allows none at all."""
        token = self._draw(logits, constrained=False)
        if self._grammar is not None and not self._is_allowed(token):
            # The full vocabulary goes through the grammar only when the free draw failed:
            # that costs ten times a free draw.
            token = self._draw(logits, constrained=True)
            if not self._is_allowed(token):
                return None
        return token

    def accept(self, token: int) -> None:
        """Tell the sampler that ``token`` was taken and the sequence goes on."""
        llama_cpp.llama_sampler_accept(self._chain, token)
        if self._grammar is not None:
            llama_cpp.llama_sampler_accept(self._grammar, token)

    def close(self) -> None:
        """Free the sampler; a second call does nothing."""
        for sampler in (self._chain, self._grammar):
            if sampler:
                llama_cpp.llama_sampler_free(sampler)
        self._chain = self._grammar = None

    def _draw(self, logits: FloatArray, *, constrained: bool) -> int:
        ids = self._all_ids
        if not constrained and np.isfinite(self._margin):
            ids = np.flatnonzero(logits >= logits.max() - self._margin).astype(np.int32)
        candidates = self._candidates[: len(ids)]
        candidates["id"], candidates["logit"], candidates["p"] = ids, logits[ids], 0.0
        array = _as_array(candidates)
        if constrained:
            llama_cpp.llama_sampler_apply(self._grammar, ctypes.byref(array))
        llama_cpp.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[max(array.selected, 0)].id)

    def _is_allowed(self, token: int) -> bool:
        # Accepting a token that the grammar forbids ends the process.
        one = np.array([(token, 0.0, 0.0)], dtype=_CANDIDATE)
        array = _as_array(one)
        llama_cpp.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return bool(array.size == 1 and np.isfinite(array.data[0].logit))


def _as_array(candidates: Any) -> Any:
    pointer = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    return llama_cpp.llama_token_data_array(
        data=pointer, size=len(candidates), selected=-1, sorted=False
    )


def _make_chain(model: Model, sampling: Sampling, n_prompt: int) -> Any:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    parts = []
    if sampling.repeat_penalty != 1.0:
        window = n_prompt + sampling.max_tokens
        parts.append(
            llama_cpp.llama_sampler_init_penalties(
                model.n_vocab, window, sampling.repeat_penalty, 0.0, 0.0
            )
        )
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
