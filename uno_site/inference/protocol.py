"""The one inference protocol that every engine speaks and every caller uses.

It has the shape of the OpenAI / vLLM HTTP API, as Python values: the local
llama.cpp engine, a torch engine or a remote vLLM server are all reached through
an :class:`InferenceClient`. This module imports no Django and no engine library.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

ChatRole = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled"]
FloatArray = NDArray[np.float32]
# The name under which an engine serves its sentence embedder, unless it is told another.
DEFAULT_EMBEDDING_MODEL = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a conversation."""

    role: ChatRole
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. ``temperature`` 0 is greedy.

    ``repeat_penalty`` counts what the reply has said; vLLM counts the prompt as well.
    """

    max_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.9
    seed: int | None = None
    stop: tuple[str, ...] = ()
    repeat_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat completion.

    ``model`` is the base model's name or the name of a loaded adapter.
    ``json_schema`` constrains the output to JSON that the schema accepts.
    ``user`` is an opaque id used for fair queueing.
    ``n_logprobs`` asks for the log-probability of each token with so many alternatives
    (0 to 20); None asks for none.
    """

    model: str
    messages: tuple[ChatMessage, ...]
    sampling: Sampling = field(default_factory=Sampling)
    json_schema: Mapping[str, Any] | None = None
    user: str | None = None
    n_logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one request.

    ``cached_tokens`` of the prompt were not read anew: an earlier turn had left them.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of a reply: its text, natural-log probability, bytes, and likeliest alternatives."""

    token: str
    logprob: float
    bytes: tuple[int, ...] = ()
    top: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """A piece of a streamed reply; the last one carries ``finish_reason`` and ``usage``.

    ``token_ids`` are the exact sampled ids of this piece (empty where an engine
    does not tell them).
    """

    text: str
    token_ids: tuple[int, ...] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatResult:
    """A whole reply."""

    text: str
    model: str
    finish_reason: FinishReason
    usage: Usage
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class CompletionScore:
    """Natural-log probabilities of a given completion, one per token, end-of-turn included."""

    token_ids: tuple[int, ...]
    logprobs: FloatArray  # shape [n_tokens]

    @property
    def mean_logprob(self) -> float:
        """Mean log-probability in nats per token."""
        return float(self.logprobs.mean()) if self.logprobs.size else 0.0


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One entry of ``/v1/models``: the base, or an adapter whose ``parent`` is the base."""

    id: str
    parent: str | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """What ``/health`` tells. ``model_format`` says for people which file format is served.

    ``failed`` is an engine that answers, but will serve nobody until it is started again.
    """

    status: Literal["ok", "loading", "failed"]
    base_model: str
    base_sha256: str
    n_active: int = 0
    n_queued: int = 0
    model_format: str = ""


class InferenceClient(Protocol):
    """What the application may ask of an engine. Errors are :mod:`uno_site.inference.errors`."""

    @property
    def base_url(self) -> str: ...

    def health(self) -> EngineHealth: ...

    def models(self) -> list[ModelCard]: ...

    def chat(self, request: ChatRequest) -> ChatResult: ...

    def chat_many(self, requests: Sequence[ChatRequest]) -> list[ChatResult]:
        """Answers in the order of ``requests``; sent concurrently so that the engine can batch."""
        ...

    def chat_stream(self, request: ChatRequest) -> Iterator[ChatChunk]: ...

    def score(
        self, model: str, messages: Sequence[ChatMessage], completion: str
    ) -> CompletionScore:
        """log p(completion + end-of-turn | messages) per token."""
        ...

    def next_token_logprobs(
        self, model: str, messages: Sequence[ChatMessage], candidates: Sequence[str]
    ) -> dict[str, float]:
        """Log-probability that the reply begins with each candidate's first token ("yes"/"no")."""
        ...

    def rerank(
        self, model: str, query: str, documents: Sequence[str], instruction: str
    ) -> list[float]:
        """P("yes") in [0, 1] that each document meets ``instruction`` for the query, in order."""
        ...

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised sentence embeddings, shape [len(texts), d], float32."""
        ...

    def load_adapter(self, name: str, path: str) -> None:
        """Load a PEFT folder under ``name``; idempotent for the same name and path."""
        ...

    def unload_adapter(self, name: str) -> None: ...


class AsyncInferenceClient(Protocol):
    """The part of the protocol that the web process awaits."""

    async def chat(self, request: ChatRequest) -> ChatResult: ...

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]: ...

    async def embed(self, texts: Sequence[str]) -> FloatArray: ...

    async def load_adapter(self, name: str, path: str) -> None: ...

    async def unload_adapter(self, name: str) -> None: ...
