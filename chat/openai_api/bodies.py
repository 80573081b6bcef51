"""The bodies of answers, in OpenAI's shapes; ``uno`` is ours: why this answer came."""

from __future__ import annotations

from typing import Literal

from django.http import HttpResponse
from pydantic import BaseModel, Field


class ErrorDetail(BaseModel):
    """What went wrong; ``param`` is the field it is about, ``code`` a stable key."""

    message: str
    type: str
    param: str | None = None
    code: str


class ErrorBody(BaseModel):
    """Any answer of status 400 and above."""

    error: ErrorDetail


class ModelEntry(BaseModel):
    """A model that may be asked for; ``created`` is 0 where nobody knows."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["uno"] = "uno"


class ModelList(BaseModel):
    """``GET /v1/models``."""

    object: Literal["list"] = "list"
    data: list[ModelEntry]


class TokenUsage(BaseModel):
    """Tokens read and written; a critic's draft and suggestions are counted too."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class TopToken(BaseModel):
    """A token and its natural-log probability."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class ScoredToken(TopToken):
    """A token of the reply with its likeliest alternatives."""

    top_logprobs: list[TopToken] = Field(default_factory=list)


class ChoiceLogprobs(BaseModel):
    """Log-probabilities of the reply's tokens."""

    content: list[ScoredToken]
    refusal: None = None


class ReplyMessage(BaseModel):
    """The reply."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one reply of a completion."""

    index: Literal[0] = 0
    message: ReplyMessage
    finish_reason: Literal["stop", "length"]
    logprobs: ChoiceLogprobs | None = None


class Why(BaseModel):
    """Why this answer: the route, and whether it was kept (then feedback can be given).

    ``notes`` are the ids of the notes that stood before the question (``/api/v1/notes/``).
    """

    is_stored: bool
    kind: Literal["base", "expert", "critic", "shared"]
    reason: str
    cluster: str | None = None
    adapter: str | None = None
    adapter_version: int | None = None
    fallback: str | None = None
    notes: list[str] = []


class ChatCompletion(BaseModel):
    """A whole reply."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: TokenUsage
    uno: Why


class ReplyDelta(BaseModel):
    """How the reply goes on."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    """The reply's part in a chunk."""

    index: Literal[0] = 0
    delta: ReplyDelta
    finish_reason: Literal["stop", "length"] | None = None
    logprobs: ChoiceLogprobs | None = None


class ChatCompletionChunk(BaseModel):
    """One server-sent event of a streamed reply; the one that ends it carries ``uno``."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: TokenUsage | None = None
    uno: Why | None = None


class EmbeddingEntry(BaseModel):
    """One text's embedding: L2-normalised numbers, or their float32 bytes in base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(BaseModel):
    """Tokens of embeddings are not counted: both are 0."""

    prompt_tokens: int = 0
    total_tokens: int = 0


class EmbeddingList(BaseModel):
    """``POST /v1/embeddings``."""

    object: Literal["list"] = "list"
    model: str
    data: list[EmbeddingEntry]
    usage: EmbeddingsUsage = Field(default_factory=EmbeddingsUsage)


class FeedbackReceipt(BaseModel):
    """The feedback as it stands now."""

    object: Literal["feedback"] = "feedback"
    completion_id: str
    thumb: Literal[1, -1] | None
    reasons: list[str]
    comment: str
    correction: str | None
    action: str | None = None


def json_response(body: BaseModel, status: int = 200) -> HttpResponse:
    """``body`` as JSON."""
    return HttpResponse(body.model_dump_json(), content_type="application/json", status=status)
