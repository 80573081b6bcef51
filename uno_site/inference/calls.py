"""One request to an engine, before it is known which replica gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from uno_site.inference.policy import CallKind


@dataclass(frozen=True, slots=True)
class Call:
    """What to send, and what kind of call it is."""

    verb: str
    path: str
    kind: CallKind
    body: dict[str, Any] | None = None

    @property
    def model(self) -> str:
        """The model that is asked for; empty where the call names none."""
        return str((self.body or {}).get("model") or "")

    @property
    def user(self) -> str:
        """Whose call it is; empty where it does not say."""
        return str((self.body or {}).get("user") or "")


HEALTH = Call("GET", "/health", CallKind.PROBE)
MODELS = Call("GET", "/v1/models", CallKind.LOOKUP)


def chat_call(body: dict[str, Any]) -> Call:
    """A chat completion, streamed or whole."""
    return Call("POST", "/v1/chat/completions", CallKind.GENERATE, body)


def completion_call(body: dict[str, Any]) -> Call:
    """A text completion; scores its prompt if the body asks for that."""
    return Call("POST", "/v1/completions", CallKind.GENERATE, body)


def tokenize_call(body: dict[str, Any]) -> Call:
    """Token ids of messages or of a text."""
    return Call("POST", "/tokenize", CallKind.LOOKUP, body)


def rerank_call(model: str, query: str, documents: list[str], instruction: str) -> Call:
    """Relevances of documents; ``instruction`` says what relevant means (ours, vLLM skips it)."""
    body = {"model": model, "query": query, "documents": documents, "instruction": instruction}
    return Call("POST", "/v1/rerank", CallKind.GENERATE, body)


def embed_call(model: str, texts: list[str]) -> Call:
    """Embeddings of one batch."""
    return Call("POST", "/v1/embeddings", CallKind.EMBED, {"model": model, "input": texts})


def load_call(name: str, path: str) -> Call:
    """Load a PEFT folder under a name."""
    body = {"lora_name": name, "lora_path": path}
    return Call("POST", "/v1/load_lora_adapter", CallKind.ADAPTER, body)


def unload_call(name: str) -> Call:
    """Take an adapter away."""
    return Call("POST", "/v1/unload_lora_adapter", CallKind.ADAPTER, {"lora_name": name})
