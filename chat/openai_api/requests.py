"""The bodies of requests, as OpenAI shapes them. What is not offered here is refused by name."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException, UnreadablePostError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError, from_json

from chat.models import Reason
from chat.openai_api.errors import BodyTooLarge, InvalidField
from chat.openai_api.unsupported import refuse_unsupported
from chat.services.limits import MAX_COMMENT_CHARS, MAX_MESSAGE_CHARS
from uno_site.inference.protocol import ChatMessage
from uno_site.interchange.fields import storable

MAX_TURNS = 1_000
MAX_STOPS = 4
MAX_TOP_LOGPROBS = 20
MAX_EMBEDDING_INPUTS = 2_048
MAX_MODEL_NAME = 200
INT64 = 2**63

Text = Annotated[str, Field(min_length=1)]
ModelName = Annotated[str, Field(max_length=MAX_MODEL_NAME)]
Count = Annotated[StrictInt, Field(ge=1, lt=INT64)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
B = TypeVar("B", bound=BaseModel)


class Body(BaseModel):
    """A JSON object; a field that is null counts as left out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, data: Any) -> Any:
        """Clients send replies back with every field that OpenAI knows, most of them empty."""
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {
            name: value
            for name, value in data.items()
            if value is not None and (name in known or value not in ([], {}))
        }


class TextPart(Body):
    """A part of a message's content. Pictures, sound and files cannot be read here."""

    type: Literal["text"]
    text: str


class ChatTurn(Body):
    """One message of the conversation; ``developer`` counts as ``system``."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    def as_message(self) -> ChatMessage:
        """As the engine takes it."""
        content = self.content
        text = content if isinstance(content, str) else "".join(part.text for part in content)
        return ChatMessage("system" if self.role == "developer" else self.role, text)


def _finite(value: dict[str, Any]) -> dict[str, Any]:
    # 1e999 is read as infinity, which cannot be sent on.
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise PydanticCustomError("number", "a number is out of range") from None
    return value


class JsonSchemaFormat(Body):
    """``response_format.json_schema``; the schema is always enforced, ``strict`` or not."""

    name: str = ""
    description: str = ""
    strict: StrictBool = True
    schema_: Annotated[dict[str, Any], AfterValidator(_finite)] = Field(alias="schema")


class ResponseFormat(Body):
    """Which text the reply may be: any, a JSON object, or what a JSON schema accepts."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> Self:
        if self.type == "json_schema" and self.json_schema is None:
            raise PydanticCustomError("no_schema", "json_schema is missing")
        return self

    def schema_or_none(self) -> dict[str, Any] | None:
        """The JSON schema that the reply must follow."""
        if self.type == "json_object":
            return {"type": "object"}
        return self.json_schema.schema_ if self.json_schema else None


class StreamOptions(Body):
    """``include_usage`` adds a last chunk with the token counts."""

    include_usage: StrictBool = False
    include_obfuscation: StrictBool = False


class ChatCompletionRequest(Body):
    """``POST /v1/chat/completions``. Fields left out are as in the chat."""

    model: ModelName
    messages: list[ChatTurn] = Field(min_length=1, max_length=MAX_TURNS)
    stream: StrictBool = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    stop: Text | Annotated[list[Text], Field(max_length=MAX_STOPS)] | None = None
    seed: Annotated[StrictInt, Field(ge=-INT64, lt=INT64)] | None = None
    logprobs: StrictBool = False
    top_logprobs: Annotated[StrictInt, Field(ge=0, le=MAX_TOP_LOGPROBS)] | None = None
    response_format: ResponseFormat | None = None
    store: StrictBool = Field(True, description="False: not kept, whatever the person agreed to.")
    user: str = Field("", description="Accepted and not used.")
    safety_identifier: str = Field("", description="Accepted and not used.")
    prompt_cache_key: str = Field("", description="Accepted and not used.")
    metadata: dict[str, str] = Field(default_factory=dict, description="Accepted and not used.")

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.messages[-1].role != "user":
            raise PydanticCustomError("last_turn", "the last message must be the user's")
        if not storable(self.messages[-1].as_message().content).strip():
            raise PydanticCustomError("empty_turn", "the last message is empty")
        if self.top_logprobs is not None and not self.logprobs:
            raise PydanticCustomError("no_logprobs", "top_logprobs needs logprobs to be true")
        return self

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts at which the reply ends."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def n_logprobs(self) -> int | None:
        """Alternatives asked for with each token; None for no log-probabilities."""
        return (self.top_logprobs or 0) if self.logprobs else None


