"""The OpenAPI description of ``/v1/``, from the very models that check and write its bodies."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chat.openai_api import bodies, requests

REF = "#/components/schemas/{model}"
SECURITY_SCHEME = "apiKey"
TAG = "v1"
#: What may go wrong at every address; engine faults only where a model is asked.
REFUSALS = {
    401: "No valid API key.",
    429: "Too many requests with this key.",
}
BODY_REFUSALS = {
    400: "A body that cannot be accepted; `param` names the field.",
    403: "The key lacks the scope.",
    404: "There is no such model or completion.",
    413: "The body is too large.",
}
ENGINE_FAULTS = {
    502: "The engine failed.",
    503: "The engine is busy or cannot be reached.",
}
REQUESTS: list[type[BaseModel]] = [
    requests.ChatCompletionRequest,
    requests.EmbeddingsRequest,
    requests.FeedbackRequest,
]
ANSWERS: list[type[BaseModel]] = [
    bodies.ModelEntry,
    bodies.ModelList,
    bodies.ChatCompletion,
    bodies.ChatCompletionChunk,
    bodies.EmbeddingList,
    bodies.FeedbackReceipt,
    bodies.ErrorBody,
]


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add ``/v1/`` to the description of the whole API: a hook of drf-spectacular.

    Raises
    ------
    ValueError
        A component of the same name is there already.
    """
    components = result.setdefault("components", {})
    schemas, ours = components.setdefault("schemas", {}), _schemas()
    if both := schemas.keys() & ours.keys():
        raise ValueError(f"{sorted(both)} name components of both APIs; rename those of /v1/.")
    schemas |= ours
    schemes = components.setdefault("securitySchemes", {})
    schemes[SECURITY_SCHEME] = {"type": "http", "scheme": "bearer"}
    result["paths"] |= _paths()
    return result


def _schemas() -> dict[str, Any]:
    wanted = [(model, "validation") for model in REQUESTS]
    wanted += [(model, "serialization") for model in ANSWERS]
    _, definitions = models_json_schema(wanted, ref_template=REF)
    return dict(definitions["$defs"])


def _paths() -> dict[str, Any]:
    chat = _post(
        "v1_chat_completions",
        "A reply to a conversation, whole or (`stream`) as server-sent events.",
        requests.ChatCompletionRequest,
        bodies.ChatCompletion,
        ENGINE_FAULTS,
    )
    chat["responses"]["200"]["content"]["text/event-stream"] = {
        "schema": {"type": "string", "description": "ChatCompletionChunk events, then `[DONE]`."}
    }
    name = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    model = _get("v1_model", "One model.", bodies.ModelEntry) | {"parameters": [name]}
    model["responses"]["404"] = _answer("There is no such model.", bodies.ErrorBody)
    return {
        "/v1/models": {"get": _get("v1_models", "The models.", bodies.ModelList)},
        "/v1/models/{model}": {"get": model},
        "/v1/chat/completions": {"post": chat},
        "/v1/embeddings": {
            "post": _post(
                "v1_embeddings",
                "Sentence embeddings.",
                requests.EmbeddingsRequest,
                bodies.EmbeddingList,
                ENGINE_FAULTS,
            )
        },
        "/v1/feedback": {
            "post": _post(
                "v1_feedback",
                "A verdict on a completion; it replaces the one before.",
                requests.FeedbackRequest,
                bodies.FeedbackReceipt,
                {409: "The reply cannot be corrected so."},
            )
        },
    }


def _post(
    name: str,
    text: str,
    body: type[BaseModel],
    answer: type[BaseModel],
    refusals: dict[int, str],
) -> dict[str, Any]:
    operation = _operation(name, text, answer, REFUSALS | BODY_REFUSALS | refusals)
    return operation | {"requestBody": {"required": True, "content": _json(body)}}


def _get(name: str, text: str, answer: type[BaseModel]) -> dict[str, Any]:
    return _operation(name, text, answer, REFUSALS)


def _operation(
    name: str, text: str, answer: type[BaseModel], refusals: dict[int, str]
) -> dict[str, Any]:
    responses = {"200": _answer("", answer)}
    for status, reason in sorted(refusals.items()):
        responses[str(status)] = _answer(reason, bodies.ErrorBody)
    return {
        "operationId": name,
        "description": text,
        "tags": [TAG],
        "security": [{SECURITY_SCHEME: []}],
        "responses": responses,
    }


def _answer(text: str, body: type[BaseModel]) -> dict[str, Any]:
    return {"description": text, "content": _json(body)}


def _json(body: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=body.__name__)}}}
