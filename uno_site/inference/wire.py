"""The protocol's values as vLLM's JSON and back; what both clients share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from uno_site.inference.errors import EngineRefused, EngineUnreachable, InferenceError
from uno_site.inference.http_errors import broken_stream, error_from_body
from uno_site.inference.protocol import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    ChatResult,
    CompletionScore,
    EngineHealth,
    FinishReason,
    FloatArray,
    ModelCard,
    Usage,
)
from uno_site.inference.wire_logprobs import parse_logprobs

Body = dict[str, Any]

# The most alternatives that vLLM gives for a token unless it is started with more.
MAX_TOP_LOGPROBS = 20
EMBEDDING_BATCH = 256


def chat_body(request: ChatRequest, *, stream: bool) -> Body:
    """The body of ``POST /v1/chat/completions``."""
    sampling = request.sampling
    body: Body = {
        "model": request.model,
        "messages": messages_body(request.messages),
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stream": stream,
        "return_token_ids": True,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.repeat_penalty != 1.0:
        body["repetition_penalty"] = sampling.repeat_penalty
    if request.json_schema is not None:
        schema = {"name": "reply", "schema": dict(request.json_schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.user is not None:
        body["user"] = request.user
    if request.n_logprobs is not None:
        body |= {"logprobs": True, "top_logprobs": request.n_logprobs}
    if stream:
        body["stream_options"] = {"include_usage": True}
    return body


def messages_body(messages: Sequence[ChatMessage]) -> list[Body]:
    """Messages as JSON."""
    return [{"role": m.role, "content": m.content} for m in messages]


def next_token_body(model: str, messages: Sequence[ChatMessage]) -> Body:
    """A chat of one token with its likeliest alternatives, named by token id."""
    return {
        "model": model,
        "messages": messages_body(messages),
        "max_tokens": 1,
        "temperature": 0.0,
        "logprobs": True,
        "top_logprobs": MAX_TOP_LOGPROBS,
        "return_tokens_as_token_ids": True,
    }


def score_body(model: str, prompt: Sequence[int], first: int) -> Body:
    """A completion that scores ``prompt[first:]``; vLLM scores it all and wants one new token."""
    return {
        "model": model,
        "prompt": list(prompt),
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": 0,
        "prompt_logprobs_from": first,
    }


def parse_chat(body: Body) -> ChatResult:
    """A whole reply."""
    choice = body["choices"][0]
    return ChatResult(
        text=choice["message"].get("content") or "",
        model=str(body["model"]),
        finish_reason=_finish_reason(choice.get("finish_reason")),
        usage=_usage(body.get("usage")) or Usage(0, 0),
        token_ids=tuple(choice.get("token_ids") or ()),
        logprobs=parse_logprobs(choice),
    )


def parse_score(body: Body, prompt: Sequence[int], first: int) -> CompletionScore:
    """The log-probabilities of ``prompt[first:]``."""
    entries = body["choices"][0]["prompt_logprobs"][first:]
    tokens = tuple(prompt[first:])
    values = [entry[str(token)]["logprob"] for token, entry in zip(tokens, entries, strict=True)]
    return CompletionScore(tokens, np.asarray(values, dtype=np.float32))


def parse_next_token(body: Body) -> dict[int, float]:
    """Log-probability by token id of the likeliest first tokens."""
    (first,) = body["choices"][0]["logprobs"]["content"][:1]
    entries = [first, *first["top_logprobs"]]
    return {int(e["token"].removeprefix("token_id:")): float(e["logprob"]) for e in entries}


def embedding_batches(texts: Sequence[str]) -> list[list[str]]:
    """``texts`` in pieces that an engine takes.

    Raises
    ------
    EngineRefused
        There is nothing to embed.
    """
    if not texts:
        raise EngineRefused("There are no texts to embed.")
    return [list(texts[i : i + EMBEDDING_BATCH]) for i in range(0, len(texts), EMBEDDING_BATCH)]


def join_embeddings(bodies: Sequence[Body]) -> FloatArray:
    """Rows in the order asked for, L2-normalised whatever the server does."""
    rows = [row for b in bodies for row in sorted(b["data"], key=lambda row: int(row["index"]))]
    vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def parse_rerank(body: Body) -> list[float]:
    """Relevances in the order of the documents, in [0, 1]."""
    rows = sorted(body["results"], key=lambda row: int(row["index"]))
    return [float(row["relevance_score"]) for row in rows]


def common_tail(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """The longest common end of two token lists.

    Raises
    ------
    InferenceError
        They end differently: the chat template closes no turn.
    """
    n = 0
    while n < min(len(one), len(other)) and one[-1 - n] == other[-1 - n]:
        n += 1
    if n == 0:
        raise InferenceError(
            "The model's chat template does not end a reply with a token of its own.",
            remedy="Serve a chat model whose template closes the assistant's turn.",
        )
    return list(one[len(one) - n :])


def parse_models(body: Body) -> list[ModelCard]:
    """The entries of ``/v1/models``."""
    return [ModelCard(row["id"], row.get("parent"), row.get("root")) for row in body["data"]]


def parse_health(response: httpx.Response) -> EngineHealth:
    """What ``/health`` says. UNO's engine tells its model; other servers less, or nothing."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    return EngineHealth(
        status="loading" if body.get("status") == "loading" else "ok",
        base_model=str(body.get("base_model", "")),
        base_sha256=str(body.get("base_sha256", "")),
        n_active=int(body.get("n_active", 0)),
        n_queued=int(body.get("n_queued", 0)),
        model_format=str(body.get("model_format", "")),
    )


