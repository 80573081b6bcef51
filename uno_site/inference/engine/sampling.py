"""Drawing tokens: penalty, temperature, nucleus, seed; a grammar if there is one.

In numpy, for both engines alike: a call into llama.cpp for every token of every stream costs
more than the arithmetic (docs/experiments.md, "what eight streams wait for").
"""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from uno_site.inference.engine.backend import LanguageModel
from uno_site.inference.protocol import FloatArray, Sampling

#: The nucleus is looked for among the tokens of at least this share of the likeliest one's
#: probability; only where these do not suffice, among all.
LIKELY_SHARE = 3e-4


class TokenSampler:
    """Samples one sequence's tokens.

    The order is that of vLLM: repetition penalty, temperature, top-p.
    """

    def __init__(self, model: LanguageModel, sampling: Sampling, grammar: str | None) -> None:
        # First: it may refuse, and then nothing is to be freed.
        self._grammar = None if grammar is None else model.start_grammar(grammar)
        self._penalty = RepeatPenalty(model.n_vocab, sampling.repeat_penalty)
        self._draw = Draw(sampling)

    def sample(self, logits: FloatArray) -> int | None:
        """The next token; ``None`` when the grammar allows none at all."""
        logits = self._penalty.apply(logits)
        token = self._draw(logits)
        if self._grammar is not None and not self._grammar.allows(token):
            # The full vocabulary goes through the grammar only when the free draw failed:
            # that costs ten times a free draw.
            token = self._draw(self._grammar.mask(logits))
            if not self._grammar.allows(token):
                return None
        return token

    def accept(self, token: int) -> None:
        """Tell the sampler that ``token`` was taken and the sequence goes on."""
        self._penalty.add(token)
        if self._grammar is not None:
            self._grammar.accept(token)

    def close(self) -> None:
        """Free the grammar; a second call does nothing."""
        if self._grammar is not None:
            self._grammar.close()
        self._grammar = None


class Draw:
    """Draws a token id from logits of shape [n_vocab]: temperature, top-p, seed.

    ``temperature`` 0 takes the likeliest. The nucleus holds the fewest likeliest tokens whose
    probabilities reach ``top_p`` (Holtzman et al. 2020), the one that reaches it included.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._temperature, self._top_p = sampling.temperature, sampling.top_p
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed & 0x7FFFFFFF
        self._random = np.random.default_rng(seed)

    def __call__(self, logits: FloatArray) -> int:
        """One draw; where everything is forbidden (minus infinity), any token."""
        peak = logits.max()
        if self._temperature <= 0 or not np.isfinite(peak):
            return int(logits.argmax())
        weights = self._weights(logits - peak)
        ids = self.nucleus(weights) if self._top_p < 1 else np.arange(len(weights))
        reached = np.cumsum(weights[ids], dtype=np.float64)
        at = np.searchsorted(reached, self._random.random() * reached[-1], side="right")
        return int(ids[min(int(at), len(ids) - 1)])

    def _weights(self, below_peak: FloatArray) -> FloatArray:
        """Probabilities over that of the likeliest token, in the array given: memory is slow."""
        below_peak *= np.float32(1 / self._temperature)
        return np.exp(below_peak, out=below_peak)

    def nucleus(self, weights: FloatArray) -> NDArray[np.intp]:
        """Ids of the nucleus, likeliest first; ``weights`` are 1 at the likeliest token."""
        wanted = self._top_p * float(weights.sum(dtype=np.float64))
        ids = np.flatnonzero(weights >= LIKELY_SHARE)
        if weights[ids].sum(dtype=np.float64) < wanted:
            ids = np.arange(len(weights))
        ids = ids[np.argsort(-weights[ids], kind="stable")]
        n = int(np.searchsorted(np.cumsum(weights[ids], dtype=np.float64), wanted)) + 1
        return ids[:n]


class RepeatPenalty:
    """Makes tokens that the reply holds already less likely, by llama.cpp's and vLLM's formula.

    A positive logit of a token seen is divided by ``penalty``, another one multiplied. The
    prompt's tokens do not count: a reply about a broken window has to say "window"
    (docs/experiments.md, "the repetition penalty").
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