class EmbeddingsRequest(Body):
    """``POST /v1/embeddings``. Long texts are cut at the embedder's limit."""

    model: ModelName
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_EMBEDDING_INPUTS)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Count | None = Field(None, description="The embedder's own number, or left out.")
    user: str = Field("", description="Accepted and not used.")

    @property
    def texts(self) -> list[str]:
        """The texts to embed."""
        return [self.input] if isinstance(self.input, str) else self.input


def _no_boolean(value: Any) -> Any:
    # In Python, and so for pydantic, True is 1.
    if isinstance(value, bool):
        raise PydanticCustomError("boolean", "Input should be 1 or -1")
    return value


class FeedbackRequest(Body):
    """``POST /v1/feedback``: a thumb (with why), a correction, an action, or several of them.

    ``action`` is what became of the reply, or of its correction: "accept", "copy", "send" or
    "abandon". What was given before is replaced. ``completion_id`` is the ``id`` of a completion.
    """

    completion_id: str = Field(max_length=100)
    thumb: Annotated[Literal[1, -1], BeforeValidator(_no_boolean)] | None = None
    reasons: list[Literal[*Reason.values]] = Field(default_factory=list, max_length=len(Reason))
    comment: str = Field("", max_length=MAX_COMMENT_CHARS)
    correction: Annotated[Text, Field(max_length=MAX_MESSAGE_CHARS)] | None = None
    action: Literal["accept", "copy", "send", "abandon"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.thumb is None and self.correction is None and self.action is None:
            raise PydanticCustomError("no_feedback", "give a thumb, a correction, or an action")
        if self.thumb is None and (self.reasons or self.comment.strip()):
            raise PydanticCustomError("no_thumb", "reasons and comment need a thumb")
        return self


def read_body(request: HttpRequest, model: type[B]) -> B:
    """The request's body as ``model``.

    Raises
    ------
    InvalidField
        Not JSON, not readable, or not what the model takes; names the field.
    UnsupportedField
        A field that OpenAI has and this API has not.
    BodyTooLarge
        Over Django's ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
    """
    try:
        data = from_json(request.body, allow_inf_nan=False)
    except RequestDataTooBig:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raise BodyTooLarge(f"The request's body is over {limit:,} bytes.") from None
    except (RawPostDataException, UnreadablePostError):
        raise InvalidField("The request's body cannot be read.", remedy="Send JSON.") from None
    except ValueError as error:
        raise InvalidField(f"The request's body is not valid JSON: {error}.") from None
    if not isinstance(data, dict):
        raise InvalidField("The request's body is not a JSON object.")
    try:
        return model.model_validate(refuse_unsupported(data))
    except ValidationError as error:
        raise _invalid_field(error, data) from None


def _invalid_field(error: ValidationError, data: Any) -> InvalidField:
    """The error that lies deepest: of a union's branches, the one that was meant."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    paths = [_path(entry["loc"], data, entry["type"] == "missing") for entry in errors]
    index = max(range(len(errors)), key=lambda i: paths[i].count(".") + paths[i].count("["))
    param = paths[index] or None
    text = errors[index]["msg"].rstrip(".")
    message = f"{param}: {text}." if param else f"{text[0].upper()}{text[1:]}."
    return InvalidField(message, remedy="See docs/api.md for the fields.", param=param)


def _path(loc: tuple[int | str, ...], data: Any, is_missing: bool) -> str:
    """``messages[0].content`` for a location; the names of a union's branches are left out."""
    path, value = "", data
    for part in loc:
        if isinstance(value, list) and isinstance(part, int) and part < len(value):
            path, value = f"{path}[{part}]", value[part]
        elif isinstance(value, dict) and (part in value or is_missing):
            path, value = f"{path}.{part}".lstrip("."), value.get(part)
    return path