def health_from_models(cards: Sequence[ModelCard]) -> EngineHealth:
    """Of a server that tells nothing more: it serves, and the first base model is its own."""
    bases = [card.id for card in cards if card.parent is None]
    return EngineHealth("ok", bases[0] if bases else "", "")


def check_ready(health: EngineHealth, url: str) -> None:
    """Raise when the engine answers, but cannot serve yet.

    Raises
    ------
    EngineUnreachable
        It is still loading its model.
    """
    if health.status != "ok":
        raise EngineUnreachable(f"The engine at {url} is {health.status}.", remedy="Wait a moment.")


@dataclass(slots=True)
class StreamParser:
    """Lines of a server-sent event stream to chunks.

    The chunk that ends a reply is held until its usage, which comes in an event of its own.
    """

    url: str
    _reason: FinishReason | None = None
    _usage: Usage | None = None
    is_over: bool = False

    def feed(self, line: str) -> ChatChunk | None:
        """The chunk that a line brings, if any."""
        if self.is_over or not line.startswith("data:"):
            return None
        data = line[5:].strip()
        if data == "[DONE]":
            self.is_over = True
            return self._last()
        body = decode_json(data, self.url)
        if "error" in body:
            raise error_from_body(500, body, self.url)
        self._usage = _usage(body.get("usage")) or self._usage
        return self._chunk(body["choices"][0]) if body.get("choices") else None

    def check_over(self) -> None:
        """The stream has ended: it must have said so.

        Raises
        ------
        EngineUnreachable
            It broke off in the middle.
        """
        if not self.is_over:
            raise broken_stream(self.url)

    def _chunk(self, choice: Body) -> ChatChunk | None:
        text = (choice.get("delta") or {}).get("content") or ""
        token_ids = tuple(choice.get("token_ids") or ())
        if choice.get("finish_reason") is not None:
            self._reason = _finish_reason(choice["finish_reason"])
        if not (text or token_ids):
            return None
        return ChatChunk(text, token_ids, logprobs=parse_logprobs(choice))

    def _last(self) -> ChatChunk:
        if self._reason is None:
            raise broken_stream(self.url)
        return ChatChunk("", (), self._reason, self._usage)


def decode_json(text: str, url: str) -> Body:
    """A JSON object, or the error that says where none came from."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InferenceError(
            f"{url} answered with something that is not a JSON object: {text[:80]!r}.",
            remedy="Is UNO_ENGINE_URL the URL of an inference engine?",
        )
    return value


def response_json(response: httpx.Response) -> Body:
    """A response's JSON object."""
    return decode_json(response.text, str(response.request.url))


def headers(token: str) -> dict[str, str]:
    """The headers of every request."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def _usage(body: Mapping[str, Any] | None) -> Usage | None:
    if not body:
        return None
    details = body.get("prompt_tokens_details") or {}
    return Usage(
        int(body["prompt_tokens"]),
        int(body.get("completion_tokens") or 0),
        int(details.get("cached_tokens") or 0),
    )


def _finish_reason(reason: str | None) -> FinishReason:
    if reason == "length":
        return "length"
    return "cancelled" if reason in ("abort", "cancelled") else "stop"
