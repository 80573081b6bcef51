"""The bodies of answers, as vLLM and OpenAI shape them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from uno_site.errors import UnoError
from uno_site.inference.engine.backend import LanguageModel
from uno_site.inference.engine.generation import DoneEvent, TextEvent, TokenLogprob
from uno_site.inference.protocol import FloatArray, ModelCard, Usage

Body = dict[str, Any]


def error_body(error: UnoError) -> Body:
    """``{"error": ...}`` with the stable code as ``type``."""
    return {
        "error": {
            "message": error.message,
            "remedy": error.remedy,
            "type": error.code,
            "code": error.status,
        }
    }


def usage_body(usage: Usage) -> Body:
    """Token counts."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def sse(body: Body) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def models_body(cards: Iterable[ModelCard], max_model_len: int) -> Body:
    """The answer of ``/v1/models``."""
    data = [
        {
            "id": card.id,
            "object": "model",
            "owned_by": "uno",
            "root": card.root,
            "parent": card.parent,
            "max_model_len": max_model_len,
        }
        for card in cards
    ]
    return {"object": "list", "data": data}


def embeddings_body(model: str, vectors: FloatArray) -> Body:
    """The answer of ``/v1/embeddings``."""
    data = [
        {"object": "embedding", "index": i, "embedding": vector.tolist()}
        for i, vector in enumerate(vectors)
    ]
    return {"object": "list", "model": model, "data": data, "usage": usage_body(Usage(0, 0))}


def rerank_body(
    model: str, documents: Sequence[str], scores: Sequence[float], n_most: int | None
) -> Body:
    """The answer of ``/v1/rerank``: the most relevant first, ``n_most`` of them."""
    order = sorted(range(len(documents)), key=lambda i: scores[i], reverse=True)[:n_most]
    results = [
        {"index": i, "document": {"text": documents[i]}, "relevance_score": scores[i]}
        for i in order
    ]
    return {"id": f"rerank-{uuid.uuid4().hex}", "model": model, "results": results}


class Writer:
    """Writes the answers to one completion request."""

    def __init__(
        self, model: LanguageModel, name: str, *, kind: str, ids: bool, id_names: bool
    ) -> None:
        self._model, self._name, self._kind = model, name, kind
        self._with_ids, self._id_names = ids, id_names
        self._id = f"{'chatcmpl' if kind.startswith('chat') else 'cmpl'}-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def chunk(self, event: TextEvent | None, finish_reason: str | None = None) -> Body:
        """One chunk of a streamed chat."""
        choice: Body = {"index": 0, "delta": {}, "finish_reason": finish_reason, "logprobs": None}
        if event is not None:
            choice["delta"] = {"role": "assistant", "content": event.text}
            choice["logprobs"] = self._logprobs(event.logprobs)
            if self._with_ids:
                choice["token_ids"] = list(event.token_ids)
        return self._body([choice], "chat.completion.chunk")

    def usage_chunk(self, usage: Usage) -> Body:
        """The last chunk, which carries the token counts."""
        return self._body([], "chat.completion.chunk") | {"usage": usage_body(usage)}

    def whole(self, texts: Sequence[TextEvent], done: DoneEvent, prompt: list[int]) -> Body:
        """A whole answer, of a chat or of a text completion."""
        text = "".join(event.text for event in texts)
        choice: Body = {"index": 0, "finish_reason": finish_name(done)}
        if self._kind == "chat.completion":
            choice["message"] = {"role": "assistant", "content": text}
            choice["logprobs"] = self._logprobs([x for e in texts for x in e.logprobs])
        else:
            choice["text"] = text
            choice["prompt_logprobs"] = self._prompt_logprobs(done, len(prompt))
        body = self._body([choice], self._kind) | {"usage": usage_body(done.usage)}
        if self._with_ids:
            choice["token_ids"] = [token for event in texts for token in event.token_ids]
            body["prompt_token_ids"] = prompt
        return body

    def _body(self, choices: list[Body], kind: str) -> Body:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._name,
            "choices": choices,
        }

    def _logprobs(self, entries: Sequence[TokenLogprob]) -> Body | None:
        if not entries:
            return None
        content = [
            self._token(entry.token, entry.logprob)
            | {"top_logprobs": [self._token(token, value) for token, value in entry.top]}
            for entry in entries
        ]
        return {"content": content}

    def _token(self, token: int, logprob: float) -> Body:
        piece = self._model.piece(token, special=True)
        name = f"token_id:{token}" if self._id_names else piece.decode("utf-8", "replace")
        return {"token": name, "logprob": logprob, "bytes": list(piece)}

    def _prompt_logprobs(self, done: DoneEvent, n_prompt: int) -> list[Body | None] | None:
        """One entry per prompt token: ``null`` where nothing was scored (the first, always)."""
        scores = done.prompt_logprobs
        if not scores:
            return None
        scored: list[Body | None] = [self._alternatives(entry) for entry in scores]
        return [None] * (n_prompt - len(scores)) + scored

    def _alternatives(self, entry: TokenLogprob) -> Body:
        values: Mapping[int, float] = dict(entry.top) | {entry.token: entry.logprob}
        return {str(token): {"logprob": value} for token, value in values.items()}


def finish_name(done: DoneEvent) -> str:
    """The protocol's reason as vLLM names it."""
    return "abort" if done.finish_reason == "cancelled" else done.finish_reason
