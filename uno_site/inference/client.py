"""The client of any inference engine that speaks the OpenAI / vLLM HTTP API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import httpx

from uno_site.inference import calls, wire
from uno_site.inference.adapter_sync import AdapterSource, no_adapters
from uno_site.inference.errors import EngineRefused, InferenceError
from uno_site.inference.gateway import Gateway
from uno_site.inference.policy import ClientPolicy
from uno_site.inference.protocol import (
    DEFAULT_EMBEDDING_MODEL,
    ChatChunk,
    ChatMessage,
    ChatRequest,
    ChatResult,
    CompletionScore,
    EngineHealth,
    FloatArray,
    ModelCard,
)
from uno_site.inference.replicas import ReplicaSet
from uno_site.inference.reports import ReplicaReport, replica_report

MAX_CONCURRENT = 16


class HttpClient:
    """Implements :class:`~uno_site.inference.protocol.InferenceClient`. Thread-safe.

    Parameters
    ----------
    base_url
        Such as ``http://127.0.0.1:8081``, without ``/v1``; several replicas of one engine are
        separated by commas. Or a set of replicas that is shared with other clients.
    token
        Bearer token; empty for none.
    policy
        Time-outs, retries, and when a replica is left alone.
    embedding_model, embedding_url
        The embedder's name, and its URL (or URLs) where it is another server's.
    wanted
        The adapters that every replica should have; one that comes back gets them first.
    transport
        An httpx transport, for tests.
    """

    def __init__(
        self,
        base_url: str | ReplicaSet,
        token: str = "",
        *,
        policy: ClientPolicy | None = None,
        embedding_model: str = DEFAULT_EMBEDDING_MODEL,
        embedding_url: str | ReplicaSet = "",
        wanted: AdapterSource = no_adapters,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._policy = policy or ClientPolicy()
        self._embedding_model = embedding_model
        self._wanted = wanted
        self._end_of_turn: dict[str, int] = {}
        self._http = httpx.Client(
            headers=wire.headers(token),
            limits=httpx.Limits(max_connections=4 * MAX_CONCURRENT),
            transport=transport,
        )
        self._engine = Gateway(self._http, self._replicas(base_url), self._policy, wanted)
        self._embedder = self._engine
        if embedding_url:
            self._embedder = Gateway(self._http, self._replicas(embedding_url), self._policy)

    @property
    def base_url(self) -> str:
        """The engine's URL; of several replicas, all of them."""
        return ",".join(self._engine.replicas.urls)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def health(self) -> EngineHealth:
        """Whether the engine serves, and what. vLLM tells no digest: ``base_sha256`` is empty.

        Of several replicas, what the first one says that answers. Nothing is tried twice.
        """
        replicas = self._engine.replicas.replicas
        for replica in replicas[:-1]:
            try:
                return self._engine.health(replica)
            except InferenceError:
                continue
        return self._engine.health(replicas[-1])

    def replicas(self) -> list[ReplicaReport]:
        """Each replica's state and adapters, asked now and at the same time."""
        wanted, replicas = self._wanted(), self._engine.replicas.replicas
        with ThreadPoolExecutor(len(replicas)) as pool:
            return list(pool.map(lambda r: replica_report(self._engine, r, wanted), replicas))

    def bring_up_to_date(self) -> None:
        """Give every replica in service the adapters that it should have."""
        self._engine.bring_all_up_to_date()

    def models(self) -> list[ModelCard]:
        """The base model and the loaded adapters."""
        return wire.parse_models(wire.response_json(self._engine.send(calls.MODELS)))

    def chat(self, request: ChatRequest) -> ChatResult:
        """A whole reply."""
        return wire.parse_chat(self._json(self._chat_call(request)))

    def chat_many(self, requests: Sequence[ChatRequest]) -> list[ChatResult]:
        """Whole replies in the order of ``requests``; waits while the engine's queue is full."""
        if not requests:
            return []
        with ThreadPoolExecutor(min(MAX_CONCURRENT, len(requests))) as pool:
            return list(pool.map(self._chat_patiently, requests))

    def chat_stream(self, request: ChatRequest) -> Iterator[ChatChunk]:
        """Chunks as they are written; closing the iterator cancels the reply."""
        return self._engine.stream(calls.chat_call(wire.chat_body(request, stream=True)))

    def score(
        self, model: str, messages: Sequence[ChatMessage], completion: str
    ) -> CompletionScore:
        """log p(completion + end-of-turn | messages), one value per token, in nats."""
        prompt = self._tokenize_messages(model, messages, add_generation_prompt=True)
        tokens = [*self._tokenize_text(model, completion), self._end_of_turn_token(model)]
        return self._score_tokens(model, prompt, tokens)

    def next_token_logprobs(
        self, model: str, messages: Sequence[ChatMessage], candidates: Sequence[str]
    ) -> dict[str, float]:
        """Log-probability that the reply begins with each candidate's first token.

        Candidates that are not among the likeliest tokens are scored one by one, exactly.
        """
        firsts = {text: self._first_token(model, text) for text in candidates}
        body = wire.next_token_body(model, messages)
        known = wire.parse_next_token(self._json(calls.chat_call(body)))
        missing = sorted(set(firsts.values()) - set(known))
        if missing:
            prompt = self._tokenize_messages(model, messages, add_generation_prompt=True)
            for token in missing:
                known[token] = float(self._score_tokens(model, prompt, [token]).logprobs[0])
        return {text: known[token] for text, token in firsts.items()}

    def rerank(
        self, model: str, query: str, documents: Sequence[str], instruction: str
    ) -> list[float]:
        """P("yes") in [0, 1] that each document meets ``instruction`` for the query, in order."""
        call = calls.rerank_call(model, query, list(documents), instruction)
        return wire.parse_rerank(self._json(call))

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised sentence embeddings, shape [len(texts), d]; at least one text.

        Raises
        ------
        EngineRefused
            ``texts`` is empty.
        """
        bodies = [
            wire.response_json(self._embedder.send(calls.embed_call(self._embedding_model, batch)))
            for batch in wire.embedding_batches(texts)
        ]
        return wire.join_embeddings(bodies)

    def load_adapter(self, name: str, path: str) -> None:
        """Load a PEFT folder (a path on the engine's machine) under ``name``, on all replicas.

        Raises
        ------
        EngineRefused
            A replica cannot load it. Those that cannot be reached are left out.
        EngineUnreachable
            No replica can be reached.
        """
        self._engine.load_everywhere(name, path)

    def unload_adapter(self, name: str) -> None:
        """Take an adapter away from all replicas."""
        self._engine.unload_everywhere(name)

    def _chat_patiently(self, request: ChatRequest) -> ChatResult:
        response = self._engine.send(self._chat_call(request), limits=self._policy.patient_retries)
        return wire.parse_chat(wire.response_json(response))

    def _score_tokens(
        self, model: str, prompt: list[int], completion: list[int]
    ) -> CompletionScore:
        tokens, first = [*prompt, *completion], len(prompt)
        body = wire.score_body(model, tokens, first)
        return wire.parse_score(self._json(calls.completion_call(body)), tokens, first)

    def _tokenize_messages(
        self, model: str, messages: Sequence[ChatMessage], *, add_generation_prompt: bool
    ) -> list[int]:
        body = {
            "model": model,
            "messages": wire.messages_body(messages),
            "add_generation_prompt": add_generation_prompt,
        }
        return [int(token) for token in self._json(calls.tokenize_call(body))["tokens"]]

    def _tokenize_text(self, model: str, text: str) -> list[int]:
        body = {"model": model, "prompt": text, "add_special_tokens": False}
        return [int(token) for token in self._json(calls.tokenize_call(body))["tokens"]]

    def _first_token(self, model: str, text: str) -> int:
        tokens = self._tokenize_text(model, text)
        if not tokens:
            raise EngineRefused(f"The candidate {text!r} has no tokens.")
        return tokens[0]

    def _end_of_turn_token(self, model: str) -> int:
        """The first token of what the chat template puts after any reply."""
        if model not in self._end_of_turn:
            one, other = (
                self._tokenize_messages(
                    model,
                    [ChatMessage("user", "x"), ChatMessage("assistant", reply)],
                    add_generation_prompt=False,
                )
                for reply in ("one", "two")
            )
            self._end_of_turn[model] = wire.common_tail(one, other)[0]
        return self._end_of_turn[model]

    def _replicas(self, urls: str | ReplicaSet) -> ReplicaSet:
        return urls if isinstance(urls, ReplicaSet) else ReplicaSet(urls, self._policy.breaker)

    @staticmethod
    def _chat_call(request: ChatRequest) -> calls.Call:
        return calls.chat_call(wire.chat_body(request, stream=False))

    def _json(self, call: calls.Call) -> wire.Body:
        return wire.response_json(self._engine.send(call))
