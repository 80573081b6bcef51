"""One request on its way through the engine: prompt in, scores and tokens out.

A :class:`Generation` says which tokens it wants in the next batch (:meth:`plan`) and takes
the logits that come back (:meth:`absorb`). It knows nothing of threads, slots or HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from uno_site.errors import UnoError
from uno_site.inference.engine.backend import LanguageModel
from uno_site.inference.engine.sampling import TokenSampler
from uno_site.inference.engine.text_stream import TextStream
from uno_site.inference.protocol import FinishReason, FloatArray, Sampling, Usage

# Full rows of logits are large; scoring asks for this many in one batch.
MAX_SCORED_ROWS = 64


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token's natural-log probability, and the likeliest alternatives (id, log-probability)."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TextEvent:
    """Sampled tokens, and the text that has become certain with them."""

    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class DoneEvent:
    """The end of a request; ``prompt_logprobs`` begin at the job's ``score_from``."""

    finish_reason: FinishReason
    usage: Usage
    prompt_logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """The request cannot be finished."""

    error: UnoError


Event = TextEvent | DoneEvent | ErrorEvent


@dataclass(eq=False, slots=True)
class Job:
    """What is asked. ``emit`` is called on the engine's thread with each :data:`Event`.

    ``n_logprobs``: log-probabilities of sampled tokens with so many alternatives
    (``None`` for none); ``score_from``: index of the first prompt token to score.
    """

    adapter: Any  # adapters.LoadedAdapter | None; opaque here
    prompt: list[int]
    sampling: Sampling
    emit: Callable[[Event], None]
    grammar: str | None = None
    n_logprobs: int | None = None
    score_from: int | None = None
    n_prompt_logprobs: int = 0
    user: str = ""
    is_cancelled: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Tokens wanted in the next batch, and for which of them logits."""

    tokens: list[int]
    first_position: int
    wants_logits: list[bool]


class Generation:
    """The state of a running job in its slot."""

    def __init__(self, model: LanguageModel, job: Job, slot: int) -> None:
        self.job, self.slot = job, slot
        self._model = model
        self._sampler = TokenSampler(model, job.sampling, job.grammar)
        self._text = TextStream(job.sampling.stop)
        self._n_done = 0  # tokens whose keys and values are in the slot
        self._n_reused = 0
        self._sampled: list[int] = []
        self._scores: list[TokenLogprob] = []

    @property
    def is_prefilling(self) -> bool:
        """Whether prompt tokens are still to be read."""
        return self._n_done < len(self.job.prompt)

    @property
    def usage(self) -> Usage:
        """Tokens read and written so far."""
        return Usage(len(self.job.prompt), len(self._sampled), self._n_reused)

    @property
    def n_skippable(self) -> int:
        """Leading prompt tokens whose logits nobody wants."""
        last = len(self.job.prompt) - 1
        return last if self.job.score_from is None else max(0, min(last, self.job.score_from - 1))

    @property
    def tokens_done(self) -> list[int]:
        """The tokens whose keys and values are in the slot, in order."""
        return (self.job.prompt + self._sampled)[: self._n_done]

    def skip(self, n_tokens: int) -> None:
        """Begin after ``n_tokens`` of the prompt: the slot holds them already."""
        self._n_done = self._n_reused = n_tokens

    def plan(self, n_tokens: int, n_rows: int) -> Plan:
        """At most ``n_tokens`` tokens with at most ``n_rows`` rows of logits; maybe none."""
        if not self.is_prefilling:
            fits = n_tokens > 0 and n_rows > 0
            return Plan(self._sampled[-1:] if fits else [], self._n_done, [True] if fits else [])
        tokens: list[int] = []
        wants: list[bool] = []
        for position in range(self._n_done, min(self._n_done + n_tokens, len(self.job.prompt))):
            wanted = self._wants_logits(position)
            if wanted and sum(wants) == n_rows:
                break
            tokens.append(self.job.prompt[position])
            wants.append(wanted)
        return Plan(tokens, self._n_done, wants)

    def absorb(self, plan: Plan, rows: list[FloatArray]) -> list[TextEvent | DoneEvent]:
        """Take the logits of a decoded plan; return what has come of it, in order.

        ``rows`` holds one array for each wanted row of ``plan``, in order. A
        :class:`DoneEvent` at the end says that the slot is free.
        """
        wanted = [plan.first_position + i for i, w in enumerate(plan.wants_logits) if w]
        n_prompt = len(self.job.prompt)
        self._n_done += len(plan.tokens)
        events: list[TextEvent | DoneEvent] = []
        for position, row in zip(wanted, rows, strict=True):
            if position < n_prompt - 1:
                following = self.job.prompt[position + 1]
                self._scores.append(logprob_of(row, following, self.job.n_prompt_logprobs))
            else:
                events = self._take_token(row)
        return events

    def finish(self, reason: FinishReason) -> DoneEvent:
        """The event that ends this job."""
        return DoneEvent(reason, self.usage, tuple(self._scores))

    def close(self) -> None:
        """Free the sampler."""
        self._sampler.close()

    def _wants_logits(self, position: int) -> bool:
        first = self.job.score_from
        is_scored = first is not None and position + 1 >= first
        return is_scored or position == len(self.job.prompt) - 1

    def _take_token(self, row: FloatArray) -> list[TextEvent | DoneEvent]:
        if self.job.sampling.max_tokens == 0:
            return [self.finish("length")]
        token = self._sampler.sample(row)
        if token is None or self._model.is_end(token):
            return self._end_turn(token, row)
        self._sampled.append(token)
        text = self._text.push(self._model.piece(token))
        if self._text.is_stopped:
            return [self._text_event(text, token, row), self.finish("stop")]
        if len(self._sampled) >= self.job.sampling.max_tokens:
            text += self._text.finish()
            return [self._text_event(text, token, row), self.finish("length")]
        self._sampler.accept(token)
        return [self._text_event(text, token, row)]

    def _end_turn(self, token: int | None, row: FloatArray) -> list[TextEvent | DoneEvent]:
        """End at an end-of-turn token, which counts as sampled but has no text."""
        text = self._text.finish()
        if token is not None:
            self._sampled.append(token)
            return [self._text_event(text, token, row), self.finish("stop")]
        return [*([TextEvent(text, ())] if text else []), self.finish("stop")]

    def _text_event(self, text: str, token: int, row: FloatArray) -> TextEvent:
        if self.job.n_logprobs is None:
            return TextEvent(text, (token,))
        return TextEvent(text, (token,), (logprob_of(row, token, self.job.n_logprobs),))


def logprob_of(row: FloatArray, token: int, n_top: int) -> TokenLogprob:
    """Log-softmax of ``row`` (shape [n_vocab]) at ``token``, with the ``n_top`` likeliest."""
    peak = float(row.max())
    log_sum = peak + float(np.log(np.exp(row - peak, dtype=np.float64).sum()))
    top: tuple[tuple[int, float], ...] = ()
    if n_top > 0:
        best = np.argpartition(row, -n_top)[-n_top:]
        best = best[np.argsort(-row[best])]
        top = tuple((int(i), float(row[i]) - log_sum) for i in best)
    return TokenLogprob(token, float(row[token]) - log_sum, top)
