"""A scripted model for unit tests that need to say beforehand what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

import numpy as np

from uno_site.inference.protocol import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    ChatResult,
    CompletionScore,
    EngineHealth,
    FloatArray,
    ModelCard,
    TokenLogprob,
    Usage,
)
from uno_site.inference.reports import ReplicaReport

Reply = str | Exception | Callable[[ChatRequest], str]


class ScriptedClient:
    """Answers every chat with ``reply`` (a text, a function of the request, or an error).

    Embeddings are unit vectors drawn from the text's hash: equal texts are equal, others
    nearly orthogonal. ``requests`` and ``loaded`` record what was asked. Each word is a token
    of log-probability -0.5; with ``tells_ids`` its id is its place in the reply.
    """

    base_url = "scripted:"

    def __init__(self, reply: Reply = "A scripted reply.", *, dim: int = 384) -> None:
        self.reply = reply
        self.dim = dim
        self.requests: list[ChatRequest] = []
        self.loaded: dict[str, str] = {}
        self.tells_ids = False
        self.logprob: Callable[[str, Sequence[ChatMessage], str], float] = lambda *_: -1.0
        self.next_token: dict[str, float] = {}
        self.relevance: Callable[[str, str], float] = lambda query, document: 0.5

    def _text(self, request: ChatRequest) -> str:
        self.requests.append(request)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply if isinstance(self.reply, str) else self.reply(request)

    def health(self) -> EngineHealth:
        return EngineHealth("ok", "scripted", "0" * 64)

    def replicas(self) -> list[ReplicaReport]:
        return [ReplicaReport(self.base_url, "serving", health=self.health())]

    def models(self) -> list[ModelCard]:
        return [ModelCard("scripted"), *(ModelCard(n, "scripted") for n in self.loaded)]

    def chat(self, request: ChatRequest) -> ChatResult:
        text = self._text(request)
        logprobs = tuple(x for word in text.split(" ") for x in _logprobs(word, request))
        usage = Usage(1, len(text.split()))
        return ChatResult(text, request.model, "stop", usage, logprobs=logprobs)

    def chat_many(self, requests: Sequence[ChatRequest]) -> list[ChatResult]:
        return [self.chat(request) for request in requests]

    def chat_stream(self, request: ChatRequest) -> Iterator[ChatChunk]:
        words = self._text(request).split(" ")
        for index, word in enumerate(words):
            text = word if index == 0 else f" {word}"
            ids = (index,) if self.tells_ids else ()
            yield ChatChunk(text, ids, logprobs=_logprobs(text, request))
        yield ChatChunk("", finish_reason="stop", usage=Usage(1, len(words)))

    def score(
        self, model: str, messages: Sequence[ChatMessage], completion: str
    ) -> CompletionScore:
        n_tokens = max(len(completion.split()), 1)
        value = self.logprob(model, messages, completion)
        return CompletionScore(tuple(range(n_tokens)), np.full(n_tokens, value, np.float32))

    def next_token_logprobs(
        self, model: str, messages: Sequence[ChatMessage], candidates: Sequence[str]
    ) -> dict[str, float]:
        return {text: self.next_token.get(text, -1.0) for text in candidates}

    def rerank(
        self, model: str, query: str, documents: Sequence[str], instruction: str
    ) -> list[float]:
        return [self.relevance(query, document) for document in documents]

    def embed(self, texts: Sequence[str]) -> FloatArray:
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            vector = np.random.default_rng(seed).normal(size=self.dim)
            row[:] = vector / np.linalg.norm(vector)
        return rows

    def load_adapter(self, name: str, path: str) -> None:
        self.loaded[name] = path

    def unload_adapter(self, name: str) -> None:
        self.loaded.pop(name, None)


def _logprobs(word: str, request: ChatRequest) -> tuple[TokenLogprob, ...]:
    if request.n_logprobs is None:
        return ()
    others = tuple(TokenLogprob(f"other{i}", -2.0 - i) for i in range(request.n_logprobs))
    return (TokenLogprob(word, -0.5, tuple(word.encode()), others),)


class AsyncScriptedClient:
    """The same script, awaited."""

    def __init__(self, reply: Reply = "A scripted reply.") -> None:
        self.script = ScriptedClient(reply)

    @property
    def requests(self) -> list[ChatRequest]:
        return self.script.requests

    async def chat(self, request: ChatRequest) -> ChatResult:
        return self.script.chat(request)

    async def aclose(self) -> None:
        """There is no connection."""

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        for chunk in self.script.chat_stream(request):
            yield chunk

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        return self.script.embed(texts)

    async def load_adapter(self, name: str, path: str) -> None:
        self.script.load_adapter(name, path)

    async def unload_adapter(self, name: str) -> None:
        self.script.unload_adapter(name)
