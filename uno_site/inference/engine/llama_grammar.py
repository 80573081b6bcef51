"""A GBNF grammar at work on one reply, over llama.cpp's grammar sampler."""

from __future__ import annotations

from typing import Any

import llama_cpp
import numpy as np

from uno_site.inference.engine.candidates import apply_sampler, to_candidates
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import FloatArray


class LlamaGrammar:
    """Implements :class:`~uno_site.inference.engine.backend.Grammar`.

    Raises
    ------
    EngineRefused
        llama.cpp does not take the grammar.
    """

    def __init__(self, vocab: Any, grammar: str) -> None:
        self._sampler = llama_cpp.llama_sampler_init_grammar(vocab, grammar.encode(), b"root")
        if not self._sampler:
            raise EngineRefused("llama.cpp refuses the grammar of this JSON schema.")

    def allows(self, token: int) -> bool:
        """Whether ``token`` may come next."""
        one = to_candidates(np.array([token]), np.zeros(1, dtype=np.float32))
        apply_sampler(self._sampler, one)
        return bool(np.isfinite(one[0]["logit"]))

    def mask(self, logits: FloatArray) -> FloatArray:
        """``logits`` with minus infinity for what the grammar forbids, shape [n_vocab]."""
        candidates = to_candidates(np.arange(len(logits)), logits)
        apply_sampler(self._sampler, candidates)
        return np.ascontiguousarray(candidates["logit"])

    def accept(self, token: int) -> None:
        """Go on after ``token``; one that is forbidden ends the process."""
        llama_cpp.llama_sampler_accept(self._sampler, token)

    def close(self) -> None:
        """Free the sampler; a second call does nothing."""
        if self._sampler:
            llama_cpp.llama_sampler_free(self._sampler)
        self._sampler = None
