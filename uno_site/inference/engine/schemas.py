"""The bodies of requests, as vLLM and OpenAI shape them. Unknown fields are ignored, as there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from uno_site.inference.engine.rerank import INSTRUCTION
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import ChatMessage, Sampling

DEFAULT_MAX_TOKENS = 512
MAX_TOP_LOGPROBS = 20
MAX_DOCUMENTS = 1000


class Message(BaseModel):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str


class JsonSchema(BaseModel):
    """``response_format.json_schema``."""

    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(BaseModel):
    """``response_format``."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JsonSchema | None = None

    def schema_or_none(self) -> dict[str, Any] | None:
        """The JSON schema that constrains the reply."""
        if self.type == "text":
            return None
        if self.type == "json_object":
            return {"type": "object"}
        if self.json_schema is None:
            raise EngineRefused("response_format is json_schema, but gives no schema.")
        return self.json_schema.schema_


class SamplingFields(BaseModel):
    """The fields of chat and text completions that say how tokens are drawn."""

    model: str
    temperature: float = Field(default=1.0, ge=0.0, le=5.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    seed: int | None = None
    stop: str | list[str] | None = None
    repetition_penalty: float = Field(default=1.0, gt=0.0, le=10.0)
    n: Literal[1] = 1
    user: str | None = None
    stream: bool = False
    return_token_ids: bool = False
    return_tokens_as_token_ids: bool = False

    def sampling(self, max_tokens: int) -> Sampling:
        """As the engine's own value."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Sampling(
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(stop),
            repeat_penalty=self.repetition_penalty,
        )


class StreamOptions(BaseModel):
    """``stream_options``."""

    include_usage: bool = False


class ChatBody(SamplingFields):
    """``POST /v1/chat/completions``."""

    messages: list[Message] = Field(min_length=1)
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1)] = None
    response_format: ResponseFormat | None = None
    stream_options: StreamOptions | None = None
    logprobs: bool = False
    top_logprobs: int = Field(default=0, ge=0, le=MAX_TOP_LOGPROBS)

    @property
    def limit(self) -> int:
        """Tokens to write at most."""
        return self.max_completion_tokens or self.max_tokens or DEFAULT_MAX_TOKENS

    def chat_messages(self) -> tuple[ChatMessage, ...]:
        """As protocol values."""
        return tuple(ChatMessage(m.role, m.content) for m in self.messages)


class CompletionBody(SamplingFields):
    """``POST /v1/completions``. ``prompt_logprobs_from`` is ours: score from that index on,
    where vLLM scores the whole prompt."""

    prompt: str | list[int]
    max_tokens: int = Field(default=16, ge=0)
    prompt_logprobs: Annotated[int | None, Field(ge=0, le=MAX_TOP_LOGPROBS)] = None
    prompt_logprobs_from: int = Field(default=1, ge=1)
    stream: Literal[False] = False
    logprobs: None = None


class TokenizeBody(BaseModel):
    """``POST /tokenize``: either a prompt or messages."""

    prompt: str | None = None
    messages: list[Message] | None = None
    add_generation_prompt: bool = True
    add_special_tokens: bool = True


class EmbeddingsBody(BaseModel):
    """``POST /v1/embeddings``."""

    model: str | None = None
    input: str | list[str]
    encoding_format: Literal["float"] = "float"


class RerankBody(BaseModel):
    """``POST /v1/rerank``. ``instruction`` is ours: what "relevant" shall mean."""

    model: str
    query: str
    documents: list[str] = Field(min_length=1, max_length=MAX_DOCUMENTS)
    top_n: Annotated[int | None, Field(ge=1)] = None
    instruction: str = INSTRUCTION
    user: str | None = None


class LoadAdapterBody(BaseModel):
    """``POST /v1/load_lora_adapter``."""

    lora_name: str = Field(min_length=1, max_length=200)
    lora_path: str = Field(min_length=1)


class UnloadAdapterBody(BaseModel):
    """``POST /v1/unload_lora_adapter``."""

    lora_name: str
