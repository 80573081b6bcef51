"""The client of any inference engine that speaks the OpenAI / vLLM HTTP API."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx

from uno_site.inference import wire
from uno_site.inference.errors import EngineBusy, EngineRefused
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

MAX_CONCURRENT = 16
# A full queue is waited for, longer each time, before chat_many gives up.
BUSY_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


class HttpClient:
    """Implements :class:`~uno_site.inference.protocol.InferenceClient`. Thread-safe.

    Parameters
    ----------
    base_url
        Such as ``http://127.0.0.1:8081``; without ``/v1``.
    token
        Bearer token; empty for none.
    timeout
        Seconds to wait for the next byte of an answer.
    connect_timeout
        Seconds to wait for the connection.
    embedding_model, embedding_url
        The embedder's name, and its URL where it is another server's.
    transport
        An httpx transport, for tests.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        *,
        timeout: float = 300.0,
        connect_timeout: float = 5.0,
        embedding_model: str = DEFAULT_EMBEDDING_MODEL,
        embedding_url: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._embedding_url = (embedding_url or base_url).rstrip("/")
        self._embedding_model = embedding_model
        self._end_of_turn: dict[str, int] = {}
        self._http = httpx.Client(
            headers=wire.headers(token),
            timeout=httpx.Timeout(timeout, connect=connect_timeout),
            limits=httpx.Limits(max_connections=4 * MAX_CONCURRENT),
            transport=transport,
        )

    @property
    def base_url(self) -> str:
        """The engine's URL."""
        return self._base_url

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
        """Whether the engine serves, and what. vLLM tells no digest: ``base_sha256`` is empty."""
        response = self._send("GET", "/health")
        if response.content.strip():
            return wire.parse_health(_json(response))
        bases = [card for card in self.models() if card.parent is None]
        return EngineHealth("ok", bases[0].id if bases else "", "")

    def models(self) -> list[ModelCard]:
        """The base model and the loaded adapters."""
        return wire.parse_models(_json(self._send("GET", "/v1/models")))

    def chat(self, request: ChatRequest) -> ChatResult:
        """A whole reply."""
        return wire.parse_chat(
            self._post("/v1/chat/completions", wire.chat_body(request, stream=False))
        )

    def chat_many(self, requests: Sequence[ChatRequest]) -> list[ChatResult]:
        """Whole replies in the order of ``requests``; waits while the engine's queue is full."""
        if not requests:
            return []
        with ThreadPoolExecutor(min(MAX_CONCURRENT, len(requests))) as pool:
            return list(pool.map(self._chat_patiently, requests))

    def chat_stream(self, request: ChatRequest) -> Iterator[ChatChunk]:
        """Chunks as they are written; closing the iterator cancels the reply."""
        url = f"{self._base_url}/v1/chat/completions"
        parser = wire.StreamParser(url)
        body = wire.chat_body(request, stream=True)
        has_begun = False
        try:
            with self._http.stream("POST", url, json=body) as response:
                if response.status_code >= 400:
                    response.read()
                    wire.check_response(response)
                has_begun = True
                for line in response.iter_lines():
                    chunk = parser.feed(line)
                    if chunk is not None:
                        yield chunk
        except httpx.HTTPError as error:
            raise (
                wire.broken_stream(url) if has_begun else wire.unreachable(url, error)
            ) from error
        parser.check_over()

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
        known = wire.parse_next_token(self._post("/v1/chat/completions", body))
        missing = sorted(set(firsts.values()) - set(known))
        if missing:
            prompt = self._tokenize_messages(model, messages, add_generation_prompt=True)
            for token in missing:
                known[token] = float(self._score_tokens(model, prompt, [token]).logprobs[0])
        return {text: known[token] for text, token in firsts.items()}

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """L2-normalised sentence embeddings, shape [len(texts), d]; at least one text.

        Raises
        ------
        EngineRefused
            ``texts`` is empty.
        """
        return wire.join_embeddings(
            [
                self._request(
                    "POST",
                    f"{self._embedding_url}/v1/embeddings",
                    {"model": self._embedding_model, "input": batch},
                )
                for batch in wire.embedding_batches(texts)
            ]
        )

    def load_adapter(self, name: str, path: str) -> None:
        """Load a PEFT folder (a path on the engine's machine) under ``name``."""
        try:
            self._post("/v1/load_lora_adapter", {"lora_name": name, "lora_path": path})
        except EngineRefused:
            # vLLM refuses a name that is loaded already; from the same path that is fine.
            if not any(card.id == name and card.root == path for card in self.models()):
                raise

    def unload_adapter(self, name: str) -> None:
        """Take an adapter away."""
        self._post("/v1/unload_lora_adapter", {"lora_name": name})

    def _chat_patiently(self, request: ChatRequest) -> ChatResult:
        for wait_s in BUSY_WAITS_S:
            try:
                return self.chat(request)
            except EngineBusy:
                time.sleep(wait_s)
        return self.chat(request)

    def _score_tokens(
        self, model: str, prompt: list[int], completion: list[int]
    ) -> CompletionScore:
        tokens, first = [*prompt, *completion], len(prompt)
        body = wire.score_body(model, tokens, first)
        return wire.parse_score(self._post("/v1/completions", body), tokens, first)

    def _tokenize_messages(
        self, model: str, messages: Sequence[ChatMessage], *, add_generation_prompt: bool
    ) -> list[int]:
        body = {
            "model": model,
            "messages": wire.messages_body(messages),
            "add_generation_prompt": add_generation_prompt,
        }
        return [int(token) for token in self._post("/tokenize", body)["tokens"]]

    def _tokenize_text(self, model: str, text: str) -> list[int]:
        body = {"model": model, "prompt": text, "add_special_tokens": False}
        return [int(token) for token in self._post("/tokenize", body)["tokens"]]

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

    def _post(self, path: str, body: dict[str, Any]) -> wire.Body:
        return self._request("POST", f"{self._base_url}{path}", body)

    def _send(self, verb: str, path: str) -> httpx.Response:
        return self._exchange(verb, f"{self._base_url}{path}", None)

    def _request(self, verb: str, url: str, body: dict[str, Any] | None) -> wire.Body:
        response = self._exchange(verb, url, body)
        # vLLM answers the adapter endpoints with a sentence of plain text.
        is_json = "json" in response.headers.get("content-type", "")
        return _json(response) if is_json else {"message": response.text}

    def _exchange(self, verb: str, url: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            response = self._http.request(verb, url, json=body)
        except httpx.HTTPError as error:
            raise wire.unreachable(url, error) from error
        wire.check_response(response)
        return response


def _json(response: httpx.Response) -> wire.Body:
    return wire.decode_json(response.text, str(response.request.url))
